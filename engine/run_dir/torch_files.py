"""Files of torch.save from strangers: tensors and plain values, or one line that says why not."""

import pickle
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from utils.files import atomic_write, regular_file
from utils.text import one_line

MAX_DEPTH = 20  # of containers within containers; an optimiser's states have 4
ZIP, HTML = b"PK", b"<"
SAFETENSORS = ".safetensors"
# What torch.load raises where a file is damaged or foreign.
UNREADABLE = (
    RuntimeError,
    EOFError,
    pickle.UnpicklingError,
    LookupError,
    ValueError,
    OSError,
    TypeError,
    AttributeError,
    AssertionError,
    OverflowError,
    MemoryError,
    struct.error,
    zipfile.BadZipFile,
)


def read(path: Path) -> Any:
    """A file written by torch.save, of any age, onto the CPU; never runs code from the file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a torch file, or more than tensors and plain values in it.
    """
    if not path.exists():
        raise FileNotFoundError(f"no file {path}. Check the path.")
    if path.suffix == SAFETENSORS:
        return _read_safetensors(path)
    with regular_file(path).open("rb") as file:
        start = file.read(512).lstrip()
    if not start:
        raise ValueError(f"{path} is not a usable torch file: it is empty. Fetch it again.")
    if start.startswith(HTML):
        raise ValueError(
            f"{path} is not a usable torch file: it is a web page, which a failed download leaves. "
            "Fetch it again in a browser."
        )
    try:
        if start.startswith(ZIP) and not zipfile.is_zipfile(path):
            raise ValueError("its end is missing")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about protocols of damaged files
            content = torch.load(path, map_location="cpu", weights_only=True)
        _check_plain(content)
    except UNREADABLE as error:
        raise ValueError(f"{path} is not a usable torch file: {_reason(error)}") from error
    return content


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        from safetensors.torch import load
    except ImportError as error:
        raise ValueError(
            f"{path} requires safetensors: pip install -r requirements-extra.txt"
        ) from error
    try:
        return load(regular_file(path).read_bytes())
    except Exception as error:  # safetensors' own class derives from nothing else
        raise ValueError(f"{path} is not a usable .safetensors file: {_reason(error)}") from error


def write(content: Any, path: Path) -> None:
    """Write a torch file, whole or not at all.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    with atomic_write(path) as temporary:
        try:
            torch.save(content, temporary)
        except RuntimeError as error:  # torch's own writer does not say why
            raise OSError(f"cannot write {path}: is the disk full?") from error


def _reason(error: Exception) -> str:
    text = one_line(error)
    if "weights_only" in text or "Weights only" in text:
        # NOTE: torch advises to switch the safe reader off, which would run the file's code.
        if "Unsupported global" in text or "GLOBAL" in text or "Unsupported class" in text:
            return "it holds more than tensors and plain values, and is not read. Ask its author."
        return "it is damaged, or of another kind. Fetch it again."
    return f"{one_line(text.split('. ')[0], 200)}. Fetch it again."


def _check_plain(value: Any, depth: int = 0) -> None:
    """Tensors must lie in memory as they are; containers must end.

    Raises:
        ValueError: one does not.
    """
    if depth > MAX_DEPTH:
        raise ValueError("its containers are nested too deep")
    if isinstance(value, Tensor):
        if value.layout != torch.strided or value.device.type != "cpu" or value.is_quantized:
            kind = value.device.type if value.layout == torch.strided else value.layout
            raise ValueError(f"it holds a tensor without plain values ({kind})")
    elif isinstance(value, Mapping):
        for item in value.values():
            _check_plain(item, depth + 1)
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            _check_plain(item, depth + 1)
