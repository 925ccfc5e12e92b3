"""Stopping: Ctrl-C and SIGTERM end a run at its next safe point, or after a few seconds wherever it is.

Compiled code runs for seconds without looking at signals, and an exception thrown into it can crash the
process.  So nothing is thrown: a thread hears the signal, the work is asked to stop where it reports
progress, and where that takes too long the process ends at once.  Runs survive that (see the store).
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from .output import tell

PATIENCE_SECONDS = 3.0
STOPPED = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(Exception):
    """The user stopped the work; the message is the last line to show."""


class Stopper:
    """Inside ``with``, the signals set ``wanted`` instead of raising.

    Args:
        farewell: the last line, asked for when it is needed.
        clean_up: called before the process is ended the hard way.
    """

    def __init__(self, farewell: Callable[[], str], clean_up: Callable[[], None]) -> None:
        self.wanted = False
        self._farewell, self._clean_up = farewell, clean_up
        self._heard, self._ear = socket.socketpair()

    def check(self) -> None:
        """Stop here, if that is wanted.

        Raises:
            KeyboardInterrupt: with the last line to show.
        """
        if self.wanted:
            raise KeyboardInterrupt(self._farewell())

    def __enter__(self) -> Stopper:
        if threading.current_thread() is not threading.main_thread():
            return self  # only the main thread may listen to signals
        self._ear.setblocking(False)
        self._old_fd = signal.set_wakeup_fd(self._ear.fileno(), warn_on_full_buffer=False)
        self._old = {number: signal.signal(number, _heard_by_thread) for number in _SIGNALS}
        threading.Thread(target=self._listen, name="stopper", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        signal.set_wakeup_fd(self._old_fd)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._heard.shutdown(socket.SHUT_RDWR)  # the thread reads the end and is done

    def _listen(self) -> None:
        if not _signal_in(self._heard):
            return
        tell("stopping at the next safe point (once more: at once)")
        self.wanted = True  # after the line above, which the work could otherwise overtake
        self._heard.settimeout(PATIENCE_SECONDS)
        try:
            if not _signal_in(self._heard):
                return  # the work has stopped by itself
        except TimeoutError:
            pass
        with contextlib.suppress(Exception):  # whatever happens here, the process ends
            self._clean_up()
        tell(self._farewell())
        leave(STOPPED)


def leave(code: int) -> None:
    """End the process without waiting for compiled code that may still run."""
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _signal_in(end: socket.socket) -> bool:
    """Wait for the number of a signal that we listen to; False at the end of the stream."""
    while data := end.recv(1):
        if data[0] in _SIGNALS:
            return True
    return False


def _heard_by_thread(number: int, frame: Any) -> None:
    """Python calls this late, when compiled code returns; the thread has acted long before."""
