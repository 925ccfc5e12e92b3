"""A search whose programs a language model writes, killed again and again and always continued.

    python model_search.py URL ROOT

reads lines.  For the first it forks a process that makes the search or goes on with it, and answers ``pid N``;
at the second it waits for its end and answers ``exit STATUS``; and so on.  In between, a process that has
ended keeps its number: it can be looked at, and killed in vain.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rewardsmith.core.endpoint import Endpoint
from rewardsmith.design import Design, design, load_method
from rewardsmith.design.scripted import Script, serving
from rewardsmith.store import Run, list_runs

METHOD = replace(load_method("eureka"), rounds=2, candidates=4)
PPO = (("envs", 4), ("hidden", (8,)), ("minibatches", 2), ("rollout", 32))
# some answers cannot be used and are repaired or lost; they take long enough to be killed in
SCRIPT = Script(mistakes=0.2, seconds=0.05)


def search(url: str, root: Path) -> Run:
    """Two rounds of Eureka; replies are kept beside the run."""
    model = Endpoint("scripted-grammar", url, cache=str(root / "replies"), seed=0, concurrency=2)
    return design(Design("pendulum_hold", METHOD, trainings=8, steps=1024, ppo=PPO, llm=model), root / "runs")


@dataclass(frozen=True)
class Ended:
    """How a search ended.

    Args:
        fingerprint: of its run.
        spent: what the journal counts: environment steps and trainings.
        kills: the last event that was recorded before each kill, "" where there was none.
        calls, charged, twice: what the model's server counts: requests, keys charged, keys charged again.
    """

    fingerprint: str
    spent: dict[str, float]
    kills: tuple[str, ...]
    calls: int
    charged: int
    twice: int


def killed_search(root: Path, kills: int, rng: random.Random, steps: int = 8) -> Ended:
    """Make a search with a server of its own, killing it at up to ``kills`` random points.

    Args:
        steps: each kill comes after the search has done something new up to so many times.
    """
    places: list[str] = []
    root.mkdir(parents=True)
    with serving(SCRIPT) as url, _smith(url, root) as smith:
        while True:
            pid = int(_ask(smith, "go"))
            if len(places) < kills:
                for _ in range(rng.randint(1, steps)):
                    _wait_for_progress(url, root, pid)
                time.sleep(rng.uniform(0.0, 0.3))
                os.kill(pid, signal.SIGKILL)
            if int(_ask(smith, "end")) == -signal.SIGKILL:
                places.append(_last(root))
                continue
            break
        books = _books(url)
    run = Run.open(root / "runs")
    assert run.status == "finished", run.status
    spent = {name: run.spent()[name] for name in ("env_steps", "trainings")}
    return Ended(run.fingerprint(), spent, tuple(places), **books)


@contextmanager
def _smith(url: str, root: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "ignore", __file__, url, str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _ask(smith: subprocess.Popen[str], line: str) -> str:
    assert smith.stdin is not None
    assert smith.stdout is not None
    smith.stdin.write(f"{line}\n")
    smith.stdin.flush()
    return smith.stdout.readline().split()[1]


def _books(url: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{url.removesuffix('/v1')}/books", timeout=30) as answer:
        return json.load(answer)


def _signs(url: str, root: Path) -> tuple[object, ...]:
    """Changes whenever the search has asked its model, recorded an event or made a checkpoint."""
    lines = [path.read_bytes().count(b"\n") for path in root.glob("runs/*/events.jsonl")]
    saved = sorted(path.name for path in root.glob("runs/*/checkpoints/*.npz"))
    return _books(url)["calls"], lines, saved


def _wait_for_progress(url: str, root: Path, pid: int) -> None:
    before, until = _signs(url, root), time.monotonic() + 120
    while time.monotonic() < until and _alive(pid) and _signs(url, root) == before:
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:1]


def _last(root: Path) -> str:
    if not list_runs(root / "runs"):
        return ""
    with Run.open(root / "runs") as run:
        events = run.events()
        return events[-1].key if events else ""


def _main(url: str, root: Path) -> None:
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                search(url, root).close()
                status = 0
            except BaseException as error:
                os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(status)
        os.write(1, f"pid {pid}\n".encode())
        sys.stdin.readline()
        os.write(1, f"exit {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n".encode())


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
