"""The saved states of a work dir: which to go on with, which is the best, which to drop."""

import logging
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from utils.checkpoint import Files

logger = logging.getLogger(__name__)

CHECKPOINT = re.compile(r"checkpoint-(\d+)-fwbz(\d+)-(\d+)\.pt")
WEIGHTS = re.compile(r"(?:weights|ema)-(\d+)-(\d+)\.pt")
BEST = "best.pt"


def saved_states(work_dir: Path) -> list[tuple[int, Files]]:
    """Epochs done and files of all checkpoints, the newest first.

    Of two after the same step, the one with the epoch done is the newer.
    """
    matches = map(CHECKPOINT.fullmatch, _names(work_dir / "checkpoints"))
    found = [tuple(map(int, match.groups())) for match in matches if match]
    found.sort(key=lambda numbers: (numbers[2], numbers[0]), reverse=True)
    return [(numbers[0], Files.of(work_dir, *numbers)) for numbers in found]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def resume_newest(work_dir: Path, load: Callable[[int, Files], None]) -> Files | None:
    """Call `load(epoch, files)` with the newest intact state; None where there is no checkpoint.

    Damaged ones, which a failing disk or file system can leave, are skipped with a warning.

    Raises:
        ValueError: no checkpoint of several is intact, or `load` refuses the first intact one.
    """
    states = saved_states(work_dir)
    for leftover in work_dir.glob("*/.*.tmp*"):  # of a save that was killed
        leftover.unlink(missing_ok=True)
    for epoch, files in states:
        damage = _damage(files.checkpoint) or _damage(files.weights)
        if damage:
            logger.warning("%s; going back to the one before.", damage)
            continue
        load(epoch, files)
        return files
    if states:
        raise ValueError(
            f"no checkpoint of {work_dir} is intact. Start anew in another --work-dir, or from "
            "weights that still load."
        )
    return None


def _damage(path: Path) -> str:
    """What is wrong with a torch file, whose parts carry checksums; empty if nothing is."""
    try:
        with zipfile.ZipFile(path) as file:
            broken = file.testzip()
    except (OSError, zipfile.BadZipFile) as error:
        return f"{path} is damaged ({error})"
    return f"{path} is damaged ({broken})" if broken else ""


def mark_best(weights: Path) -> None:
    """Let `weights/best.pt` stand for a file beside it: a link, or a copy where there are none."""
    link = weights.with_name(BEST)
    temporary = weights.with_name(f".{BEST}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(weights.name)
    except OSError:  # no links here, as on many file systems of Windows
        shutil.copyfile(weights, temporary)
    temporary.replace(link)


def drop_old_states(work_dir: Path, keep: int, newest: Files) -> None:
    """Delete all but the last `keep` (0: all stay) of the states up to `newest`, and the best."""
    states = [files for _, files in saved_states(work_dir)]
    if not keep or newest not in states:
        return
    best = (work_dir / "weights" / BEST).resolve()
    place = states.index(newest)
    kept = {files.weights for files in states[: place + keep]} | {best.absolute()}
    for files in states[place + keep :]:
        files.checkpoint.unlink()  # first: it counts on the weights
    for path in (work_dir / "weights").iterdir():
        match = WEIGHTS.fullmatch(path.name)
        partner = path.with_name(f"weights-{match[1]}-{match[2]}.pt") if match else path
        if match and partner not in kept and path.absolute() not in kept:
            path.unlink()
