"""Raw files from memory, as a reader of `data_gen/readers/formats.py` takes them."""

import io
import json

import h5py
import numpy as np
from scipy.io import savemat

from data_gen.readers.bad_files import good_ones
from data_gen.readers.formats import FORMATS
from data_gen.readers.sample import Options, Raw, Sample
from graph.named import skeleton_class

COCO = skeleton_class("coco17").joint_names


def read(
    format_: str, content: bytes | list, name: str = "clip.x", skeleton: str = "coco17", **options
) -> list[Sample]:
    """The clips of a file, or of a folder of files (name, function that gives bytes)."""
    names = skeleton_class(skeleton).joint_names
    parts = content if isinstance(content, list) else [(name, lambda: content)]
    raw = Raw(name, parts)
    options = Options(len(names), joint_names=names, **options)
    return list(good_ones(FORMATS[format_].read(raw, options)))


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def file_of(format_: str, array: np.ndarray, **told: np.ndarray) -> bytes:
    """A file of an array and others."""
    file = io.BytesIO()
    if format_ == "npy":
        np.save(file, array)
    elif format_ == "npz":
        np.savez(file, X=array, **told)
    elif format_ == "mat":
        savemat(file, {"X": array, **told})
    elif format_ == "hdf5":
        with h5py.File(file, "w") as content:
            for name, value in {"X": array, **told}.items():
                content[name] = value.astype("S") if value.dtype.kind == "U" else value
    else:
        lists = {name: value.tolist() for name, value in told.items()}
        return json.dumps({"X": array.tolist(), **lists}).encode()
    return file.getvalue()
