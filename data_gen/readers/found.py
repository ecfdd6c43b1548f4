"""Find the raw files that a user names: files, folders, globs, archives."""

import glob
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from data_gen.readers.archives import members_of
from data_gen.readers.bad_files import MAX_FILE_MB, check_file
from data_gen.readers.sample import Raw

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".xz", ".bz2")


def find_raws(
    names: Sequence[str],
    endings: Collection[str],
    of_folders: bool = False,
    max_mb: float = MAX_FILE_MB,
) -> Iterator[Raw]:
    """The raw files, in the order of `names`, those of a folder, glob or archive sorted.

    Args:
        endings: of the files to take from folders and archives; empty: all.
        of_folders: a clip is a folder of files with such endings, at any depth.

    Raises:
        FileNotFoundError: a name matches nothing.
        ValueError: an archive is damaged.
    """
    for name in names:
        count = 0
        for raw in _raws(name, tuple(endings), of_folders, max_mb):
            count += 1
            yield raw
        if not count:
            kinds = f" with files {' '.join(endings)}" if endings else ""
            raise FileNotFoundError(
                f"{name} is missing, or has no clip. Give a file, a folder, a glob or an archive"
                f"{kinds}."
            )


def _raws(name: str, endings: tuple[str, ...], of_folders: bool, max_mb: float) -> Iterator[Raw]:
    path = Path(name)
    if not path.exists():
        for found in sorted(glob.glob(name, recursive=True)):  # noqa: PTH207 - absolute, too
            yield from _raws(found, endings, of_folders, max_mb)
    elif path.is_dir() and of_folders:
        yield from (folder_of_parts(each, endings) for each in clip_folders(path, endings))
    elif path.is_dir():
        for file in sorted(path.rglob("*")):
            wanted = file.name.lower().endswith(endings) if endings else True
            if file.is_file() and wanted and not file.name.startswith("."):
                yield single_file(file, max_mb)
    elif path.name.endswith(ARCHIVES) and not path.name.lower().endswith(endings or ("\0",)):
        for raw in members_of(path, max_mb):
            if not endings or raw.name.lower().endswith(endings):
                yield raw
    else:
        yield single_file(path, max_mb)


def names_of(files: Sequence[str]) -> list[str]:
    """A name for every file: its own, or if several are the same, as with one folder per class, the
    path of each below their common folder.
    """
    paths = [Path(file).absolute() for file in files]
    names = [path.name for path in paths]
    if len(set(names)) == len(names):
        return names
    root = os.path.commonpath([path.parent for path in paths])
    return [path.relative_to(root).as_posix() for path in paths]


def single_file(path: Path, max_mb: float = MAX_FILE_MB) -> Raw:
    return Raw(str(path), [(path.name, lambda: check_file(path, max_mb).read_bytes())], path)


def clip_folders(path: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    """The folder itself or those below it: the first on each way down that holds files with such
    endings, or no folder, which is for a reader to refuse.
    """
    below = [each for each in sorted(path.iterdir()) if each.is_dir() and each.name[0] != "."]
    if not below or parts_of(path, endings):
        yield path
    else:
        for folder in below:
            yield from clip_folders(folder, endings)


def folder_of_parts(path: Path, endings: tuple[str, ...]) -> Raw:
    """A clip that is a folder of files, one per frame."""
    return Raw(str(path), [(part.name, part.read_bytes) for part in parts_of(path, endings)])


def parts_of(path: Path, endings: tuple[str, ...]) -> list[Path]:
    """The files of a folder with such endings, sorted."""
    return sorted(file for file in path.iterdir() if file.name.endswith(endings))
