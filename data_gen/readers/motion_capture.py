"""Read motion capture with optional packages; joints are matched by name.

- `bvh`: a hierarchy and its rotations, by bvhio; positions by forward kinematics.
- `c3d`: markers, by c3d.
"""

import io
import re
import tempfile
import warnings
from importlib import import_module
from types import ModuleType

import numpy as np

from data_gen.readers.bad_files import CUT, OTHER_FORM, WRONG_JOINTS, BadFile
from data_gen.readers.sample import Options, Raw, Sample, is_number, seen_only, stem_of
from utils.text import one_line

UNITS = {"mm": 1000, "cm": 100, "m": 1}  # of C3D: how many are a metre
SMALLEST_MARKER = 8  # bytes of one in a frame of C3D
BVH = re.compile(
    r"\s*HIERARCHY\s+ROOT\s(?P<tree>[^\0]*?)\bMOTION\s+Frames:\s*(?P<frames>\d{1,7})\s+"
    r"Frame Time:\s*(?P<time>\d*\.?\d+(?:[eE][-+]?\d+)?)\s+(?P<values>[^A-DF-Za-df-z{}]*)",
)


def read_c3d(raw: Raw, options: Options) -> list[Sample]:
    """Markers by the names of joints, in metres; those that were not seen are 0."""
    c3d = _package("c3d", "c3d")
    content = raw.content()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is refused below
            reader = c3d.Reader(io.BytesIO(content))
            names = [label.strip() for label in reader.point_labels][: reader.point_used]
            unit = reader.get("POINT:UNITS").string_value.strip().lower()
            rate, count = float(reader.point_rate), reader.frame_count
            if not 0 < count * len(names) * SMALLEST_MARKER <= len(content):
                raise ValueError(f"it has no room for {count} frames of {len(names)} markers")
            frames = [points[:, :4] for _, points, _ in reader.read_frames()]
    except Exception as error:  # a library in Python, which fails in many ways on a damaged file
        raise BadFile(
            OTHER_FORM, f"{raw.name} is not a C3D file: {one_line(error, 200)}"
        ) from error
    if len(frames) < count:
        raise BadFile(CUT, f"{raw.name} has {len(frames)} frames, but announces {count}.")
    if unit not in UNITS:
        raise BadFile(OTHER_FORM, f"{raw.name} has the unit {unit!r}, not {', '.join(UNITS)}.")
    if missing := [name for name in options.joint_names if name not in names]:
        raise BadFile(WRONG_JOINTS, f"{raw.name} has no marker {missing[0]!r}, but {names[:20]}.")
    points = np.stack(frames)[:, [names.index(name) for name in options.joint_names]]
    seen = points[..., 3:] >= 0  # its residual
    clip = np.where(seen, points[..., :3].astype(np.float64) / UNITS[unit], 0)[None]
    return [Sample(stem_of(raw.name), seen_only(clip, raw.name), rate=options.rate or rate)]


def read_bvh(raw: Raw, options: Options) -> list[Sample]:
    """Positions of joints by forward kinematics, in the file's own unit."""
    bvhio = _package("bvhio", "bvh")
    _check_bvh(raw)
    with tempfile.NamedTemporaryFile("wb", suffix=".bvh") as file:
        file.write(raw.content())
        file.flush()
        try:
            container = bvhio.readAsBvh(file.name)
            root = bvhio.convertBvhToHierarchy(container.Root)
            joints = {joint.Name: joint for joint, _, _ in root.layout()}
        except (OSError, ValueError, LookupError, SyntaxError, TypeError, AttributeError) as error:
            raise BadFile(OTHER_FORM, f"{raw.name} is not a BVH file: {error}") from error
    if missing := [name for name in options.joint_names if name not in joints]:
        raise BadFile(WRONG_JOINTS, f"{raw.name} has no joint {missing[0]!r}, but {list(joints)}.")
    clip = np.zeros((1, container.FrameCount, options.num_joints, 3))
    for t in range(container.FrameCount):
        root.loadPose(t)
        for v, name in enumerate(options.joint_names):
            clip[0, t, v] = list(joints[name].PositionWorld)
    rate = 1 / container.FrameTime if container.FrameTime else None
    return [Sample(stem_of(raw.name), seen_only(clip, raw.name), rate=options.rate or rate)]


def _check_bvh(raw: Raw) -> None:
    """Whether a file has the form of BVH: bvhio itself never ends on some that have not.

    Raises:
        BadFile: it has not.
    """
    text = raw.content().decode("latin1")
    match = BVH.fullmatch(text)
    if not match or match["tree"].count("{") != match["tree"].count("}"):
        raise BadFile(OTHER_FORM, f"{raw.name} is not a BVH file (HIERARCHY, MOTION, Frames).")
    channels = sum(map(int, re.findall(r"CHANNELS\s+(\d)", match["tree"])))
    numbers = match["values"].split()
    wrong = len(numbers) != channels * int(match["frames"]) or not all(map(is_number, numbers))
    if wrong or not numbers or len(re.findall(r"\bJOINT\b|\bROOT\b", match["tree"])) > 500:
        raise BadFile(CUT, f"{raw.name}: {len(numbers)} values are not {channels} a frame.")


def _package(name: str, format_: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        raise ValueError(
            f"format: {format_} requires the package {name}: pip install -r requirements-extra.txt"
        ) from error
