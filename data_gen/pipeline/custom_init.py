"""A first YAML file about recordings, from a look at some of them."""

import re
from collections.abc import Sequence
from pathlib import Path

from data_gen.pipeline.custom_look import look_at
from graph.named import shipped, skeleton_class
from utils.text import as_yaml, one_line

NAME_NUMBERS = re.compile(r"([A-Za-z_]+?)_?(\d+)")


def propose(samples: Sequence[Path], folder: Path) -> str:
    """The text of a YAML file, with comments where it guesses.

    Args:
        samples: files, or for OpenPose folders.
        folder: where the YAML file will be.

    Raises:
        FileNotFoundError: a sample is missing.
        ValueError: no reader takes files of this ending, or the first one is damaged.
    """
    first = samples[0]
    if missing := [path for path in samples if not path.exists()]:
        raise FileNotFoundError(f"no file {missing[0]}.")
    format_, axes, joints, seen = look_at(first)
    file_name = one_line(first.name)
    fitting = [name for name in shipped() if len(skeleton_class(name).joint_names) == joints]
    found: dict[str, tuple[str, str]] = {}
    for letters, digits in NAME_NUMBERS.findall(first.stem):
        found.setdefault(letters.strip("_").lower() or "n", (letters, digits))
    label = next((name for name in found if name[0] in "ac"), next(iter(found), None))
    subject = next((name for name in found if name[0] in "sp" and name != label), None)
    others = ", ".join(fitting[1:]) or "none"
    lines = [
        f"# Written after a look at {file_name}: {seen}. Check every line; what each key",
        "# means: python3 data_gen/custom_gendata.py --help-config",
        "name: " + as_yaml(re.sub(r"[^A-Za-z0-9_-]", "-", folder.name) or "mine"),
        f"files: {as_yaml(_pattern(samples, folder))}",
        "reader: {format: " + format_ + (f", axes: {axes}" if axes else "") + "}",
        f"skeleton: {fitting[0] if fitting else 'my_skeleton.yaml'}    # {joints} joints; also "
        f"fitting: {others}",
        f"# Numbers in the name {file_name}:" if found else "# No numbers in the name.",
        *(f"#   {_number_after(letters)} finds {digits}" for letters, digits in found.values()),
    ]
    if label:
        lines.append(
            f"label: {{regex: {_number_after(found[label][0])}, first: 1}}    # or first: 0"
        )
    else:
        lines.append("label: {folder: 1}    # the name of the folder is the class")
    lines.append("# classes: [name of class 0, name of class 1]")
    if subject:
        lines.append(f"subject: {{regex: {_number_after(found[subject][0])}}}")
        lines.append("split: {fraction: 0.2, by: subject, seed: 0}")
    else:
        lines.append(
            "split: {fraction: 0.2, by: clip, seed: 0}    # better: keep subjects together"
        )
    return "\n".join([*lines, "normalise: centre+scale", "frames: 100", "persons: 1", ""])


def _number_after(letters: str) -> str:
    """A regular expression, in quotes, for the number that follows letters."""
    return "'" + letters + r"(\d+)'"


def _pattern(samples: Sequence[Path], folder: Path) -> str:
    first = samples[0].absolute()
    place = first.parent if len(samples) == 1 else Path(*_common([p.absolute() for p in samples]))
    try:
        shown = place.relative_to(folder)
    except ValueError:
        shown = place
    ending = "" if first.is_dir() else first.suffix
    deep = any(path.absolute().parent != place for path in samples)
    return str(shown / ("**" if deep else ".") / f"*{ending}").replace("/./", "/")


def _common(paths: Sequence[Path]) -> list[str]:
    parts = list(zip(*(path.parent.parts for path in paths), strict=False))
    return [level[0] for level in parts if len(set(level)) == 1]
