"""Every exported transform, found by itself: the laws of the algebra, and what it promises of itself."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

import strategies as own
from rewardsmith.core.algebra import Scope, Transform
from rewardsmith.core.laws import Laws
from rewardsmith.core.nodes import Scale
from rewardsmith.testing import check_laws, check_transform, sample_batch

EXAMPLES = [
    pytest.param(example, id=str(example)[:60])
    for kind in own.exported_classes(Transform)
    for example in kind.examples()
]


@pytest.mark.parametrize("transform", EXAMPLES)
def test_laws_of_the_algebra(transform: Transform) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        batch = sample_batch(transform.fields | {"verdict", "action"}, rng, missing=0.2)
        check_transform(transform, batch, own.judged)
        check_transform(transform, batch, own.effort)


@pytest.mark.parametrize("transform", EXAMPLES)
def test_what_it_promises(transform: Transform) -> None:
    check_laws(transform)


@pytest.mark.parametrize("transform", EXAMPLES)
def test_a_missing_verdict_is_never_a_number(transform: Transform) -> None:
    rng = np.random.default_rng(1)
    batch = sample_batch(transform.fields, rng)
    reward = rng.normal(size=(4, 6))
    reward[1, 2] = np.nan
    after = transform.apply(reward, batch, transform.init(batch))[0]
    assert np.isnan(after[1, 2])
    if transform.scope is Scope.STEP:
        assert np.isnan(after).sum() == 1  # and it does not spread to its neighbours


class Wrong(Scale):
    """A transform that promises too much."""

    said: ClassVar[Laws] = Laws()

    @property
    def laws(self) -> Laws:
        return self.said


@pytest.mark.parametrize(
    ("weight", "promise", "says"),
    [
        (-1.0, Laws(policy_invariant=True), "optimal policies"),
        (2.0, Laws(policy_invariant=False), "none changed"),
        (-1.0, Laws(None, order_preserving=True), "order"),
        (2.0, Laws(None, conserves_return=True), "sum"),
        (2.0, Laws(None, bounds=(-1.0, 1.0)), "bounds"),
    ],
)
def test_a_false_promise_is_found(weight: float, promise: Laws, says: str) -> None:
    class Liar(Wrong):
        said = promise

    with pytest.raises(AssertionError, match=says):
        check_laws(Liar(weight))
