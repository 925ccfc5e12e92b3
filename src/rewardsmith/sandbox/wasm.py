"""WebAssembly: CPython compiled to it runs in wasmtime, with no way to ask anything of the system.

For tier T2 without NumPy, on every platform that wasmtime knows.  The module imports nothing, so there is no
system call to filter; memory has a hard end; a deadline stops any loop.  Each job gets a fresh instance.

The program inside is built once, in about a minute: ``python -m rewardsmith.sandbox.wasm``.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from .backend import NoSandbox, Reason
from .exchange import Ended
from .jobs import Job, Limits, Outcome, ProgramJob, Tier
from .verdict import outcome

_NAME = "wasmtime"
_STAMP = "wasmtime: WebAssembly without imports"
_HERE = Path(__file__).parent
_SOURCES = (_HERE / "guest" / "guest.py", _HERE / "guest" / "sandbox.wit", _HERE / "inside" / "faults.py")
_PACKAGES = ("wasmtime", "componentize_py")
_INSTALL = "pip install 'rewardsmith[wasm]'"
_BUILD = "python -m rewardsmith.sandbox.wasm"
_LOOK = 0.01  # seconds between looks at a job's time
_MOST_MEMORY = (1 << 32) - (1 << 16)  # what 32-bit addresses reach
_TABLES = 1_000_000


class Wasmtime:
    """The back-end for programs in plain Python."""

    name = _NAME
    tiers: frozenset[Tier] = frozenset({"T2"})
    isolated = True

    def available(self) -> Reason | None:
        """None where a job really ran here."""
        return _tried()

    def open(self, limits: Limits) -> WasmWorker:
        """Start a worker.

        Raises:
            NoSandbox: the packages are missing, or the program inside has not been built.
        """
        missing = _missing()
        if missing is not None:
            raise NoSandbox("T2", [(_NAME, missing)])
        return WasmWorker(compiled(), limits)


@functools.cache
def _tried() -> Reason | None:
    missing = _missing()
    if missing is not None:
        return missing
    worker = WasmWorker(compiled(), Limits())
    found = worker.run(ProgramJob("def f(n):\n    return n + 1", function="f", args=(1,)))
    worker.close()
    return None if found.value == 2 else Reason(f"a trial ended so: {found.status}, {found.reason}", _BUILD)


def _missing() -> Reason | None:
    if importlib.util.find_spec("wasmtime") is None:
        return Reason("the package wasmtime is not installed", _INSTALL)
    if not compiled().exists():
        return Reason("the program inside has not been built yet, which takes about a minute", _BUILD)
    facts = [path.stat() for path in (compiled(), compiled().parent)]
    if hasattr(os, "getuid") and any(each.st_uid != os.getuid() or each.st_mode & 0o022 for each in facts):
        return Reason(f"{compiled().parent} holds machine code and may be written by others", "chmod go-w")
    return None


def compiled() -> Path:
    """The file of machine code for these sources, these versions and this machine."""
    folder = Path(os.environ.get("REWARDSMITH_CACHE") or Path.home() / ".cache" / "rewardsmith") / "wasm"
    found = hashlib.sha256()
    for path in _SOURCES:
        found.update(path.read_bytes())
    found.update(f"{importlib.metadata.version('wasmtime')} {platform.machine()} {sys.platform}".encode())
    return folder / f"{found.hexdigest()[:16]}.cwasm"


def build() -> Path:
    """Build the program inside and compile it for this machine; the file.

    Raises:
        NoSandbox: a package is missing, or the builder failed, with what it said.
    """
    for package in _PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise NoSandbox("T2", [(_NAME, Reason(f"the package {package} is not installed", _INSTALL))])
    target = compiled()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / "sandbox.wasm"
        _componentize(made)
        file = Path(folder) / target.name
        file.write_bytes(_component(made).serialize())
        file.chmod(0o600)
        file.replace(target)
    for old in set(target.parent.glob("*.cwasm")) - {target}:
        old.unlink(missing_ok=True)
    return target


def _componentize(made: Path) -> None:
    guest, wit, faults = _SOURCES
    words = ["-d", str(wit), "-w", "sandbox", "componentize", "--stub-wasi", "-p", str(guest.parent)]
    words += ["-p", str(faults.parent), guest.stem, "-o", str(made)]
    run = subprocess.run(
        [sys.executable, "-c", "import componentize_py; componentize_py.script()", *words],
        capture_output=True, text=True, check=False, env={"PYTHONHASHSEED": "0"}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if run.returncode != 0 or not made.exists():
        said = (run.stderr or run.stdout).strip().splitlines()
        raise NoSandbox("T2", [(_NAME, Reason(said[-1] if said else "the builder said nothing"))])


def _engine() -> Any:
    import wasmtime

    config = wasmtime.Config()
    config.epoch_interruption = True
    return wasmtime.Engine(config)


def _component(path: Path) -> Any:
    from wasmtime import component

    return component.Component.from_file(_engine(), str(path))


class WasmWorker:
    """A ``Worker``: an engine, and a fresh instance of the program for each job."""

    stamp = _STAMP

    def __init__(self, path: Path, limits: Limits) -> None:
        from wasmtime import component

        self._limits = limits
        self._engine: Any = _engine()
        self._component: Any = component.Component.deserialize_file(self._engine, str(path))
        self._linker: Any = component.Linker(self._engine)
        self._open = True

    @property
    def alive(self) -> bool:
        """False after it was closed: nothing that a job does can end it."""
        return self._open

    def close(self) -> None:
        """End it."""
        self._open = False
        self._component = self._linker = self._engine = None

    def run(self, job: Job, limits: Limits | None = None) -> Outcome:
        """Run one job."""
        limits = limits or self._limits
        began = time.monotonic()
        if not self._open or not isinstance(job, ProgramJob):
            why = "jobs on arrays need NumPy, which is not in here" if self._open else "the worker was closed"
            return outcome(job, limits, Ended(failure=why), self.stamp, 0.0)
        ended = self._ended(job, limits)
        found = outcome(job, limits, ended, self.stamp, time.monotonic() - began)
        if ended.told and ended.told["signal"] and found.status == "crashed":
            return replace(found, reason="ended when it asked the system for something, or ran out of stack")
        return found

    def _ended(self, job: ProgramJob, limits: Limits) -> Ended:
        import wasmtime

        store = wasmtime.Store(self._engine)
        store.set_epoch_deadline(1)
        store.set_limits(min(limits.memory, _MOST_MEMORY), _TABLES)
        text = json.dumps(
            {"source": job.source, "stdin": job.stdin, "function": job.function, "args": job.args}
        )
        cpu = time.thread_time()
        keeper = _Keeper(self._engine, limits)
        try:
            function = self._linker.instantiate(store, self._component).get_func(store, "run")
            answer = function(store, text)
            out, report, status = (str(answer[0]).encode(errors="replace"), str(answer[1]), int(answer[2]))
            signal = 0
        except (wasmtime.WasmtimeError, wasmtime.Trap):
            out, report, status, signal = b"", "", 0, 4  # as if by SIGILL: the program ran into a wall
        finally:
            keeper.stop()
        told = {"why": keeper.why, "signal": signal, "exit": status, "cpu": time.thread_time() - cpu}
        return Ended(
            told, bytearray(out[: limits.output]), bytearray(report.encode()), len(out) > limits.output
        )


class _Keeper(threading.Thread):
    """Watches the clock and the processor time of one job, and stops the engine at its limits."""

    def __init__(self, engine: Any, limits: Limits) -> None:
        super().__init__(daemon=True)
        self.why = ""
        self._engine, self._limits = engine, limits
        self._over = threading.Event()
        self._clock = _clock_of_this_thread()
        self._began, self._used = time.monotonic(), self._cpu()
        self.start()

    def run(self) -> None:
        while not self._over.wait(_LOOK):
            if time.monotonic() - self._began > self._limits.wall:
                self.why = "wall"
            elif self._cpu() - self._used > self._limits.cpu:
                self.why = "cpu"
            if self.why:
                self._engine.increment_epoch()
                return

    def _cpu(self) -> float:
        return time.clock_gettime(self._clock) if self._clock is not None else 0.0

    def stop(self) -> None:
        """The job is over."""
        self._over.set()
        self.join()


def _clock_of_this_thread() -> int | None:
    if hasattr(time, "pthread_getcpuclockid"):
        return time.pthread_getcpuclockid(threading.get_ident())
    return None  # no such clock on this platform: the clock on the wall decides alone


if __name__ == "__main__":
    print(build())
