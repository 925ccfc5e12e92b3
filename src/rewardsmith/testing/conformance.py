"""The laws that every reward and transform obeys, as checks for your own ones.

Each check raises ``AssertionError`` with the law that is broken and the numbers that break it.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.algebra import Reward, Scope, Transform, leading_shape
from ..core.arrays import Batch
from ..core.node import walk
from ..core.serial import from_json, to_json
from ..core.term import Term
from ..core.text import parse, show


def check_reward(reward: Reward, batch: Batch, terms: Iterable[Term] = ()) -> None:
    """Assert the laws of the algebra for one reward on one NumPy batch.

    Args:
        reward: any reward.
        batch: recorded steps that hold every field it reads.
        terms: terms that its text names, where they cannot be found in the tree itself.
    """
    before = {name: np.array(value, copy=True) for name, value in batch.items()}
    total = reward(batch)
    law(total.shape == leading_shape(batch), "one number per step", total.shape, leading_shape(batch))
    law(_same(total, reward(batch)), "evaluating twice gives one answer", total, reward(batch))
    unchanged = all(_same(before[name], np.asarray(value)) for name, value in batch.items())
    law(unchanged, "inputs are not changed", reward, "")
    parts = reward.terms(batch)
    summed = sum(parts.values()) if parts else np.zeros_like(total)
    law(_close(summed, total), "the terms sum to the reward", summed, total)
    if reward.scope == Scope.STEP and not _has_state(reward, batch):
        rows = [reward({name: value[i : i + 1] for name, value in batch.items()}) for i in range(len(total))]
        law(_close(np.concatenate(rows), total), "a batch equals a loop over its rows", rows, total)
    _check_value(reward, terms)


def check_transform(transform: Transform, batch: Batch, reward: Reward) -> None:
    """Assert the laws for one transform, placed after ``reward``."""
    array, state = reward(batch), transform.init(batch)
    copy = array.copy()
    once = transform.apply(array, batch, state)[0]
    twice = transform.apply(array, batch, state)[0]
    law(_same(array, copy), "inputs are not changed", array, copy)
    law(_same(once, twice), "the state is explicit: the same state gives the same answer", once, twice)
    law(once.shape == array.shape, "the shape stays", once.shape, array.shape)
    piped = reward | transform
    law((piped | transform) == (reward | (transform | transform)), "'|' associates", piped, transform)
    check_reward(piped, batch)


def _check_value(reward: Reward, terms: Iterable[Term]) -> None:
    # As the name table of a user, which holds terms as they were defined.
    names = {node.name: replace(node, at=()) for node in walk(reward) if isinstance(node, Term)}
    # A term keeps its numbers in the text; the name table holds it without them.
    table = {**names, **{term.name: term for term in terms}}
    copy = pickle.loads(pickle.dumps(reward))
    law(copy == reward and hash(copy) == hash(reward), "pickle gives an equal reward", copy, reward)
    fields = {field.name: field for node in walk(reward) for field in getattr(node, "table", ())}
    read = parse(show(reward), table, fields.values())
    law(read == reward, "the text parses back to an equal reward", show(read), show(reward))
    data = json.loads(json.dumps(to_json(reward)))
    law(from_json(data, table) == reward, "JSON gives an equal reward", data, show(reward))
    numbers = reward.numbers()
    law(
        reward.with_numbers(numbers) == reward,
        "replacing numbers by themselves changes nothing",
        numbers,
        reward,
    )
    for name, value in numbers.items():
        changed = reward.with_numbers({name: value + 0.5}).numbers()
        wrong = {key for key in numbers if changed[key] != (value + 0.5 if key == name else numbers[key])}
        law(not wrong, "with_numbers changes one number and no other", wrong, name)


def _has_state(reward: Reward, batch: Batch) -> bool:
    return bool(_leaves(reward.init(batch)))


def _leaves(state: Any) -> list[Any]:
    return [leaf for item in state for leaf in _leaves(item)] if isinstance(state, tuple) else [state]


def _same(a: Any, b: Any) -> bool:
    return bool(np.array_equal(np.asarray(a), np.asarray(b), equal_nan=np.asarray(a).dtype.kind == "f"))


def _close(a: Any, b: Any) -> bool:
    return bool(np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True))


def law(holds: bool, what: str, received: object, expected: object) -> None:
    """Raise ``AssertionError`` where a law does not hold."""
    if not holds:
        raise AssertionError(f"law broken: {what}; got {received}, expected {expected}")
