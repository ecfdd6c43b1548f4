"""Read clips to draw from raw files, arrays and stores, by name or number."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import glob
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data_gen.raw_formats import RawFormat, find_clips, named_format
from data_gen.readers.bad_files import BadFile, good_ones
from data_gen.readers.formats import FORMATS, format_of
from data_gen.readers.sample import Options, Sample
from feeders.sources import Source, names_and_labels, open_source
from formats.class_names import class_names
from formats.clip_store import INDEX, ClipStore
from formats.manifest import SKELETONS, has_score, read_manifest, skeleton_of
from graph.named import skeleton_class
from graph.skeleton import SkeletonGraph

IN_ARRAYS_UP = {"ntu": "z", "ntu120": "z", "kinetics": "y", "nw-ucla": "y", "udiva": "z"}
AXES = ("TVC", "MTVC")  # of plain files
DERIVED = re.compile(r"_(bone|joint_motion|bone_motion)\.")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Drawable:
    """A clip that can be drawn.

    Args:
        clip: (M, T, V, C).
        up: the axis that points up.
        array_of: returns the clip of the arrays, (C, T, V, M); None: unknown.
        array_up: the axis of the arrays that points up.
        is_array: whether `clip` comes from arrays.
    """

    name: str
    clip: np.ndarray
    skeleton: str
    up: str
    rate: float | None = None
    has_score: bool = False
    label: int | None = None
    classes: Sequence[str] = ()  # their names
    array_of: Callable[[], np.ndarray] | None = None
    array_up: str | None = None
    is_array: bool = False

    @property
    def centre(self) -> int | None:
        """The joint that normalisation put at 0."""
        return getattr(skeleton_class(self.skeleton), "centre", None) if self.is_array else None

    @property
    def in_arrays(self) -> "Drawable":
        """The same clip as in the arrays, without padding."""
        clip = without_replay(self.array_of()).transpose(3, 1, 2, 0)
        return replace(self, clip=clip, up=self.array_up, is_array=True)


class Choice(NamedTuple):
    """Which clips to draw, and how they are read."""

    pick: Sequence[str] = ()  # names or numbers; empty: the first
    format: str | None = None
    skeleton: str | None = None
    split: str | None = None
    limit: int = 4  # clips without --pick


def drawables(names: Sequence[str], choice: Choice) -> Iterator[Drawable]:
    """The clips of files, arrays and stores.

    Raises:
        FileNotFoundError: there is none.
        ValueError: a file is damaged, or its format is unknown.
    """
    for name in names:
        path = Path(name)
        if not (path.exists() or glob.has_magic(name)):
            raise FileNotFoundError(f"no file {path}. Check the path.")
        if (path / "clips" / INDEX).is_file():
            path = path / "clips"
        if (path / INDEX).is_file() or (path.suffix == ".npy" and _is_clips(path)):
            yield from of_arrays(path, choice)
        else:
            yield from of_raw(name, choice)


def _is_clips(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        return open_source(path, None).ndim == 5
    except ValueError:  # no array of clips: perhaps one clip
        return False


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
    """Clips of an .npy file or a store."""
    source, names, labels = opened(path, choice.split, label_path)
    manifest = read_manifest(path) or {}
    skeleton = choice.skeleton or skeleton_of(manifest) or _of_folder(path)
    dataset = manifest.get("dataset") or next((p for p in path.parts if p in IN_ARRAYS_UP), None)
    up = IN_ARRAYS_UP.get(dataset) or _own_up(manifest, skeleton)
    scored = has_score({**manifest, "dataset": dataset})
    for number in chosen(choice, names):
        array = np.array(source[number], np.float32)
        clip = without_replay(array).transpose(3, 1, 2, 0)
        label = None if labels is None else int(labels[number])
        args = (names[number], clip, skeleton, up, None, scored, label, class_names(manifest))
        yield Drawable(*args, array_of=lambda array=array: array, array_up=up, is_array=True)


def of_raw(name: str, choice: Choice) -> Iterator[Drawable]:
    """Clips of raw files."""
    raw = format_named(choice.format, Path(name), choice.skeleton)
    found = 0
    wanted = set(choice.pick)
    for each in find_clips([name], raw):
        for sample in _good(raw.read(each)):
            if wanted and sample.name not in wanted and str(found) not in wanted:
                found += 1
                continue
            found += 1
            yield drawable_of(sample, raw)
            if not wanted and found == choice.limit:
                return


def _good(clips: Iterable[Sample | BadFile]) -> Iterator[Sample]:
    """The clips of a file that are not bad; of those that are it warns at the end.

    Raises:
        BadFile: all are bad.
    """
    bad: list[BadFile] = []
    count = 0
    for sample in good_ones(clips, bad):
        count += 1
        yield sample
    if bad and not count:
        raise bad[0]
    if bad:
        logger.warning("bad clips are left out: %d. The first: %s", len(bad), bad[0])


def drawable_of(sample: Sample, raw: RawFormat) -> Drawable:
    drawable = Drawable(
        sample.name, sample.clip, raw.skeleton, raw.up, sample.rate, sample.has_score
    )
    if isinstance(raw, Plain):
        return drawable
    label = sample.fields.get("label") if raw.classes else None
    return replace(
        drawable,
        label=label,
        classes=raw.classes,
        array_of=partial(raw.array, sample),
        array_up=raw.array_up,
    )


class Plain:
    """The format of plain arrays of which only the skeleton is known: `--skeleton coco17 a.npz`."""

    of_folders, chunk = False, None

    def __init__(self, format_: str, skeleton: str) -> None:
        self.format, self.skeleton, self.endings = format_, skeleton, ()
        self.holds_many = FORMATS[format_].of_many
        self.up = self.array_up = skeleton_class(skeleton).up
        names = tuple(skeleton_class(skeleton).joint_names)
        self._options = [
            Options(num_joints=len(names), joint_names=names, axes=axes) for axes in AXES
        ]

    def read(self, raw: Any) -> list[Sample]:
        """With the axes that fit; TVC and MTVC are tried."""
        problem: Exception | None = None
        for options in self._options:
            try:
                return list(good_ones(FORMATS[self.format].read(raw, options)))
            except ValueError as error:
                problem = problem or error
        raise problem

    def array(self, sample: Sample) -> np.ndarray:
        raise NotImplementedError


def format_named(name: str | None, path: Path, skeleton: str | None) -> RawFormat:
    """The format of a raw file, by --format or detected.

    Raises:
        ValueError: it cannot be detected.
    """
    if name := name or _looks_like(path):
        return named_format(name)
    format_ = format_of(path)
    if format_ and skeleton:
        return Plain(format_, skeleton)
    raise ValueError(
        f"{path}: unknown format. Give --format (ntu, kinetics, nw-ucla, udiva or a "
        "YAML file of custom_gendata.py), or --skeleton for a plain file of one clip."
    )


def _looks_like(path: Path) -> str | None:
    """The data set of a raw file, detected by its ending and its first keys."""
    if path.is_dir():
        path = next(
            (p for p in sorted(path.rglob("*")) if p.suffix in (".skeleton", ".json")), path
        )
    if path.suffix == ".skeleton" or "*.skeleton" in path.name:
        return "ntu"
    if path.suffix == ".json" and path.is_file():
        with path.open("rb") as file:
            start = file.read(100_000)
        if b'"skeletons"' in start:
            return "nw-ucla"
        if b'"frame_index"' in start and b'"pose"' in start:
            return "kinetics"
    return None


def chosen(choice: Choice, names: Sequence[str]) -> list[int]:
    """The clips that --pick names, by number or name.

    Raises:
        ValueError: there is no such clip.
    """
    if not choice.pick:
        return list(range(min(choice.limit, len(names))))
    place = {name: number for number, name in enumerate(names)}
    found = []
    for word in choice.pick:
        if word in place:
            found.append(place[word])
        elif word.isdecimal() and int(word) < len(names):
            found.append(int(word))
        else:
            raise ValueError(f"--pick {word}: no clip of this name or number (0 to {len(names)}).")
    return found


def without_replay(clip: np.ndarray) -> np.ndarray:
    """(C, T, V, M) -> without the repetitions that fill the arrays of NTU RGB+D, and empty ends."""
    filled = np.flatnonzero(clip.any(axis=(0, 2, 3)))
    clip = clip[:, : filled[-1] + 1] if len(filled) else clip[:, :1]
    first = clip[:, 0]
    for period in range(1, clip.shape[1] // 2 + 1):
        again = clip[:, period:]
        if (again[:, 0] == first).all() and (again == clip[:, : again.shape[1]]).all():
            return clip[:, :period] if period > 1 else clip
    return clip


def _label_path(path: Path) -> Path:
    return path.with_name(f"{path.name.partition('_')[0]}_label.pkl")


def _of_folder(path: Path) -> str:
    """The skeleton of a known data set, by the name of its folder, such as data/ntu."""
    known = next((SKELETONS[part] for part in reversed(path.parts) if part in SKELETONS), None)
    if known:
        return known
    raise ValueError(f"{path} does not say which skeleton it has. Name it with --skeleton.")


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
