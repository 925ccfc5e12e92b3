"""A small design run through the real command: result, JSON, report, export, interruption, resume."""

from __future__ import annotations

import importlib.util
import re
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from cli.command import Said, argv, environment, rewardsmith
from rewardsmith import tasks
from rewardsmith.program import parse

SMALL = ["design", "pendulum", "--method", "random", "--trainings", "3", "--steps", "2048", "--seeds", "1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("design")


@pytest.fixture(scope="module")
def said(folder: Path) -> Said:
    said = rewardsmith(folder, *SMALL, "--json")
    assert said.code == 0, said.err
    return said


def test_json_is_the_only_line_on_stdout(said: Said) -> None:
    assert len(said.out.splitlines()) == 1
    result = said.json
    assert {"run", "reward", "success", "selected_on", "controls", "env_steps", "trainings", "wall_s"} <= set(
        result
    )
    assert {"mean", "low", "high", "seeds"} <= set(result["success"])
    assert set(result["controls"]) >= {"zero", "sparse", "native"}
    assert len(set(result["success"]["seeds"])) == 8
    assert result["success"]["low"] <= result["success"]["mean"] <= result["success"]["high"]
    assert result["success"]["mean"] == pytest.approx(np.mean(result["success"]["per_seed"]))
    assert str(parse(result["reward"], tasks.load("pendulum"))) == result["reward"]


def test_progress_goes_to_stderr_in_plain_lines(said: Said) -> None:
    assert "\x1b" not in said.err
    for wanted in ("pendulum", "success", "round 1/", "best so far", "final", "winner", "in words", "saved"):
        assert re.search(rf"^ *{wanted}", said.err, re.MULTILINE), wanted


def test_unsuccessful_trainings_are_said(said: Said) -> None:
    failed = [value for value in said.json["success"]["per_seed"] if value < 0.5]
    assert len(failed) == len(said.json["failed_seeds"]) > 0  # 2048 steps teach nobody
    assert f"{len(failed)} of 8 final trainings stayed below" in said.err


def test_the_same_command_again_reads_the_run(folder: Path, said: Said) -> None:
    start = time.perf_counter()
    again = rewardsmith(folder, *SMALL, "--json")
    assert time.perf_counter() - start < 20
    assert again.json == said.json


def test_list_and_show(folder: Path, said: Said) -> None:
    (listed,) = rewardsmith(folder, "runs", "--json").json
    assert (listed["run"], listed["status"]) == (said.json["run"], "finished")
    assert (listed["task"], listed["method"]) == ("pendulum", "random")
    assert listed["best"] == pytest.approx(said.json["success"]["mean"])
    for name in (said.json["run"][:5], "latest", said.json["folder"]):
        assert rewardsmith(folder, "show", name, "--json").json == said.json
    assert said.json["words"] in rewardsmith(folder, "show").out


def test_report(folder: Path, said: Said) -> None:
    page = folder / said.json["report"]
    assert "</html>" in page.read_text(encoding="utf-8")
    again = rewardsmith(folder, "report", "latest", "--out", "page.html", "--json")
    assert again.json == {"run": said.json["run"], "report": "page.html"}
    assert "</html>" in (folder / "page.html").read_text(encoding="utf-8")


def test_export_pays_what_the_program_pays(folder: Path, said: Said) -> None:
    assert rewardsmith(folder, "export", "latest", "--out", "mine.py").code == 0
    spec = importlib.util.spec_from_file_location("mine_exported", folder / "mine.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    task = tasks.load("pendulum")
    rng = np.random.default_rng(0)
    obs, after = rng.normal(size=(2, 50, 3))
    batch = task.batch(obs, rng.uniform(-2, 2, size=(50, 1)), after, np.zeros(50, dtype=bool))
    program = parse(said.json["reward"], task)
    np.testing.assert_allclose(module.reward(batch), program(batch), rtol=1e-9, atol=1e-9)


def test_interrupted_and_resumed_gives_the_same(folder: Path, said: Said, tmp_path: Path) -> None:
    work = subprocess.Popen(
        argv(SMALL),
        cwd=tmp_path,
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert work.stderr is not None
    assert any("best so far" in line for line in work.stderr)  # the first round is over, the rest is to come
    work.send_signal(signal.SIGINT)
    _, err = work.communicate(timeout=60)
    assert work.returncode == 130, err
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    command = re.fullmatch(r"stopped; nothing is lost; continue with: rewardsmith (design --resume \w+)", last)
    assert command, err
    (listed,) = rewardsmith(tmp_path, "runs", "--json").json
    assert listed["status"] == "stopped"
    resumed = rewardsmith(tmp_path, *command.group(1).split(), "--json")
    assert resumed.code == 0, resumed.err
    timed = ("wall_s", "folder", "report")
    assert {name: value for name, value in resumed.json.items() if name not in timed} == {
        name: value for name, value in said.json.items() if name not in timed
    }
