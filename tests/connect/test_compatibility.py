"""The table of `docs/connect.md` says what was run, and with which version."""

from __future__ import annotations

import importlib.metadata
import json
import re

import pytest

from connect.frameworks import run
from source import REPOSITORY

PAGE = REPOSITORY / "docs" / "connect.md"
INSTALLED = {"Gymnasium": "gymnasium", "Stable-Baselines3": "stable-baselines3", "TRL": "trl"}
RECORDED = {
    "verl": "verl",
    "OpenRLHF": "openrlhf",
    "verifiers": "verifiers",
    "verifiers (old)": "verifiers-old",
    "eval-protocol": "eval-protocol",
}


def table() -> dict[str, list[str]]:
    rows = re.findall(
        r"^\| (.+) \|$", PAGE.read_text(encoding="utf-8").partition("\n## What a reward")[0], re.M
    )
    cells = [row.split(" | ") for row in rows]
    return {first: rest for first, *rest in cells if first != "framework"}


def test_the_table_is_complete() -> None:
    assert set(table()) == {*INSTALLED, *RECORDED}


@pytest.mark.parametrize("name", INSTALLED)
def test_what_the_test_suite_runs_is_what_is_installed(name: str) -> None:
    version, _, by = table()[name]
    assert version == importlib.metadata.version(INSTALLED[name])
    assert by == "the test suite"


@pytest.mark.parametrize("name", RECORDED)
def test_what_was_recorded_is_about_these_adapters(name: str) -> None:
    """After a change of an adapter: python tests/connect/frameworks/run.py NAME."""
    version, _, by = table()[name]
    record = json.loads(run.RECORD.read_text())[RECORDED[name]]
    assert record["version"] == version
    assert record["adapter"] == run.digest(RECORDED[name].replace("-", "_"))
    assert by == "`tests/connect/frameworks/run.py`"
    package = {**run.ON_TOP, **run.ALONE}[RECORDED[name]][0]
    assert package == f"{RECORDED[name].removesuffix('-old')}=={version}"
