"""What a project accepts: reasons, levels and files in pyproject.toml; mistakes are refused with a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.check import Finding, Level, codes, find_rules, read_rules

GOOD = """
[tool.other]
x = 1
[tool.rewardsmith.check]
ignore = { R110 = "costs are meant to be small", "R402:bonus" = "the bonus is rare" }
levels = { R601 = "warning" }
task = "cartpole"
strict = true
[[tool.rewardsmith.check.files]]
path = "rewards/hop*.py"
task = "Hopper-v5"
ignore = { R101 = "used by another robot" }
[[tool.rewardsmith.check.files]]
path = "rewards/*.py"
reward = "draft"
levels = { R702 = "note" }
"""


def folder_with(tmp_path: Path, text: str) -> Path:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    inner = tmp_path / "rewards" / "deep"
    inner.mkdir(parents=True)
    return inner


def found(code: str, part: str | None = None) -> Finding:
    return Finding(codes()[code], "said", part)


def test_the_nearest_file_with_the_table_counts(tmp_path: Path) -> None:
    inner = folder_with(tmp_path, GOOD)
    (inner / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    rules = find_rules(inner)
    assert (rules.task, rules.strict, rules.levels) == ("cartpole", True, {"R601": Level.WARNING})
    assert read_rules(inner / "pyproject.toml") is None


def test_rules_of_a_file_and_of_one_reward_in_it(tmp_path: Path) -> None:
    folder_with(tmp_path, GOOD)
    rules = find_rules(tmp_path)
    hop = rules.of(tmp_path / "rewards" / "hopper.py")
    assert hop.task == "Hopper-v5"
    assert set(hop.ignore) == {"R110", "R402:bonus", "R101"}
    assert "R702" not in hop.levels
    assert rules.of(tmp_path / "rewards" / "a.py", "draft").levels["R702"] is Level.NOTE
    other = rules.of(tmp_path / "else" / "hopper.py", "draft")
    assert (other.task, set(other.ignore), set(other.levels)) == ("cartpole", {"R110", "R402:bonus"}, {"R601"})


def test_findings_are_accepted_with_their_reason_and_levels_change(tmp_path: Path) -> None:
    folder_with(tmp_path, GOOD)
    given = [found("R110", "a"), found("R402", "bonus"), found("R402", "b"), found("R601"), found("R702")]
    left, accepted = find_rules(tmp_path).judge(given)
    assert [(f.code.code, f.part) for f in left] == [("R402", "b"), ("R601", None), ("R702", None)]
    assert [f.severity for f in left] == [Level.WARNING, Level.WARNING, Level.ERROR]
    reasons = [(f.code.code, reason) for f, reason in accepted]
    assert reasons == [("R110", "costs are meant to be small"), ("R402", "the bonus is rare")]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('ignores = { R110 = "x" }', "did you mean ignore"),
        ('ignore = { R110 = " " }', "allowed: a reason"),
        ("ignore = { R110 = true }", "allowed: a reason"),
        ('ignore = ["R110"]', "allowed: a table"),
        ('ignore = { R11 = "x" }', "did you mean R1"),
        ('levels = { R110 = "fatal" }', "error, warning or note"),
        ('levels = { X110 = "note" }', "did you mean R110"),
        ('strict = "yes"', "true or false"),
        ("task = 3", "a task or the path"),
        ("files = 3", "[[tool.rewardsmith.check.files]]"),
        ('files = [{ task = "cartpole" }]', "a pattern such as rewards/*.py"),
        ('files = [{ path = "*.py", strict = true }]', "received 'strict'"),
        ('files = [{ path = "*.py", reward = 1 }]', "the name of a reward"),
    ],
)
def test_mistakes_are_refused(tmp_path: Path, lines: str, said: str) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(f"[tool.rewardsmith.check]\n{lines}\n", encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        read_rules(file)
    assert said in str(refused.value)


def test_what_is_no_toml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.rewardsmith.check\n", encoding="utf-8")
    with pytest.raises(BadInput, match="TOML"):
        read_rules(file)
