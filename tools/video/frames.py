"""Frames of videos and cameras, read by ffmpeg."""
# Shapes: H, W of a picture in pixels.

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from utils.text import one_line

MAX_PIXELS = 8192 * 4320
DEFAULT_RATE = 30.0


class Video(NamedTuple):
    """An open video or camera."""

    name: str
    width: int
    height: int
    rate: float  # frames per second
    num_frames: int | None  # about; None: unknown
    frames: Iterator[np.ndarray]  # (H, W, 3) uint8, RGB


def open_video(name: str) -> Video:
    """A file, or a camera by its number.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is not a video, or the package that reads it is missing.
    """
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise ValueError(
            "videos require imageio-ffmpeg: pip install -r requirements-video.txt"
        ) from error
    options: dict[str, Any] = {}
    source = name
    if name.isdecimal():
        source, options["input_params"] = _camera(int(name))
    elif not Path(name).is_file():
        raise FileNotFoundError(f"no video {name}. Give a file, or the number of a camera.")
    reader = imageio_ffmpeg.read_frames(source, pix_fmt="rgb24", **options)
    try:
        about = next(reader)
    except (OSError, RuntimeError, StopIteration, ValueError, KeyError) as error:
        reason = one_line(error)[-200:]  # ffmpeg says why at the end
        raise ValueError(f"{name} is not a video that ffmpeg reads: {reason}") from error
    width, height = about["size"]
    if not 0 < width * height <= MAX_PIXELS:
        raise ValueError(f"{name} has pictures of {width} x {height}.")
    rate = float(about.get("fps") or DEFAULT_RATE)
    seconds = float(about.get("duration") or 0)
    count = round(seconds * rate) if seconds and not name.isdecimal() else None
    return Video(name, width, height, rate, count, _pictures(reader, height, width))


def _pictures(reader: Iterator[bytes], height: int, width: int) -> Iterator[np.ndarray]:
    for content in reader:
        yield np.frombuffer(content, np.uint8).reshape(height, width, 3)


def _camera(number: int) -> tuple[str, list[str]]:
    """Name and format of a camera for ffmpeg, by the system."""
    if sys.platform == "darwin":
        return str(number), ["-f", "avfoundation", "-framerate", "30"]
    if sys.platform == "win32":
        return f"video={number}", ["-f", "dshow"]
    path = Path(f"/dev/video{number}")
    if not path.exists():
        raise FileNotFoundError(f"no camera {number} ({path}). Check that it is connected.")
    return str(path), ["-f", "v4l2"]
