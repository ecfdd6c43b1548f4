"""The metadata of a .safetensors file, without the package that reads its tensors.

A file begins with the length of its header (8 bytes, little-endian) and the header, JSON text whose
entry `__metadata__` maps names to text (github huggingface/safetensors, format).
"""

import json
from pathlib import Path

from utils.files import regular_file

MAX_HEADER = 100_000_000  # bytes, as in the reference implementation


def metadata_of(path: Path) -> dict[str, str]:
    """The metadata; empty where there are none.

    Raises:
        ValueError: the file is damaged.
    """
    with regular_file(path).open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if not 0 < size <= min(MAX_HEADER, path.stat().st_size):
            raise ValueError(f"{path} is not a .safetensors file. Fetch it again.")
        try:
            found = json.loads(file.read(size)).get("__metadata__", {})
        except (ValueError, AttributeError, RecursionError) as error:
            raise ValueError(f"{path} has a damaged header: {error}. Fetch it again.") from error
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise ValueError(f"{path} has metadata that are not text. Fetch it again.")
    return found
