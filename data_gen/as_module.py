"""Lets `python data_gen/x.py` and `cd data_gen && python x.py` import the project's packages.

A script started as a file sees only its own folder. Starting it again as a module of the project,
with the project's root on PYTHONPATH, gives it (and its worker processes) all packages. The user's
working directory stays, so that relative paths mean what was typed.
"""

import os
import sys
from pathlib import Path


def run_as_module(script: str) -> None:
    """Replace this process by `python -m data_gen.<script>` with the same arguments."""
    file = Path(script).resolve()
    root = str(file.parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    module = f"{file.parent.name}.{file.stem}"
    os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], environment)
