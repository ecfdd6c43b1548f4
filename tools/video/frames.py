"""Frames of videos and cameras, read by ffmpeg."""
# Shapes: H, W of a picture in pixels.

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from utils.text import one_line

MAX_PIXELS = 8192 * 4320
DEFAULT_RATE = 30.0
# What ffmpeg may take a file for: containers that hold their pictures. Playlists and scripts, which
# it knows by their content whatever they are called, name other files.
CONTAINERS = (
    "mov", "matroska", "avi", "mpegts", "mpeg", "flv", "ogg", "asf", "mxf", "dv", "gif", "nut",
    "ivf", "rm", "wtv", "h264", "hevc", "m4v", "mjpeg", "mpegvideo", "yuv4mpegpipe",
)  # fmt: skip


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
    if name.isdecimal():
        source, options = _camera(int(name))
    elif Path(name).is_file():
        # Without `file:`, a name such as take:1.mp4 would have the protocol `take`.
        source, options = f"file:{name}", ["-format_whitelist", ",".join(CONTAINERS)]
    else:
        raise FileNotFoundError(f"no video {name}. Give a file, or the number of a camera.")
    reader = imageio_ffmpeg.read_frames(source, pix_fmt="rgb24", input_params=options)
    try:
        about = next(reader)
    except (OSError, RuntimeError, StopIteration, ValueError, KeyError) as error:
        reason = one_line(error)
        refused = "whitelist" in reason
        # ffmpeg says why at the end.
        reason = "a playlist, or an unknown container" if refused else reason[-200:]
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
