"""What each part of a pipeline contributes: a two-level factorial with effects, interactions and intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np

from ...core.errors import BadInput
from ...core.stats import Interval, mean_interval

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Factor:
    """A part of the pipeline at two levels.

    Args:
        low, high: what the pipeline gets; their effect is high minus low.
        given: ``(name, level)`` of another factor without which this one does not exist, as the reward model
            does not in direct alignment; then the pipeline gets None, and its effect is taken where it exists.
    """

    name: str
    low: Any
    high: Any
    given: tuple[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class Ablation:
    """All effects of an experiment.

    Args:
        factors: with their levels, on which every effect depends.
        scores: ``(S, 2, ..., 2)``: seeds, then low and high of every factor.
        runs: how often the pipeline ran.
    """

    factors: tuple[Factor, ...]
    scores: Floats
    runs: int

    def main(self, name: str) -> Floats:
        """Effect per seed ``(S,)``: the mean over all other factors of high minus low."""
        return self._effect(self._axis(name))

    def interaction(self, one: str, other: str) -> Floats:
        """Per seed ``(S,)``: half of the effect of one at high minus that at low of the other; NaN if void."""
        first, second = sorted((self._axis(one), self._axis(other)))
        if first == second:
            raise BadInput("interaction", f"{one!r} with itself", "two factors")
        change = np.diff(np.diff(self.scores, axis=second), axis=first) / 2
        exists = self._exists(first) & self._exists(second)
        exists = exists.take([0], first - 1).take([0], second - 1)
        return _mean_where(change, exists)

    def at(self, name: str, **levels: Any) -> Floats:
        """Effect per seed where other factors are at given levels."""
        scores, exists = self.scores, self._exists(self._axis(name))
        for other, level in levels.items():
            axis, factor = self._axis(other), self.factors[self._axis(other) - 1]
            if level not in (factor.low, factor.high):
                raise BadInput(f"level of {other!r}", level, f"{factor.low!r} or {factor.high!r}")
            place = [int(level == factor.high)]
            scores, exists = scores.take(place, axis), exists.take(place, axis - 1)
        axis = self._axis(name)
        return _mean_where(np.diff(scores, axis=axis), exists.take([0], axis - 1))

    def effects(self) -> dict[str, Interval]:
        """Main effects, then two-way interactions (``a x b``), with bootstrap 95 % intervals over seeds."""
        names = [factor.name for factor in self.factors]
        each = {name: self.main(name) for name in names}
        each |= {f"{a} x {b}": self.interaction(a, b) for a, b in combinations(names, 2)}
        known = {name: values for name, values in each.items() if not np.isnan(values).any()}
        return {name: mean_interval(values, method="bootstrap") for name, values in known.items()}

    def __str__(self) -> str:
        levels = [
            f"{f.name}: {f.low} -> {f.high}" + (f", given {f.given}" if f.given else "") for f in self.factors
        ]
        rows = [f"{name:<24} {effect}" for name, effect in self.effects().items()]
        return "\n".join([*levels, *rows, f"{self.runs} runs of {len(self.scores)} seeds"])

    def _axis(self, name: str) -> int:
        names = [factor.name for factor in self.factors]
        if name not in names:
            raise BadInput("factor", repr(name), ", ".join(names))
        return names.index(name) + 1

    def _effect(self, axis: int) -> Floats:
        return _mean_where(np.diff(self.scores, axis=axis), self._exists(axis).take([0], axis - 1))

    def _exists(self, axis: int) -> Any:
        """Cells ``(2, ..., 2)`` in which the factor is there."""
        given = self.factors[axis - 1].given
        cells = np.ones((2,) * len(self.factors), bool)
        if given is None:
            return cells
        other = self._axis(given[0])
        absent = [int(given[1] != self.factors[other - 1].high)]
        keep = np.zeros(2, bool)
        keep[[1 - absent[0]]] = True
        shape = [1] * len(self.factors)
        shape[other - 1] = 2
        return cells & keep.reshape(shape)


def ablate(
    pipeline: Callable[[Mapping[str, Any], int], float], factors: Sequence[Factor], seeds: Sequence[int]
) -> Ablation:
    """Run a pipeline at both levels of every factor, for every seed: a full factorial, nested where stated.

    Cells that differ only in a factor that does not exist there are run once.

    Args:
        pipeline: settings (name -> level) and seed -> score, larger is better; the same seed should mean the
            same data in every cell, so that effects are paired.

    Source: Ivison et al., "Unpacking DPO and PPO", arXiv:2406.09279 (the question).
    Differs from the paper: a factorial instead of one factor at a time.

    Example:
        >>> parts = [Factor("data", 0, 1), Factor("model", 0, 1)]
        >>> found = ablate(lambda s, seed: 2 * s["data"] + s["model"] + s["data"] * s["model"], parts, [0, 1])
        >>> float(found.main("data")[0]), float(found.interaction("data", "model")[0])
        (2.5, 0.5)
    """
    names = [factor.name for factor in factors]
    if len(set(names)) != len(names) or not names or not len(seeds):
        raise BadInput("factors", f"{names}, {len(seeds)} seeds", "names of their own, one or more, and seeds")
    for factor in factors:
        if factor.given is None:
            continue
        parents = [f for f in factors if f.name == factor.given[0] and f.given is None]
        if not parents or factor.given[1] not in (parents[0].low, parents[0].high) or factor in parents:
            allowed = "a factor that always exists, and one of its levels"
            raise BadInput(f"Factor {factor.name!r} given", factor.given, allowed)
    scores = np.zeros((len(seeds), *(2,) * len(factors)))
    runs = 0
    for s, seed in enumerate(seeds):
        done: dict[tuple[int | None, ...], float] = {}
        for cell in product((0, 1), repeat=len(factors)):
            settings = {f.name: (f.low, f.high)[level] for f, level in zip(factors, cell, strict=True)}
            void = [f.given is not None and settings[f.given[0]] != f.given[1] for f in factors]
            key = tuple(None if gone else level for gone, level in zip(void, cell, strict=True))
            if key not in done:
                for factor, gone in zip(factors, void, strict=True):
                    settings[factor.name] = None if gone else settings[factor.name]
                done[key] = float(pipeline(settings, seed))
                if not math.isfinite(done[key]):
                    raise BadInput("score", f"{done[key]} at {settings}, seed {seed}", "a finite number")
            scores[(s, *cell)] = done[key]
        runs += len(done)
    return Ablation(tuple(factors), scores, runs)


def _mean_where(values: Floats, cells: Any) -> Floats:
    """Mean over the cells ``(...)`` of values ``(S, ...)``; NaN where there is no cell."""
    chosen = np.broadcast_to(cells, values.shape[1:])
    if not chosen.any():
        return np.full(len(values), np.nan)
    return values[:, chosen].mean(-1)
