"""Trains on a local Ray cluster and prints what a test asserts; a process of its own, because Ray is noisy.

python on_ray.py FOLDER
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
import types
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from rewardsmith import tasks
from rewardsmith.core.errors import RewardsmithError
from rewardsmith.core.term import success
from rewardsmith.design import Design, design, load_method
from rewardsmith.optimize.control import PPO, Population
from rewardsmith.optimize.control.cluster import RayCluster
from rewardsmith.program import parse
from rewardsmith.store import Run
from rewardsmith.transforms import Normalize

QUICK = PPO(steps=4096, envs=4, rollout=32, epochs=2, minibatches=2, hidden=(8,))
PPO_OPTIONS = (("envs", 4), ("hidden", (8,)), ("minibatches", 2), ("rollout", 32))
CLUSTER = RayCluster(workers=2)
FILE = '''
"""A task of a user's own: found nowhere but in this file."""
import gymnasium
import rewardsmith as rs
from rewardsmith.core.fields import Field
from rewardsmith.tasks import Success, Task
from rewardsmith.core.arrays import xp
{extra}

def half(obs):
    return 0.5 * obs[..., 2]

@rs.term
def up(next_half):
    return 1.0 - 4.0 * next_half ** 2

@rs.term
def standing(next_half):
    return (abs(next_half) < 0.05) * 1.0

task = Task.from_gymnasium(
    "CartPole-v1",
    engine="gymnasium",
    fields=(Field("half", unit="rad", read=half, meaning="half the angle"),),
    success=Success(standing, meaning="stands"),
    naive=up,
)
'''


def content(population: Population) -> list[bytes]:
    arrays = population.arrays()
    return [np.asarray(arrays[name]).tobytes() + name.encode() for name in sorted(arrays)]


def start(folder: Path) -> dict[str, Population]:
    array = tasks.load("cartpole")
    file = folder / "own.py"
    file.write_text(FILE.format(extra=""))
    own = tasks.load_file(file)
    programs = [parse(f"{{'stand': 1.0, 'centre': -{c} * next_x ** 2}}", array) for c in (0.1, 0.5)]
    hosted = [array.native | Normalize(0.99), array.naive, success]
    return {
        "array": Population.start(array, [*programs, *hosted], [3, 1], QUICK),
        "own": Population.start(own, [own.naive, success], [0, 5], QUICK),
        "seen": Population.start(
            array, [*programs, array.naive], [3, 1], QUICK, [("angle", "x"), None, ("x",)]
        ),
        "own seen": Population.start(own, [own.naive], [0, 5], QUICK, [("half",)]),
    }


def same(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, population in start(folder).items():
        seen: list[int] = []
        here = population.advance(128).advance(256)
        there = CLUSTER.advance(CLUSTER.advance(population, 128), 256, seen.append)
        found[name] = {"equal": content(here) == content(there), "task": there.task is population.task}
        found[name] |= {"rising": seen == sorted(seen), "last": seen[-1]}
    return found


def broken(folder: Path) -> str:
    """A task file that imports what only this process has."""
    sys.modules["only_here"] = types.ModuleType("only_here")
    file = folder / "lonely.py"
    file.write_text(FILE.format(extra="import only_here"))
    task = tasks.load_file(file)
    try:
        CLUSTER.advance(Population.start(task, [task.naive], [0], QUICK), 128)
    except RewardsmithError as error:
        return f"{type(error).__name__}: {error}"
    finally:
        del sys.modules[task.naive.function.__module__]
    return ""


def workers() -> list[psutil.Process]:
    """Processes that train at this moment."""
    return [each for each in psutil.Process().children(recursive=True) if "ray::_work" in title(each)]


def title(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):  # it has ended meanwhile
        return " ".join(process.cmdline())
    return ""


def stopped(folder: Path) -> dict[str, Any]:
    """A person presses Ctrl-C: the trainings end, too."""
    began = time.monotonic()

    def progress(done: int) -> None:
        if workers():
            raise KeyboardInterrupt

    try:
        CLUSTER.advance(start(folder)["array"], 10**9, progress)
    except KeyboardInterrupt:
        while workers() and time.monotonic() < began + 60:
            time.sleep(0.02)
        return {"left": len(workers())}
    return {}


def killed(folder: Path) -> dict[str, Any]:
    """A worker dies in the middle."""
    population, dead = start(folder)["array"], list[int]()

    def progress(done: int) -> None:
        if done >= 8 and not dead:
            victim = workers()[0]
            victim.send_signal(signal.SIGKILL)
            dead.append(victim.pid)

    there = CLUSTER.advance(population, 4096 * 4, progress)
    return {"equal": content(there) == content(population.advance(4096 * 4)), "killed": len(dead)}


@dataclass
class Killer:
    """Watches a search and kills a worker as soon as one trains."""

    dead: list[int] = field(default_factory=list)

    def event(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "progress" and not self.dead and (training := workers()):
            training[0].send_signal(signal.SIGKILL)
            self.dead.append(training[0].pid)


class Stopper:
    """Watches a search and stops it after its first round."""

    def event(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "round" and data["round"] == 1:
            raise KeyboardInterrupt


def searched(folder: Path) -> dict[str, Any]:
    """A whole search here, and one that begins here and ends on workers of which one dies."""
    method = replace(load_method("eureka"), rounds=2, candidates=4)
    wanted = Design("cartpole", method, 8, 3072, ppo=PPO_OPTIONS)
    here, killer = design(wanted, folder / "here"), Killer()
    with contextlib.suppress(KeyboardInterrupt):
        design(wanted, folder / "there", Stopper())
    began = [event.key for event in Run.open(folder / "there").events()]
    there = design(wanted, folder / "there", killer, CLUSTER)
    costs = [{name: run.spent()[name] for name in ("env_steps", "trainings")} for run in (here, there)]
    return {
        "equal": here.fingerprint() == there.fingerprint(),
        "costs": costs[0] == costs[1],
        "killed": len(killer.dead),
        "began": "round/0/selected" in began and "round/1/selected" not in began,
    }


if __name__ == "__main__":
    wanted = [each for each in (same, broken, stopped, killed, searched) if each.__name__ in sys.argv[2:]]
    results = {each.__name__: each(Path(sys.argv[1])) for each in wanted}
    print(json.dumps(results))
