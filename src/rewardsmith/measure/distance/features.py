"""Features in which values are fitted, and random potentials that they cannot express exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.fields import NEXT
from ...tasks import Task

Numbers = np.ndarray[Any, Any]
FOURIER = 64
_BUMPS = 10  # along each column
_MOST_FOR_PRODUCTS = 12  # columns
_MOST_OF_COLUMNS = 320  # features of single columns together
_FAR = 4.0  # standard deviations; what lies further is drawn in


@dataclass(frozen=True, eq=False)
class Columns:
    """What is known about a state: its observation and named fields, standardised, ``(..., D)``.

    Args:
        names: of the fields beside ``obs``.
        mean, deviation: ``(D,)`` over the recorded states.
    """

    task: Task
    names: tuple[str, ...]
    mean: Numbers
    deviation: Numbers
    kept: Numbers

    @staticmethod
    def of(task: Task, batch: dict[str, Numbers]) -> Columns:
        """Columns that vary in a batch; of equal ones the first is kept."""
        names = tuple(field.name for field in task.fields if field.kind == "state")
        raw = _gather(batch, names, "").reshape(-1, _width(batch, names))
        mean, deviation = raw.mean(0), raw.std(0)
        scaled = (raw - mean) / np.where(deviation > 0, deviation, 1.0)
        kept: list[int] = []
        for column in np.flatnonzero(deviation > 1e-9 * (1 + np.abs(mean))):
            alike = [abs(float((scaled[:, column] * scaled[:, other]).mean())) for other in kept]
            if max(alike, default=0.0) < 1 - 1e-9:
                kept.append(int(column))
        return Columns(task, names, mean, deviation, np.asarray(kept, int))

    def read(self, batch: dict[str, Numbers], after: bool = False) -> Numbers:
        """Standardised columns of the states, or of their successors; far outliers are drawn in."""
        raw = _gather(batch, self.names, NEXT if after else "")[..., self.kept]
        scaled = (raw - self.mean[self.kept]) / self.deviation[self.kept]
        beyond = np.maximum(np.abs(scaled) - _FAR, 0.0)
        return scaled + np.sign(scaled) * (np.log1p(beyond) - beyond)


def _gather(batch: dict[str, Numbers], names: tuple[str, ...], prefix: str) -> Numbers:
    obs = np.asarray(batch[f"{prefix}obs"], np.float64)
    parts = [obs]
    for name in names:
        value = np.asarray(batch[prefix + name], np.float64)
        parts.append(value[..., None] if value.ndim < obs.ndim else value)
    return np.concatenate(parts, axis=-1)


def _width(batch: dict[str, Numbers], names: tuple[str, ...]) -> int:
    return _gather(batch, names, "").shape[-1]


def basis(width: int, rng: np.random.Generator) -> Callable[[Numbers], Numbers]:
    """Features of standardised columns ``(..., D)``, ``(..., F)``.

    1, every column, its square, its absolute value and bumps along it (fewer for many columns), products of two
    columns (for few), and random Fourier features of two columns.
    """
    frequency = np.where(_few(rng, width, FOURIER, 2), rng.normal(size=(width, FOURIER)), 0.0)
    phase = rng.uniform(0, 2 * np.pi, FOURIER)
    left, right = np.triu_indices(width, 1 if width <= _MOST_FOR_PRODUCTS else width)
    each = min(_BUMPS + 3, max(1, _MOST_OF_COLUMNS // width))
    centres = np.linspace(-2.5, 2.5, max(0, each - 3))
    spread = (5.0 / max(1, len(centres) - 1)) ** 2

    def features(x: Numbers) -> Numbers:
        own = [x, x**2, np.abs(x)][:each]
        bumps = [np.exp(-((x - centre) ** 2) / spread) for centre in centres]
        products = x[..., left] * x[..., right]
        return np.concatenate(
            [np.ones((*x.shape[:-1], 1)), *own, *bumps, products, np.cos(x @ frequency + phase)], axis=-1
        )

    return features


def whiten(now: Numbers, *others: Numbers, least: float = 3e-3) -> tuple[Numbers, ...]:
    """1, and the same span in coordinates that are uncorrelated over ``now (N, F)``, of mean 0 and variance 1.

    ``least``: directions that vary less than this share of the greatest go.
    """
    mean, scale = now.mean(0), now.std(0)
    scale[scale <= 1e-12 * (1 + np.abs(mean))] = np.inf
    unit = (now - mean) / scale
    values, vectors = np.linalg.eigh(unit.T @ unit / len(now))
    good = values > least**2 * values.max()
    turn = vectors[:, good] / np.sqrt(values[good]) / scale[:, None]
    return tuple(np.hstack([np.ones((len(each), 1)), (each - mean) @ turn]) for each in (now, *others))


def random_potentials(data: Numbers, rng: np.random.Generator, count: int) -> Callable[[Numbers], Numbers]:
    """Random potentials ``(..., K)`` of standardised columns ``(..., D)``.

    Of the kind that people write: one quantity, or the sum of two, each through a curve around some recorded
    value: minus the distance from it, a saturating distance, a bell, a switch.  ``basis`` can express none of
    them exactly.
    """
    width = data.shape[-1]
    column = rng.integers(width, size=(2, count))
    centre = data[rng.integers(len(data), size=(2, count)), column]
    slope = np.exp(rng.uniform(-0.5, 0.5, (2, count))) * rng.choice([-1.0, 1.0], (2, count))
    weight = np.stack([np.ones(count), np.where(np.arange(count) % 2, rng.uniform(0.3, 1.0, count), 0.0)])
    kind = rng.permuted(np.resize(np.arange(4), (2, count)), axis=1)

    def potentials(x: Numbers) -> Numbers:
        total = np.zeros((*x.shape[:-1], count))
        for part in range(2):
            z = (x[..., column[part]] - centre[part]) * slope[part]
            curves = (-np.abs(z), np.tanh(np.abs(z)), np.exp(-(z**2) / 2), np.tanh(z))
            total += weight[part] * np.choose(kind[part], curves)
        return total

    return potentials


def _few(rng: np.random.Generator, width: int, count: int, most: int) -> Numbers:
    """``(D, count)`` truth values: which few of the rows each column uses."""
    return rng.random((width, count)).argsort(axis=0) < min(most, width)
