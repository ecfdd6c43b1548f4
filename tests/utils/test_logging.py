"""Curves on a disk that is full, and who is asked about old ones."""

import errno
import threading

import pytest
from tensorboardX.event_file_writer import EventsWriter

from utils.logging import Curves

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
