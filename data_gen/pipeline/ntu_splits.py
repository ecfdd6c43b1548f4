"""The train and val splits of NTU RGB+D 60 and 120, for each benchmark.

Sources: Shahroudy et al., CVPR 2016 (60 classes); Liu et al., TPAMI 2019 (120 classes).
"""

from typing import NamedTuple

from data_gen.readers.ntu import ClipName

_SUBJECTS_60 = frozenset((1, 2, 4, 5, 8, 9, *range(13, 20), 25, 27, 28, 31, 34, 35, 38))
_SUBJECTS_120 = _SUBJECTS_60 | {
    45,
    46,
    47,
    49,
    50,
    *range(52, 60),
    70,
    74,
    78,
    *range(80, 87),
    89,
    *range(91, 96),
    97,
    98,
    100,
    103,
}


class Split(NamedTuple):
    """A clip trains if the number called `by` in its name is one of `train`.

    Clips of setups above `num_setups` or actions above `num_classes` belong to neither part.
    """

    by: str
    train: frozenset[int]
    num_setups: int = 32
    num_classes: int = 120

    def part(self, clip: ClipName) -> str | None:
        """`train`, `val` or None."""
        if clip.setup > self.num_setups or clip.action > self.num_classes:
            return None
        return "train" if getattr(clip, self.by) in self.train else "val"


class Dataset(NamedTuple):
    """A data set's benchmarks; its clips are those of the setups 1 to `num_setups`.

    `published_counts` are the clips of each split without the missing ones.
    """

    num_setups: int
    num_classes: int
    benchmarks: dict[str, Split]
    published_counts: dict[str, int]


_NTU_60 = {
    "xsub": Split("subject", _SUBJECTS_60, num_setups=17, num_classes=60),
    "xview": Split("camera", frozenset((2, 3)), num_setups=17, num_classes=60),
}
_NTU_60_COUNTS = {
    **{"xsub/train": 40_091, "xsub/val": 16_487},
    **{"xview/train": 37_646, "xview/val": 18_932},
}

DATASETS = {
    "ntu": Dataset(
        num_setups=17, num_classes=60, benchmarks=_NTU_60, published_counts=_NTU_60_COUNTS
    ),
    "ntu120": Dataset(
        num_setups=32,
        num_classes=120,
        benchmarks={
            "xsub": Split("subject", _SUBJECTS_120),
            "xset": Split("setup", frozenset(range(2, 33, 2))),
            **{f"ntu60-{name}": split for name, split in _NTU_60.items()},
        },
        published_counts={
            **{"xsub/train": 63_026, "xsub/val": 50_919},
            **{"xset/train": 54_468, "xset/val": 59_477},
            **{f"ntu60-{name}": count for name, count in _NTU_60_COUNTS.items()},
        },
    ),
}
