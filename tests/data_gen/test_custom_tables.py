"""Tables and lists beside recordings: with any delimiter, with a header or without one."""

import numpy as np
import own_recordings
import pytest
from own_recordings import SETTINGS, failing, write

from data_gen import custom_gendata
from data_gen.custom.segments import Segments
from data_gen.custom.tables import read_column, read_list, read_table, rows_by_name
from formats.labels import load_labels

TRAIN = [f"a{action:02d}_s{subject}_t{take}.npz" for subject in (1, 2, 3) for action in (1, 2, 3)
         for take in (0, 1)]  # fmt: skip
VAL = [f"a{action:02d}_s4_t{take}.npz" for action in (1, 2, 3) for take in (0, 1)]


@pytest.fixture
def recordings(tmp_path):
    return own_recordings.make(tmp_path)


def labels(folder, part):
    return dict(zip(*load_labels(folder / "data" / f"{part}_label.pkl"), strict=True))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " ", "   "])
def test_cells_stand_between_any_delimiters(tmp_path, delimiter):
    rows = [["clip", "label", "who"], ["one", "3", "x"], ["two", "4"]]
    text = "\n".join(map(delimiter.join, rows)) + "\n\n"
    path = tmp_path / "t.txt"
    path.write_text(text)
    expected = [{"clip": "one", "label": "3", "who": "x"}, {"clip": "two", "label": "4", "who": ""}]
    assert read_table(path, ["clip", "label"]) == expected
    path.write_text("# clips\n" + "\n".join(map(delimiter.join, rows[1:])))
    assert read_table(path, ["clip"], ["clip", "label", "who"]) == expected


@pytest.mark.parametrize("encoding", ["utf-16", "gbk"])
def test_tables_in_other_encodings_are_read_or_said(tmp_path, encoding):
    path = tmp_path / "labels.csv"
    path.write_bytes("clip,label\na,\u6325\u624b\n".encode(encoding))
    rule = {"csv": "labels.csv", "file": "clip"}
    if encoding == "utf-16":
        assert read_column(rule, tmp_path) == {"a": "\u6325\u624b"}
    else:
        with pytest.raises(ValueError, match=r"labels\.csv .* not UTF-8 \(byte 14\)\. Save it as"):
            read_column(rule, tmp_path)


def test_quoted_cells_keep_commas_and_names_keep_blanks(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('clip,label\n"my clip, no. 1.npz",3\n')
    assert next(rows_by_name(path, {"file": "clip"}, ["label"]))[0] == "my clip, no. 1.npz"
    path.write_text("clip, label\nmy clip, 3\n")
    assert next(rows_by_name(path, {"file": "clip"}, ["label"]))[0] == "my clip"
    path.write_text("my clip.npz\nother\tx y\n\n# a comment\nlast.npz 7")
    assert read_list(path) == [
        {"my clip.npz", "my"}, {"other\tx y", "other"}, {"last.npz 7", "last.npz"}]  # fmt: skip


def test_a_pattern_of_columns_names_the_clip(recordings):
    """Two tables without a header, whose numbers make the names of files."""
    for name, subjects in (("one.txt", (1, 2)), ("two.txt", (3, 4))):
        rows = [f"{a} {s} {t} {4 - a}" for s in subjects for a in (1, 2, 3) for t in (0, 1)]
        (recordings / name).write_text("\n".join(rows))
    label = {"csv": ["one.txt", "two.txt"], "columns": ["a", "s", "t", "class"],
             "file": "a0{a}_s{s}_t{t}", "column": "class", "first": 1}  # fmt: skip
    custom_gendata.main(write(recordings, label=label))
    found = labels(recordings, "train") | labels(recordings, "val")
    assert len(found) == 24
    assert all(label == 3 - int(name[1:3]) for name, label in found.items())


@pytest.mark.parametrize("columns", [None, ["clip", "class"]])
def test_lists_are_the_split(recordings, columns, caplog):
    (recordings / "train.txt").write_text("".join(f"{name} 1\n" for name in TRAIN[:-1]))
    names = [f"{name.removesuffix('.npz')} 2\n" for name in VAL]
    (recordings / "val.txt").write_text("".join([*names, "a09_s9_t9.npz 2\n"]))
    split = {"lists": {"train": "train.txt", "val": ["val.txt"]}}
    if columns:
        split |= {"columns": columns, "file": "clip"}
    custom_gendata.main(write(recordings, split=split))
    assert sorted(labels(recordings, "train")) == sorted(TRAIN[:-1])
    assert sorted(labels(recordings, "val")) == sorted(VAL)
    assert "names in val.txt without a clip: 1 (a09_s9_t9.npz" in caplog.text
    assert f"nowhere: they are left out ({TRAIN[-1]})" in caplog.text


@pytest.mark.parametrize(
    ("train", "said"),
    [
        (
            ["none"],
            "no clip is in train.txt, which names none. Clips have names such as a01_s1_t",
        ),
        ([TRAIN[0], VAL[0]], f"split: {VAL[0]} is in both lists"),
        ([], "no clip is in train.txt, which is empty"),
        (None, "is not a readable table"),
    ],
)
def test_lists_that_cannot_be_are_one_line(recordings, capsys, train, said):
    if train is not None:
        (recordings / "train.txt").write_text("\n".join(train))
    (recordings / "val.txt").write_text("\n".join(VAL))
    split = {"lists": {"train": "train.txt", "val": "val.txt"}}
    assert said in failing(capsys, write(recordings, split=split))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"split": {"lists": {"train": "a"}}}, "lists must be {train: FILE, val: FILE}"),
        ({"split": {"lists": "a"}}, "split: lists must be a mapping"),
        ({"split": {"lists": {"train": "a", "val": "b"}, "file": "x"}}, "require columns"),
        ({"split": {"lists": {"train": "a", "val": "b"}, "by": "clip"}}, "unknown key 'by'"),
        (
            {"label": {"csv": "a", "columns": ["clip", "label"]}},
            "label: columns has no 'file', but clip, label.",
        ),
        (
            {"label": {"csv": "a", "file": "{s}", "columns": ["s", "class"]}},
            "label: columns has no 'label', but s, class.",
        ),
        (
            {"segments": {"csv": "l/*.txt", "columns": ["start"]}},
            "segments: columns has no 'end', but start.",
        ),
        ({"reader": {"format": "txt", "axes": "TV*C", "clip": 0}}, "a column, from 1. Got 0."),
        ({"reader": {"format": "txt", "axes": "TV*C", "clip": "a"}}, "a column, from 1. Got 'a'."),
    ],
)
def test_settings_of_tables_that_cannot_be_are_one_line(recordings, capsys, changes, said):
    assert said in failing(capsys, write(recordings, **changes))


def test_a_table_with_too_few_columns_is_one_line(recordings, capsys):
    (recordings / "labels.txt").write_text("a01_s1_t0 1\n")
    label = {"csv": "labels.txt", "columns": ["clip", "label", "more"], "file": "clip"}
    said = "labels.txt must have 3 columns in each row: clip, label, more."
    assert said in failing(capsys, write(recordings, label=label))


def test_each_recording_has_a_table_of_segments(tmp_path):
    (tmp_path / "labels").mkdir()
    for name, rows in (("day1", "7,0,10\n8,10,20\n"), ("day2", "9,5,9\n")):
        (tmp_path / "labels" / f"{name}.label.txt").write_text(rows)
    rule = {"csv": "labels/*.label.txt", "columns": ["action", "start", "end"]}
    found = Segments(rule, tmp_path).rows
    assert {name: [s.fields["action"] for s in rows] for name, rows in found.items()} == {
        "day1": ["7", "8"], "day2": ["9"]}  # fmt: skip
    with pytest.raises(ValueError, match=r"segments: no file .*none/\*\.txt"):
        Segments({**rule, "csv": "none/*.txt"}, tmp_path)


@pytest.mark.parametrize("format_", ["txt", "csv"])
def test_a_file_without_a_header_may_hold_many_clips(tmp_path, format_):
    """A row per frame: clip, subject, class, joints; clips may take turns."""
    rng = np.random.default_rng(0)
    clips = {number: rng.normal(size=(4, 51)).round(6) for number in (5, 1234568, 9)}
    rows = [np.r_[number, number % 4, number % 3, clips[number][t]] for t in range(4)
            for number in clips]  # fmt: skip
    np.savetxt(tmp_path / f"all.{format_}", rows, "%.6f", "," if format_ == "csv" else " ")
    reader = {"format": format_, "skip_columns": 3, "clip": 1}
    if format_ == "txt":
        reader["axes"] = "TV*C"
    settings = {**SETTINGS, "files": f"all.{format_}", "reader": reader, "normalise": "none",
                "label": {"field": "column 3"}, "subject": {"field": "column 2"},
                "split": {"by": "subject", "train": [1]}, "frames": {"max": 9}}  # fmt: skip
    if format_ == "csv":  # its fields are text, as written
        settings["label"] = {"csv": "labels.csv"}
        settings["split"] = {"by": "subject", "train": ["1.000000"]}
        (tmp_path / "labels.csv").write_text(
            "file,label\n" + "".join(f"{number}.000000,{number % 3}\n" for number in clips)
        )
    custom_gendata.main(own_recordings.write_settings(tmp_path, **settings))
    train, val = labels(tmp_path, "train"), labels(tmp_path, "val")
    names = {5: "all_5", 1234568: "all_1234568", 9: "all_9"} if format_ == "txt" else {
        number: f"{number}.000000" for number in clips}  # fmt: skip
    assert train == {names[5]: 2, names[9]: 0} and val == {names[1234568]: 2}
    (array,) = np.load(tmp_path / "data" / "val_data_joint.npy")
    np.testing.assert_array_equal(
        array[:, :4, :, 0], clips[1234568].reshape(4, 17, 3).transpose(2, 0, 1).astype(np.float32)
    )


def test_a_column_that_is_not_there_is_one_line(tmp_path, capsys):
    np.savetxt(tmp_path / "all.txt", np.ones((4, 54)))
    reader = {"format": "txt", "axes": "TV*C", "skip_columns": 3, "clip": 60}
    changes = {"files": "all.txt", "reader": reader, "label": {"field": "column 3"}}
    said = "all.txt has 54 columns, no number 60."
    assert said in failing(capsys, own_recordings.write(tmp_path, **changes))
