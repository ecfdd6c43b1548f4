"""The files within .zip and .tar archives, of which none is unpacked beyond a limit."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
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
    """The files of an archive, sorted by name; each in memory, one after the other.

    Raises:
        ValueError: it is no archive, or damaged.
    """
    try:
        found = [
            (name, content)
            for name, content in _contents(check_file(path, float("inf")), int(max_mb * 1e6))
            if not Path(name).name.startswith(".")
        ]
    except DAMAGED as error:
        raise ValueError(f"{path} cannot be read: {error}. Fetch the archive again.") from error
    for name, content in sorted(found, key=lambda item: item[0]):
        yield Raw(f"{path}/{name}", [(Path(name).name, _giver(f"{path}/{name}", content, max_mb))])


def _giver(name: str, content: bytes | None, max_mb: float) -> Callable[[], bytes]:
    def give() -> bytes:
        if content is None:
            raise BadFile(TOO_LARGE, f"{name} unpacks to more than --max-file-mb {max_mb:g}.")
        return content

    return give


def _contents(path: Path, max_bytes: int) -> Iterator[tuple[str, bytes | None]]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    with archive.open(member) as file:
                        yield member.filename, unpacked(file, member.file_size, max_bytes)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile():
                    file = archive.extractfile(member)
                    yield member.name, unpacked(file, member.size, max_bytes)
    else:
        raise ValueError(f"{path} is neither a folder nor a readable .zip or .tar(.gz, .xz) file.")


def unpacked(file: IO[bytes], claimed: int, max_bytes: int) -> bytes | None:
    """A member's content; None where it is larger than allowed, whatever it claims."""
    content = file.read(max_bytes + 1) if claimed <= max_bytes else b""
    return None if claimed > max_bytes or len(content) > max_bytes else content
