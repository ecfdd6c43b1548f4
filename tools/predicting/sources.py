"""Where the spans of a prediction come from: raw files, standard input, videos."""
# Shapes: P persons of a frame, V joints, C channels.

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from tqdm import tqdm

from data_gen.raw_formats import RawFormat, find_clips
from data_gen.readers.bad_files import good_ones
from data_gen.readers.found import names_of
from data_gen.readers.sample import Sample
from formats.exported import NetworkInfo
from formats.manifest import has_score
from tools.predicting import live
from tools.predicting.spans import Cut, Span, whole


def samples_of(
    names: Sequence[str], raw: RawFormat, max_file_mb: float, bad: list[Exception]
) -> Iterator[Sample]:
    """The clips of raw files; what is wrong with the others is appended to `bad`.

    Clips of files that share a name also get the names of their folders.
    """
    raws = list(find_clips(names, raw, max_file_mb))
    unique = names_of([each.name for each in raws])
    quiet = True if len(raws) == 1 else None
    pairs = zip(raws, unique, strict=True)
    for each, name in tqdm(pairs, "clips", len(raws), unit="", disable=quiet, leave=False):
        folder = PurePosixPath(name).parent
        try:
            for sample in good_ones(raw.read(each), bad):
                has_folder = "/" in sample.name
                yield sample if has_folder else replace(sample, name=str(folder / sample.name))
        except FileNotFoundError:
            raise
        except (ValueError, OSError) as error:
            bad.append(error)


def spans_of_lines(stream: IO[bytes], name: str, info: NetworkInfo, cut: Cut) -> Iterator[Span]:
    """Spans of frames that are read as lines of JSON; windows as soon as they end.

    Raises:
        ValueError: a line holds something else, or there is none.
    """
    joints = int(info.model_args.get("num_point") or 25)
    channels = int(info.dataset.get("channels", 3))
    frames = live.frames_of_lines(stream, joints, channels)
    source = live.LiveSource(name, has_score(info.dataset), cut.rate)
    if cut.window:
        return live.live_windows(frames, source, cut.window, cut.stride)
    return iter([whole(live.joined(frames, source))])


class PoseChoice(NamedTuple):
    """A pose estimator, and where the skeletons it finds are saved, if they are."""

    name: str
    model: Path | None = None
    saved: Path | None = None


def spans_of_videos(
    videos: Sequence[str], raw: RawFormat, cut: Cut, pose: PoseChoice
) -> Iterator[Span]:
    """Spans of the skeletons that a pose estimator finds in videos; windows as soon as they end.

    Raises:
        FileNotFoundError, ValueError: a video or a package is missing, or nobody is seen.
    """
    from tools.video import skeletons
    from tools.video.estimators import estimator
    from tools.video.frames import open_video

    wanted = skeletons.coordinates_for(raw)
    for number, (place, name) in enumerate(zip(videos, names_of(videos), strict=True)):
        video = open_video(place)._replace(name=name)
        estimate = estimator(pose.name, pose.model)
        if cut.window and not pose.saved:
            frames = skeletons.frames_in_dataset(video, estimate, raw)
            image = skeletons.image_of(raw, (video.width, video.height))
            source = live.LiveSource(
                video.name, skeletons.has_score(raw), cut.rate or video.rate, image
            )
            yield from live.live_windows(frames, source, cut.window, cut.stride)
            continue
        seen = skeletons.skeletons_of(video, estimate, wanted)
        if path := pose.saved:
            stem = f"{path.stem}-{number}" if len(videos) > 1 else path.stem
            skeletons.save_skeletons(path.with_name(stem + path.suffix), seen)
        yield from cut([skeletons.as_dataset(seen, raw)])
