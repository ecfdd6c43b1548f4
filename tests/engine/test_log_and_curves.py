"""The log, curves on a disk that is full, and who is asked about old ones."""

import errno
import logging
import os
import threading
from types import SimpleNamespace

import pytest
from tensorboardX.event_file_writer import EventsWriter

from engine.run_dir.curves import Curves, clear_old_curves
from engine.run_dir.log import log_to_file

# ---- log ---------------------------------------------------------------------------------------


def test_the_log_holds_any_name_in_any_locale(tmp_path, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    log_to_file(tmp_path / "log.txt")
    logging.getLogger().handlers[0].setLevel(logging.WARNING)
    logging.getLogger("clips").warning("\u6325\u624b \udcff")
    logging.getLogger().handlers[0].close()
    assert (tmp_path / "log.txt").read_text("utf-8").endswith("\u6325\u624b \\udcff\n")


# ---- curves ------------------------------------------------------------------------------------


def ends_with(error: type[Exception], body) -> str:
    """What a call raises; a call that hangs fails instead of keeping the tests waiting."""
    raised = []

    def target():
        try:
            body()
        except error as one:
            raised.append(str(one))

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    thread.join(timeout=5)
    assert not thread.is_alive(), "it hangs"
    assert raised
    return raised[0]


def full_after(monkeypatch, events: int, method: str) -> None:
    original, calls = getattr(EventsWriter, method), []

    def write(self, *args):
        calls.append(None)
        if len(calls) > events:
            if method == "flush":
                self._py_recordio_writer.close()  # which nobody else does then
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(self, *args)

    monkeypatch.setattr(EventsWriter, method, write)


@pytest.mark.parametrize(("method", "events"), [("write_event", 4), ("flush", 0)])
def test_a_full_disk_ends_the_run_instead_of_hanging_it(tmp_path, monkeypatch, method, events):
    full_after(monkeypatch, events, method)

    def train():
        with Curves(tmp_path) as curves:
            for step in range(50):
                curves.scalars("train", step, loss=1.0)

    message = ends_with(OSError, train)
    assert message.startswith(f"cannot write the training curves in {tmp_path / 'trainlogs'}")
    assert "is the disk full?" in message and "No space left" in message


def test_another_error_is_not_hidden_by_the_disk(tmp_path, monkeypatch):
    full_after(monkeypatch, 0, "flush")

    def train():
        with Curves(tmp_path):
            raise KeyError("ours")

    assert ends_with(KeyError, train) == "'ours'"


# ---- old curves --------------------------------------------------------------------------------


@pytest.fixture
def old(tmp_path, monkeypatch):
    """metrics.jsonl of an earlier run, and a user at a terminal who says yes."""
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True, fileno=lambda: 0))
    monkeypatch.setattr("os.tcgetpgrp", lambda descriptor: os.getpgrp(), raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "Y")
    path = tmp_path / "metrics.jsonl"
    path.write_text("")
    return path


def test_old_curves_go_with_consent(old):
    clear_old_curves(old.parent, assume_yes=False)
    assert not old.exists()


def is_kept(old, caplog):
    clear_old_curves(old.parent, assume_yes=False)
    return old.exists() and "they are kept" in caplog.text


def test_ctrl_d_is_a_no(old, monkeypatch, caplog):
    def end(question):
        raise EOFError

    monkeypatch.setattr("builtins.input", end)
    assert is_kept(old, caplog)


def test_processes_of_torchrun_do_not_ask(old, monkeypatch, caplog):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert is_kept(old, caplog)


def test_a_process_in_the_background_does_not_ask(old, monkeypatch, caplog):
    monkeypatch.setattr("os.tcgetpgrp", lambda descriptor: os.getpgrp() + 1)
    assert is_kept(old, caplog)


def test_a_process_without_the_terminal_does_not_ask(old, monkeypatch, caplog):
    def fail(descriptor):
        raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")

    monkeypatch.setattr("os.tcgetpgrp", fail)
    assert is_kept(old, caplog)
