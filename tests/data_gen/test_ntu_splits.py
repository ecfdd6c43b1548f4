"""The benchmarks' splits: their sizes, and who is in which."""

from data_gen.pipeline.ntu_splits import DATASETS
from data_gen.readers.ntu import ClipName


def parts(dataset: str, benchmark: str, field: str, numbers: range) -> list[int]:
    """The numbers that train."""
    split = DATASETS[dataset].benchmarks[benchmark]
    clips = {number: ClipName(1, 1, 1, 1, 1)._replace(**{field: number}) for number in numbers}
    return [number for number, clip in clips.items() if split.part(clip) == "train"]


def test_half_of_the_subjects_train():
    assert len(parts("ntu", "xsub", "subject", range(1, 41))) == 20
    assert len(parts("ntu120", "xsub", "subject", range(1, 107))) == 53


def test_the_subjects_of_ntu_60_keep_their_part_in_ntu_120():
    first = range(1, 41)
    assert parts("ntu", "xsub", "subject", first) == parts("ntu120", "xsub", "subject", first)


def test_cameras_2_and_3_train():
    assert parts("ntu", "xview", "camera", range(1, 4)) == [2, 3]


def test_even_setups_train():
    assert parts("ntu120", "xset", "setup", range(1, 33)) == list(range(2, 33, 2))
