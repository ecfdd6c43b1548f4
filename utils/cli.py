"""What every command shares: one-line errors, boolean flags, flags in either spelling, paths."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from utils.files import at_home
from utils.text import one_line

PROJECT = Path(__file__).resolve().parents[1]
TRUE = ("yes", "true", "t", "y", "1")
FALSE = ("no", "false", "f", "n", "0")


def run(main: Callable[[], object]) -> NoReturn:
    """Call `main` and exit: 0, or 1 with one line on stderr for what a user can cause.

    That is ValueError (a bad value or file) and OSError (no such file, no permission, disk full).
    A closed standard output, as of `| head`, ends with 1 and one line on stderr.
    Anything else is our bug and keeps its traceback. Ctrl-C exits with 130, as a shell does.
    """
    _replace_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names that the terminal's encoding lacks are shown by their escapes, as on stderr.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        give_up_stdout()
        sys.exit(1)
    except (ValueError, OSError) as error:
        message = one_line(error)
        with suppress(OSError):  # stderr may be closed, too
            print(f"error: {message}", file=sys.stderr, flush=True)
        sys.exit(1)
    sys.exit(0)


def _replace_closed_streams() -> None:
    """Replace closed standard streams by ones that discard what is written.

    Otherwise files opened later would get their descriptors, and with them what libraries print.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def give_up_stdout() -> None:
    """Warn once that standard output is closed or full, and stop writing to it."""
    with suppress(OSError):
        print("standard output is closed or full: nothing more is printed", file=sys.stderr)
    # What is still in its buffer would fail again when Python ends.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def str2bool(text: str) -> bool:
    """Read a boolean flag's value: yes/true/t/y/1 or no/false/f/n/0, in any case.

    Raises:
        argparse.ArgumentTypeError: for anything else.
    """
    word = text.strip().lower()
    if word not in TRUE + FALSE:
        raise argparse.ArgumentTypeError(
            f"must be one of {'/'.join(TRUE)} or {'/'.join(FALSE)}. Got {text!r}."
        )
    return word in TRUE


def non_negative(text: str) -> int:
    """Read a whole number of 0 or more.

    Raises:
        argparse.ArgumentTypeError: for anything else.
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number of 0 or more. Got {text!r}.")
    return int(text)


class ArgumentParser(argparse.ArgumentParser):
    """argparse's parser, which takes `--data_path` for `--data-path` and the reverse.

    The published commands mix both spellings; the help shows the one that was added. Lines of the
    description, which is the docstring of most commands, stay as they are.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, **options)
        self.register("type", Path, lambda text: Path(at_home(text)))

    def add_path(self, flag: str, default: str, text: str) -> None:
        """Add a path flag whose `default` lies in the project, wherever the command is started."""
        text = f"{text} (default: {default} in the project)"
        self.add_argument(flag, type=Path, default=PROJECT / default, metavar="PATH", help=text)

    def parse_known_args(self, args: Sequence[str] | None = None, namespace=None):
        args = sys.argv[1:] if args is None else args
        added = {_hyphenated(option): option for option in self._option_string_actions}
        return super().parse_known_args([_as_added(word, added) for word in args], namespace)


def _as_added(word: str, added: dict[str, str]) -> str:
    flag, equals, value = word.partition("=")
    return added.get(_hyphenated(flag), flag) + equals + value


def _hyphenated(flag: str) -> str:
    return flag.replace("_", "-") if flag.startswith("--") else flag
