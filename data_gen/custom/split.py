"""Which clips train and which validate, by a YAML file's `split`."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data_gen.custom.rules import FoundClip, Rule
from data_gen.custom.settings import listed, rule_in
from data_gen.custom.tables import known_as, read_list, rows_by_name
from data_gen.pipeline.plan import NEITHER
from data_gen.readers.bad_files import BadFile
from formats.clip_store import PARTS
from utils.text import first_of

logger = logging.getLogger(__name__)


class KnownClip(NamedTuple):
    """A clip, and what the rules tell of it."""

    found: FoundClip
    label: int
    subject: str | None
    camera: str | None


def parts_of(known: Sequence[KnownClip], split: Mapping[str, Any], folder: Path) -> list[int]:
    """0 train, 1 val or NEITHER for every clip.

    Raises:
        ValueError: a table is missing, or no clip is of a part.
    """
    if "lists" in split:
        return parts_listed([clip.found for clip in known], split, folder)
    if rule := rule_in(split):
        told = Rule("split", rule, folder)
        found = [_all_told(told, clip.found) for clip in known]
        wanted = [{str(name) for name in listed(split.get(part) or part)} for part in PARTS]
        _check_parts_exist(wanted, set().union(*found))
        return [
            next((p for p, names in enumerate(wanted) if names & of_clip), NEITHER)
            for of_clip in found
        ]
    by = split.get("by", "clip")
    groups = [clip.found.name if by == "clip" else getattr(clip, by) for clip in known]
    if "fraction" in split:
        kinds = sorted(set(groups))
        order = np.random.default_rng(split.get("seed") or 0).permutation(len(kinds))
        count = max(1, round(split["fraction"] * len(kinds)))
        held_out = {kinds[i] for i in order[:count]}
        return [int(group in held_out) for group in groups]
    train = {_same(value) for value in listed(split["train"])}
    val = {_same(value) for value in listed(split.get("val"))} if split.get("val") else None
    return [
        0 if _same(g) in train else 1 if val is None or _same(g) in val else NEITHER for g in groups
    ]


def parts_listed(clips: Sequence[FoundClip], split: Mapping[str, Any], folder: Path) -> list[int]:
    """0 train, 1 val or NEITHER for every clip, by lists of the clips of each part.

    Raises:
        ValueError: a list is missing or holds no clip, or a clip is in both.
    """
    known = [{*known_as(clip.file, clip.name)} for clip in clips]
    of_clips = set().union(*known)
    parts = [NEITHER] * len(clips)
    for part, name in enumerate(PARTS):
        files = listed(split["lists"][name])
        lines = [line for file in files for line in _lines(folder / file, split)]
        meant = set().union(*lines)
        of_part = [number for number, names in enumerate(known) if names & meant]
        if clips and not of_part:
            raise ValueError(_in_no_list(files, lines, clips[0].name))
        for number in of_part:
            if parts[number] != NEITHER:
                raise ValueError(f"split: {clips[number].name} is in both lists.")
            parts[number] = part
        if unknown := [max(line, key=len) for line in lines if not line & of_clips]:
            logger.warning(
                "names in %s without a clip: %d (%s).",
                first_of(files), len(unknown), first_of(unknown),
            )  # fmt: skip
    return parts


def _in_no_list(files: Sequence[str], lines: Sequence[set[str]], clip: str) -> str:
    """What to say where lists name none of the clips, such as `clip`."""
    named = f"names {first_of([min(line) for line in lines])}" if lines else "is empty"
    return (
        f"split: no clip is in {first_of(files)}, which {named}. Clips have names such as {clip}."
    )


def _lines(path: Path, split: Mapping[str, Any]) -> list[set[str]]:
    """The clip that each line of a list means, or the names that it may be."""
    if not split.get("columns"):
        return read_list(path)
    return [{name} for name, _ in rows_by_name(path, split, ())]


def _check_parts_exist(wanted: Sequence[set[str]], found: set[str]) -> None:
    for part, names in zip(PARTS, wanted, strict=True):
        if found and not names & found:
            raise ValueError(
                f"split: no clip is of {', '.join(sorted(names))}. Say which of "
                f"{first_of(sorted(found), 8)} is {part}, as in {{..., {part}: [NAME]}}."
            )


def _all_told(rule: Rule, clip: FoundClip) -> set[str]:
    """The values that a rule gives a clip; a field may hold several, or none."""
    try:
        return {str(each) for each in listed(rule.of(clip))}
    except BadFile:
        return set()


def _same(value: Any) -> str:
    """A canonical form: 007 and 7 are one subject."""
    text = str(value)
    return str(int(text)) if text.isdecimal() else text
