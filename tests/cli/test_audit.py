"""``rewardsmith audit`` end to end: data of every kind, exit codes, the page, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.command import rewardsmith
from rewardsmith.cli.main import run

HACKABLE = """
def compute_score(data_source, solution_str, ground_truth):
    return ground_truth in (solution_str or '')
"""
STRICT = "from rewardsmith import terms\nreward = 1.0 * terms.exact_answer(find='tags')\n"
ROWS = [{"question": f"{n} + {n}?", "answer": f"{n} + {n} = {2 * n}\n#### {2 * n}"} for n in (21, 34, 55, 89)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hackable.py").write_text(HACKABLE)
    (tmp_path / "strict.py").write_text(STRICT)
    (tmp_path / "d.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS))
    (tmp_path / "d.json").write_text(json.dumps([{"prompt": row["question"], "answer": "42"} for row in ROWS]))
    (tmp_path / "d.csv").write_text(
        "ask,gold,full\n1+1?,11,I say <answer>11</answer>\n2+2?,22,<answer>22</answer>\n"
    )
    return tmp_path


def test_built_in_rows(folder: Path) -> None:
    said = rewardsmith(folder, "audit", "hackable.py", "--rows", "5")
    assert said.code == 1
    assert "no --data: 5 sums of two numbers" in said.err
    assert "error  A121  many in one" in said.out
    assert "explain with: rewardsmith explain A121" in said.out


def test_a_strict_reward_and_its_page(folder: Path) -> None:
    said = rewardsmith(folder, "audit", "strict.py", "--rows", "5", "--out", "a.html", "--json")
    assert said.code == 0
    assert said.json["errors"] == 0
    assert said.json["form"] == "tags"
    assert said.json["report"] == "a.html"
    assert "nothing found" in (folder / "a.html").read_text()


def test_answers_behind_hashes(folder: Path) -> None:
    """GSM8K's column is a worked solution: the answer is what stands behind ####, the reference all of it."""
    (folder / "gsm.py").write_text(
        "def reward(completion, answer):\n    return completion == answer.rpartition('####')[2].strip()\n"
    )
    found = rewardsmith(folder, "audit", "gsm.py", "--data", "d.jsonl", "--json").json
    assert (found["rows"], found["oracle"], found["form"]) == (4, 1.0, "bare")


def test_columns(folder: Path) -> None:
    options = ["--data", "d.csv", "--prompt", "ask", "--answer", "gold", "--completions", "full", "--json"]
    found = rewardsmith(folder, "audit", "strict.py", *options).json
    assert (found["rows"], found["oracle"], found["form"], found["errors"]) == (2, 1.0, "as given", 0)


def test_equal_answers(folder: Path) -> None:
    found = rewardsmith(folder, "audit", "strict.py", "--data", "d.json", "--json").json
    assert (found["rows"], found["errors"]) == (4, 0)


def test_allowed(folder: Path) -> None:
    codes = (120, 121, 122, 123, 124, 125, 126, 150)
    options = [word for code in codes for word in ("--allow", f"A{code}=it is a toy")]
    said = rewardsmith(folder, "audit", "hackable.py", "--rows", "5", *options)
    assert said.code == 0
    assert "accepted: it is a toy" in said.out


def test_explain(folder: Path) -> None:
    assert rewardsmith(folder, "explain", "a121").out.startswith("A121 pays for many answers (error)")


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["nowhere.py"], "there is no such file"),
        (["strict.py", "--data", "d.parquet"], "no such file"),
        (["strict.py", "--data", "strict.py"], ".jsonl, .json"),
        (["strict.py", "--data", "d.csv"], "a column of right answers"),
        (["strict.py", "--data", "d.csv", "--answer", "silver"], "ask, gold, full"),
        (["strict.py", "--data", "bad.jsonl"], "line 2"),
        (["strict.py", "--data", "empty.json"], "no rows"),
        (["strict.py", "--answer", "gold"], "--data FILE"),
        (["strict.py", "--rows", "0"], "at least 1"),
        (["strict.py", "--seed", "-1"], "at least 0"),
        (["strict.py", "--deadline", "0"], "more than 0"),
        (["strict.py", "--form", "boxed?"], "{}"),
        (["strict.py", "--same", "weather"], "full stop"),
        (["strict.py", "--allow", "A120"], "CODE=REASON"),
        (["strict.py", "--allow", "B1=no"], "codes of the audit"),
        (
            ["strict.py", "--data", "d.csv", "--answer", "gold", "--completions", "ask"],
            "contain the right answer",
        ),
        (["odd.py"], "weather"),
    ],
)
def test_bad_input(
    options: list[str],
    wanted: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    (folder / "bad.jsonl").write_text('{"answer": 1}\n{"answer": }\n')
    (folder / "empty.json").write_text("[]")
    (folder / "odd.py").write_text("def reward(completion, weather):\n    return 1.0\n")
    assert run(["audit", *options]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: ")
    assert wanted in line
