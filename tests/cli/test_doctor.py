"""``rewardsmith doctor`` says what works here, and refuses by its exit code where something does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.command import argv, environment, rewardsmith
from rewardsmith.cli.doctor import _extras, _missing
from rewardsmith.sandbox import best


def _path_without(program: str, folder: Path) -> str:
    """A PATH on which everything is found but one program."""
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for found in Path(place).glob("*"):
            link = folder / found.name
            link.unlink(missing_ok=True)
            if found.name != program:
                link.symlink_to(found)
    return str(folder)


def test_all_tiers_work_here(tmp_path: Path) -> None:
    said = rewardsmith(tmp_path, "doctor")
    assert said.code == 0, said.err
    lines = [line.split() for line in said.out.splitlines()]
    for tier in ("T0", "T1", "T2"):
        assert next(line for line in lines if line[:1] == [tier])[1] == "yes"
    assert best("T1").name == "bubblewrap"
    (line,) = [each for each in said.out.splitlines() if each.startswith("bubblewrap  T1")]
    assert "a file outside could not be read; a socket outside could not be reached" in line


def test_without_bubblewrap_programs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    path = _path_without("bwrap", tmp_path / "bin")
    nothing = {
        "PATH": path,
        "REWARDSMITH_CACHE": str(tmp_path / "cache"),
    }  # and no program for wasmtime is built
    said = rewardsmith(tmp_path, "doctor", "--json", **nothing)
    assert said.code == 1
    found = said.json
    assert found["tiers"] == {
        "T0": True,
        "T1": True,
        "T2": False,
    }  # T1: seccomp and Landlock alone, stamped weaker
    rows = {(row["backend"], row["tier"]): row for row in found["sandboxes"]}
    for tier in ("T1", "T2"):
        row = rows["bubblewrap", tier]
        assert not row["works"]
        assert (row["missing"], row["remedy"]) == (
            "the program bwrap is not installed",
            "apt-get install bubblewrap",
        )
    assert "weaker" in rows["landlock", "T1"]["stamp"]
    assert "python -m rewardsmith.sandbox.wasm" in rows["wasmtime", "T2"]["remedy"]
    spoken = rewardsmith(tmp_path, "doctor", **nothing)
    assert "apt-get install bubblewrap" in spoken.out
    assert "allow_unsandboxed" in spoken.out


def test_as_an_ordinary_user(tmp_path: Path) -> None:
    """Without any right of root, as it is on most machines (in a user namespace, so that root can test it)."""
    ordinary = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
    run = subprocess.run(
        [*ordinary, *argv(("doctor", "--json"))], capture_output=True, text=True, cwd=tmp_path,
        env=environment(tmp_path), timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_extras_are_what_the_package_says(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "numpy>=2.0",
        'there>=1; extra == "one"',
        'gone[more]>=2,<3; extra == "one"',
        "rewardsmith[one]; extra == 'two'",
        'other>=1; extra == "two"',
        'windows>=1; sys_platform == "win32" and extra == "two"',
    ]
    monkeypatch.setattr("importlib.metadata.requires", lambda _: lines)
    monkeypatch.setattr("rewardsmith.cli.doctor._installed", lambda package: package == "there")
    assert _missing("one") == {"gone"}
    assert _missing("two") == {"gone", "other"}
    assert _missing("three") == set()


def test_extras_are_those_of_the_project() -> None:
    assert {"cli", "control", "torch"} <= set(_extras())
    assert not {"dev", "docs"} & set(_extras())


def test_it_takes_no_time_to_load(tmp_path: Path) -> None:
    code = "import sys, rewardsmith.cli.doctor; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
