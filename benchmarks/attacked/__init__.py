"""The files that attack.py damages: good files of every reader, and checks of what is read."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.attacked import data_files, descriptions
from benchmarks.attacked.recordings import OWN, recordings
from benchmarks.attacked.target import Target

TARGETS: dict[str, Callable[[Path], Target]] = {
    ".skeleton": data_files.skeletons,
    "Kinetics JSON": data_files.kinetics,
    "UCLA JSON": data_files.ucla,
    "UDIVA HDF5": data_files.udiva,
    "labels (pickle)": data_files.labels,
    "scores (pickle)": data_files.scores,
    ".npy": data_files.arrays,
    "store index": data_files.store,
    "torch file": data_files.weights,
    "YAML": data_files.settings_yaml,
    "dataset.json": descriptions.manifest,
    "metadata of a network": descriptions.exported,
    "YAML of recordings": descriptions.custom,
    "tables and lists": descriptions.tables,
    "YAML of a skeleton": descriptions.skeleton_yaml,
    "ratings": descriptions.ratings,
    **{f"own {name}": partial(recordings, name) for name in OWN},
}
