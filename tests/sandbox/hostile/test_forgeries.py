"""No forged verdict: programs that do not solve their task get 0, and later ones what they deserve."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rewardsmith.sandbox import Limits, Pool, passes_tests, using
from sandbox.hostile.corpus import Forgery, forgeries
from sandbox.hostile.naive import GRADERS, WRONG

RIGHT = "def solve(n):\n    return n * n + 1\n"
READS = "n = int(input())\nprint(n * n + 1)\n"


def suite(forgery: Forgery) -> list[dict[str, Any]]:
    if forgery.task == "call":
        return [{"function": "solve", "args": [given], "output": out} for given, out in forgery.pairs()]
    return [{"input": f"{given}\n", "output": f"{out}\n"} for given, out in forgery.pairs()]


@pytest.fixture(scope="module", autouse=True)
def pool() -> Iterator[Pool]:
    """One worker, so that whoever comes after a forgery comes after it in the same place."""
    with Pool("T2", Limits(wall=2.0, cpu=1.0, output=1 << 20), size=1) as made, using(made):
        yield made


def test_the_suite_is_large() -> None:
    assert len({each.name for each in forgeries()}) == len(forgeries()) >= 30


@pytest.mark.parametrize("forgery", forgeries(), ids=lambda each: each.name)
def test_a_naive_grader_is_fooled(forgery: Forgery, tmp_path: Path) -> None:
    assert GRADERS[forgery.fools](forgery.source, forgery.pairs(), tmp_path)


@pytest.mark.parametrize("name", sorted(GRADERS))
def test_a_naive_grader_is_a_grader(name: str, tmp_path: Path) -> None:
    """It tells an honest right answer from an honest wrong one; only tricks get past it."""
    (task,) = {each.task for each in forgeries() if each.fools == name}
    special = {"as_list": (["a", "b"], ["a"]), "first_key": ({"answer": 10}, {"answer": 1})}
    right, wrong = special.get(name, (10, 9))
    pairs = [(3, right)]
    form = "def solve(n):\n    return {}\n" if task == "call" else "print({})\n"
    if name not in ("worker", "pytest_again", "gives_up"):  # these judge later samples, or never say yes
        assert GRADERS[name](form.format(right), pairs, tmp_path)
    assert not GRADERS[name](form.format(wrong), pairs, tmp_path)


@pytest.mark.parametrize("forgery", forgeries(), ids=lambda each: each.name)
def test_it_is_not_fooled(forgery: Forgery, pool: Pool) -> None:
    tests = suite(forgery)
    calls = suite(forgeries()[0])
    reads = [{"input": "3", "output": "10"}, {"input": "7", "output": "50"}]
    found = passes_tests([forgery.source, RIGHT, WRONG, READS], [tests, calls, calls, reads])
    assert found.tolist() == [0, 1, 0, 1]
    assert pool.failures == 0
