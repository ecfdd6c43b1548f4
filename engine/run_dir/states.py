"""The saved states of a work dir: the newest, the best, and those to delete."""

import logging
import os
import re
import shutil
import zipfile
from pathlib import Path

from engine.run_dir.checkpoint import Files
from engine.run_dir.torch_files import read
from formats.exported import BEST_WEIGHTS
from utils.text import one_line

logger = logging.getLogger(__name__)

CHECKPOINT = re.compile(r"checkpoint-(\d+)-fwbz(\d+)-(\d+)\.pt")
WEIGHTS = re.compile(r"(?:weights|ema)-(\d+)-(\d+)\.pt")


def saved_states(work_dir: Path) -> list[tuple[int, Files]]:
    """Epochs done and files of all checkpoints, the newest first.

    Of two after the same step, the one with the epoch done is the newer.
    """
    matches = map(CHECKPOINT.fullmatch, names_in(work_dir / "checkpoints"))
    found = [tuple(map(int, match.groups())) for match in matches if match]
    found.sort(key=lambda numbers: (numbers[2], numbers[0]), reverse=True)
    return [(numbers[0], Files.of(work_dir, *numbers)) for numbers in found]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def newest_intact(work_dir: Path) -> tuple[int, Files] | None:
    """Epochs done and files of the newest intact state; None where there is no checkpoint.

    Damaged ones, which a failing disk or file system can leave, are skipped with a warning.

    Raises:
        ValueError: no checkpoint of several is intact.
    """
    states = saved_states(work_dir)
    for leftover in work_dir.glob("*/.*.tmp*"):  # of a save that was killed
        leftover.unlink(missing_ok=True)
    for epoch, files in states:
        damage = _damage(files.checkpoint) or _damage(files.weights)
        if damage:
            logger.warning("%s; going back to the one before.", damage)
            continue
        return epoch, files
    if states:
        raise ValueError(
            f"no checkpoint of {work_dir} is intact. Start again in another --work-dir, or from "
            "weights that still load."
        )
    return None


def _damage(path: Path) -> str:
    """What is wrong with a torch file; empty if nothing is. Its parts carry checksums."""
    try:
        read(path)
        if zipfile.is_zipfile(path):  # older versions of torch wrote another format
            with zipfile.ZipFile(path) as file:
                broken = file.testzip()
            return f"{path} is damaged ({broken})" if broken else ""
    except Exception as error:  # damage can make any part of the readers fail
        return f"{path} is damaged ({one_line(error, 300)})"
    return ""


def mark_best(weights: Path) -> None:
    """Let `weights/best.pt` stand for a file beside it: a link, or a copy where there are none."""
    link = weights.with_name(BEST_WEIGHTS)
    temporary = weights.with_name(f".{BEST_WEIGHTS}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(weights.name)
    except OSError:  # no links here, as on many file systems of Windows
        shutil.copyfile(weights, temporary)
    temporary.replace(link)


def drop_old_states(work_dir: Path, keep: int, newest: Files, best: Files | None) -> None:
    """Delete all but the last `keep` (0: all stay) of the states up to `newest`, and the best."""
    states = [files for _, files in saved_states(work_dir)]
    if not keep or newest not in states:
        return
    place = states.index(newest)
    kept = {files.weights for files in states[: place + keep]} | ({best.weights} if best else set())
    for files in states[place + keep :]:
        files.checkpoint.unlink()  # first: it counts on the weights
    for path in (work_dir / "weights").iterdir():
        match = WEIGHTS.fullmatch(path.name)
        partner = path.with_name(f"weights-{match[1]}-{match[2]}.pt") if match else path
        if match and partner not in kept:
            path.unlink()
