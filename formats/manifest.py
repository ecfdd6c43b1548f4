"""`dataset.json`, which stands beside a data set's arrays and describes them.

Fields: `dataset`, `format` (dense or compact), `num_joints`, `num_persons`, `channels`,
`clip_shape`, `counts` (clips by split, such as xsub/train), `class_counts` (by split, one number
for each of its classes), `published_counts` (those of the full data set, where they are known),
`sources`, `versions`, `checksums` (by file), `num_classes` (the most that a split has), `note` (a
sentence where the counts differ from the published ones), `skeleton` (dotted name), `classes`
(their names in the order of labels, where they are known), `settings` (those of the YAML file of
custom_gendata.py, which say how raw files are read), `has_score` (whether the last channel is a
confidence instead of a coordinate), `chunk_size` (of UDIVA's chunks).
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from formats.kinds import COUNT, MAPPING, NUMBER, TEXT, YES_NO, check_kinds, list_of, mapping_to
from formats.known import KNOWN, dataset_of_folder
from utils.files import atomic_write
from utils.text import one_line

NAME = "dataset.json"
KINDS = {
    **dict.fromkeys(("dataset", "format", "skeleton", "note", "folds"), TEXT),
    **dict.fromkeys(("num_joints", "num_persons", "channels", "num_classes", "chunk_size"), COUNT),
    **dict.fromkeys(("versions", "settings"), MAPPING),
    **dict.fromkeys(("counts", "published_counts", "checksums"), mapping_to(COUNT)),
    **dict.fromkeys(("sources", "classes"), list_of(TEXT)),
    "class_counts": mapping_to(list_of(COUNT)),
    "clip_shape": list_of(COUNT, 4),
    "rate": NUMBER,
    "has_score": YES_NO,
}
DERIVED = re.compile(r"(train|val)_data_(bone|joint_motion|bone_motion)\.npy")
LEVELS = 2  # a benchmark's folder or a store, and the data set's


def read_manifest(path: Path | str) -> dict[str, Any] | None:
    """The manifest of the data set that a file or folder belongs to; None where there is none.

    It is looked for in the folder and the one above, as arrays may lie in a benchmark's folder.

    Raises:
        ValueError: the nearest manifest is damaged.
    """
    path = Path(path).absolute()
    folders = [path, *path.parents] if path.is_dir() else path.parents
    for folder in folders[:LEVELS]:
        if (folder / NAME).is_file():
            return _load(folder / NAME)
    return None


def how_to_make(path: Path) -> str:
    """The command that makes the file or folder of a data set, as the last sentence of an error.

    The names of the folders it lies in tell the data set, as in data/ntu/xsub.
    """
    dataset = dataset_of_folder(path.absolute())
    if dataset is None:
        return "Make it with its command: python3 data_gen/*_gendata.py."
    if stream := DERIVED.fullmatch(path.name):
        command = f"gen_bone_data.py --dataset {dataset} --stream {stream[2]}"
    else:
        command = KNOWN[dataset].command + (" --format compact" if not path.suffix else "")
    return f"Make it with: python3 data_gen/{command}"


def skeleton_of(manifest: Mapping[str, Any] | None) -> str | None:
    """The dotted name of a data set's skeleton class; None where it is unknown."""
    if not manifest:
        return None
    known = KNOWN.get(manifest.get("dataset"))  # older manifests do not name it
    return manifest.get("skeleton") or (known.skeleton if known else None)


def has_score(manifest: Mapping[str, Any] | None) -> bool:
    """Whether the last channel of a data set is a confidence; older manifests do not say it."""
    manifest = manifest or {}
    known = KNOWN.get(manifest.get("dataset"))
    return bool(manifest.get("has_score", known is not None and known.has_score))


def write_manifest(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Write `dataset.json` into a data set's folder, with `num_classes` and `note`; all it says.

    Counts and checksums of splits that are not regenerated stay, if the earlier run made the same
    data set in the same format.
    """
    old = _load(folder / NAME) if (folder / NAME).is_file() else {}
    same = all(old.get(key) == manifest[key] for key in ("dataset", "format", "clip_shape"))
    if same:
        for key in ("counts", "class_counts", "checksums"):
            manifest = {**manifest, key: {**old.get(key, {}), **manifest[key]}}
    manifest = {
        **manifest,
        "num_classes": max(map(len, manifest["class_counts"].values()), default=0),
        "note": count_note(manifest["counts"], manifest["published_counts"]),
    }
    with atomic_write(folder / NAME) as temporary:
        lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in manifest.items()]
        temporary.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return manifest


def count_note(counts: dict[str, int], published: dict[str, int]) -> str | None:
    """A sentence about splits whose size is not the published one; only a note, since downloads may
    be partial.
    """
    differing = [split for split in counts if published.get(split, counts[split]) != counts[split]]
    if not differing:
        return None
    listed = ", ".join(f"{split} {counts[split]:,} of {published[split]:,}" for split in differing)
    return f"Not the published number of clips: {listed}."


def _load(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(manifest, dict):
            raise ValueError("it holds no mapping")
        check_kinds(manifest, KINDS)
    except (ValueError, RecursionError) as error:
        reason = one_line(error, 200)
        raise ValueError(f"{path} is damaged ({reason}). {how_to_make(path)}") from error
    return manifest


def num_classes_of(manifest: Mapping[str, Any], path: Path, split: str | None) -> int | None:
    """How many classes a store's split has, or the split that an array belongs to; else all.

    NTU RGB+D 60 made out of 120 has half as many as its neighbours.
    """
    part = path.name.partition("_")[0]
    for name in (split, f"{path.parent.name}/{part}", part):
        if name in (manifest.get("class_counts") or {}):
            return len(manifest["class_counts"][name])
    return manifest.get("num_classes")
