"""Signals that ask a run to end: it finishes its step and saves first."""

import logging
import signal
import time
from types import FrameType, TracebackType

from engine.device import processes

logger = logging.getLogger(__name__)

# What Ctrl-C, `kill` and Slurm (--signal=USR1@120) send.
SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name)
]


# torchrun, systemd and Slurm may deliver one signal twice: to all processes, and by their parent.
SAME_SIGNAL_SECONDS = 1.0


class Interrupts:
    """Within this context the first signal is only noted; a later one ends the process at once.

    Under torchrun, which ends its processes itself when they take too long, it does not.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._noted = 0.0
        self._handlers: dict[int, object] = {}

    def __enter__(self) -> "Interrupts":
        self._handlers = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._restore()

    @property
    def exit_code(self) -> int:
        """As a shell reports it: 130 after SIGINT, 143 after SIGTERM."""
        return 128 + (self.signal or signal.SIGTERM)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal:
            late = time.monotonic() - self._noted > SAME_SIGNAL_SECONDS
            if late and not processes.started_by_torchrun():
                self._end(number, frame)
            return
        self.signal, self._noted = signal.Signals(number), time.monotonic()
        logger.warning(
            "%s: saving after this step. A second one ends the run at once.", self.signal.name
        )

    def _end(self, number: int, frame: FrameType | None) -> None:
        """End the process, or do what another's handler does.

        Jobs that a shell script starts in the background begin with SIGINT ignored.
        """
        handler = self._handlers[number]
        self._restore()
        if not callable(handler) and number == signal.SIGINT:
            handler = signal.default_int_handler  # KeyboardInterrupt
        if callable(handler):
            handler(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    def _restore(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}
