"""Read clips to draw from raw files, arrays and stores, by name or number."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import glob
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from feeders.sources import Source, names_and_labels, open_source
from formats.arrays import npy_at
from formats.class_names import class_names
from formats.clip_store import INDEX, ClipStore
from formats.known import KNOWN, dataset_of_folder
from formats.manifest import has_score, read_manifest, skeleton_of
from graph.named import skeleton_class
from graph.skeleton import SkeletonGraph
from tools.drawing.drawable import Choice, Drawable, without_replay
from tools.drawing.recorded import of_raw

DERIVED = re.compile(r"_(bone|joint_motion|bone_motion)\.")


def drawables(names: Sequence[str], choice: Choice) -> Iterator[Drawable]:
    """The clips of files, arrays and stores.

    Raises:
        FileNotFoundError: there is none.
        ValueError: a file is damaged, its format is unknown, or none has a clip to be picked.
    """
    return with_all_picks(_drawables(names, choice), choice.pick)


def with_all_picks(clips: Iterable[Drawable], pick: Sequence[str]) -> Iterator[Drawable]:
    """The same clips.

    Raises:
        ValueError: at the end, if `pick` has a name or number that was none of theirs.
    """
    missing = dict.fromkeys(pick)
    for each in clips:
        missing.pop(each.name, None)
        missing.pop(str(each.number), None)
        yield each
    if missing:
        raise ValueError(f"--pick {' '.join(missing)}: no clip of this name or number (from 0).")


def _drawables(names: Sequence[str], choice: Choice) -> Iterator[Drawable]:
    for name in names:
        path = Path(name)
        if not (path.exists() or glob.has_magic(name)):
            raise FileNotFoundError(f"no file {path}. Check the path.")
        if (path / "clips" / INDEX).is_file():
            path = path / "clips"
        if (path / INDEX).is_file() or (
            path.is_file() and path.suffix == ".npy" and _is_clips(path)
        ):
            yield from of_arrays(path, choice)
        else:
            yield from of_raw(name, choice)


def _is_clips(path: Path) -> bool:
    """Whether an .npy file is an array of clips, and not perhaps one clip.

    Raises:
        ValueError: it is damaged.
    """
    try:
        return npy_at(path).ndim == 5
    except ValueError as error:
        raise ValueError(f"{path}: {error}. Write it again.") from error


def opened(
    path: Path, split: str | None, label_path: Path | None = None
) -> tuple[Source, list[str], list[int] | None]:
    """Open an .npy file or a store: source of the clips, names, and labels if known.

    Args:
        split: split of a store; None: the last one with clips.
        label_path: labels of an .npy file; None: the file beside it, if there is one.
    """
    if path.is_dir():
        store = ClipStore(path)
        filled = [name for name in store.splits() if len(store.split(name))]
        source = open_source(path, split or (filled or store.splits())[-1])
        return source, *names_and_labels(source, path, None)
    source, labels_at = open_source(path, None), label_path or _label_path(path)
    if label_path or labels_at.is_file():
        return source, *names_and_labels(source, path, labels_at)
    return source, [str(number) for number in range(len(source))], None


def of_arrays(path: Path, choice: Choice, label_path: Path | None = None) -> Iterator[Drawable]:
    """Clips of an .npy file or a store.

    Raises:
        FileNotFoundError, ValueError: they are missing or damaged, or of an unknown skeleton.
    """
    source, names, labels = opened(path, choice.split, label_path)
    manifest = read_manifest(path) or {}
    dataset = manifest.get("dataset") or dataset_of_folder(path)
    skeleton = choice.skeleton or skeleton_of({**manifest, "dataset": dataset})
    if not skeleton:
        raise ValueError(f"{path} does not say which skeleton it has. Name it with --skeleton.")
    up = KNOWN[dataset].up if dataset in KNOWN else _own_up(manifest, skeleton)
    scored = has_score({**manifest, "dataset": dataset})
    for number in chosen(choice, names):
        array = np.array(source[number], np.float32)
        clip = without_replay(array).transpose(3, 1, 2, 0)
        label = None if labels is None else int(labels[number])
        yield Drawable(
            name=names[number],
            number=number,
            clip=clip,
            skeleton=skeleton,
            up=up,
            has_score=scored,
            label=label,
            classes=class_names(manifest),
            array_of=lambda array=array: array,
            array_up=up,
            is_array=True,
        )


def chosen(choice: Choice, names: Sequence[str]) -> list[int]:
    """The clips of these names that --pick names, by name or number; without it the first."""
    if not choice.pick:
        return list(range(min(choice.limit, len(names))))
    place = {str(number): number for number in range(len(names))}
    place |= {name: number for number, name in enumerate(names)}
    return [place[word] for word in choice.pick if word in place]


def _label_path(path: Path) -> Path:
    return path.with_name(f"{path.name.partition('_')[0]}_label.pkl")


def _own_up(manifest: dict[str, Any], skeleton: str) -> str:
    settings = manifest.get("settings") or {}
    mode = settings.get("normalise")
    mode = mode.get("mode") if isinstance(mode, dict) else mode
    body = skeleton_class(skeleton)
    own = body.up if issubclass(body, SkeletonGraph) else "y"
    return "z" if mode == "ntu" else own


def joints_beside(path: Path) -> Path:
    """The joint file beside a file of bones or motions."""
    return path.with_name(DERIVED.sub("_joint.", path.name))
