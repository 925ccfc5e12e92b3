"""Functions of every convention give the same scores as the rule that they all contain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import rewardsmith as rs
from rewardsmith import terms
from rewardsmith.connect.conventions import score_of
from rewardsmith.connect.graders import grader, load_grader
from rewardsmith.core.errors import BadInput

BATCH = {
    "prompt": ["2+2", "3+3"],
    "completion": ["4", "7"],
    "reference": ["4", "6"],
    "solution": ["4", "6"],
    "level": [1, 2],
}


def trl(prompts: list[str], completions: list[str], solution: list[str], **kwargs: Any) -> list[float | None]:
    assert kwargs["level"] == [1, 2]
    return [float(a == b) for a, b in zip(completions, solution, strict=True)]


def trl_chat(completions: list[list[dict[str, str]]], solution: list[str]) -> list[float]:
    return [float(a[-1]["content"] == b) for a, b in zip(completions, solution, strict=True)]


async def trl_async(completions: list[str], reference: list[str], **_: Any) -> list[float]:
    return trl_chat([[{"content": text}] for text in completions], reference)


def verl(data_source: str, solution_str: str, ground_truth: str, extra_info: Any = None) -> dict[str, float]:
    assert extra_info["prompt"] in BATCH["prompt"]
    return {"score": float(solution_str == ground_truth), "length": 1.0}


async def verl_async(data_source: str, solution_str: str, ground_truth: str) -> float:
    return float(solution_str == ground_truth)


def openrlhf(queries: list[str], prompts: list[str], labels: list[str], **_: Any) -> dict[str, Any]:
    pairs = zip(queries, prompts, labels, strict=True)
    return {"rewards": [float(query == prompt + label) for query, prompt, label in pairs]}


def reasoning_gym(answer: str | None, entry: Mapping[str, Any]) -> float:
    return float(answer == entry["reference"])


def verifiers(prompt: str, completion: str, answer: str, level: int = 0) -> float:
    assert level in (1, 2)
    return float(completion == answer)


def two_words(x: str, y: str) -> bool:
    return x == y


def messages(messages: list[dict[str, str]], ground_truth: str) -> Any:
    return SimpleNamespace(score=float(messages[-1]["content"] == ground_truth))


def nemo(ground_truth: str, response: str) -> tuple[float, bool | None]:
    return float(ground_truth == response), None


def whole(batch: Mapping[str, Any]) -> list[float]:
    return [float(a == b) for a, b in zip(batch["completion"], batch["reference"], strict=True)]


class Rule:
    def __call__(self, completion: str, reference: str) -> float:
        return float(completion == reference)


@pytest.mark.parametrize(
    "function",
    [
        trl,
        trl_async,
        verl,
        verl_async,
        openrlhf,
        reasoning_gym,
        verifiers,
        two_words,
        messages,
        nemo,
        whole,
        Rule(),
    ],
)
def test_conventions(function: Any) -> None:
    made = grader(function)
    made.require(BATCH)
    assert made(BATCH) == [1.0, 0.0]


def test_conversations() -> None:
    assert grader(trl_chat, chat=True)(BATCH) == [1.0, 0.0]


def test_a_reward_and_its_length() -> None:
    made = grader(terms.length_band(longest=1.0, slope=0.5) * terms.exact_answer(find="whole"))
    batch = {"completion": ["4", "four or five"], "reference": ["4", "four or five"]}
    assert made(batch).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("value", "score"),
    [
        (1, 1.0),
        (True, 1.0),
        (None, None),
        ({"reward": 2}, 2.0),
        ((0.5, "why"), 0.5),
        (SimpleNamespace(score=3), 3.0),
    ],
)
def test_scores(value: Any, score: float | None) -> None:
    assert score_of(value) == score


def test_a_parameter_that_nothing_fits() -> None:
    def odd(completion: str, reference: str, weather: str) -> float:
        return 1.0

    def odd_trl(completions: list[str], weather: list[str]) -> list[float]:
        return [1.0]

    for function in (odd, odd_trl):
        with pytest.raises(BadInput, match="weather"):
            grader(function).require(BATCH)


def test_no_function() -> None:
    with pytest.raises(BadInput, match="a str"):
        grader("reward")


# ------------------------------------------------------------------ files
FILES = {
    "a reward": (
        "import rewardsmith as rs\nfrom rewardsmith import terms\nreward = 1.0 * terms.exact_answer\n",
        "",
    ),
    "the only reward": (
        "from rewardsmith import terms\nmine = 0.5 * terms.exact_answer\ndef helper(x): return x\n",
        "",
    ),
    "a usual name": (
        "def compute_score(data_source, solution_str, ground_truth): return 1\ndef b(x): return x\n",
        "",
    ),
    "the only function": ("def mine(completion): return 1.0\n", ""),
    "a name": ("def one(completion): return 1.0\ndef two(completion): return 2.0\n", ":two"),
}


@pytest.mark.parametrize("case", FILES)
def test_files(case: str, tmp_path: Path) -> None:
    text, name = FILES[case]
    file = tmp_path / "made.py"
    file.write_text(text)
    assert callable(load_grader(f"{file}{name}"))


def test_json(tmp_path: Path) -> None:
    file = tmp_path / "reward.json"
    file.write_text(json.dumps(rs.to_json(2.0 * terms.exact_answer)))
    batch = {"completion": [r"\boxed{4}"], "reference": ["4"]}
    assert load_grader(str(file))(batch).tolist() == [2.0]


def test_an_installed_function() -> None:
    assert load_grader("connect.test_graders:two_words")(BATCH) == [1.0, 0.0]


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("x = 1\n", "", "it defines none"),
        ("def a(x): return 1\ndef b(x): return 1\n", "", "it defines several"),
        ("def a(x): return 1\n", ":c", "defines: a"),
        ("def a(x: return 1\n", "", "line 1"),
    ],
)
def test_bad_files(text: str, name: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "made.py"
    file.write_text(text)
    with pytest.raises(BadInput, match=said):
        load_grader(f"{file}{name}")


@pytest.mark.parametrize("source", ["no.such.module:f", "json:no_such", "nowhere.py"])
def test_nothing_there(source: str) -> None:
    with pytest.raises(BadInput):
        load_grader(source)
