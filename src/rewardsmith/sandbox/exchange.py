"""One job's traffic with a zygote: bytes in, bytes out, all bounds kept on this side."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_REPORT = 1 << 14
_PIECE = 1 << 20
_WIDE = 1 << 20  # bytes that a pipe may hold, where the kernel lets us: fewer turns for large arrays


@dataclass
class Ended:
    """How a job ended, as far as it is known outside.

    Args:
        told: what the zygote says of the child's end; None where it says nothing any more.
        out: what the job put out, at most the limit.
        report: what the job says of an exception.
        overflow: it put out more than the limit.
        failure: why nothing was told.
    """

    told: Mapping[str, Any] | None = None
    out: bytearray = field(default_factory=bytearray)
    report: bytearray = field(default_factory=bytearray)
    overflow: bool = False
    failure: str = ""


class Exchange:
    """The pipes of one job; a context that closes them."""

    def __init__(self, control: socket.socket, pieces: Sequence[bytes | memoryview], most: int) -> None:
        self._control = control
        self._pieces = [memoryview(piece) for piece in pieces if len(piece)]
        self._most = most
        self._files: set[int] = set()
        self._ended = Ended()
        try:
            taken, self._incoming = self._pipe()
            self._out, out = self._pipe()
            self._report, report = self._pipe()
        except OSError:  # no more files: give back those that were opened
            self.__exit__()
            raise
        self._theirs = [taken, out, report]
        if sum(len(piece) for piece in pieces) > 1 << 16:
            _widen(self._incoming)
            _widen(out)

    def __enter__(self) -> Exchange:
        return self

    def __exit__(self, *error: object) -> None:
        for file in tuple(self._files):
            self._close(file)

    def run(self, request: Mapping[str, Any], deadline: float) -> Ended:
        """Send the request, and carry bytes until the zygote has told of the end and the pipes are empty."""
        socket.send_fds(self._control, [json.dumps(request).encode()], self._theirs)
        for file in self._theirs:
            self._close(file)
        os.set_blocking(self._incoming, False)
        if not self._pieces:
            self._close(self._incoming)
        while self._busy():
            left = deadline - time.monotonic()
            ready = self._ready(left) if left > 0 else []
            if not ready:
                self._ended.told = None
                self._ended.failure = "the sandbox did not answer in time"
                break
            for file in ready:
                self._serve(file)
            if self._ended.failure:
                break
        return self._ended

    # ------------------------------------------------------------------ one turn
    def _busy(self) -> bool:
        return self._ended.told is None or bool({self._out, self._report} & self._files)

    def _ready(self, left: float) -> list[int]:
        poller = select.poll()
        for file in {self._out, self._report} & self._files:
            poller.register(file, select.POLLIN)
        if self._ended.told is None:
            poller.register(self._control, select.POLLIN)
            if self._incoming in self._files:
                poller.register(self._incoming, select.POLLOUT)
        return [file for file, _ in poller.poll(1000 * left)]

    def _serve(self, file: int) -> None:
        if file == self._control.fileno():
            self._hear()
        elif file == self._incoming:
            self._feed()
        elif file == self._out:
            self._take(file, self._ended.out, self._most)
        else:
            self._take(file, self._ended.report, MAX_REPORT)

    def _hear(self) -> None:
        said = self._control.recv(MAX_REPORT)
        if said:
            self._ended.told = json.loads(said)
        else:
            self._ended.failure = "the sandbox ended"

    def _feed(self) -> None:
        try:
            count = os.writev(self._incoming, self._pieces[:16])
        except BlockingIOError:
            return
        except OSError:  # the job does not want the rest
            self._close(self._incoming)
            return
        while count:
            step = min(count, len(self._pieces[0]))
            self._pieces[0] = self._pieces[0][step:]
            if not len(self._pieces[0]):
                self._pieces.pop(0)
            count -= step
        if not self._pieces:
            self._close(self._incoming)

    def _take(self, file: int, into: bytearray, most: int) -> None:
        piece = os.read(file, min(_PIECE, most + 1 - len(into)))
        into += piece
        if len(into) > most:
            del into[most:]
            self._ended.overflow = self._ended.overflow or file == self._out
            self._close(file)
            if self._ended.told is None:
                self._control.send(b"stop")
        elif not piece:
            self._close(file)

    # ------------------------------------------------------------------ files
    def _pipe(self) -> tuple[int, int]:
        pair = os.pipe2(os.O_CLOEXEC)
        self._files.update(pair)
        return pair

    def _close(self, file: int) -> None:
        if file in self._files:
            self._files.remove(file)
            os.close(file)


def _widen(file: int) -> None:
    with contextlib.suppress(OSError):
        fcntl.fcntl(file, fcntl.F_SETPIPE_SZ, _WIDE)
