"""The convention of verifiers, old and new; `frameworks/run.py` runs verifiers itself."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from connect.single_rewards import FAULTY, REWARD, STATEFUL, best, brevity, exact
from rewardsmith.connect import verifiers
from rewardsmith.connect.single import NoVerdict
from rewardsmith.core.errors import CompositionError, MissingField, ScopeError


@dataclass
class Data:
    prompt: Any = "1+1"
    answer: Any = "2"


def _score(function: Any, text: str = "2", data: Any = None) -> Any:
    """As verifiers calls it: with those of its arguments that the function names."""
    available = {"task": data or Data(), "trace": SimpleNamespace(last_reply=text), "runtime": None}
    named = {name: available[name] for name in inspect.signature(function).parameters}
    return asyncio.run(function(**named))


def test_total_and_parts() -> None:
    assert _score(verifiers.reward(REWARD)) == 1.25
    assert _score(verifiers.reward(REWARD, by_part=True)) == {"exact": 1.0, "brevity": 0.25}
    assert verifiers.reward(REWARD, name="sums").__name__ == "sums"
    other = verifiers.reward(REWARD, columns={"reference": "prompt"})
    assert _score(other, "1+1") == pytest.approx(0.0)  # verifiers' prompt is the field `prompt`, no column


def test_no_verdict_is_an_error_of_the_rollout() -> None:
    with pytest.raises(NoVerdict, match="has no verdict"):
        _score(verifiers.reward(REWARD), data=Data(answer=None))
    assert _score(verifiers.reward(REWARD, no_verdict=-1.0), data=Data(answer=None)) == -1.0


@pytest.mark.parametrize("faulty", FAULTY, ids=str)
def test_policies(faulty: Any) -> None:
    with pytest.raises(NoVerdict):
        _score(verifiers.reward(faulty))
    assert _score(verifiers.reward(faulty, no_verdict=-1.0)) == -1.0
    assert _score(verifiers.reward(faulty, on_error=0.5)) == 0.5
    with pytest.raises((ValueError, ArithmeticError, MissingField)):
        _score(verifiers.reward(faulty, on_error="raise"))
    assert verifiers.legacy(faulty, no_verdict=-1.0)(prompt="p", completion="c", answer="a") == -1.0


def test_wiring() -> None:
    with pytest.raises(ScopeError, match="verifiers"):
        verifiers.reward(best)
    with pytest.raises(CompositionError, match="keeps a state"):
        verifiers.reward(STATEFUL)


def test_legacy_functions_are_told_apart_by_their_parameters() -> None:
    """Up to 0.3 a parameter in the plural makes a group function."""
    one = verifiers.legacy(REWARD, name="sums", no_verdict=0.0)
    many = verifiers.legacy(best + brevity, no_verdict=0.0)
    assert "completions" in inspect.signature(many).parameters
    assert "completions" not in inspect.signature(one).parameters
    assert one.__name__ == "sums"
    chat = [{"role": "user", "content": "1+1"}], [{"role": "assistant", "content": "2"}]
    assert one(prompt=chat[0], completion=chat[1], answer="2", state={}, task="t", info={"a": 1}) == 1.25
    other = verifiers.legacy(exact, no_verdict=0.0)
    assert other(prompt="p", completion="c", answer="c", level=1.0, parser=None) == 1.0
    texts = ["a", "bb", "a"]
    values = many(prompts=["p", "p", "p"], completions=texts, answers=[""] * 3, states=[{}] * 3)
    assert values == pytest.approx([1.5, 1 / 3, 1.5])
