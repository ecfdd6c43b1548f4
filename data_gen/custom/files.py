"""Find the files of a user's recordings."""

import glob
import logging
import math
from pathlib import Path

from data_gen.custom.settings import CustomSettings
from data_gen.readers.archives import members_of
from data_gen.readers.bad_files import MAX_FILE_MB
from data_gen.readers.formats import FORMATS, Format, holds_many
from data_gen.readers.found import ARCHIVES, clip_folders, folder_of_parts, single_file
from data_gen.readers.sample import Raw
from utils.text import first_of

logger = logging.getLogger(__name__)


def find_files(settings: CustomSettings, folder: Path, max_mb: float = MAX_FILE_MB) -> list[Raw]:
    """The raw files, sorted by name.

    Args:
        folder: of the YAML file, to which `files` is relative.
        max_mb: of a file; one of many clips may have any size.

    Raises:
        FileNotFoundError: there is none.
    """
    format_ = FORMATS[settings.reader["format"]]
    place = folder / settings.files
    if place.is_dir():
        paths = matching(place, "*" if format_.of_folders else "**/*")
    else:
        paths = matching(folder, settings.files)
    if format_.of_folders:
        folders = {
            each for path in paths if path.is_dir() for each in clip_folders(path, format_.endings)
        }
        found = [folder_of_parts(path, format_.endings) for path in sorted(folders)]
    elif len(paths) == 1 and paths[0].suffix in ARCHIVES and not format_.of_many:
        found = _of_format(list(members_of(paths[0], max_mb)), format_)
    else:
        tables = {path for name in settings.tables for path in matching(folder, name)}
        files = [path for path in paths if path.is_file() and path.name[0] != "."]
        max_mb = math.inf if holds_many(settings.reader) else max_mb
        found = [single_file(path, max_mb) for path in files if path not in tables]
        found = _of_format(found, format_) if place.is_dir() else found
    if not found:
        raise FileNotFoundError(f"no files {place}. Check `files`, relative to the YAML file.")
    return found


def matching(folder: Path, name: str) -> list[Path]:
    """What a path below a folder names, or a pattern with *, ** or [...]; sorted."""
    if (folder / name).exists():
        return [folder / name]
    pattern = Path(glob.escape(str(folder))) / name  # a folder may be called `raw [1]`
    return sorted(Path(found) for found in glob.glob(str(pattern), recursive=True))  # noqa: PTH207


def _of_format(raws: list[Raw], format_: Format) -> list[Raw]:
    """Of all files of a folder those with a format's endings, or all where none has one."""
    wanted = [raw for raw in raws if _has_ending(raw, format_)]
    others = [Path(raw.name).name for raw in raws if not _has_ending(raw, format_)]
    if wanted and others:
        endings = " or ".join(format_.endings)
        shown = first_of(others)
        logger.warning(
            "ignored files whose names do not end with %s: %d (%s).", endings, len(others), shown
        )
    return wanted or raws


def _has_ending(raw: Raw, format_: Format) -> bool:
    return raw.name.lower().endswith(format_.endings)
