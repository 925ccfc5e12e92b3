"""RNDBonus: novelty as the error of predicting a fixed random function of the state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ..core.algebra import Reward, Shares
from ..core.arrays import Array, Batch, to_numpy, xp
from ..core.columns import columns, field_names
from ..core.errors import BadInput
from ..core.node import Node, number

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, repr=False)
class RNDBonus(Reward):
    r"""b_t = |f(x_t) - P_t h(x_t)|: random network distillation; f and h fixed and random, P learned online.

    f and h are random one-layer networks, tanh(A x + c), made from ``seed``; P is linear and starts at 0.
    After each time step P moves by a normalised gradient step over the rows of the batch, so where much was
    seen the error is small, and unseen states stand out, without cells.  Scale the fields to about 1 first.

    Args:
        of: fields that make x: numbers, or columns.
        learning_rate: of the predictor, above 0 and below 2.
        hidden: width of h; wider predictors tell finer differences and forget less.
        outputs: width of f.
        seed: of the random functions; another seed is another reward.

    State: P.

    Source: Burda et al., "Exploration by Random Network Distillation", arXiv:1810.12894. Differs from the
    paper: NumPy, one layer each, only the output layer of the predictor learns; the norm and not its square,
    as in the code of arXiv:2306.03236.

    Example:
        >>> bonus = RNDBonus("x")({"x": np.array([1.0, 1.0, 1.0, -2.0])})
        >>> bool(bonus[2] < bonus[0] < bonus[3])
        True
    """

    of: tuple[str, ...] | str
    learning_rate: float = number(default=0.5)
    hidden: int = 32
    outputs: int = 8
    seed: int = 0
    written: ClassVar[str] = "RNDBonus"

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        object.__setattr__(self, "of", field_names(self.of, "RNDBonus"))
        if isinstance(self.learning_rate, float) and not 0 < self.learning_rate < 2:
            raise BadInput("RNDBonus learning_rate", self.learning_rate, "above 0, below 2", "else P diverges")
        if self.hidden < 1 or self.outputs < 1:
            raise BadInput("RNDBonus", f"hidden={self.hidden}, outputs={self.outputs}", "1 or more")

    @classmethod
    def called(cls, *arguments: Any, **settings: Any) -> Self:
        """As the class itself: how texts are read."""
        return cls(*arguments, **settings)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(("position",)), cls(("position", "velocity"), 0.2, hidden=8, outputs=2, seed=3)

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(self.of)

    def init(self, batch: Batch) -> Any:
        del batch
        return (np.zeros((self.hidden + 1, self.outputs)),)

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        seen = columns(batch, self.of, "RNDBonus")
        shape = tuple(seen.shape[:-1])
        inputs = np.asarray(to_numpy(seen), np.float64).reshape(-1, shape[-1] if shape else 1, seen.shape[-1])
        known = np.asarray(np.isfinite(inputs).all(axis=-1))
        target, features = self.networks(np.where(known[..., None], inputs, 0.0))
        weights: Floats = state[0]
        paid = np.full(known.shape, np.nan)
        for t in range(known.shape[1]):
            rows = known[:, t]
            x, gap = features[rows, t], target[rows, t] - features[rows, t] @ weights
            paid[rows, t] = np.sqrt((gap**2).sum(-1))
            if rows.any():
                size = (x**2).sum(-1).mean()  # at least 1: the constant feature
                weights = weights + self.learning_rate * (x.T @ gap) / (len(x) * size)
        total = _like(paid.reshape(shape), seen)
        return Shares(total, {self.label: total}), (weights,)

    def networks(self, inputs: Floats) -> tuple[Floats, Floats]:
        """f(x) ``(..., outputs)`` and h(x) ``(..., hidden + 1)`` with a last one of 1, for x ``(..., D)``."""
        rng = np.random.default_rng(self.seed)
        layers: list[Floats] = []
        for width in (self.outputs, self.hidden):
            matrix = rng.normal(size=(inputs.shape[-1], width)) * np.sqrt(2.0 / inputs.shape[-1])
            layers.append(np.tanh(inputs @ matrix + rng.uniform(-1, 1, width)))
        return layers[0], np.concatenate([layers[1], np.ones((*inputs.shape[:-1], 1))], axis=-1)


def _like(values: np.ndarray[Any, Any], array: Array) -> Array:
    lib = xp(array)
    return values if lib is np else lib.asarray(values, dtype=array.dtype)
