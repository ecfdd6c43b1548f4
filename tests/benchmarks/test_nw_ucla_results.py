"""The table of docs/results/nw-ucla."""

import numpy as np
import pytest
import small_data

from benchmarks import nw_ucla_results
from formats.scores import save_scores, score_file
from graph.streams import STREAMS
from utils.cli import run

RIGHT = np.eye(3)
WRONG = np.roll(RIGHT, 1, axis=1)


@pytest.fixture
def data(tmp_path):
    """Three test clips, the first of which is trained on as well."""
    clips = small_data.clips(4)
    small_data.write(tmp_path / "data", "train", clips[[0, 3]], [0, 1])
    small_data.write(tmp_path / "data", "val", clips[:3], [0, 1, 2])
    return tmp_path / "data"


def write_scores(folder, joint):
    for stream in STREAMS:
        (folder / f"{stream}_eval").mkdir(parents=True)
        scores = joint if stream == "joint" else RIGHT
        names = [f"val_{i:03d}" for i in range(3)]
        save_scores(score_file(folder / f"{stream}_eval"), names[: len(scores)], scores)


def table(data, capsys, *folders, another=()):
    another = another if isinstance(another, tuple) else (another,)
    folders = [*folders, *(["--with", *another] if another else [])]
    nw_ucla_results.main(["--data", str(data), "--work-dir", *map(str, folders)])
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()]
    return {row[0]: row[1:] for row in rows}


def test_one_seed_with_and_without_the_duplicate(data, tmp_path, capsys):
    write_scores(tmp_path / "seed", np.stack([RIGHT[0], WRONG[1], RIGHT[2]]))
    rows = table(data, capsys, tmp_path / "seed")
    assert rows["stream"] == ["test top-1, all 3 clips", "without the 1 duplicates"]
    assert rows["joint"] == ["66.67", "50.00"]
    assert rows["bone motion"] == rows["all four"] == ["100.00", "100.00"]


def test_kept_scores(data, tmp_path, capsys):
    write_scores(tmp_path / "seed", np.stack([RIGHT[0], WRONG[1], RIGHT[2]]))
    made = table(data, capsys, tmp_path / "seed")
    (tmp_path / "kept").mkdir()
    for stream in STREAMS:
        scores = score_file(tmp_path / "seed" / f"{stream}_eval").with_suffix(".npz")
        scores.rename(tmp_path / "kept" / f"{stream}.npz")
    assert table(data, capsys, tmp_path / "kept") == made


def test_mean_and_standard_deviation_of_two_seeds(data, tmp_path, capsys):
    write_scores(tmp_path / "1", RIGHT)
    write_scores(tmp_path / "2", np.stack([RIGHT[0], WRONG[1], WRONG[2]]))
    rows = table(data, capsys, tmp_path / "1", tmp_path / "2")
    assert rows["joint"] == ["66.67 ± 47.14", "50.00 ± 70.71"]
    assert rows["bone"] == ["100.00 ± 0.00", "100.00 ± 0.00"]


def test_another_network_s_streams_are_fused(data, tmp_path, capsys):
    write_scores(tmp_path / "own", RIGHT)
    write_scores(tmp_path / "stgcn", 9 * WRONG)  # outweighs four times RIGHT
    for stream in STREAMS[1:]:
        (tmp_path / "stgcn" / f"{stream}_eval").rename(tmp_path / f"{stream}_eval")
    rows = table(data, capsys, tmp_path / "own", another=tmp_path / "stgcn")
    assert list(rows)[-3:] == ["stgcn, joint", "both networks, joint", "both networks, all"]
    assert [rows[name][0] for name in list(rows)[-3:]] == ["0.00"] * 3
    (tmp_path / "bone_eval").rename(tmp_path / "stgcn" / "bone_eval")  # RIGHT
    rows = table(data, capsys, tmp_path / "own", another=tmp_path / "stgcn")
    assert rows["stgcn, bone"][0] == "100.00" and rows["stgcn, all 2"][0] == "0.00"
    assert rows["both networks, joint, bone"][0] == "0.00"


def test_two_seeds_of_two_networks_that_have_joints_and_bones(data, tmp_path, capsys):
    """The first seed of one network has motions, too, which do not count."""
    for folder, joint in (("1", RIGHT), ("2", WRONG), ("a/net", 9 * RIGHT), ("b/net", 9 * WRONG)):
        write_scores(tmp_path / folder, joint)
    for folder in ("2", "a/net", "b/net"):
        for stream in STREAMS[2:]:
            (tmp_path / folder / f"{stream}_eval").rename(tmp_path / folder / f"{stream}_unused")
    others = (tmp_path / "a/net", tmp_path / "b/net")
    rows = table(data, capsys, tmp_path / "1", tmp_path / "2", another=others)
    assert list(rows)[2:] == [
        "joint", "bone", "joint + bone", "net, joint", "net, bone", "net, all 2",
        "both networks, joint, bone",
    ]  # fmt: skip
    assert rows["net, bone"][0] == "100.00 ± 0.00"
    assert rows["both networks, joint, bone"][0] == "50.00 ± 70.71"
    with pytest.raises(ValueError, match="one for each of 1"):
        table(data, capsys, tmp_path / "1", another=others)


@pytest.mark.parametrize("name", ["own", "another"])
def test_a_folder_without_scores_is_named(data, tmp_path, capsys, name):
    write_scores(tmp_path / "seed", RIGHT)
    folders = {"own": tmp_path / "seed", "another": tmp_path / "seed"} | {name: tmp_path / "none"}
    with pytest.raises(SystemExit):
        run(lambda: table(data, capsys, folders["own"], another=folders["another"]))
    assert str(tmp_path / "none") in capsys.readouterr().err


def test_scores_of_other_clips_are_named(data, tmp_path, capsys):
    write_scores(tmp_path / "seed", RIGHT[:2])
    with pytest.raises(SystemExit):
        run(lambda: table(data, capsys, tmp_path / "seed"))
    assert "1 (val_002) without a score" in capsys.readouterr().err
