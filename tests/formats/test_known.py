"""The table of benchmarks: its skeletons and commands exist, and folders name its data sets."""

from pathlib import Path

import pytest

from formats.known import KNOWN, dataset_of_folder
from graph.named import skeleton_class
from utils.cli import PROJECT


@pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)
def test_skeletons_and_commands_exist(known):
    assert skeleton_class(known.skeleton).joint_names
    assert (PROJECT / "data_gen" / known.command).is_file()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("data/ntu/xsub/val_data_joint.npy", "ntu"),
        ("data/kinetics/copy/ntu120", "ntu120"),
        ("data/own/val_data_joint.npy", None),
        ("", None),
    ],
)
def test_the_nearest_folder_names_the_data_set(path, name):
    assert dataset_of_folder(Path(path)) == name
