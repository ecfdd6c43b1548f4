"""Lets `python tools/x.py` and `cd tools && python x.py` import the project's packages."""

import runpy
from pathlib import Path

_NEIGHBOUR = Path(__file__).resolve().parents[1] / "data_gen" / "as_module.py"
run_as_module = runpy.run_path(str(_NEIGHBOUR))["run_as_module"]
