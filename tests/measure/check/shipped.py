"""Every reward that the library ships, with a batch on which it can be evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import rewardsmith as rs
from rewardsmith import terms, zoo
from rewardsmith.core.algebra import Scope
from rewardsmith.core.term import Term
from rewardsmith.testing import sample_batch

Shape = tuple[int, ...]
Draw = Callable[[np.random.Generator, Shape], Any]
WORDS = ("the", "[3]", "\\boxed{7}", "7", "wait", "<think>", "</think>", "{}", "Это", "end.")


def _columns(k: int) -> Draw:
    return lambda rng, shape: rng.normal(size=(*shape, k))


def _corners(*inner: int) -> Draw:
    def draw(rng: np.random.Generator, shape: Shape) -> Any:
        low = rng.uniform(0.0, 0.6, (*shape, *inner, 2))
        return np.concatenate([low, low + rng.uniform(0.05, 0.4, low.shape)], axis=-1)

    return draw


def _span(rng: np.random.Generator, shape: Shape) -> Any:
    return np.sort(rng.integers(0, 12, (*shape, 2)), axis=-1) + np.array([0.0, 1.0])


def _flags(k: int) -> Draw:
    return lambda rng, shape: rng.integers(0, 2, (*shape, k)).astype(float)


def _unit(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.random(shape)


def _choice(*words: str) -> Draw:
    return lambda rng, shape: rng.choice(words, size=shape)


def _ragged(make: Callable[[np.random.Generator], Any]) -> Draw:
    def draw(rng: np.random.Generator, shape: Shape) -> Any:
        column = np.empty(int(np.prod(shape)), dtype=object)
        column[:] = [make(rng) for _ in column]
        return column.reshape(shape)

    return draw


def _texts(rng: np.random.Generator, shape: Shape) -> Any:
    return [" ".join(rng.choice(WORDS, size=rng.integers(1, 12))) for _ in range(shape[0])]


COLUMNS: dict[str, Draw] = {
    **dict.fromkeys(("box", "gold_box"), _corners()),
    **dict.fromkeys(("tube", "gold_tube", "draft", "final"), _corners(6)),
    **dict.fromkeys(("span", "gold_span"), _span),
    "point": lambda rng, shape: rng.random((*shape, 2)),
    **dict.fromkeys(("embeddings", "reference_embeddings"), lambda rng, shape: rng.normal(size=(*shape, 4, 3))),
    "embedding_centre": lambda rng, shape: np.full((*shape, 3), 0.1),
    **dict.fromkeys(("passed", "reached"), _flags(5)),
    "sources": _ragged(lambda rng: [int(i) for i in rng.integers(1, 9, size=3)]),
    "reference_token_logprobs": lambda rng, shape: -rng.random((*shape, 4)),
    "tests": _ragged(lambda rng: [("1", "1")]),
    "group": lambda rng, shape: np.repeat(np.arange(np.prod(shape) // 4), 4).reshape(shape),
    **dict.fromkeys(("words", "reference_words", "key"), _columns(6)),
    **dict.fromkeys(
        ("outcome", "prm", "solved", "same", "passes", "below", "nodes", "score", "quality", "exact"), _unit
    ),
    **dict.fromkeys(("completion", "reference"), _texts),
}
VECTORS = ("position", "next_position", "goal", "action", "velocity", "vector", "torque", "command", "car",
           "ball", "to_ball", "ball_to_goal", "reference", "orientation")  # fmt: skip
OWN: dict[str, dict[str, Draw]] = {
    "hybrid-multi-aspect": {"kind": _choice("rule", "open")},
    "mixed-r1": {"kind": _choice("choice", "number", "box", "text")},
    "perfect-blend": {"kind": _choice("chat", "code")},
    "c-morl": {
        "gains": lambda rng, shape: rng.random((*shape, 2, 3)),
        "action": lambda rng, shape: rng.integers(0, 3, shape),
    },
}


def terms_of_the_library() -> Iterator[tuple[str, rs.Reward]]:
    """Ready-made terms, by name."""
    for name in terms.__all__:
        if isinstance(value := getattr(terms, name), Term):
            yield name, value


def rewards_of_the_zoo() -> Iterator[tuple[str, rs.Reward]]:
    """What the recipes build, where that is a reward; a transform follows success."""
    for system in zoo.systems():
        built = zoo.recipe(system.slug).build()
        built = rs.success | built if isinstance(built, rs.Transform) else built
        if isinstance(built, rs.Reward):
            yield system.slug, built


def batches_for(name: str, reward: rs.Reward) -> Iterator[dict[str, Any]]:
    """Batches to try: with the known columns, then with all vectors as columns of 2, 3 or 4."""
    is_text = bool(reward.fields & {"prompt", "completion", "reference", "passed"})
    shape = (96,) if is_text or reward.scope is Scope.STEP else (12, 8)
    for width in (0, 3, 2, 4):
        rng = np.random.default_rng(5)
        batch = sample_batch(reward.fields, rng, shape)
        for field in sorted(reward.fields):
            if width and field in VECTORS:
                batch[field] = rng.normal(size=(*shape, width))
            elif field in COLUMNS:
                batch[field] = COLUMNS[field](rng, shape)
        batch |= {field: draw(rng, shape) for field, draw in OWN.get(name, {}).items()}
        yield batch
