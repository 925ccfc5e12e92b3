"""A Ray cluster trains what this process would, bit for bit, also when a worker dies."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import BadInput
from rewardsmith.optimize.control import PPO, Population
from rewardsmith.optimize.control.cluster import Local, RayCluster, named_engine
from rewardsmith.optimize.control.shards import ClusterError, Shard, train_shard

TASK = tasks.load("cartpole")
PARTS = ("same", "broken", "stopped", "killed", "searched")
QUICK = PPO(steps=4096, envs=4, rollout=32, epochs=2, minibatches=2, hidden=(8,))


# one session of Ray for all that needs it: it takes longer to begin than the trainings do
@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    script, folder = Path(__file__).with_name("on_ray.py"), tmp_path_factory.mktemp("ray")
    command = [sys.executable, str(script), str(folder), *PARTS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    # what Ray says of its workers may come after it
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))


@pytest.mark.parametrize("name", ["array", "own", "seen", "own seen"])
def test_two_workers_give_what_one_process_gives(found, name) -> None:
    # "own" is a simulator described in a user's file that no worker has
    assert found["same"][name] == {"equal": True, "task": True, "rising": True, "last": 2}


def test_what_workers_cannot_import_is_named(found) -> None:
    assert found["broken"].startswith("ClusterError: a worker of the cluster cannot load the task or a reward")
    assert "No module named 'only_here'" in found["broken"]
    assert "allowed: task and reward files that import only what is installed on every node" in found["broken"]


def test_a_stop_ends_the_trainings_of_the_workers(found) -> None:
    assert found["stopped"] == {"left": 0}


def test_a_killed_worker_changes_nothing(found) -> None:
    assert found["killed"] == {"equal": True, "killed": 1}


def test_a_search_begun_here_and_ended_on_a_cluster_with_a_dead_worker_is_the_search_here(found) -> None:
    assert found["searched"] == {"equal": True, "costs": True, "killed": 1, "began": True}


def test_local_is_the_population_itself() -> None:
    start, seen = Population.start(TASK, [TASK.native], [0], QUICK), list[int]()
    one, other = Local().advance(start, 256, seen.append), start.advance(256)
    assert np.array_equal(one.members.params, other.members.params)
    assert seen[-1] == 2


def test_a_shard_is_trained_as_the_population_is() -> None:
    start = Population.start(TASK, [TASK.native, TASK.naive], [0, 1], QUICK)
    arrays, wanted = train_shard(Shard.pack(start), 256, lambda done: None), start.advance(256).arrays()
    assert arrays.keys() == wanted.keys()
    assert all(arrays[name].tobytes() == wanted[name].tobytes() for name in arrays)


def test_another_version_is_refused() -> None:
    shard = Shard.pack(Population.start(TASK, [TASK.native], [0], QUICK))
    with pytest.raises(ClusterError, match=r"has rewardsmith .*, this search runs with 0\.0\.7; allowed: "):
        Shard(shard.arrays, shard.pickled, shard.files, "0.0.7").unpack()


def test_an_address_where_nothing_answers_is_refused_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = Population.start(TASK, [TASK.native], [0], QUICK)
    for address in (f"127.0.0.1:{port}", f"ray://127.0.0.1:{port}"):
        with pytest.raises(BadInput, match="nothing answers there"):
            RayCluster(address).advance(start, 128)
    with pytest.raises(BadInput, match="workers"):
        RayCluster(workers=0)
    with pytest.raises(BadInput, match="cpus_per_worker"):
        RayCluster(cpus_per_worker=0)


def test_engines_have_names() -> None:
    assert named_engine("local") == Local()
    assert named_engine("ray", "auto", 3) == RayCluster("auto", workers=3)
    for wrong in (("spark",), ("local", "auto"), ("local", None, 2)):
        with pytest.raises(BadInput, match="engine"):
            named_engine(*wrong)
