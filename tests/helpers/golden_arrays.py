"""The published code's arrays in tests/assets/."""

from pathlib import Path

import numpy as np

ASSETS = Path(__file__).parents[1] / "assets"


def golden_arrays(name: str) -> dict[str, np.ndarray]:
    """All arrays of `{name}.npz`."""
    with np.load(ASSETS / f"{name}.npz") as file:
        return dict(file)
