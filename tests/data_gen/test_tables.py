"""Tables of text, wide and long."""

import numpy as np
import pytest
from read_raw import COCO, read

from data_gen.readers.bad_files import BadFile
from data_gen.readers.formats import FORMATS
from data_gen.readers.sample import Options, Raw

CLIP = np.random.default_rng(0).normal(size=(1, 5, 17, 3)).astype(np.float32)  # (M, T, V, C)


@pytest.mark.parametrize("header", ["frame" + ",j" * 51, None])
def test_a_table_in_the_order_of_joints_after_other_columns(header):
    rows = [["a word", *map(repr, row)] for row in CLIP[0].reshape(5, 51).tolist()]
    lines = [header] * bool(header) + [",".join(row) for row in rows]
    content = "\n".join(lines).encode()
    (sample,) = read("csv", content, skip_columns=1, score="keep")
    assert sample.has_score
    np.testing.assert_array_equal(sample.clip.astype(np.float32), CLIP)
    assert not read("csv", content, skip_columns=1)[0].has_score
    with pytest.raises(BadFile, match=r"52 columns for 17 joints.* by skip_columns"):
        read("csv", content)
    with pytest.raises(BadFile, match="0 columns for 17 joints"):
        read("csv", content, skip_columns=52)
    with pytest.raises(BadFile, match="2 channels, too few for a score"):
        read("csv", content, skip_columns=18, score="keep")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("header", [True, False])
def test_tables_of_spreadsheets(encoding, header):
    """Between semicolons with decimal commas, as in much of Europe; in UTF-16, as of Excel."""
    names = ["time", *(f"{joint}_{axis}" for joint in COCO for axis in "xyz")]
    rows = [[str(t), *map(repr, row)] for t, row in enumerate(CLIP[0].reshape(5, 51).tolist())]
    lines = [";".join(row).replace(".", ",") for row in rows]
    content = "\r\n".join([";".join(names)] * header + lines).encode(encoding)
    options = {"columns": "{joint}_{axis}"} if header else {"skip_columns": 1}
    (sample,) = read("csv", content, **options)
    np.testing.assert_array_equal(sample.clip.astype(np.float32), CLIP)


def test_commas_within_quotes_are_no_decimals():
    text = "clip;note,time," + ",".join(f"j{i}" for i in range(34)) + "\n"
    text += '"a;1, b",0,' + ",".join(map(str, range(34)))
    (sample,) = read("csv", text.encode(), skip_columns=2)
    assert sample.clip.shape == (1, 1, 17, 2) and sample.clip[0, 0, 16].tolist() == [32, 33]


def test_a_table_in_another_encoding_says_what_to_do():
    with pytest.raises(BadFile, match=r"is not UTF-8\. Save it as UTF-8\.$"):
        read("csv", "\u6325\u624b,1".encode("gbk"))
    with pytest.raises(BadFile, match=r"not UTF-8 \(byte 1\)\. Save it as UTF-8"):
        read("txt", "\u6325\u624b".encode("gbk"))


def test_columns_of_one_value_are_fields():
    names = [f"{joint}_{axis}" for joint in COCO for axis in "xyz"]
    rows = [["12", "wave", str(t), *map(str, range(51))] for t in range(3)]
    rows[1][3:5] = "7", "7"  # the first joint moves
    text = "\n".join(",".join(row) for row in [["label", "action", "time", *names], *rows])
    for options in ({"columns": "{joint}_{axis}"}, {"skip_columns": 3}):
        (sample,) = read("csv", text.encode(), **options)
        assert sample.fields["label"] == "12" and sample.fields["action"] == "wave"
        assert not {"time", "nose_x"} & sample.fields.keys()
    text = "frame,person,joint,x,y,label\n0,1,0,1,2,4\n1,1,0,2,3,4\n"
    assert read("csv", text.encode())[0].fields == {"person": "1", "joint": "0", "label": "4"}


def test_a_wide_table_by_a_pattern_and_a_long_one():
    header = ["time", *(f"{joint}.{axis}" for joint in COCO for axis in ("x", "y", "score"))]
    rows = [[str(t), *(["1.5", "2", "0.5"] * 17)] for t in range(3)]
    rows[1][1] = ""  # not seen
    text = "\n".join(",".join(row) for row in [header, *rows])
    (sample,) = read("csv", text.encode(), columns="{joint}.{axis}")
    assert sample.clip.shape == (1, 3, 17, 3) and sample.has_score
    assert not sample.clip[0, 1, 0].any() and sample.clip[0, 1, 1].tolist() == [1.5, 2, 0.5]
    long = ["frame,person,joint,x,y,z"]
    long += [f"{t},{m},{joint},{t},{m},1" for t in (7, 9) for m in "ab" for joint in (COCO[3], "4")]
    long = [line.replace(",a,1", ",0,1").replace(",b,1", ",1,1") for line in long]
    (sample,) = read("csv", "\n".join(long).encode())
    assert sample.clip.shape == (2, 2, 17, 3)
    assert sample.clip[1, 0, 3].tolist() == [7, 1, 1] and not sample.clip[:, :, 0].any()


BAD_TABLES = {
    "another length": "a,b\n1\n",
    "no row": "a,b\n",
    "text": ",".join("a" * 34) + "\n" + ",".join("x" * 34),
    "another joint": "frame,joint,x,y\n0,tail,1,2\n",
    "no frame": "frame,joint,x,y\nx,nose,1,2\n",
    "binary": "\x00\xff",
    "too few columns": "a,b\n1,2\n",
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_bad_tables_are_named(name):
    with pytest.raises(BadFile, match=r"clip\.x"):
        read("csv", BAD_TABLES[name].encode("latin1"))


def test_a_table_of_many_clips_is_not_held_whole(tmp_path):
    """Clips may be mixed; a broken row costs its own only."""
    lines = ["clip,frame,joint,x,y"]
    lines += [f"{name},{t},{joint},{t},{n}" for t in range(3) for n, name in enumerate("ba")
              for joint in COCO]  # fmt: skip
    lines.append("a,3,nose,\x1f1,2")
    (tmp_path / "all.csv").write_text("\n".join(lines))
    raw = Raw("all.csv", [("all.csv", never)], tmp_path / "all.csv")
    options = Options(17, joint_names=COCO, clip="clip")
    good, bad = FORMATS["csv"].read(raw, options)
    assert good.name == "b" and good.clip.shape == (1, 3, 17, 2)
    assert good.clip[0, 2, 5].tolist() == [2, 0]
    assert "all.csv, a, has rows of another length" in str(bad)


def never() -> bytes:
    raise AssertionError("the file was read whole")
