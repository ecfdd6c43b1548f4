"""The files within .zip and .tar archives, unpacked only up to a limit."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO

from data_gen.readers.bad_files import MAX_FILE_MB, TOO_LARGE, BadFile, check_file
from data_gen.readers.sample import Raw

DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,  # another method of packing
    RuntimeError,  # a password
)


def members_of(path: Path, max_mb: float = MAX_FILE_MB) -> Iterator[Raw]:
    """The files of an archive, sorted by name. Those of a .zip are read when they are asked for;
    a .tar, which can only be read from its start, is read at once.

    Raises:
        ValueError: it is not an archive, or damaged.
    """
    max_bytes = int(max_mb * 1e6)
    try:
        if zipfile.is_zipfile(check_file(path, float("inf"))):
            # It stays open while members may be read: opening it reads the whole index.
            archive = zipfile.ZipFile(path)
            found = {m.filename: _zipped(archive, m, max_bytes) for m in archive.infolist()}
        elif tarfile.is_tarfile(path):
            found = _unpacked_tar(path, max_bytes)
        else:
            raise ValueError(
                f"{path} is neither a folder nor a readable .zip or .tar(.gz, .xz) file."
            )
    except DAMAGED as error:
        raise _unreadable(path, error) from error
    for name in sorted(found):
        if not name.endswith("/") and not Path(name).name.startswith("."):
            whole = f"{path}/{name}"
            yield Raw(whole, [(Path(name).name, _giver(whole, found[name], max_mb))])


def _giver(name: str, content: Callable[[], bytes | None], max_mb: float) -> Callable[[], bytes]:
    def give() -> bytes:
        unpacked = content()
        if unpacked is None:
            raise BadFile(TOO_LARGE, f"{name} unpacks to more than --max-file-mb {max_mb:g}.")
        return unpacked

    return give


def _zipped(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, max_bytes: int
) -> Callable[[], bytes | None]:
    def read() -> bytes | None:
        try:
            with archive.open(member) as file:
                return _content(file, member.file_size, max_bytes)
        except DAMAGED as error:
            raise _unreadable(Path(archive.filename), error) from error

    return read


def _unpacked_tar(path: Path, max_bytes: int) -> dict[str, Callable[[], bytes | None]]:
    found = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile():
                content = _content(archive.extractfile(member), member.size, max_bytes)
                found[member.name] = partial(_same, content)
    return found


def _same(content: bytes | None) -> bytes | None:
    return content


def _unreadable(path: Path, error: Exception) -> ValueError:
    return ValueError(f"{path} cannot be read: {error}. Fetch the archive again.")


def _content(file: IO[bytes], claimed: int, max_bytes: int) -> bytes | None:
    """A member's content; None if it is larger than allowed, whatever its header claims."""
    content = file.read(max_bytes + 1) if claimed <= max_bytes else b""
    return None if claimed > max_bytes or len(content) > max_bytes else content
