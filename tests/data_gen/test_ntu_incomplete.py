"""Incomplete samples of NTU RGB+D are left out, whatever the layout, and the published counts come
out of name lists of full size.
"""

from collections import Counter
from itertools import product

import pytest

from data_gen import ntu120_gendata, ntu_gendata
from data_gen.pipeline import ntu_command
from data_gen.pipeline.ntu_splits import DATASETS
from data_gen.readers.ntu import parse_name, read_missing_list

SHIPPED = ntu_command.SHIPPED_LIST
NAMES = sorted(read_missing_list(SHIPPED))
# Recordings before incomplete ones are left out, of 3 cameras, 2 replications and 60 actions each.
PAIRS_60 = {"train": 112, "val": 46}  # of a setup and a subject: 40,320 and 16,560 clips
PAIRS_120 = {"train": 176, "val": 142}
EVEN_SETUPS = 152


def part_of(setup: int, subject: int) -> str:
    name = parse_name(f"S{setup:03d}C001P{subject:03d}R001A001")
    return DATASETS["ntu120"].benchmarks["xsub"].part(name)


def pairs() -> list[tuple[int, int]]:
    """(setup, subject) pairs as many as the data set has, those of the incomplete samples among
    them; the others are made up, as the real ones are not published in one table.
    """
    chosen = {(numbers.setup, numbers.subject) for numbers in map(parse_name, NAMES)}

    def count(part: str, setups: range) -> int:
        return sum(s in setups and part_of(s, p) == part for s, p in chosen)

    def fill(setups: range, subjects: range, wanted: dict[str, int], parity: int | None) -> None:
        for setup, subject in product(setups, subjects):
            even_left = EVEN_SETUPS - sum(s % 2 == 0 for s, _ in chosen)
            right_parity = parity is None or setup % 2 == parity
            if not right_parity or (setup % 2 == 0 and not even_left):
                continue
            part = part_of(setup, subject)
            if count(part, setups) < wanted[part]:
                chosen.add((setup, subject))

    fill(range(1, 18), range(1, 41), PAIRS_60, parity=None)
    more = {part: PAIRS_120[part] - PAIRS_60[part] for part in PAIRS_120}
    fill(range(18, 33), range(41, 107), more, parity=0)
    fill(range(18, 33), range(41, 107), more, parity=1)
    return sorted(chosen)


@pytest.fixture(scope="module")
def every_name(tmp_path_factory):
    """A list of all clips of NTU RGB+D 120, one a line: 114,480."""
    path = tmp_path_factory.mktemp("names") / "names.txt"
    with path.open("w") as file:
        for (setup, subject), camera, again in product(pairs(), (1, 2, 3), (1, 2)):
            for action in range(1, 61) if setup <= 17 else range(61, 121):
                place = f"S{setup:03d}C{camera:03d}P{subject:03d}"
                file.write(f"{place}R{again:03d}A{action:03d}.skeleton\n")
    return path


def planned(command, path, tmp_path, capsys, *flags: str) -> str:
    command.main(["--dry-run", "--names-from", str(path), "--out_folder", str(tmp_path), *flags])
    return capsys.readouterr().out


def test_the_shipped_list_is_that_of_the_authors():
    numbers = [parse_name(name) for name in NAMES]
    assert len(numbers) == 535 and sum(clip.setup <= 17 for clip in numbers) == 302
    xsub, xview = (DATASETS["ntu"].benchmarks[name] for name in ("xsub", "xview"))
    # Published: 40,320 and 16,560 recordings by subject, 37,920 and 18,960 by camera.
    assert Counter(map(xsub.part, numbers)) == {"train": 229, "val": 73, None: 233}
    assert Counter(map(xview.part, numbers)) == {"train": 274, "val": 28, None: 233}


@pytest.mark.parametrize("name", ["ntu", "ntu120"])
def test_published_counts_come_out_of_full_lists(name, every_name, tmp_path, capsys):
    command = ntu_gendata if name == "ntu" else ntu120_gendata
    out = planned(command, every_name, tmp_path, capsys)
    for split in ("xsub/train", "xsub/val", *(("xview/train", "xview/val"), ("xset/train", "xset/val"))[name == "ntu120"]):  # fmt: skip # noqa: E501
        assert f"{split} {DATASETS[name].published_counts[split]:,}" in out
    total = {"ntu": "56,578", "ntu120": "113,945"}[name]
    assert f"{name}: {total} clips" in out
    assert "the list shipped with this project" in out


def test_keep_incomplete_keeps_all(every_name, tmp_path, capsys):
    out = planned(ntu_gendata, every_name, tmp_path, capsys, "--keep-incomplete")
    assert "xsub train" not in out and "xsub/train 40,320, xsub/val 16,560" in out


LISTS = {
    "published": "NTU_RGBD_samples_with_missing_skeletons.txt",
    "the authors' first": "samples_with_missing_skeletons.txt",
}


@pytest.mark.parametrize("name", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("start", [".", "data_gen"])
def test_a_list_in_the_published_layout_is_found_from_anywhere(
    name, start, tmp_path, monkeypatch, capsys
):
    raw = tmp_path / "data" / "nturgbd_raw"
    raw.mkdir(parents=True)
    (tmp_path / "data_gen").mkdir()
    (raw / name).write_text("header\n\nS001C001P001R001A002\n")
    names = tmp_path / "names.txt"
    names.write_text("S001C001P001R001A001\nS001C001P001R001A002\nS001C001P003R001A001\n")
    monkeypatch.setattr(ntu_command, "PROJECT", tmp_path)
    monkeypatch.chdir(tmp_path / start)
    out = planned(ntu_gendata, names, tmp_path / "out", capsys, "--benchmark", "xsub")
    assert f"Leaving out 1 incomplete samples of 3: {raw / name}" in out
    assert "xsub/train 1, xsub/val 1" in out


def test_the_published_list_comes_before_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr(ntu_command, "PROJECT", tmp_path)
    args = ntu_gendata.make_parser().parse_args([])
    assert [path.name for path in args.incomplete_lists] == list(LISTS.values())


def test_a_list_given_by_hand_must_be_there(tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("S001C001P001R001A001\n")
    argv = ["--dry-run", "--names-from", str(names), "--ignored_sample_path", "no.txt"]
    with pytest.raises(FileNotFoundError, match=r"no list of samples to leave out no\.txt"):
        ntu_gendata.main(argv)
