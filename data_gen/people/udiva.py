"""Writes synthetic sessions in the layout of UDIVA v0.5 (readers/udiva.py says what that is).

Participants differ between the splits, as in UDIVA; each meets others in several sessions. The same
seed gives the same bodies, by however many processes.
"""
# Shapes: T frames, V joints (24), 5 traits.

import csv
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from data_gen.people.conversation import talk, temperament
from data_gen.pipeline.workers import map_in_order
from formats.chunks import TRAITS
from utils.files import atomic_write

# A different number first for each kind of generator keeps their streams apart.
TRAITS_STREAM, BODY_STREAM, TALK_STREAM, DEFECT_STREAM = range(11, 15)
WITHOUT_BODY, NOT_FINITE = 0.01, 0.002  # shares of frames
SPLIT_SHARES = {"train": 0.6, "val": 0.15, "test": 0.25}  # of the participants


class Meeting(NamedTuple):
    """One recording to write: who sits there in which task of which session."""

    split: str
    session: int
    part: int
    participant: int
    task: str

    def path(self, root: Path) -> Path:
        """Where it goes, in the layout of whole splits."""
        folder = root / self.split / "annotations" / f"{self.session:06d}"
        return folder / f"FC{self.part}_{self.task}" / "annotations_raw.hdf5"


def traits_of(participant: int, seed: int) -> np.ndarray:
    """(5,) z-scores of O, C, E, A, N."""
    return np.random.default_rng([seed, TRAITS_STREAM, participant]).normal(size=len(TRAITS))


def plan(participants: int, sessions_each: int, tasks: Sequence[str]) -> dict[str, list[Meeting]]:
    """All recordings of all splits. Everybody meets their next neighbours within their split."""
    meetings: dict[str, list[Meeting]] = {}
    first, session = 1, 1
    for split, share in SPLIT_SHARES.items():
        count = max(2, round(share * participants))
        people = list(range(first, first + count))
        meetings[split] = []
        for step in range(1, -(-sessions_each // 2) + 1):
            for i, one in enumerate(people):
                pair = one, people[(i + step) % count]
                meetings[split] += [
                    Meeting(split, session, part, who, task)
                    for part, who in enumerate(pair, start=1)
                    for task in tasks
                ]
                session += 1
        first += count
    return meetings


def write(
    root: Path,
    participants: int,
    sessions_each: int,
    frames: int,
    tasks: Sequence[str],
    seed: int,
    num_workers: int,
) -> int:
    """Write the data set; returns the number of recordings."""
    splits = plan(participants, sessions_each, tasks)
    for split, meetings in splits.items():
        write_metadata(root / split / "metadata", split, meetings, seed)
    everything = [meeting for meetings in splits.values() for meeting in meetings]
    work = partial(write_recording, root=root, frames=frames, seed=seed)
    return sum(1 for _ in map_in_order(work, everything, num_workers, "recordings"))


def write_metadata(folder: Path, split: str, meetings: Sequence[Meeting], seed: int) -> None:
    """sessions_{split}.csv and parts_{split}.csv."""
    pairs = {(m.session, m.part): m.participant for m in meetings}
    people = sorted(set(pairs.values()))
    sessions = [
        (f"{s:06d}", f"{pairs[s, 1]:03d}", f"{pairs[s, 2]:03d}")
        for s in sorted({session for session, _ in pairs})
    ]
    _table(folder / f"sessions_{split}.csv", ("ID", "PART.1", "PART.2"), sessions)
    parts = [(f"{who:03d}", *map("{:.6f}".format, traits_of(who, seed))) for who in people]
    _table(folder / f"parts_{split}.csv", ("ID", *TRAITS.values()), parts)


def _table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with atomic_write(path) as temporary, temporary.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def write_recording(meeting: Meeting, root: Path, frames: int, seed: int) -> None:
    """One HDF5 file; in some frames nobody is found, or a landmark is NaN."""
    who, numbers = meeting.participant, (meeting.session, meeting.part, ord(meeting.task))
    person = temperament(traits_of(who, seed), np.random.default_rng([seed, TRAITS_STREAM, who, 1]))
    body_rng = np.random.default_rng([seed, BODY_STREAM, who])
    joints = talk(frames, person, body_rng, np.random.default_rng([seed, TALK_STREAM, *numbers]))
    defects = np.random.default_rng([seed, DEFECT_STREAM, *numbers])
    joints = joints.astype(np.float32)
    joints[defects.random(frames) < NOT_FINITE, 23] = np.nan
    absent = defects.random(frames) < WITHOUT_BODY
    with atomic_write(meeting.path(root), flush=False) as path, h5py.File(path, "w") as file:
        for number, body in enumerate(joints):
            group = file.create_group(f"{number:05d}")
            if not absent[number]:
                group.create_dataset("body/landmarks", data=body)
