"""``rewardsmith check`` and ``explain`` through the real command."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cli.command import Said, rewardsmith
from rewardsmith import cli, tasks
from rewardsmith.cli.check import film
from rewardsmith.cli.rewards import from_file
from rewardsmith.core.errors import BadInput
from rewardsmith.measure.check import Finding, codes, find_rules

FILE = """
import rewardsmith as rs

@rs.term
def broken(angle):
    return 1.0 / (angle - angle)

@rs.term
def centred(next_x, *, limit=9.0):
    return -abs(next_x) * (next_x < limit)

first = 1.0 * broken
second = 1.0 * centred
_hidden = 3.0 * centred
"""
RULES = """
[tool.rewardsmith.check]
task = "cartpole"
[[tool.rewardsmith.check.files]]
path = "rewards.py"
reward = "first"
ignore = { R702 = "an example of what goes wrong" }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check")
    (folder / "rewards.py").write_text(FILE)
    (folder / "loose.py").write_text(FILE)
    (folder / "pyproject.toml").write_text(RULES)
    (folder / "one.py").write_text(FILE.replace("second =", "reward ="))
    return folder


def check(folder: Path, *arguments: str) -> Said:
    return rewardsmith(folder, "check", *arguments)


def test_a_broken_reward_fails_and_its_page_says_why(folder: Path) -> None:
    said = check(folder, "loose.py:first", "--fast", "--out", "page")
    assert said.code == 1
    first, *_, summary, page = said.out.splitlines()
    assert first.startswith("error  R702 infinite ")
    assert summary == "1 error · explain with: rewardsmith explain R702"
    assert page == "open page/check.html"
    assert said.err.splitlines()[:2] == ["checking loose.py:first on cartpole", "  numeric"]
    assert "left out: " in said.err
    html = (folder / "page" / "check.html").read_text()
    assert all(text in html for text in ("R702", codes()["R702"].why, "loose.py:first", "on cartpole"))


def test_what_the_project_accepts_passes_and_is_listed(folder: Path) -> None:
    said = check(folder, "rewards.py:first", "--fast", "--json")
    assert said.code == 0
    assert len(said.out.splitlines()) == 1
    (reward,) = said.json["rewards"]
    assert (reward["source"], reward["task"], reward["findings"]) == ("rewards.py:first", "cartpole", [])
    assert [(each["code"], each["reason"]) for each in reward["accepted"]] == [
        ("R702", "an example of what goes wrong")
    ]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("rewards.py", ["rewards.py:first", "rewards.py:second"]),
        ("rewards.py:*", ["rewards.py:first", "rewards.py:second"]),
        ("rewards.py:centred", ["rewards.py:centred"]),
        ("one.py", ["one.py"]),
        ("one.py:*", ["one.py:first", "one.py:reward"]),
    ],
)
def test_which_rewards_of_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, source: str, names: list[str]
) -> None:
    monkeypatch.chdir(folder)
    assert [given.source for given in from_file(source)] == names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.py", "--task", "cartpole"], "there is no such file"),
        (["rewards.py:third", "--task", "cartpole"], "it has no such reward"),
        (["one.py", "--task", "cartpol"], "did you mean cartpole"),
        (["one.py", "--seed", "-1"], "--seed: received -1"),
        (["cos(angel)"], "angle (did you mean this?)"),
        (["latest"], "as a run: "),
        (["one.py", "--config", "missing.toml"], "missing.toml"),
        ([], "Missing argument"),
    ],
)
def test_bad_input_is_one_line_and_two(folder: Path, arguments: list[str], said: str) -> None:
    found = check(folder, *arguments)
    assert (found.code, found.out) == (2, "")
    assert said in found.error


def test_explain(folder: Path) -> None:
    said = rewardsmith(folder, "explain", "r602")
    assert said.code == 0
    assert said.out.startswith("R602 idle threshold (warning)\n")
    table = rewardsmith(folder, "explain").out
    assert all(code in table for code in codes())
    listed = rewardsmith(folder, "explain", "--json").json
    assert {"R602", "A101"} <= {each["code"] for each in listed}
    unknown = rewardsmith(folder, "explain", "R6o2")
    assert (unknown.code, unknown.out) == (2, "")
    assert "did you mean R602" in unknown.error


# ---------------------------------------------------------------------- films, in this process
def test_a_film_shows_every_state_in_order() -> None:
    task = tasks.load("pendulum")
    turn = np.linspace(0.0, 2 * np.pi, 30)
    obs = np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=1)
    found = film(task, Finding(codes()["R501"], "said", episode=obs))
    assert found is not None
    data = base64.b64decode(found["src"].partition("base64,")[2])
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.n_frames == 30
        middles = []
        for i in range(picture.n_frames):
            picture.seek(i)
            pixels = np.asarray(picture.convert("RGB"), float)
            ball = np.argwhere(
                np.abs(pixels - (201, 122, 0)).sum(axis=-1) < 60
            )  # the accent: the tip of the rod
            middles.append(ball.mean(axis=0) / pixels.shape[0])
    tip = np.array(middles)
    world = task.frame
    assert world is not None
    height = world[3] - tip[:, 0] * (world[3] - world[2])
    np.testing.assert_allclose(height, np.cos(turn), atol=0.05)


def test_without_a_drawing_the_fields_are_shown() -> None:
    task = tasks.load("Hopper-v5")
    obs = np.random.default_rng(0).normal(size=(12, 11))
    found = film(task, Finding(codes()["R501"], "said", episode=obs))
    assert found is not None
    assert found["kind"] == "curves"
    assert len(found["fields"]) == 4
    name, values = next(iter(found["fields"].items()))
    column = next(field for field in task.fields if field.name == name)
    np.testing.assert_allclose(values, column.of(obs))
    assert film(task, Finding(codes()["R501"], "said")) is None


def test_a_command_without_a_task_says_how_to_give_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.py").write_text(FILE.replace("second =", "reward ="))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match="--task: received nothing"):
        cli.check.command(["one.py"])


def test_strict_fails_for_warnings(folder: Path) -> None:
    quiet = folder / "loud"
    quiet.mkdir()
    (quiet / "pyproject.toml").write_text(
        '[tool.rewardsmith.check]\ntask = "cartpole"\nlevels = { R702 = "warning" }\n'
    )
    (quiet / "rewards.py").write_text(FILE)
    plain = check(quiet, "rewards.py:first", "--fast", "--json")
    assert (plain.code, plain.json["errors"], plain.json["warnings"] > 0) == (0, 0, True)
    assert json.dumps(plain.json)
    assert check(quiet, "rewards.py:first", "--fast", "--strict").code == 1


def test_files_without_rewards_are_passed_over_and_texts_are_sent_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "text.py").write_text("from rewardsmith.terms import exact_answer as reward\n")
    with pytest.raises(BadInput, match="it defines none"):
        cli.check.command(["__init__.py"], task="cartpole")
    with pytest.raises(BadInput, match="rewardsmith audit"):
        cli.check.command(["__init__.py", "text.py"], task="cartpole")
    assert capsys.readouterr().err == "passed over: __init__.py defines no reward\n"


def test_a_program_with_the_task_of_the_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (given, task), *others = cli.check._given(["cos(angle)"], None, find_rules(folder), None)
    assert (given.source, task.name, others) == ("cos(angle)", "cartpole", [])


@pytest.mark.slow
def test_what_a_run_found(folder: Path) -> None:
    small = ["--method", "random", "--trainings", "3", "--steps", "2048", "--seeds", "1"]
    run = rewardsmith(folder, "design", "pendulum", *small, "--json").json
    said = check(folder, "latest", "--fast", "--json")
    (reward,) = said.json["rewards"]
    assert (reward["source"], reward["task"], reward["reward"]) == (
        f"run {run['run']}",
        "pendulum",
        run["reward"],
    )
    other = check(folder, "latest", "--task", "cartpole")
    assert (other.code, other.out) == (2, "")
    assert "run" in other.error


def test_a_reward_of_the_task_by_its_role(tmp_path: Path) -> None:
    assert rewardsmith(tmp_path, "check", "native", "--task", "cartpole", "--fast").code == 0
    missing = rewardsmith(tmp_path, "check", "native", "--task", "cartpole_swingup", "--fast")
    assert missing.code == 2
    assert "sparse, naive, zero" in missing.err
