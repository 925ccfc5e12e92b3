"""The verbs that only look: lists, help, version, JSON."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
from pathlib import Path

import pytest

import rewardsmith as rs
from cli.command import argv, cpu_seconds, environment, rewardsmith
from rewardsmith import tasks, zoo
from rewardsmith.cli.main import VERBS
from rewardsmith.cli.output import count, duration, interval, number, row, table
from rewardsmith.design import methods as shipped


def test_version_and_help(tmp_path: Path) -> None:
    assert rewardsmith(tmp_path, "--version").out == f"rewardsmith {rs.__version__}\n"
    bare, asked = rewardsmith(tmp_path), rewardsmith(tmp_path, "--help")
    assert bare.code == asked.code == 0
    assert bare.out == asked.out
    assert all(f"  {verb.NAME} " in asked.out and verb.HELP in asked.out for verb in VERBS)


@pytest.mark.parametrize("verb", [verb.NAME for verb in VERBS])
def test_every_verb_has_help(verb: str, tmp_path: Path) -> None:
    said = rewardsmith(tmp_path, verb, "--help")
    assert said.code == 0
    assert said.out.startswith(f"Usage: rewardsmith {verb}")
    assert "--json" in said.out


def test_help_takes_less_than_half_a_second() -> None:
    cpu_seconds(*argv(["--help"]))  # once before, so that the files are in memory
    assert statistics.median(cpu_seconds(*argv(["--help"])) for _ in range(5)) < 0.5


def test_tasks(tmp_path: Path) -> None:
    listed = rewardsmith(tmp_path, "tasks")
    assert listed.code == 0
    assert all(re.search(rf"^{re.escape(name)} ", listed.out, re.MULTILINE) for name in tasks.names())
    rows = rewardsmith(tmp_path, "tasks", "--json").json
    assert [each["name"] for each in rows] == list(tasks.names())
    one = rewardsmith(tmp_path, "tasks", "cartpole_swingup", "--json").json
    assert {field["name"] for field in one["fields"]} == {
        f.name for f in tasks.load("cartpole_swingup").table()
    }
    assert one["fields"][0]["low"] is None  # no bound: JSON has no infinity
    shown = rewardsmith(tmp_path, "tasks", "cartpole_swingup").out
    assert "m/s" in shown
    assert "at most 500 steps; ends early where the agent fails" in shown
    assert one["ending"] == "failure"


def test_methods_and_systems(tmp_path: Path) -> None:
    methods = rewardsmith(tmp_path, "methods", "--json").json
    assert {each["name"] for each in methods} == set(shipped())
    assert sum(each["default"] for each in methods) == 1
    systems = rewardsmith(tmp_path, "systems", "--json").json
    assert [each["slug"] for each in systems] == [system.slug for system in zoo.systems()]
    assert set(systems[0]) == {"slug", "family", "title", "status"}
    assert rewardsmith(tmp_path, "systems", "--family", "design").code == 0


def test_no_runs_yet(tmp_path: Path) -> None:
    assert rewardsmith(tmp_path, "runs", "--json").json == []
    assert "rewardsmith design" in rewardsmith(tmp_path, "runs").out


def test_a_reader_that_leaves_early_is_no_fault(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run(
        argv(["tasks"]), stdout=write, stderr=subprocess.PIPE, text=True, env=environment(tmp_path), timeout=60
    )
    os.close(write)
    assert run.stderr == ""


def test_numbers_for_people() -> None:
    assert [number(x) for x in (0.914, None, float("nan"), True)] == ["0.91", "-", "-", "-"]
    assert interval({"mean": 0.914, "low": 0.83, "high": 0.966}) == "0.91 [0.83, 0.97]"
    assert interval({"mean": 0.5, "low": None, "high": None}) == "0.50"
    assert interval({"mean": 0.5, "low": float("nan"), "high": float("nan")}) == "0.50"
    assert interval(None) == interval({"mean": None}) == "-"
    assert [count(x) for x in (12, 1234, 312_000, 4.1e6, 2e9, float("nan"))] == [
        "12", "1.2k", "312k", "4.1M", "2.0G", "-",
    ]  # fmt: skip
    assert [duration(x) for x in (48, 61.4, 3723, float("inf"))] == ["0:48", "1:01", "1:02:03", "-"]
    assert row("a", "b\nc") == f"{'a':<18} b\n{'':<18} c"
    assert table(("x", "y"), [("long", "1"), ("b", "2")]) == "x     y\nlong  1\nb     2"
