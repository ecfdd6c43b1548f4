"""The compact store: what is written comes back, and a killed writer can resume."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from data_gen.pipeline import store_writer
from data_gen.pipeline.store_writer import ClipStoreWriter, Entry
from formats.clip_store import ClipStore, dense_clip, trimmed
from formats.normalization import pre_normalization

SIZES = [(1, 4), (2, 3), (0, 0), (2, 6)]  # persons, frames
NAMES = [f"clip{i}" for i in range(len(SIZES))]
CLIPS = [
    np.random.default_rng(i).standard_normal((*size, 25, 3)).astype(np.float32)
    for i, size in enumerate(SIZES)
]
INDEX = {
    "labels": np.array([3, 1, 2, 3]),
    "benchmarks": np.array(["xsub", "xview"]),
    "membership": np.array([[0, 1, 0, 1], [-1, 0, 0, 1]], dtype=np.int8),
    "camera": np.array([1, 2, 3, 1], dtype=np.int16),
    "dense_shape": np.array([3, 10, 25, 2]),
    "normalize": True,
}


def write(folder: Path, clips: range = range(len(CLIPS)), **settings) -> ClipStoreWriter:
    with ClipStoreWriter(folder, NAMES, (25, 3), **settings) as writer:
        for i in clips:
            writer.append(Entry(NAMES[i], *SIZES[i]), CLIPS[i])
        if clips and clips[-1] == len(CLIPS) - 1:
            writer.finish(INDEX)
    return writer


def everything_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.fixture
def store(tmp_path):
    write(tmp_path / "clips")
    return ClipStore(tmp_path / "clips")


def test_what_was_written_is_read(store):
    assert len(store) == 4 and store.names == NAMES and store.labels.tolist() == [3, 1, 2, 3]
    for i, clip in enumerate(CLIPS):
        assert store.clip(i).dtype == np.float32 and np.array_equal(store.clip(i), clip)
    assert store.persons.tolist() == [1, 2, 0, 2] and store.frames.tolist() == [4, 3, 0, 6]
    assert store.offsets.tolist() == [0, 4, 10, 10] and store.offsets.dtype == np.int64
    assert store.camera.tolist() == [1, 2, 3, 1] and store.setup.tolist() == [0] * 4
    assert (store.num_joints, store.channels, store.dense_shape) == (25, 3, (3, 10, 25, 2))


def test_splits_are_those_of_the_benchmarks(store):
    assert store.splits() == ["xsub/train", "xsub/val", "xview/train", "xview/val"]
    assert store.split("xsub/train").tolist() == [0, 2]
    assert store.split("xview/val").tolist() == [3]
    for wrong in ("xset/train", "train", "xsub/test"):
        with pytest.raises(ValueError, match=r"has no split .* but xsub/train"):
            store.split(wrong)


def test_dense_clips_are_the_padded_and_normalised_ones(store):
    for i, clip in enumerate(CLIPS):
        zeros = np.zeros((3, 10, 25, 2), np.float32)
        zeros[:, : clip.shape[1], :, : clip.shape[0]] = clip.transpose(3, 1, 2, 0)
        assert np.array_equal(store.dense_clip(i), pre_normalization(zeros[None])[0])
        assert np.array_equal(dense_clip(clip, zeros.shape, normalize=False), zeros)


def test_empty_ends_are_dropped_and_gaps_stay():
    clip = np.zeros((4, 6, 25, 3), np.float32)
    clip[2, 1, 3, 0], clip[0, 3, 7, 1] = 1, -1
    assert np.array_equal(trimmed(clip), clip[:3, :4])
    assert trimmed(np.zeros_like(clip)).shape == (0, 0, 25, 3)


def test_a_workers_copy_reads_the_files_itself(store):
    content = pickle.dumps(store)
    assert len(content) < 500
    assert np.array_equal(pickle.loads(content).clip(3), CLIPS[3])


def test_bad_clips_leave_no_trace_but_their_entry(tmp_path):
    with ClipStoreWriter(tmp_path / "clips", NAMES, (25, 3)) as writer:
        writer.append(Entry(NAMES[0], *SIZES[0]), CLIPS[0])
        writer.append(Entry(NAMES[1], reason="cut"), CLIPS[1][:0])
        writer.append(Entry(NAMES[3], *SIZES[3]), CLIPS[3])
        kept = {key: INDEX[key] for key in ("benchmarks", "dense_shape", "normalize")}
        labels, membership = INDEX["labels"][[0, 1, 3]], INDEX["membership"][:, [0, 1, 3]]
        writer.finish({**kept, "labels": labels[[0, 2]], "membership": membership[:, [0, 2]]})
    store = ClipStore(tmp_path / "clips")
    assert store.names == [NAMES[0], NAMES[3]] and np.array_equal(store.clip(1), CLIPS[3])
    assert [entry.reason for entry in writer.entries] == [None, "cut", None]


@pytest.mark.parametrize("stop", range(len(CLIPS)))
def test_a_stopped_store_goes_on_where_it_stopped(tmp_path, stop):
    write(tmp_path / "whole" / "clips")
    folder = tmp_path / "stopped" / "clips"
    write(folder, range(stop))
    assert not folder.exists()
    with ClipStoreWriter(folder, NAMES, (25, 3), resume=True) as writer:
        assert len(writer.entries) == stop
        for i in range(stop, len(CLIPS)):
            writer.append(Entry(NAMES[i], *SIZES[i]), CLIPS[i])
        writer.finish(INDEX)
    assert everything_in(folder) == everything_in(tmp_path / "whole")
    assert [path.name for path in folder.parent.iterdir()] == ["clips"]


def test_a_half_written_line_and_rows_behind_the_journal_are_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(store_writer, "CHECKPOINT", 1)
    folder = tmp_path / "clips"
    write(folder, range(3))
    partial = tmp_path / ".clips.partial"
    journal_path, joints_path = partial / "journal.jsonl", partial / "joints.npy"
    with journal_path.open("a") as journal, joints_path.open("ab") as joints:
        journal.write('["clip3", 2')
        joints.write(b"half a row")
    with ClipStoreWriter(folder, NAMES, (25, 3), resume=True) as writer:
        assert len(writer.entries) == 3
        writer.append(Entry(NAMES[3], *SIZES[3]), CLIPS[3])
        writer.finish(INDEX)
    assert np.array_equal(ClipStore(folder).clip(3), CLIPS[3])


def test_an_unfinished_store_of_other_clips_is_refused_and_without_resume_replaced(tmp_path):
    write(tmp_path / "clips", range(2))
    with pytest.raises(ValueError, match=r"start again without --resume"):
        ClipStoreWriter(tmp_path / "clips", ["other"], (25, 3), resume=True)
    write(tmp_path / "clips")
    assert len(ClipStore(tmp_path / "clips")) == 4


def test_an_older_store_stays_until_the_new_one_is_finished(tmp_path):
    write(tmp_path / "clips")
    before = everything_in(tmp_path / "clips")
    write(tmp_path / "clips", range(2))
    assert everything_in(tmp_path / "clips") == before


def test_what_is_no_store_is_named(tmp_path, store):
    with pytest.raises(FileNotFoundError, match=r"no clip store in .*none"):
        ClipStore(tmp_path / "none")
    joints = tmp_path / "clips" / "joints.npy"
    content = joints.read_bytes()
    for bad in (content[:100], content[:-4], b""):
        joints.write_bytes(bad)
        with pytest.raises(ValueError, match="not a readable clip store"):
            ClipStore(tmp_path / "clips")
    np.save(joints, np.zeros((3, 25, 3), np.float32))
    with pytest.raises(ValueError, match=r"not a readable clip store .offsets must be 0 to 3"):
        ClipStore(tmp_path / "clips")
    joints.write_bytes(content)
    (tmp_path / "clips" / "index.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match="not a readable clip store"):
        ClipStore(tmp_path / "clips")
