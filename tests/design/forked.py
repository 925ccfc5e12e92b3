"""The command ``rewardsmith`` in many processes that share one start of Python and its imports.

    python forked.py

reads lines, each a JSON list of arguments, and for each forks a process, in a session of its own, that runs
the command; it answers ``pid N``.  An empty line asks for its end; until then nobody else gets its number.
The answer is ``exit STATUS``.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class Smith:
    """Where commands are started."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def start(self, arguments: Sequence[str]) -> int:
        """Start a command; its process id."""
        return int(self._ask(json.dumps(list(arguments)), "pid"))

    def exit(self) -> int:
        """Wait for the end of the command; its exit code, or minus the signal that ended it."""
        return int(self._ask("", "exit"))

    def _ask(self, line: str, word: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        said, value = self.process.stdout.readline().split()
        assert said == word
        return value


@contextmanager
def smith() -> Iterator[Smith]:
    command = [sys.executable, "-W", "ignore", __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Smith(process)
        finally:
            process.kill()


def ended(pid: int) -> bool:
    """Whether a process has ended, also while nobody has waited for it."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "Z"


def _main() -> None:
    importlib.import_module("rewardsmith.design.loop")  # with JAX, whose backend starts in the forked process
    from rewardsmith.cli.main import run

    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.setsid()
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                status = run(json.loads(line))
            finally:
                os._exit(status)
        os.write(1, f"pid {pid}\n".encode())
        sys.stdin.readline()
        os.write(1, f"exit {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n".encode())


if __name__ == "__main__":
    _main()
