"""``rewardsmith compare`` through the real command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.command import rewardsmith
from rewardsmith.cli.main import run

FILE = """
import rewardsmith as rs

@rs.term
def up(next_upright):
    return next_upright

@rs.term
def calm(next_angular_velocity):
    return -abs(next_angular_velocity)

v1 = up + 0.1 * calm
v2 = 2 * (up + 0.1 * calm) + 5.0
slow = up | rs.transforms.Delay(50)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    (folder / "reward.py").write_text(FILE)
    (folder / "calm.py").write_text(FILE.split("v1")[0] + "reward = 1.0 * calm\n")
    (folder / "crash.py").write_text("reward = nothing\n")
    return folder


def test_a_matrix_a_sentence_and_a_page(folder: Path) -> None:
    said = rewardsmith(
        folder, "compare", "reward.py:v1", "reward.py:v2", "calm.py", "cos(angle)", "--task", "cartpole",
        "--record", "3000",
    )  # fmt: skip
    assert said.code == 2
    assert "next_upright" in said.error
    said = rewardsmith(
        folder, "compare", "reward.py:v1", "reward.py:v2", "calm.py", "sparse", "upright - 0.1", "--task",
        "pendulum_hold", "--record", "12000", "--metric", "starc,ranks", "--out", "page.html",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert said.err.splitlines()[0] == "recording about 12,000 transitions of pendulum_hold"
    head, *lines = said.out.splitlines()
    assert head.startswith(
        "STARC distance, values of the policies that recorded; 95 % interval, noise floor 0."
    )
    first = next(line for line in lines if line.startswith("v1"))
    assert re.match(r"v1 +0 +0\.00 \[0\.00, 0\.\d\d\] ~ +0\.\d\d \[0\.\d\d, \d\.\d\d\]", first)
    assert any("v1 and v2 are the same up to shaping and scale" in line for line in lines)
    assert any(line.startswith("disagreement in ranking episodes") for line in lines)
    page = (folder / "page.html").read_text()
    assert page.count("<svg") == 2
    assert "up + 0.1 * calm" in re.sub(r"<[^>]+>", "", page)


def test_json(folder: Path) -> None:
    said = rewardsmith(
        folder, "compare", "reward.py:v1", "native", "zero", "--task", "pendulum_hold", "--record", "2000",
        "--metric", "epic", "--json",
    )  # fmt: skip
    assert said.code == 0, said.err
    found = said.json
    (epic,) = found["comparisons"]
    assert found["rewards"]["zero"] == "constant(0.0)"
    assert epic["names"] == ["v1", "native", "zero"]
    assert epic["trivial"] == ["zero"]
    assert epic["mean"][0][2] == 0.5
    assert epic["low"][0][1] <= epic["mean"][0][1] <= epic["high"][0][1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reward.py:v1"], "at least two"),
        (["reward.py:v1", "reward.py:v1"], "the same reward"),
        (["zero", "sparse", "--metric", "cosine"], "--metric: received 'cosine'; allowed: starc"),
        (["zero", "native", "--out", "page.png"], "a name that ends in .html"),
        (["zero", "native", "--seed", "-1"], "--seed"),
        (["zero", "native", "--record", "0"], "--record"),
        (["zero", "gone.py"], "there is no such file"),
        (["zero", "crash.py"], "NameError"),
        (["zero", "upright +"], "E_"),
        (["reward.py:slow", "zero"], "returns, ranks and regret can be compared"),
    ],
)
def test_bad_input_is_one_line(
    folder: Path,
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    assert run(["compare", *arguments, "--task", "pendulum_hold"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ")
    assert said in last


def test_what_a_task_lacks(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert run(["compare", "reward.py:v1", "calm.py", "--task", "mountain_car"]) == 2
    assert "reads the field 'next_" in capsys.readouterr().err
    assert run(["compare", "native", "zero", "--task", "cartpole_swingup"]) == 2
    assert "the task cartpole_swingup has no such reward" in capsys.readouterr().err
