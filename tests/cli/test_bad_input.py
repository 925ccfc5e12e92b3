"""Bad input gets one line (received, allowed, why) and exit code 2."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import pytest

from cli.command import argv, environment, rewardsmith
from rewardsmith.design.scripted import Script, serving
from rewardsmith.store import Run

CASES = {
    "unknown verb": (["desing"], ["desing", "did you mean", "design"]),
    "unknown option": (["design", "cartpole", "--stesp", "5"], ["--stesp", "--steps"]),
    "no task": (["design"], ["task: received nothing", "cartpole_swingup"]),
    "near miss of a task": (
        ["design", "cartpole_swingp"],
        ["'cartpole_swingp'", "did you mean cartpole_swingup"],
    ),
    "a Gymnasium id": (["design", "Walker2d-v5"], ["'Walker2d-v5'", "Task.from_gymnasium"]),
    "two tasks": (
        ["design", "cartpole", "--task", "pendulum"],
        ["'cartpole' and --task 'pendulum'", "one task"],
    ),
    "unknown method": (
        ["design", "cartpole", "--method", "eurka"],
        ["method: received 'eurka'", "did you mean eureka"],
    ),
    "no trainings": (["design", "cartpole", "--trainings", "0"], ["--trainings: received 0", "at least 1"]),
    "negative steps": (["design", "cartpole", "--steps", "-5"], ["--steps: received -5", "at least 1"]),
    "negative seeds": (["design", "cartpole", "--seeds", "-1"], ["--seeds: received -1", "at least 1"]),
    "negative seed": (["design", "cartpole", "--seed", "-1"], ["--seed: received -1", "at least 0"]),
    "words for steps": (["design", "cartpole", "--steps", "many"], ["--steps", "integer"]),
    "too few trainings": (
        ["design", "cartpole", "--method", "derl", "--trainings", "1"],
        ["trainings: received 1", "at least 2"],
    ),
    "a limit on no model": (
        ["design", "cartpole", "--max-cost", "1"],
        ["--max-cost: received 1.0", "with --llm"],
    ),
    "a form for no model": (["design", "cartpole", "--structured"], ["--structured", "with --llm"]),
    "a script of answers that is not there": (
        ["design", "cartpole", "--method", "icpl", "--feedback", "scripted:no.json"],
        ["feedback file: received no.json", "no such file"],
    ),
    "no such file": (["design", "--task", "nowhere.py"], ["nowhere.py", "no such file"]),
    "no such run": (["show", "abc"], ["run: received 'abc'", "there are no runs"]),
    "resume nothing": (["design", "--resume", "latest"], ["run: received 'latest'", "there are no runs"]),
    "a folder that is no run": (["report", "."], ["run: received '.'", "journal.sqlite"]),
    "unknown system": (["reproduce", "no-such-paper"], ["system: received 'no-such-paper'", "derl"]),
    "unknown family": (["systems", "--family", "none"], ["family: received 'none'", "design"]),
    "unknown task to show": (["tasks", "pendulm"], ["'pendulm'", "did you mean pendulum"]),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line(case: str, tmp_path: Path) -> None:
    arguments, wanted = CASES[case]
    said = rewardsmith(tmp_path, *arguments)
    assert said.code == 2, said
    assert said.out == ""
    assert said.error.startswith("error: ")
    assert [word for word in wanted if word.lower() not in said.error.lower()] == []
    assert list(tmp_path.iterdir()) == []  # nothing was made


GOOD = """
import rewardsmith as rs
from rewardsmith import tasks

shipped = tasks.load("pendulum")
"""
FILES = {
    "not Python": ("def task(:", "line 1: not Python"),
    "fails": ("x = 1\n1 / 0", "line 2: ZeroDivisionError"),
    "no task": ("x = 1", "it defines no `task`"),
    "another thing": ("task = 3", "its `task` is a int"),
    "misspelt field": (
        GOOD
        + "@rs.term\ndef good(next_angel):\n    return next_angel\n"
        + "task = tasks.Task('mine', 'text', shipped.env, shipped.fields, 200, tasks.Success(good))",
        "next_angel",
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_wrong_task_file(case: str, tmp_path: Path) -> None:
    text, wanted = FILES[case]
    (tmp_path / "my_task.py").write_text(text)
    said = rewardsmith(tmp_path, "design", "--task", "my_task.py", "--trainings", "6", "--steps", "100")
    assert said.code == 2, said
    assert "my_task.py" in said.error
    assert wanted in said.error
    assert not (tmp_path / "runs").exists()


def _run(folder: Path) -> Run:
    return Run.create(folder / "runs", {"task": "pendulum", "method": {"name": "random"}, "version": "0"})


def test_damaged_run(tmp_path: Path) -> None:
    with _run(tmp_path) as run:
        journal = run.folder / "journal.sqlite"
    journal.write_bytes(b"this is not a database" * 100)
    said = rewardsmith(tmp_path, "show", "latest")
    assert said.code == 2
    assert "journal.sqlite" in said.error
    listed = rewardsmith(tmp_path, "runs", "--json")
    assert [each["status"] for each in listed.json] == ["unreadable"]


def test_run_without_a_result(tmp_path: Path) -> None:
    with _run(tmp_path) as run:
        name = run.id
    assert f"design --resume {name}" in rewardsmith(tmp_path, "show", name[:4]).out
    said = rewardsmith(tmp_path, "export", "latest")
    assert said.code == 2
    assert "no result yet" in said.error
    assert not (tmp_path / "reward.py").exists()


def test_run_of_another_version(tmp_path: Path) -> None:
    with _run(tmp_path):
        pass
    said = rewardsmith(tmp_path, "design", "--resume", "latest")
    assert said.code == 2
    assert "made by rewardsmith 0" in said.error


def test_resume_takes_nothing_else(tmp_path: Path) -> None:
    said = rewardsmith(tmp_path, "design", "--resume", "latest", "--steps", "5")
    assert said.code == 2
    assert "a run goes on as it began" in said.error


def test_folder_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = rewardsmith(tmp_path, "design", "pendulum", "--out", "file/runs")
    assert said.code == 2
    assert "file" in said.err.splitlines()[-1]


def test_full_disk(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the journal cannot grow."""
    run = subprocess.run(
        argv(["design", "pendulum"]),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path, REWARDSMITH_CACHE=str(tmp_path / "cache")),  # not to be damaged for others
        timeout=240,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert run.returncode == 2, run.stderr
    last = run.stderr.splitlines()[-1]
    assert last.startswith("error: disk full")
    assert "--resume" in last
    assert "Traceback" not in run.stderr


def test_unexpected_faults_are_one_line_too(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import rewardsmith.tasks as t\ndef names():\n    raise RuntimeError('two\\nlines')\nt.names = names\n"
    )
    said = rewardsmith(tmp_path, "tasks", PYTHONPATH=str(tmp_path))
    assert said.code == 1
    assert said.error.startswith("unexpected RuntimeError: two lines")
    assert "--debug" in said.error
    debug = rewardsmith(tmp_path, "tasks", "--debug", PYTHONPATH=str(tmp_path))
    assert debug.code == 1
    assert "Traceback" in debug.err


def test_a_search_without_a_winner_is_not_to_be_continued(tmp_path: Path) -> None:
    with serving(Script()) as url:
        options = ("--llm", url, "--model", "scripted-grammar", "--max-calls", "0")
        said = rewardsmith(tmp_path, "design", "pendulum", *options, "--trainings", "4", "--steps", "1024")
    assert said.code == 2
    last = said.err.splitlines()[-1]
    assert "has no winner: the budget of scripted-grammar (0 calls) paid for no answer; raise it" in last
    assert "--resume" not in said.err


def test_a_stored_run_does_not_switch_the_sandbox_off(tmp_path: Path) -> None:
    config = {"task": "pendulum", "method": {"name": "random"}, "version": "0", "unsandboxed": True}
    with Run.create(tmp_path / "runs", config) as run:
        name = run.id
    said = rewardsmith(tmp_path, "design", "--resume", "latest")
    assert said.code == 2
    assert f"allowed: --resume {name} --allow-unsandboxed, if you trust what it runs" in said.error
    typed = rewardsmith(tmp_path, "design", "--resume", "latest", "--allow-unsandboxed")
    assert "made by rewardsmith 0" in typed.error, "it went on to the next check"


def test_a_run_in_the_sandbox_is_not_taken_out_of_it(tmp_path: Path) -> None:
    with _run(tmp_path):
        pass
    said = rewardsmith(tmp_path, "design", "--resume", "latest", "--allow-unsandboxed")
    assert said.code == 2
    assert "this run began in the sandbox" in said.error
