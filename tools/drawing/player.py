"""Clips -> one self-contained HTML page with a 3-D player."""
# Shapes: M persons, T frames, V joints.

import base64
import gzip
import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tools.drawing.limbs import COLOURS, LIMBS
from tools.drawing.shown import ShownClip
from utils.files import atomic_write
from utils.text import as_script, filled_page

TEMPLATE = Path(__file__).with_name("player.html")
STEPS = 4000  # of half the clip's box: half a millimetre of a person
UNSEEN = -32768


def write_page(path: Path, clips: Sequence[ShownClip], title: str) -> None:
    """The page of a player that shows clips side by side."""
    content = {"limbs": [COLOURS[limb] for limb in LIMBS], "clips": [_packed(c) for c in clips]}
    text = TEMPLATE.read_text(encoding="utf-8")
    page = filled_page(text, {"title": html.escape(title), "data": as_script(content)})
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _packed(clip: ShownClip) -> dict[str, object]:
    middle, half = clip.box()
    packed = {
        "title": clip.title,
        "names": clip.names,
        "bones": clip.bones,
        "limbs": clip.limbs,
        "rate": round(clip.rate, 3),
        "flat": clip.flat,
        "shape": clip.joints.shape[:3],
        "low": round(float((_lowest(clip) - middle[1]) / half), 4),
        "data": packed_numbers((clip.joints - middle) / half),
    }
    if clip.curves:
        packed["curves"] = {name: np.round(v, 4).tolist() for name, v in clip.curves.items()}
    if clip.vectors is not None:
        packed["vectors"] = packed_numbers(clip.vectors / half)
    return packed


def _lowest(clip: ShownClip) -> float:
    heights = clip.joints[..., 1]
    return float(np.nanmin(heights)) if np.isfinite(heights).any() else 0.0


def packed_numbers(places: np.ndarray) -> str:
    """(M, T, V, 3), about -1 to 1, NaN where unseen -> text: differences from frame to frame of
    16-bit numbers, gzip, base64.
    """
    steps = np.clip(np.nan_to_num(places) * STEPS, -32767, 32767).round().astype(np.int16)
    steps[~np.isfinite(places)] = UNSEEN
    differences = steps.copy()
    differences[:, 1:] = steps[:, 1:] - steps[:, :-1]  # they may wrap around, here and there
    # Time innermost: a joint's differences are alike.
    packed = np.ascontiguousarray(differences.transpose(0, 2, 3, 1)).astype("<i2")
    return base64.b64encode(gzip.compress(packed.tobytes(), 9, mtime=0)).decode("ascii")
