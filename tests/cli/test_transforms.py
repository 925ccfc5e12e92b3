"""``rewardsmith transforms`` prints what the classes say of themselves."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from cli.command import rewardsmith
from rewardsmith.transforms.catalogue import catalogue
from rewardsmith.transforms.coverage import TECHNIQUES


def test_the_list(tmp_path: Path) -> None:
    said = rewardsmith(tmp_path, "transforms")
    assert said.code == 0
    lines = said.out.splitlines()
    for entry in catalogue():
        (line,) = [each for each in lines if each.startswith(entry.name + " ")]
        assert entry.scope in line
        assert entry.meaning in line
    rows = rewardsmith(tmp_path, "transforms", "--json").json
    assert [row["name"] for row in rows] == [entry.name for entry in catalogue()]


def test_one(tmp_path: Path) -> None:
    entry = next(each for each in catalogue() if each.name == "Redistribute")
    said = rewardsmith(tmp_path, "transforms", "redistribute")
    assert said.out.startswith("Redistribute: spread the return")
    assert "keeps the return" in said.out
    assert "arXiv:1806.07857" in said.out
    found = rewardsmith(tmp_path, "transforms", "Redistribute", "--json").json
    assert found == {**asdict(entry), "fields": list(entry.fields)}


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    said = rewardsmith(tmp_path, "transforms", "Clap")
    assert said.code == 2
    assert "'Clap'" in said.error
    assert "Clip" in said.error


def test_gaps(tmp_path: Path) -> None:
    said = rewardsmith(tmp_path, "transforms", "--gaps")
    assert said.code == 0
    assert all(technique.name in said.out for technique in TECHNIQUES)
    assert "not here: " in said.out
    rows = rewardsmith(tmp_path, "transforms", "--gaps", "--json").json
    assert len(rows) == len(TECHNIQUES)
    assert all(bool(row["entries"]) != bool(row["refused"]) for row in rows)
