"""Lets `python data_gen/x.py` and `cd data_gen && python x.py` import the project's packages.

A script started as a file sees only its own folder. Starting it again as a module of the project,
with the project's root on PYTHONPATH, gives it (and its worker processes) all packages. The user's
working directory stays, so that relative paths mean what was typed; but nothing is imported from
it, as `python -m` would, for users have folders called utils and tools, too.
"""

import os
import sys
from pathlib import Path


def run_as_module(script: str) -> None:
    """Replace this process by one that runs data_gen.<script> with the same arguments."""
    file = Path(script).resolve()
    root = str(file.parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    module = f"{file.parent.name}.{file.stem}"
    start = (
        f"import runpy, sys; sys.path[0] = {root!r}; "
        f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    )
    os.execve(sys.executable, [sys.executable, "-c", start, *sys.argv[1:]], environment)
