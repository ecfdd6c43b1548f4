"""Pictures -> .gif, .mp4 and .png files."""
# Shapes: H, W of a picture in pixels.

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from utils.figures import names_as_written
from utils.files import atomic_write

NEARLY_WHITE = 248  # of 255
COLOURS = 64  # of a GIF


def write_gif(path: Path, pictures: Iterable[np.ndarray], rate: float) -> None:
    """An animation that repeats, of pictures (H, W, 3) uint8, at its true speed.

    Times of a GIF are in steps of 10 ms; they are rounded so that no error adds up. Viewers slow
    down what is faster than 50 frames per second, so that of more only some are kept.
    """
    step = max(1, round(rate / 50))
    kept = [Image.fromarray(each) for number, each in enumerate(pictures) if not number % step]
    ends = [round(100 * step * (number + 1) / rate) for number in range(len(kept))]
    times = [10 * max(2, end - start) for start, end in zip([0, *ends], ends, strict=False)]
    # One palette for all, or colours would flicker.
    palette = kept[len(kept) // 2].quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
    # White would be the mean of what is nearly white.
    colours = np.array(palette.getpalette()).reshape(-1, 3)
    colours[colours.min(axis=1) > NEARLY_WHITE] = 255
    palette.putpalette(colours.ravel().tolist())
    frames = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in kept]
    with atomic_write(path) as temporary:
        frames[0].save(
            temporary, save_all=True, append_images=frames[1:], duration=times, loop=0,
            optimize=False, disposal=1,
        )  # fmt: skip


def write_mp4(path: Path, pictures: Iterator[np.ndarray], rate: float) -> None:
    """A video (H.264) of pictures (H, W, 3) uint8.

    Raises:
        ValueError: its package is missing.
    """
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise ValueError(
            ".mp4 requires imageio-ffmpeg: pip install -r requirements-extra.txt"
        ) from error
    first = next(pictures)
    height, width = (size - size % 2 for size in first.shape[:2])
    with atomic_write(path) as temporary:
        writer = imageio_ffmpeg.write_frames(
            str(temporary), (width, height), fps=rate, macro_block_size=2, quality=8,
            ffmpeg_log_level="error",
        )  # fmt: skip
        writer.send(None)
        try:
            for picture in (first, *pictures):
                writer.send(np.ascontiguousarray(picture[:height, :width]))
        finally:
            writer.close()


@names_as_written()
def write_figure(path: Path, figure: Figure) -> None:
    with atomic_write(path) as temporary:
        figure.savefig(temporary)
