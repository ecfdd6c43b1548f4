"""Write a synthetic data set in the raw text format of NTU RGB+D, so that everything runs without
a download.

Synthetic people of different build and habits perform twelve of the sixty actions; three cameras
see every performance at once. As in NTU RGB+D, camera 1 stands in the middle, cameras 2 and 3 at
-45 and +45 degrees; in repetition 1 the subject faces camera 2, in repetition 2 camera 3. Two
persons stand face to face, across the view of camera 1.

A file SsssCcccPpppRrrrAaaa.skeleton (setup, camera, subject, repetition, action) holds the number
of frames; per frame the number of bodies; per body a line of 10 values (id first), the number of
joints, and per joint a line of 12 values: x y z in metres, pixels, orientation, tracking state. The
same seed gives the same bytes, whatever else is written and by however many processes.

--dataset udiva writes sessions in the layout of UDIVA instead (people/udiva.py): participants whose
movements depend on their five traits (people/conversation.py).
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import textwrap
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from data_gen.people import udiva
from data_gen.people.kinect import format_clip, place_camera, sense, view
from data_gen.people.kinematics import random_body, rotation
from data_gen.people.performance import ACTIONS, Performer, perform
from data_gen.people.timeline import random_habits, vary
from data_gen.pipeline.workers import add_num_worker, map_in_order
from utils.cli import ArgumentParser, run
from utils.files import atomic_write

DEFAULT_FOLDER = "data/synthetic_raw"
DATASETS = ("ntu", "udiva")
UDIVA_TASKS = "TAGL"
MARKER = "IMAGINARY.txt"  # tells our clips from recordings; name kept for folders that have it
NUM_CAMERAS, NUM_SETUPS = 3, 3
MAX_SUBJECTS, MIN_PARTICIPANTS = 999, 8
# A different number first for each kind of generator keeps their streams apart.
SUBJECT_STREAM, CAMERA_STREAM, PERFORMANCE_STREAM, SENSOR_STREAM = range(1, 5)


@dataclass(frozen=True)
class Performance:
    """A performance of an action; numbers count from 1, `action` is the A number."""

    subject: int
    repetition: int
    action: int

    @property
    def setup(self) -> int:
        """The setup in which the subject was recorded."""
        return 1 + (self.subject - 1) % NUM_SETUPS

    @property
    def numbers(self) -> tuple[int, int, int, int]:
        """What random draws depend on."""
        return self.setup, self.subject, self.repetition, self.action

    def file_name(self, camera: int) -> str:
        """Name of the clip that one camera takes."""
        place = f"S{self.setup:03d}C{camera:03d}"
        return f"{place}P{self.subject:03d}R{self.repetition:03d}A{self.action:03d}.skeleton"


def generator(seed: int, stream: int, *numbers: int) -> np.random.Generator:
    """The random numbers of one thing, the same whatever else is drawn."""
    return np.random.default_rng([seed, stream, *numbers])


def performer(seed: int, subject: int, rng: np.random.Generator) -> Performer:
    """A subject, the same body and habits in every performance; subjects 4 and 7 of every ten are
    left-handed. Today's style comes from `rng`.
    """
    own = generator(seed, SUBJECT_STREAM, subject)
    body, habits = random_body(own), random_habits(own)
    other_hand = rng.random() < 0.08
    return Performer(body, vary(habits, rng), left_handed=(subject % 10 in (4, 7)) != other_hand)


def scene(performance: Performance, seed: int) -> np.ndarray:
    """Joints (M, T, V, 3) of a performance as it happened: metres, floor at y = 0, z towards camera
    1, no sensor.
    """
    action = ACTIONS[performance.action]
    rng = generator(seed, PERFORMANCE_STREAM, *performance.numbers)
    # The partner is nobody else's subject: or they would be seen in training and in testing.
    people = [performance.subject, MAX_SUBJECTS + performance.subject][: action.persons]
    bodies = perform(action, tuple(performer(seed, who, rng) for who in people), rng)
    side = -1.0 if performance.repetition % 2 else 1.0
    heading = side * (
        np.pi / 4 if action.persons == 1 else rng.choice((0.4, 0.6)) * np.pi
    ) + rng.normal(0.0, 0.1)
    place = np.array([rng.normal(0.0, 0.12), 0.0, rng.normal(0.0, 0.12)])
    return bodies @ rotation(np.array([0.0, heading, 0.0])).T + place


def record(bodies: np.ndarray, performance: Performance, camera: int, seed: int) -> str:
    """The text of the file that one camera writes of the joints (M, T, V, 3) of a performance."""
    stand = place_camera(camera, generator(seed, CAMERA_STREAM, performance.setup, camera))
    rng = generator(seed, SENSOR_STREAM, *performance.numbers, camera)
    return format_clip(sense(view(bodies, stand), rng))


def write_performance(performance: Performance, folder: Path, num_cameras: int, seed: int) -> int:
    """Write the clips of all cameras; returns their number."""
    bodies = scene(performance, seed)
    for camera in range(1, num_cameras + 1):
        with atomic_write(folder / performance.file_name(camera)) as path:
            path.write_text(record(bodies, performance, camera, seed), encoding="ascii")
    return num_cameras


def performances(subjects: int, repetitions: int, actions: list[int]) -> list[Performance]:
    """All performances of a data set, in a fixed order."""
    return [
        Performance(p, r, a)
        for p in range(1, subjects + 1)
        for r in range(1, repetitions + 1)
        for a in sorted(set(actions))
    ]


def make_parser() -> ArgumentParser:
    actions = ", ".join(f"{number} {action.name}" for number, action in ACTIONS.items())
    parser = ArgumentParser(
        prog="synthetic.py",
        description=__doc__,
        epilog=textwrap.fill(f"Actions: {actions}.", 96),
    )
    parser.add_argument("--dataset", choices=DATASETS, default="ntu", help="(default: ntu)")
    parser.add_path("--out-folder", DEFAULT_FOLDER, "where the files go")
    for flag, default, text in (
        ("--subjects", 10, f"1 to {MAX_SUBJECTS}; udiva: participants of all splits"),
        ("--repetitions", 2, "performances of each action; udiva: sessions of each participant"),
        ("--frames", 600, "udiva: of each of the four tasks of a session"),
        ("--cameras", NUM_CAMERAS, f"1 to {NUM_CAMERAS}, which see a performance at once"),
        ("--seed", 0, "the same seed gives the same files"),
    ):
        text = f"{text} (default: {default})"
        parser.add_argument(flag, type=int, default=default, metavar="N", help=text)
    parser.add_argument(
        "--clips",
        type=int,
        metavar="N",
        help="at least this many clips: as many subjects as that takes, then more repetitions",
    )
    parser.add_argument(
        "--actions",
        type=int,
        nargs="+",
        default=list(ACTIONS),
        metavar="A",
        help="numbers of the actions (default: all)",
    )
    add_num_worker(parser)
    return parser


def raise_to(num_clips: int, args: Namespace) -> None:
    """Raise the subjects, and where these are too few the repetitions, to make `num_clips`."""
    per_subject = args.repetitions * args.cameras * len(set(args.actions))
    args.subjects = min(max(args.subjects, -(-num_clips // per_subject)), MAX_SUBJECTS)
    per_repetition = args.subjects * args.cameras * len(set(args.actions))
    args.repetitions = max(args.repetitions, -(-num_clips // per_repetition))


def validate(args: Namespace) -> None:
    """Check the ranges of the flags, and that no recordings would be overwritten.

    Raises:
        ValueError: one line that names the flag.
    """
    ranges = {
        "subjects": (1, MAX_SUBJECTS),
        "repetitions": (1, 999),
        "cameras": (1, NUM_CAMERAS),
        "seed": (0, 2**32),
        "frames": (1, 10**6),
        "clips": (1, 10**6),
    }
    for name, (low, high) in ranges.items():
        value = getattr(args, name)
        if value is not None and not low <= value <= high:
            raise ValueError(
                f"--{name.replace('_', '-')} must be from {low} to {high}. Got {value}."
            )
    unknown = [number for number in args.actions if number not in ACTIONS]
    if unknown:
        raise ValueError(
            f"--actions must be among {', '.join(map(str, ACTIONS))}. "
            f"Got {', '.join(map(str, unknown))}."
        )
    if args.out_folder.exists() and not args.out_folder.is_dir():
        raise ValueError(f"--out-folder must be a folder. Got {args.out_folder}, a file.")
    if args.dataset == "udiva" and args.subjects < MIN_PARTICIPANTS:
        raise ValueError(
            f"--subjects must be {MIN_PARTICIPANTS} or more for --dataset udiva: two in each of "
            f"three splits. Got {args.subjects}."
        )
    patterns = "*.skeleton", "*/metadata/sessions_*.csv"
    recordings = any(any(args.out_folder.glob(pattern)) for pattern in patterns)
    real = recordings and not (args.out_folder / MARKER).exists()
    if real:  # synthetic clips bear names that real ones have
        raise ValueError(
            f"{args.out_folder} holds clips that this command did not write. "
            "Name another folder with --out-folder."
        )


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    validate(args)
    if args.clips is not None and args.dataset == "ntu":
        raise_to(args.clips, args)
        validate(args)
    with atomic_write(args.out_folder / MARKER) as path:
        path.write_text("The clips in this folder were made by data_gen/synthetic.py.\n")
    if args.dataset == "udiva":
        count = udiva.write(
            args.out_folder,
            args.subjects,
            args.repetitions,
            args.frames,
            UDIVA_TASKS,
            args.seed,
            args.num_worker,
        )
        print(f"{count} recordings in {args.out_folder}")
        return
    todo = performances(args.subjects, args.repetitions, args.actions)
    write = partial(
        write_performance, folder=args.out_folder, num_cameras=args.cameras, seed=args.seed
    )
    num_clips = sum(map_in_order(write, todo, args.num_worker, "performances"))
    print(f"{num_clips} clips in {args.out_folder}")


if __name__ == "__main__":
    run(main)
