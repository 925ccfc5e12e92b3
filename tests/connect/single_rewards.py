"""Rewards and the one policy, for the tests of adapters that score one completion at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

import rewardsmith as rs


@rs.term
def exact(completion: Any, reference: Any) -> Any:
    pairs = zip(completion, reference, strict=True)
    return [None if b is None else float(a.strip() == b) for a, b in pairs]


@rs.term
def brevity(completion: Any) -> Any:
    return [1.0 / (1 + len(text)) for text in completion]


@rs.term
def broken(completion: Any) -> Any:
    raise ValueError("a fault of the reward")


@rs.term
def endless(completion: Any) -> Any:
    return [np.inf for _ in completion]


@rs.term
def lacking(nowhere: Any) -> Any:
    return nowhere


@rs.term
def crooked(completion: Any) -> Any:
    return [1.0, 2.0]


@rs.term(scope=rs.Scope.GROUP)
def best(completion: Any, group: Any) -> Any:
    sizes = [len(text) for text in completion]
    members = list(zip(sizes, group, strict=True))
    return [float(size == min(n for n, h in members if h == g)) for size, g in members]


REWARD = exact + 0.5 * rs.gate(brevity, when=exact)
FAULTY = (broken, endless, lacking, crooked)
STATEFUL = exact | rs.Normalize()
