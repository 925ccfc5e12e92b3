"""Hypothesis strategies: batches, and instances of every exported reward and transform class."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

import rewardsmith as rs
from rewardsmith.core import algebra, nodes
from rewardsmith.core.errors import RewardsmithError
from rewardsmith.core.term import Term
from rewardsmith.core.text import node_classes
from rewardsmith.testing import sample_batch


@rs.term
def height(position):
    return rs.xp(position).sin(3 * position)


@rs.term
def effort(action):
    return -(action**2)


@rs.term
def bump(velocity, *, centre=0.0, width=1.0):
    return rs.xp(velocity).exp(-(((velocity - centre) / width) ** 2))


@rs.term
def judged(verdict):
    return verdict


TERMS = (height, effort, bump, judged, rs.success)
STATE_TERMS = (height, bump)
numbers = st.floats(-3, 3, allow_nan=False).map(lambda x: round(x, 3))


# for JAX, which compiles every operation for every shape
FEW = ((1, 1), (1, 6), (4, 1), (3, 5))


@st.composite
def batches(draw, time: bool = True, verdicts: bool = True, shapes: Sequence[tuple[int, ...]] = ()):
    """Random steps, shape (N, T) or (N,), with missing verdicts and ends of episodes."""
    if shapes:
        shape = draw(st.sampled_from(shapes))
    else:
        shape = (draw(st.integers(1, 4)), draw(st.integers(1, 6))) if time else (draw(st.integers(1, 8)),)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    batch = {name: rng.normal(size=shape) for name in ("position", "velocity", "action", "verdict")}
    batch |= {f"next_{name}": rng.normal(size=shape) for name in ("position", "velocity")}
    if verdicts:
        batch["verdict"] = np.where(rng.random(shape) < 0.3, np.nan, batch["verdict"])
    batch["success"] = rng.integers(0, 2, shape).astype(float)
    batch["terminated"] = rng.random(shape) < 0.2
    kinds = [*exported_classes(algebra.Transform), *exported_classes(algebra.Reward)]
    examples = [each for kind in kinds if hasattr(kind, "examples") for each in kind.examples()]
    read = {name for each in examples for name in each.fields}
    others = {
        name: value for name, value in sample_batch(read - set(batch), rng, shape).items() if name in read
    }
    return batch | {name: value for name, value in others.items() if not isinstance(value, list)}


def exported_classes(base: type) -> list[type]:
    """Concrete subclasses defined in core and transforms."""
    homes = ("rewardsmith.core", "rewardsmith.transforms")
    return sorted(
        (
            kind
            for kind in node_classes().values()
            if issubclass(kind, base) and kind is not base and kind.__module__.startswith(homes)
        ),
        key=lambda kind: kind.__name__,
    )


class NoStrategy(TypeError):
    """A field whose values cannot be guessed from its type: the class's own examples are used."""


def instances(kind: type, inner: st.SearchStrategy) -> st.SearchStrategy:
    """Any valid instance of a class, drawn from the types of its fields."""
    if kind is Term:
        return st.sampled_from(TERMS)
    if kind is nodes.AtNext:
        return st.sampled_from(STATE_TERMS).map(rs.at_next)
    hints = typing.get_type_hints(kind)
    try:
        drawn = {field.name: _value(field, hints[field.name], inner) for field in dataclasses.fields(kind)}
    except NoStrategy:
        return st.sampled_from(kind.examples())
    return (
        st.fixed_dictionaries(drawn)
        .map(lambda fields: _build(kind, fields))
        .filter(lambda node: node is not None)
    )


def _build(kind, fields):
    try:
        return kind(**fields)
    except RewardsmithError:
        return None


def _value(field, hint, inner):
    if "discount" in field.name:
        return st.floats(0, 1).map(lambda x: round(x, 3))
    if hint is float:
        positive = field.name == "epsilon"
        return numbers.map(lambda x: abs(x) + 0.01) if positive else numbers
    if hint is bool:
        return st.booleans()
    if hint is int:
        return st.integers(2, 50)
    if field.name in ("potential", "advice"):
        return st.sampled_from(STATE_TERMS)
    if hint is algebra.Reward:
        return inner
    if hint is algebra.Transform:
        return st.deferred(transforms)  # a transform may hold another one
    if hint == tuple[algebra.Reward, ...]:
        return st.lists(inner, min_size=2, max_size=3).map(tuple)
    if hint == tuple[algebra.Transform, ...]:
        return st.lists(transforms(), min_size=2, max_size=3).map(tuple)
    raise NoStrategy(f"no strategy for {field.name}: {hint}")


def transforms() -> st.SearchStrategy:
    kinds = [kind for kind in exported_classes(algebra.Transform) if kind is not nodes.Chain]
    return st.one_of([instances(kind, st.sampled_from(TERMS)) for kind in kinds])


def rewards() -> st.SearchStrategy:
    """Random reward trees, made with the public constructors so that they are in canonical form."""
    leaves = st.sampled_from(TERMS) | st.builds(
        lambda c, w: bump(centre=c, width=abs(w) + 0.1), numbers, numbers
    )
    return st.recursive(leaves, _combine, max_leaves=6)


def _combine(inner):
    pairs = st.tuples(inner, inner)
    return st.one_of(
        pairs.map(lambda ab: ab[0] + ab[1]),
        pairs.map(lambda ab: ab[0] - ab[1]),
        pairs.map(lambda ab: ab[0] * ab[1]),
        pairs.map(lambda ab: rs.minimum(*ab)),
        pairs.map(lambda ab: rs.maximum(*ab)),
        pairs.map(lambda ab: rs.gate(ab[0], when=ab[1], above=0.1)),
        pairs.map(lambda ab: rs.lexicographic(*ab)),
        st.tuples(numbers, inner).map(lambda wa: wa[0] * wa[1]),
        st.tuples(numbers, inner).map(lambda wa: wa[0] + wa[1]),
        st.tuples(inner, transforms()).map(lambda rt: rt[0] | rt[1]),
    )
