"""Graders: other people's reward functions as one callable, from a text batch to a score for each completion.

``conventions`` says how a function is called.  Nothing of these frameworks is imported.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.algebra import Reward
from ..core.errors import BadInput
from .conventions import convention_of, require
from .load import execute, load_reward, split_source

_FILE = "reward.py, reward.py:NAME, reward.json, or package.module:NAME"
_USUAL = ("reward", "compute_score", "reward_func", "score", "grade", "verify", "verifier", "grader")


@dataclass(frozen=True)
class Function:
    """A reward function of a framework, as a grader.

    Args:
        function: a plain or async function, or an object that can be called.
        chat: it wants conversations (lists of messages) instead of texts.
    """

    function: Callable[..., Any]
    chat: bool = False

    def __call__(self, batch: Mapping[str, Any]) -> list[float | None]:
        """One score for each completion of a batch."""
        return convention_of(self.function)(self.function, batch, self.chat)

    def require(self, batch: Mapping[str, Any]) -> None:
        """Refuse, before anything is called, parameters that nothing in a batch fits.

        Raises:
            BadInput: with the names.
        """
        require(self.function, batch)

    def __str__(self) -> str:
        return getattr(self.function, "__name__", type(self.function).__name__)


@dataclass(frozen=True)
class OfReward:
    """A reward as a grader: as it is, with ``length`` in words where it reads one."""

    reward: Reward

    def __call__(self, batch: Mapping[str, Any]) -> Any:
        """One score for each completion of a batch."""
        from ..terms import with_length

        wants = "length" in self.reward.fields and "length" not in batch
        return self.reward(with_length(batch) if wants else batch)

    def __str__(self) -> str:
        return str(self.reward)


def grader(reward: Reward | Callable[..., Any], chat: bool = False) -> Function | OfReward:
    """A callable from a batch (``prompt``, ``completion``, ``reference``, columns) to scores.

    Example:
        >>> def compute_score(data_source, solution_str, ground_truth, extra_info=None):
        ...     return {"score": float(solution_str == ground_truth)}
        >>> batch = {"prompt": ["2+2"] * 2, "completion": ["4", "5"], "reference": ["4", "4"]}
        >>> grader(compute_score)(batch)
        [1.0, 0.0]
    """
    if isinstance(reward, Reward):
        return OfReward(reward)
    if not callable(reward):
        raise BadInput("reward", f"a {type(reward).__name__}", "a reward, or a function")
    return Function(reward, chat)


def load_grader(source: str, chat: bool = False) -> Function | OfReward:
    """A grader from a file, which is executed, or from an installed module.

    Args:
        source: ``reward.py`` (its ``reward``, else its only reward or function), ``reward.py:NAME``,
            ``reward.json``, or ``package.module:NAME``.

    Raises:
        BadInput: there is no such thing, or there are several.
    """
    if ":" in source and ".py:" not in source and "/" not in source:
        return grader(_imported(source), chat)
    file, name = split_source(source)
    if file.suffix == ".json":
        return grader(load_reward(file))
    module = execute(file)
    own = {
        key: value
        for key, value in vars(module).items()
        if key[0] != "_"
        and (isinstance(value, Reward) or getattr(value, "__module__", None) == module.__name__)
        and callable(value)
        and not inspect.isclass(value)
    }
    if name:
        if not callable(vars(module).get(name)):
            raise BadInput("reward", source, f"what {file} defines: {', '.join(own) or 'nothing'}")
        return grader(vars(module)[name], chat)
    rewards = {key: value for key, value in own.items() if isinstance(value, Reward)}
    usual = {key: own[key] for key in _USUAL if key in own}
    for found in (rewards, usual, own):
        if "reward" in found or len(found) == 1:
            return grader(found.get("reward", next(iter(found.values()))), chat)
    choices = " or ".join(f"{file}:{key}" for key in own)
    why = "it defines several" if own else "it defines none"
    raise BadInput("reward file", str(file), choices or _FILE, why)


def _imported(source: str) -> Any:
    place, _, name = source.rpartition(":")
    try:
        return getattr(importlib.import_module(place), name)
    except (ImportError, AttributeError, ValueError) as problem:
        raise BadInput("reward", source, _FILE, " ".join(str(problem).split())) from None
