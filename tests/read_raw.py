"""A raw file from memory, as a reader of `data_gen/readers/formats.py` takes it."""

from data_gen.readers.formats import FORMATS
from data_gen.readers.sample import Options, Raw, Sample
from graph.named import skeleton_class

COCO = skeleton_class("coco17").joint_names


def read(
    format_: str, content: bytes | list, name: str = "clip.x", skeleton: str = "coco17", **options
) -> list[Sample]:
    """The clips of a file, or of a folder of files (name, function that gives bytes)."""
    names = skeleton_class(skeleton).joint_names
    parts = content if isinstance(content, list) else [(name, lambda: content)]
    raw = Raw(name, parts)
    return [*FORMATS[format_].read(raw, Options(len(names), joint_names=names, **options))]
