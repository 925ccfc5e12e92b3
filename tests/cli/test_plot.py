"""``rewardsmith plot`` through the real command."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cli.command import Said, rewardsmith
from rewardsmith import tasks
from rewardsmith.connect.load import load_reward
from rewardsmith.tasks.record import record_episodes

FILE = """
import rewardsmith as rs

@rs.term
def up(next_upright):
    return next_upright

@rs.term
def calm(next_angular_velocity):
    return -abs(next_angular_velocity)

reward = up + 0.1 * calm | rs.Clip(-1.5, 1)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plot")
    (folder / "reward.py").write_text(FILE)
    return folder


def plot(folder: Path, *arguments: str) -> Said:
    return rewardsmith(folder, "plot", *arguments)


def test_a_picture_and_what_the_parts_paid(folder: Path) -> None:
    said = plot(folder, "reward.py", "--task", "pendulum", "--at", "torque=1", "--seed", "3", "--episodes", "2")
    assert said.code == 0
    assert said.error == "recording 2 episodes of pendulum (random actions)"
    with Image.open(folder / "reward.png") as picture:
        assert picture.size == (1610, 1148)
    lines = {line.split("  ")[0]: line.split()[-3:] for line in said.out.splitlines()}
    assert list(lines) == ["paid in a whole episode", "whole reward", "up", "calm", "clip", "written"]
    reward, episodes = load_reward(folder / "reward.py"), record_episodes(tasks.load("pendulum"), 3, 2)
    sums = [float(np.sum(reward(batch))) for batch in episodes]
    assert [float(v) for v in lines["whole reward"]] == pytest.approx(
        [np.mean(sums), min(sums), max(sums)], abs=6e-4
    )


def test_json_and_svg(folder: Path) -> None:
    said = plot(
        folder, "reward.py:reward", "--task", "pendulum", "--fields", "upright, torque", "--out", "a.svg",
        "--at", "angular_velocity=0.5", "--json",
    )  # fmt: skip
    found = said.json
    assert len(said.out.splitlines()) == 1
    assert found["fields"] == ["upright", "torque"]
    assert found["fixed"] == {"angular_velocity": 0.5}
    assert set(found["income"]) == {"whole reward", "up", "calm", "clip"}
    assert ElementTree.fromstring((folder / found["file"]).read_text()).tag.endswith("svg")


@pytest.mark.slow
def test_with_what_a_run_found_and_its_policy(folder: Path) -> None:
    small = ["--method", "random", "--trainings", "3", "--steps", "2048", "--seeds", "1"]
    run = rewardsmith(folder, "design", "pendulum", *small, "--json").json["run"]
    said = plot(folder, "--run", "latest", "--out", "run.html")
    assert said.code == 0, said.err
    assert said.error == f"recording 6 episodes of pendulum (the policy of run {run})"
    page = (folder / "run.html").read_text()
    assert f"the policy of run {run}" in page
    other = plot(folder, "reward.py", "--run", run, "--task", "cartpole")
    assert (other.code, other.out) == (2, "")
    assert "--task: received cartpole; allowed: pendulum" in other.error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "plot: received no reward file; allowed: reward.py --task TASK, or --run RUN"),
        (["reward.py"], "plot: received no --task"),
        (["nothing.py", "--task", "pendulum"], "there is no such file"),
        (["reward.py", "--task", "pendulun"], "did you mean pendulum"),
        (["reward.py", "--task", "cartpole", "--episodes", "1"], "reads the field 'next_upright'"),
        (
            ["reward.py", "--task", "pendulum", "--fields", "up"],
            "field to plot: received 'up'; allowed: terminated,",
        ),
        (
            ["reward.py", "--task", "pendulum", "--at", "torque"],
            "--at: received 'torque'; allowed: FIELD=VALUE",
        ),
        (["reward.py", "--task", "pendulum", "--at", "torque=inf"], "with a finite number"),
        (["reward.py", "--task", "pendulum", "--out", "a.gif"], "ends in .png, .svg, .html"),
        (["reward.py", "--task", "pendulum", "--episodes", "0"], "--episodes: received 0"),
        (["reward.py", "--task", "pendulum", "--seed", "-1"], "--seed: received -1"),
        (["reward.py", "--task", "pendulum", "--out", "reward.py/a.png"], "cannot write"),
        (["--run", "latest"], "no runs in"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(folder: Path, arguments: list[str], said: str) -> None:
    result = rewardsmith(folder, "plot", *arguments, REWARDSMITH_RUNS=str(folder / "none"))
    assert (result.code, result.out) == (2, "")
    assert said in result.err.splitlines()[-1]
    assert result.err.splitlines()[-1].startswith("error: ")
