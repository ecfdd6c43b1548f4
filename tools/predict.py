"""Predict the classes of clips: python3 tools/predict.py CLIP... --weights work_dir/x/weights/best.pt

Clips are raw files in the format of the network's data set (files, folders, globs, an archive, or
`-` for frames as lines of JSON), and are prepared as for training. Settings, data set and class names
are read from the work dir of the weights; for released weights name the settings with --config.

python3 tools/predict.py data/nturgbd_raw/nturgb+d_skeletons/S001C001P001R001A023.skeleton \\
    --weights pretrained-models/ntu60-xsub-joint.pt --config config/nturgbd-cross-subject/test_joint.yaml
python3 tools/predict.py recording.skeleton --weights joint.pt bone.pt --alpha 1 1 --window 64 --stride 16
"""  # noqa: E501 - commands to copy

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import logging
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from data_gen.raw_formats import RawFormat, named_format, raw_format
from data_gen.readers.bad_files import MAX_FILE_MB
from formats.exported import NetworkInfo, weights_file
from formats.known import KNOWN
from tools.predicting.live import waits
from tools.predicting.networks import NETWORKS, ONNX, open_network
from tools.predicting.predictor import Predictor, of_recordings
from tools.predicting.printing import print_results
from tools.predicting.sources import PoseChoice, samples_of, spans_of_lines, spans_of_videos
from tools.predicting.spans import Cut, Span
from utils.cli import ArgumentParser, run
from utils.text import one_line

STDIN = "-"


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("clips", nargs="*", metavar="CLIP", help="files, folders, globs, archives, or - for stdin")
    add("--weights", type=weights_file, nargs="+", default=[], metavar="FILE",
        help=".pt, .safetensors, .onnx, or a work dir for its best; several are fused")  # fmt: skip
    add("--alpha", type=float, nargs="+", metavar="X",
        help="fusion weight of each network (default: 1)")  # fmt: skip
    add("--config", type=Path, nargs="+", metavar="FILE",
        help="YAML settings of weights without a work dir: one, or one for each")  # fmt: skip
    add("--format", metavar="NAME",
        help=f"format of the clips: {', '.join(KNOWN)}, or a YAML file of custom_gendata.py "
        "(default: that of the network's data set)")  # fmt: skip
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object per line")
    form.add_argument("--csv", action="store_true", help="print CSV")
    add("--window", type=int, metavar="T", help="predict windows of T frames")
    add("--stride", type=int, metavar="T", help="frames from one window to the next (default: T/4)")
    add("--rate", type=float, metavar="HZ", help="frames per second, to print the times of windows")
    add("--video", nargs="+", default=[], metavar="FILE",
        help="videos, or a camera's number; a pose estimator finds the skeletons")  # fmt: skip
    add("--pose", default="mediapipe", metavar="NAME",
        help="pose estimator: mediapipe (default) or rtmlib")  # fmt: skip
    add("--pose-model", type=Path, metavar="FILE",
        help="mediapipe 1.x: the pose_landmarker .task file to use")  # fmt: skip
    add("--save-skeletons", type=Path, metavar="FILE",
        help="save the skeletons of --video as .npz, for custom_gendata.py")  # fmt: skip
    add("--batch-size", type=int, metavar="N",
        help="clips per batch (default: the settings' test_batch_size)")  # fmt: skip
    add("--device", nargs="+", metavar="D",
        help="GPU number, or cpu (default: a GPU if there is one)")  # fmt: skip
    add("--max-file-mb", type=float, default=MAX_FILE_MB, metavar="MB",
        help=f"largest raw file of one clip (default: {MAX_FILE_MB:g})")  # fmt: skip
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = checked(make_parser().parse_args(argv))
    logging.basicConfig(format="%(levelname)s: %(message)s")
    configs = args.config or [None]
    configs = configs * len(args.weights) if len(configs) == 1 else configs
    networks = [
        open_network(path, config, args.device)
        for path, config in zip(args.weights, configs, strict=True)
    ]
    info = networks[0].info
    raw = format_of(args.format, info)
    size = args.batch_size or int(info.settings.get("test_batch_size", 64))
    predictor = Predictor(networks, args.alpha, raw, size)
    cut = Cut(args.window, args.stride, raw.chunk, args.rate)
    spans, is_due, bad = spans_of(args, raw, info, cut)
    form = "json" if args.json else "csv" if args.csv else "text"
    answers = predictor(spans, is_due)
    if not args.window:
        answers = of_recordings(answers)
    shown = print_results(answers, info, form, cut)
    if bad and not shown:
        raise ValueError(one_line(bad[0]))
    for error in bad:
        print(f"error: {one_line(error)}", file=sys.stderr)
    if bad:
        raise ValueError(f"{len(bad)} of {len(bad) + shown} clips are bad and were left out.")


def checked(args: Namespace) -> Namespace:
    """The arguments, completed.

    Raises:
        ValueError: they are contradictory or incomplete.
    """
    # Clips may stand after --weights, which takes several, and a network among clips.
    not_weights = [str(path) for path in args.weights if path.suffix not in NETWORKS]
    args.clips += not_weights
    args.weights = [path for path in args.weights if path.suffix in NETWORKS]
    args.weights += [Path(name) for name in args.clips if name.endswith(ONNX)]
    args.clips = [name for name in args.clips if not name.endswith(ONNX)]
    if not args.weights:
        given = f" {not_weights[0]} is neither." if not_weights else ""
        raise ValueError(
            "--weights is required: a file (.pt, .safetensors, .onnx), or the work dir of a "
            f"training that has weights/best.pt.{given}"
        )
    if bool(args.clips) == bool(args.video):
        raise ValueError("name clips (- for standard input), or --video files.")
    if STDIN in args.clips and len(args.clips) > 1:
        raise ValueError("- (standard input) stands alone.")
    args.alpha = args.alpha or [1.0] * len(args.weights)
    if len(args.alpha) != len(args.weights):
        raise ValueError(
            f"--alpha requires a weight each: {len(args.weights)}. Got {len(args.alpha)}."
        )
    if not all(np.isfinite(args.alpha)) or sum(args.alpha) <= 0:
        raise ValueError(f"--alpha must be finite, with a sum above 0. Got {args.alpha}.")
    if args.config and len(args.config) not in (1, len(args.weights)):
        raise ValueError("--config takes one file, or one for each of --weights.")
    for name in ("window", "stride", "batch_size", "rate"):
        value = getattr(args, name)
        if value is not None and value <= 0:
            raise ValueError(f"--{name.replace('_', '-')} must be above 0. Got {value}.")
    if args.stride and not args.window:
        raise ValueError("--stride requires --window.")
    if args.save_skeletons and not args.video:
        raise ValueError("--save-skeletons is for --video.")
    args.stride = args.stride or max(1, (args.window or 4) // 4)
    return args


def format_of(name: str | None, info: NetworkInfo) -> RawFormat:
    """The format of the raw clips.

    Raises:
        ValueError: it is unknown.
    """
    features = info.feeder_args.get("features", "none")
    if name is None or name == info.dataset.get("dataset"):
        return raw_format(info.dataset, features)
    return named_format(name, features)


def spans_of(
    args: Namespace, raw: RawFormat, info: NetworkInfo, cut: Cut
) -> tuple[Iterator[Span], Callable[[], bool], list[Exception]]:
    """The spans to predict; when not to wait for more; and what is wrong with bad files and clips,
    once all are read.
    """
    bad: list[Exception] = []
    if args.clips == [STDIN]:
        stream = sys.stdin.buffer
        is_due = partial(waits, stream) if args.window else lambda: False
        return spans_of_lines(stream, STDIN, info, cut), is_due, bad
    if args.video:
        pose = PoseChoice(args.pose, args.pose_model, args.save_skeletons)
        return spans_of_videos(args.video, raw, cut, pose), lambda: bool(args.window), bad
    return cut(samples_of(args.clips, raw, args.max_file_mb, bad)), lambda: False, bad


if __name__ == "__main__":
    run(main)
