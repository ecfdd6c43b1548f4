"""How a command is to fail: with one line on stderr and exit code 1."""

from collections.abc import Callable

import pytest

from utils.cli import run


def error_of(
    call: Callable[[], object], capsys: pytest.CaptureFixture, *, may_warn: bool = False
) -> str:
    """The line `error: ...` that a command leaves, alone or with warnings before it."""
    with pytest.raises(SystemExit) as exit_:
        run(call)
    err = capsys.readouterr().err
    assert exit_.value.code == 1 and "Traceback" not in err
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert may_warn or err == line + "\n"
    return line
