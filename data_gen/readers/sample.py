"""The output of the readers of users' formats: clips of one layout, and fields of the file."""
# Shapes: M persons, T frames, V joints, C channels.

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np

from data_gen.readers.bad_files import OTHER_FORM, OUT_OF_RANGE, BadFile
from data_gen.readers.ntu_text import MAX_METRES
from utils.files import regular_file
from utils.text import as_unicode, one_line

T = TypeVar("T")


@dataclass(frozen=True)
class Sample:
    """A clip as its file has it.

    Args:
        clip: (M, T, V, C) float32, or float64 where the file has it; joints that were not seen are
            0.
        has_score: whether the last channel is a confidence.
        rate: frames per second, if the file has it.
        fields: other facts in the file: label, split, subject, ...
        image: width and height in pixels, if x and y are pixels of it and the file has them.
    """

    name: str
    clip: np.ndarray
    has_score: bool = False
    rate: float | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    image: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", as_unicode(self.name))


class Raw(NamedTuple):
    """A raw file, or the files of one clip: names, and access to their bytes.

    Args:
        path: of a file on the disk.
    """

    name: str
    parts: Sequence[tuple[str, Callable[[], bytes]]]
    path: Path | None = None

    def content(self) -> bytes:
        """Of the only file."""
        return self.parts[0][1]()

    def opened(self) -> BinaryIO:
        """The only file, to read parts of it."""
        return regular_file(self.path).open("rb") if self.path else io.BytesIO(self.content())

    def held(self) -> "Raw":
        """The same single file, read once and held in memory."""
        content = self.content()
        return self._replace(parts=[(self.parts[0][0], lambda: content)])

    def decoded(self, decode: Callable[[bytes], T]) -> T:
        """The content as `decode` reads it, whose errors do not know the file's name.

        Raises:
            BadFile: it is damaged.
        """
        content = self.content()
        try:
            return decode(content)
        except ValueError as error:
            raise BadFile(OTHER_FORM, f"{self.name}: {one_line(error, 200)}.") from error


class Options(NamedTuple):
    """The options of a reader: the block `reader` of the YAML file, and the skeleton's joints."""

    num_joints: int
    key: str | None = None  # of the array, data set or field
    axes: str = "TVC"
    channels: int | None = None
    persons: int | None = None
    columns: str | None = None  # of a wide table: a pattern such as {joint}_{axis}
    clip: str | int | None = None  # of a table: the column that tells its clips apart, from 1
    path: str | None = None  # in JSON: names joined by dots
    rate: float | None = None
    rate_field: str | None = None  # that holds the rate
    world: bool = True  # of MediaPipe: metres instead of image shares
    image: Sequence[float] | None = None  # width and height, where places are shares of them
    image_fields: Sequence[str] = ()  # that hold width and height
    score: str | None = None  # keep or drop; of an array it says that the last channel is one
    skip_columns: int = 0  # of txt and tables by order: before those of the joints
    joint_names: tuple[str, ...] = ()
    track: bool = False


def arranged(array: np.ndarray, options: Options, what: str) -> np.ndarray:
    """An array with axes such as "TVC", "MTVC" or "TV*C" -> (M, T, V, C) floats.

    `V*C` is one axis that holds, for each joint, its channels.

    Raises:
        BadFile: the array has other axes, or does not hold numbers.
    """
    groups = groups_of(array.shape, options.axes, what)
    if array.dtype.kind not in "fiu":
        raise BadFile(OTHER_FORM, f"{what} holds {array.dtype}, no numbers.")
    known = {"V": options.num_joints, "C": options.channels, "M": options.persons}
    shape: list[int] = []
    for size, group in zip(array.shape, groups, strict=True):
        shape += _sizes(size, group, known, what)
    letters = "".join(groups)
    array = array.reshape(shape)
    if "M" not in letters:
        array, letters = array[None], "M" + letters
    clip = array.transpose([letters.index(letter) for letter in "MTVC"])
    if clip.shape[2] != options.num_joints:
        raise BadFile(
            OTHER_FORM,
            f"{what} has {clip.shape[2]} joints, but the skeleton {options.num_joints}.",
        )
    return seen_only(clip, what)


def groups_of(shape: Sequence[int], axes: str, what: str) -> list[str]:
    """`axis_groups`, one for every axis.

    Raises:
        BadFile: there are more or fewer.
    """
    groups = axis_groups(axes)
    if len(shape) != len(groups):
        raise BadFile(OTHER_FORM, f"{what} has {len(shape)} axes, but axes: {axes} {len(groups)}.")
    return groups


def axis_groups(axes: str) -> list[str]:
    """ "TV*C" -> ["T", "VC"].

    Raises:
        ValueError: the letters are not T, V, C and perhaps M and N, once each, N by itself.
    """
    groups = [group.replace("*", "") for group in _split_axes(axes)]
    letters = "".join(groups)
    once = len(set(letters)) == len(letters) and set("TVC") <= set(letters) <= set("NMTVC")
    if "**" in axes or not once or ("N" in letters and "N" not in groups):
        raise ValueError(f"axes must be the letters T, V, C and perhaps M and N. Got {axes!r}.")
    return groups


def _split_axes(axes: str) -> list[str]:
    groups: list[str] = []
    for letter in axes:
        if groups and (letter == "*" or groups[-1].endswith("*")):
            groups[-1] += letter
        else:
            groups.append(letter)
    return groups


def _sizes(size: int, group: str, known: dict[str, int | None], what: str) -> list[int]:
    """The sizes of the letters that share an axis; one of them may be unknown."""
    if len(group) == 1:
        return [size]
    sizes = [known.get(letter) for letter in group]
    given = int(np.prod([one for one in sizes if one]))
    if sizes.count(None) > 1 or size % given or (None not in sizes and given != size):
        raise BadFile(OTHER_FORM, f"{what} has an axis of {size}, which is not {'*'.join(group)}.")
    return [size // given if one is None else one for one in sizes]


def seen_only(clip: np.ndarray, what: str) -> np.ndarray:
    """(M, T, V, C) -> the same as floats, joints with a NaN being 0; a new array.

    Raises:
        BadFile: a number is infinite or beyond 10^6.
    """
    clip = np.array(clip, dtype=np.float64 if clip.dtype.itemsize > 4 else np.float32)
    unseen = np.isnan(clip).any(axis=3)
    clip[unseen] = 0
    if not np.abs(clip).max(initial=0) <= MAX_METRES:
        raise BadFile(OUT_OF_RANGE, f"{what} holds numbers beyond 10^6, or infinite ones.")
    return clip


def is_scored(clip: np.ndarray, options: Options, what: str) -> bool:
    """Whether the last channel of (M, T, V, C) is a confidence, where only the options know.

    Raises:
        BadFile: there are too few channels for one.
    """
    if options.score is not None and clip.shape[3] < 3:
        raise BadFile(OTHER_FORM, f"{what} has {clip.shape[3]} channels, too few for a score.")
    return options.score is not None


def entries_of(value: Any, count: int) -> np.ndarray | None:
    """An array of one entry a clip -> (count,), of one-hot rows their classes; None: it is none."""
    array = np.asarray(value)
    if array.ndim == 2 and len(array) == count and array.shape[1] > 1:
        is_one_hot = array.dtype.kind in "fiub" and ((array == 0) | (array == 1)).all()
        return array.argmax(axis=1) if is_one_hot and (array.sum(axis=1) == 1).all() else None
    return array.reshape(-1) if array.size == count and count in array.shape else None


def stem_of(name: str) -> str:
    return Path(name).stem


def is_number(cell: str) -> bool:
    """Whether a cell of a table is a number, or empty."""
    try:
        float(cell)
    except ValueError:
        return not cell.strip()
    return True


def column_name(number: int) -> str:
    """What a column is called in a table without a header; `number` counts from 0."""
    return f"column {number + 1}"


def column_number(raw: Raw, clip: str | int, width: int) -> int:
    """The column of a table without a header that tells its clips apart, from 0.

    Raises:
        BadFile: the table has fewer columns.
    """
    if not 1 <= int(clip) <= width:
        raise BadFile(OTHER_FORM, f"{raw.name} has {width} columns, no number {clip}.")
    return int(clip) - 1
