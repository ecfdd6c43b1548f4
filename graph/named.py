"""Skeletons as data: YAML files of joints and bones, shipped in graph/skeletons/ or your own.

```yaml
joints: [pelvis, spine, head, left_hand, right_hand]   # in the order of the data
bones:                    # child: parent; every joint but the root once
  spine: pelvis
  head: spine
  left_hand: spine
  right_hand: spine
root: pelvis
edges: [[left_hand, right_hand]]   # optional: links of the graph besides the bones
mirror: []                # optional: pairs besides those named left_... and right_...
centre: spine             # optional: the joint that normalisation puts at 0; by default the root
up: y                     # optional: the axis that points up, or -y where it points down
files: {pelvis: Hips}     # optional: names that motion capture files have for joints
```
"""

from functools import cache
from pathlib import Path
from typing import Any

from graph.skeleton import SkeletonGraph
from utils.config import import_class
from utils.files import regular_file
from utils.text import one_line, text_of
from utils.yaml_values import yaml_values

FOLDER = Path(__file__).with_name("skeletons")
SUFFIXES = (".yaml", ".yml")
KEYS = ("joints", "bones", "root", "edges", "mirror", "centre", "up", "files")
UPS = ("x", "y", "z", "-x", "-y", "-z")
MAX_JOINTS = 1000


def shipped() -> list[str]:
    """The names of the skeletons that come with the project, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def skeleton_class(name: str) -> type:
    """The class of a skeleton: a shipped name, a YAML file, or a dotted name.

    Args:
        name: "coco17", "my/skeleton.yaml" or "graph.ntu_rgb_d.AdjMatrixGraph".

    Raises:
        ValueError: there is no such skeleton, or its file is invalid.
    """
    if Path(name).suffix in SUFFIXES:
        return _from_file(Path(name).resolve())
    if "." not in name:
        if name not in shipped():
            raise ValueError(
                f"no skeleton {name!r}. Shipped are {', '.join(shipped())}; name one of them, a "
                ".yaml file or a class."
            )
        return _from_file(FOLDER / f"{name}.yaml")
    return import_class(name)


@cache
def _from_file(path: Path) -> type[SkeletonGraph]:
    if not path.is_file():
        raise ValueError(f"no skeleton file {path}. Check the path.")
    try:
        return make_skeleton(path.stem, yaml_values(text_of(regular_file(path).read_bytes())))
    except ValueError as error:
        reason = one_line(error, 300)
        raise ValueError(f"{path} is not a skeleton: {reason}") from error


def make_skeleton(name: str, content: Any) -> type[SkeletonGraph]:
    """The class of a skeleton whose file holds `content`.

    Raises:
        ValueError: joints are duplicate, unknown, without a bone, or bones go in a circle.
    """
    if not isinstance(content, dict) or not {"joints", "bones", "root"} <= set(content):
        raise ValueError("it must have joints, bones and root")
    if unknown := [key for key in content if key not in KEYS]:
        raise ValueError(f"unknown key {unknown[0]!r}. It takes {', '.join(KEYS)}")
    joints = content["joints"]
    if not isinstance(joints, list) or not all(isinstance(joint, str) for joint in joints):
        raise ValueError("joints must be a list of names")
    if not 2 <= len(joints) <= MAX_JOINTS:
        raise ValueError(f"it must have 2 to {MAX_JOINTS} joints. Got {len(joints)}")
    if twice := [joint for joint in joints if joints.count(joint) > 1]:
        raise ValueError(f"duplicate joint {twice[0]!r}")
    number = {joint: i for i, joint in enumerate(joints)}

    def of(joint: Any) -> int:
        if not isinstance(joint, str) or joint not in number:
            raise ValueError(f"unknown joint {joint!r}")
        return number[joint]

    parents = _parents(content["bones"], of)
    root = of(content["root"])
    if root in parents:
        raise ValueError(f"the root {joints[root]} must have no parent")
    if loose := [
        joint for joint in joints if number[joint] not in parents and joint != joints[root]
    ]:
        raise ValueError(f"{loose[0]} has no parent, so that the graph is not connected")
    _check_tree(parents, root, joints)
    bones = tuple((child, parents.get(child, child)) for child in range(len(joints)))
    extra = _pairs(content.get("edges"), of, "edges")
    in_files = content.get("files") or {}
    if not isinstance(in_files, dict) or not all(isinstance(n, str) for n in in_files.values()):
        raise ValueError("files must be a mapping of joints to their names in files")
    for joint in in_files:
        of(joint)
    up = content.get("up", "y")
    if up not in UPS:
        raise ValueError(f"up must be one of {', '.join(UPS)}. Got {up!r}")
    return type(
        name,
        (SkeletonGraph,),
        {
            "__doc__": f"The skeleton {name}, from its YAML file.",
            "joint_names": tuple(joints),
            "bones": bones,
            "edges": (*(bone for bone in bones if bone[0] != bone[1]), *extra),
            "mirror_pairs": _pairs(content.get("mirror"), of, "mirror"),
            "centre": of(content.get("centre", content["root"])),
            "up": up,
            "file_names": tuple(in_files.get(joint, joint) for joint in joints),
        },
    )


def _parents(bones: Any, of: Any) -> dict[int, int]:
    """Child -> parent, of a mapping or of a list of pairs."""
    pairs = list(bones.items()) if isinstance(bones, dict) else bones
    parents: dict[int, int] = {}
    for child, parent in _pairs(pairs, of, "bones"):
        if child in parents:
            raise ValueError(f"a joint has two parents: {pairs}")
        if child == parent:
            raise ValueError("a bone must link two joints; the root is named by root")
        parents[child] = parent
    return parents


def _pairs(pairs: Any, of: Any, what: str) -> tuple[tuple[int, int], ...]:
    pairs = pairs or ()
    is_list = isinstance(pairs, (list, tuple))
    if not is_list or not all(isinstance(p, (list, tuple)) and len(p) == 2 for p in pairs):
        raise ValueError(f"{what} must be pairs of joints")
    return tuple((of(one), of(other)) for one, other in pairs)


def _check_tree(parents: dict[int, int], root: int, joints: list[str]) -> None:
    for start in parents:
        joint, steps = start, 0
        while joint != root:
            joint, steps = parents[joint], steps + 1
            if steps > len(joints):
                raise ValueError(f"the bones from {joints[start]} go in a circle")
