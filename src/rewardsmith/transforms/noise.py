"""Noise, for experiments: wrong verdicts and inaccurate scores that can be replayed exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, is_array, to_numpy, xp
from ..core.draws import Floats, keyed_normal, keyed_uniform, occurrence
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.laws import Laws
from ..core.node import Node, number

Unit = Literal["response", "group", "item"]


@dataclass(frozen=True, repr=False)
class Flip(Transform):
    r"""1 - r with probability p, else r: a verifier that is wrong now and then.

    For verdicts 0 and 1.  Whatever the unit, differences of the expected reward shrink by 1 - 2p.  Flips that
    are drawn anew average out over training, at about 1 / (1 - 2p)^2 times the samples; flips that are fixed
    per item do not. A missing verdict stays missing.  To spare some answers, those that could not be read for
    instance, gate: ``gate(correct | Flip(0.4), when=readable)``.

    Args:
        probability: p.  Above 1/2 the reward teaches the opposite, which is refused unless ``inverting``.
        unit: what shares a draw: ``response``, nothing; ``group``, all answers to an item in one step;
            ``item``, all answers to an item for ever, as a wrong label does.
        seed: of all draws.
        item, step: the fields that name the question (a number or a text, one for each sample) and the step of
            training.  A draw is a function of seed, item and step, and of which answer to the item it is,
            counted within the batch: running it again gives the same noise.
        inverting: allow p > 1/2.

    Source: Lv et al., "The Climb Carves Wisdom Deeper Than the Summit", arXiv:2505.22653 (flips per group).

    Example:
        >>> batch = {"item": ["a", "a", "b", "b"], "progress": np.zeros(4)}
        >>> Flip(0.4, "group", seed=3).apply(np.array([1.0, 0.0, 1.0, 0.0]), batch, ())[0].tolist()
        [0.0, 1.0, 0.0, 1.0]
    """

    probability: float = number(default=0.1)
    unit: Unit = "response"
    seed: int = 0
    item: str = "item"
    step: str = "progress"
    inverting: bool = False

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        _check_unit(self)
        p = self.probability
        if not is_array(p) and not 0.0 <= p <= (1.0 if self.inverting else 0.5):
            why = "beyond 1/2 the reward teaches the opposite; inverting=True allows it"
            raise BadInput("Flip probability", p, "0 to 0.5", why)

    @property
    def fields(self) -> frozenset[str]:
        return _fields(self)

    @property
    def scope(self) -> Scope:
        return _scope(self)

    @property
    def laws(self) -> Laws:
        return _laws(self)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(0.3), cls(0.3, "group"), cls(0.3, "item")

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        flipped = _as(reward, keyed_uniform("flip", *_keys(self, batch))) < self.probability
        return xp(reward).where(flipped, 1.0 - reward, reward), state


@dataclass(frozen=True, repr=False)
class Jitter(Transform):
    r"""r + \sigma z with z standard normal: a scorer that is inaccurate.

    Noise that is drawn anew averages out; noise fixed per item is an offset that a group baseline removes.

    Args:
        deviation: \sigma, in the unit of the reward.
        unit, seed, item, step: as for ``Flip``.

    Example:
        >>> batch = {"item": [1, 1], "progress": np.zeros(2)}
        >>> Jitter(0.5).apply(np.zeros(2), batch, ())[0].round(3).tolist()
        [0.17, -0.299]
    """

    deviation: float = number(default=0.1)
    unit: Unit = "response"
    seed: int = 0
    item: str = "item"
    step: str = "progress"

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        _check_unit(self)
        if not is_array(self.deviation) and self.deviation < 0:
            raise BadInput("Jitter deviation", self.deviation, "0 or more")

    @property
    def fields(self) -> frozenset[str]:
        return _fields(self)

    @property
    def scope(self) -> Scope:
        return _scope(self)

    @property
    def laws(self) -> Laws:
        return _laws(self)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(0.5), cls(0.5, "group"), cls(0.5, "item")

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        return reward + self.deviation * _as(reward, keyed_normal("jitter", *_keys(self, batch))), state


def _check_unit(noise: Flip | Jitter) -> None:
    if noise.unit not in ("response", "group", "item"):
        raise BadInput(f"{type(noise).__name__} unit", repr(noise.unit), "response, group or item")


def _fields(noise: Flip | Jitter) -> frozenset[str]:
    return frozenset({noise.item} if noise.unit == "item" else {noise.item, noise.step})


def _scope(noise: Flip | Jitter) -> Scope:
    # 'the third answer to this item' has a meaning only where all of them are seen
    return Scope.GROUP if noise.unit == "response" else Scope.STEP


def _laws(noise: Flip | Jitter) -> Laws:
    return Laws(policy_invariant=None if noise.unit == "response" else False)


def _keys(noise: Flip | Jitter, batch: Batch) -> tuple[Any, ...]:
    """What a draw depends on: seed and item, and by unit the step and which answer to the item it is."""
    item = _plain(read_field(batch, noise.item, type(noise).__name__))
    if noise.unit == "item":
        return noise.seed, item
    step = _plain(read_field(batch, noise.step, type(noise).__name__))
    if step.shape != item.shape[: step.ndim]:
        raise BadInput(f"field {noise.step}", f"shape {step.shape}", f"{item.shape}, that of {noise.item}")
    step = step.reshape(step.shape + (1,) * (item.ndim - step.ndim))
    return (noise.seed, item, step) + ((occurrence(item),) if noise.unit == "response" else ())


def _plain(values: Any) -> np.ndarray[Any, Any]:
    return to_numpy(values) if is_array(values) else np.asarray(values)


def _as(reward: Array, draws: Floats) -> Array:
    """Draws of one number per sample as an array of the reward's library, type and shape."""
    if draws.shape != tuple(reward.shape[: draws.ndim]):
        raise BadInput("item of a noise", f"shape {draws.shape}", f"the leading part of {tuple(reward.shape)}")
    wide = np.broadcast_to(draws.reshape(draws.shape + (1,) * (reward.ndim - draws.ndim)), reward.shape)
    return xp(reward).asarray(wide.copy(), dtype=reward.dtype) + 0.0 * xp(reward).zeros_like(reward)
