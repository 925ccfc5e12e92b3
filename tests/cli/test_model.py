"""``rewardsmith model`` prints what the library says of the same scores."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from cli.command import rewardsmith
from rewardsmith.measure.model import mrr, one_to_many_accuracy, pair_verdicts, pairwise_accuracy, slice_report

RNG = np.random.default_rng(0)
BEST, OTHERS = RNG.normal(1.0, 1.0, 60), RNG.normal(0.0, 1.0, (60, 3))
LANGUAGES = ["en", "sw"] * 30


def write(folder: Path, rows: list[dict[str, object]]) -> str:
    (folder / "scores.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return "scores.jsonl"


def rounded(record: object) -> object:
    return json.loads(json.dumps(record))


def test_pairs_and_slices(tmp_path: Path) -> None:
    rows = [
        {"chosen": c, "rejected": r, "language": name, "id": i // 2}
        for i, (c, r, name) in enumerate(zip(BEST, OTHERS[:, 0], LANGUAGES, strict=True))
    ]
    said = rewardsmith(tmp_path, "model", write(tmp_path, rows), "--by", "language", "--item", "id")
    expected = pairwise_accuracy(BEST, OTHERS[:, 0])
    report = slice_report(pair_verdicts(BEST, OTHERS[:, 0]), LANGUAGES, np.arange(60) // 2)
    assert said.code == 0
    assert said.out.splitlines()[0].split(maxsplit=1)[1] == str(expected)
    assert str(report) in said.out
    found = rewardsmith(tmp_path, "model", "scores.jsonl", "--by", "language", "--json").json
    assert found["pairs"] == rounded(asdict(expected))
    assert [part["name"] for part in found["slices"]] == [
        part.name for part in slice_report(pair_verdicts(BEST, OTHERS[:, 0]), LANGUAGES).slices
    ]


def test_many_wrong_answers_of_any_number(tmp_path: Path) -> None:
    valid = np.arange(3) < RNG.integers(1, 4, 60)[:, None]
    rows = [{"right": c, "wrong": r[keep].tolist()} for c, r, keep in zip(BEST, OTHERS, valid, strict=True)]
    options = ("--chosen", "right", "--rejected", "wrong", "--json")
    found = rewardsmith(tmp_path, "model", write(tmp_path, rows), *options).json
    assert found["one to many"] == rounded(asdict(one_to_many_accuracy(BEST, OTHERS, valid=valid)))
    assert found["reciprocal rank"] == rounded(asdict(mrr(BEST, OTHERS, valid=valid)))
    each = [np.mean(c > r[keep]) for c, r, keep in zip(BEST, OTHERS, valid, strict=True)]
    assert found["pairs"]["mean"] == pytest.approx(np.mean(each))
    assert found["wrong_answers"] == 3


def test_ties_and_missing_scores(tmp_path: Path) -> None:
    name = write(
        tmp_path, [{"chosen": 1, "rejected": 1}, {"chosen": 2, "rejected": 1}, {"chosen": 0, "rejected": None}]
    )
    said = rewardsmith(tmp_path, "model", name)
    assert said.code == 2
    assert "no score in row 3" in said.error
    strict = rewardsmith(tmp_path, "model", name, "--drop", "--json").json["pairs"]
    assert (strict["mean"], strict["ties"], strict["missing"]) == (0.5, 0.5, 1)
    assert rewardsmith(tmp_path, "model", name, "--drop", "--half", "--json").json["pairs"]["mean"] == 0.75


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        ([{"chosen": "good", "rejected": 1}], (), "'good'"),
        ([{"chosen": True, "rejected": 1}], (), "True"),
        ([{"chosen": 1, "rejected": []}], (), "no worse answer"),
        ([{"chosen": 1, "rejected": 1e999}], (), "infinite"),
        ([{"chosen": 1, "rejected": 0}], ("--by", "language"), "language"),
        ([{"chosen": 1, "rejected": 0}], ("--item", "chosen"), "--by"),
        ([{"score": 1}], (), "chosen"),
    ],
)
def test_input_that_cannot_be_used(rows, options, said, tmp_path: Path) -> None:
    got = rewardsmith(tmp_path, "model", write(tmp_path, rows), *options)
    assert got.code == 2
    assert said in got.error
