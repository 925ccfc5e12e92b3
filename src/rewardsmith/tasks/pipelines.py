"""Every machine-learning pipeline of a small space, scored once: a search whose regret is known.

Five stages of four options: scale, select, transform, model and its setting, 1,024 pipelines on four data sets
of scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from ..core.errors import BadInput, MissingExtra

Floats = np.ndarray[Any, Any]
DATA = ("digits", "wine", "breast cancer", "diabetes")
STAGES: dict[str, tuple[str, ...]] = {
    "scale": ("none", "standard", "minmax", "rank"),
    "select": ("all", "half", "quarter", "two"),
    "transform": ("none", "principal", "squares", "random"),
    "model": ("ridge", "neighbours", "bayes", "discriminant"),
    "setting": ("1", "2", "3", "4"),
}
SIZES = tuple(len(options) for options in STAGES.values())
RIDGES, NEIGHBOURS, SMOOTHINGS, SHRINKAGES = (
    (1e-3, 0.1, 1.0, 10.0),
    (1, 3, 7, 15),
    (1e-6, 1e-3, 0.1, 1.0),
    (0.01, 0.1, 0.5, 1.0),
)


@dataclass(frozen=True, eq=False)
class PipelineScores:
    """Accuracy of every pipeline, ``(4, 4, 4, 4, 4)``, on data to choose with and on data to report."""

    validation: Floats
    test: Floats

    @property
    def percentiles(self) -> Floats:
        """Ranks of the validation scores, 0 to 1; ties in order."""
        ranks = self.validation.ravel().argsort(kind="stable").argsort(kind="stable")
        return (ranks / (ranks.size - 1)).reshape(self.validation.shape)

    def shuffled(self, rng: np.random.Generator) -> PipelineScores:
        """The same scores at other places, so that no stage means anything."""
        order, shape = rng.permutation(self.test.size), self.test.shape
        return PipelineScores(
            self.validation.ravel()[order].reshape(shape), self.test.ravel()[order].reshape(shape)
        )

    def regret(self, points: Iterable[tuple[int, ...]]) -> tuple[float, float]:
        """Test and validation accuracy lost by the one of ``points`` with the best validation score."""
        chosen = max(points, key=lambda p: self.validation[p])
        return float(self.test.max() - self.test[chosen]), float(
            self.validation.max() - self.validation[chosen]
        )


@cache
def pipeline_scores(name: str, rows: int = 150, seed: int = 0) -> PipelineScores:
    """Scores on one of ``DATA``: ``rows`` to fit, as many to choose, and at most 300 others to report.

    Raises:
        MissingExtra: scikit-learn, which brings the data, is not installed.
    """
    x, y = _load(name)
    order = np.random.default_rng(seed).permutation(len(y))
    rows = min(rows, len(y) // 3)
    parts = order[:rows], order[rows : 2 * rows], order[2 * rows : 2 * rows + 300]
    split, hot = [x[part] for part in parts], np.eye(y.max() + 1)[y[parts[0]]]
    found = np.empty((2, *SIZES))
    for a, b, c in product(range(4), repeat=3):
        prepared = _transformed(_selected(_scaled(split, a), hot, b), c)
        for d, model in enumerate((ridge, neighbours, bayes, discriminant)):
            for side in (0, 1):
                guesses = model(prepared[0], hot, prepared[side + 1])
                found[side, a, b, c, d] = (guesses == y[parts[side + 1]]).mean(1)
    return PipelineScores(found[0], found[1])


def _load(name: str) -> tuple[Floats, Floats]:
    try:
        from sklearn import datasets
    except ImportError:
        raise MissingExtra("scikit-learn", "zoo", "the data sets") from None
    if name not in DATA:
        raise BadInput("data set", repr(name), ", ".join(DATA))
    data: Any = getattr(datasets, "load_" + name.replace(" ", "_"))()
    target = data.target > np.median(data.target) if name == "diabetes" else data.target
    return np.asarray(data.data, np.float64), np.asarray(target, np.int64)


def _scaled(split: list[Floats], option: int) -> list[Floats]:
    fit = split[0]
    if option == 1:
        return [(x - fit.mean(0)) / (fit.std(0) + 1e-9) for x in split]
    if option == 2:
        return [(x - fit.min(0)) / (np.ptp(fit, axis=0) + 1e-9) for x in split]
    if option == 3:
        ordered = np.sort(fit, 0).T
        ranks = [[np.searchsorted(o, column) for o, column in zip(ordered, x.T, strict=True)] for x in split]
        return [np.array(each).T / len(fit) for each in ranks]
    return split


def _selected(split: list[Floats], hot: Floats, option: int) -> list[Floats]:
    """The features whose class means are furthest apart, in units of their deviation."""
    fit = split[0]
    keep = (fit.shape[1], fit.shape[1] // 2, max(fit.shape[1] // 4, 2), 2)[option]
    means = hot.T @ fit / np.maximum(hot.sum(0), 1)[:, None]
    apart = np.square(hot @ means - fit.mean(0)).mean(0) / (fit.var(0) + 1e-9)
    best = np.sort(np.argsort(-apart, kind="stable")[:keep])
    return [x[:, best] for x in split]


def _transformed(split: list[Floats], option: int) -> list[Floats]:
    fit = split[0]
    middle = fit.mean(0)
    if option == 1:
        axes = np.linalg.svd(fit - middle, full_matrices=False)[2][: max(2, fit.shape[1] // 3)]
        return [(x - middle) @ axes.T for x in split]
    if option == 2:
        return [np.concatenate([x, np.square(x - middle)], 1) for x in split]
    if option == 3:
        weights = np.random.default_rng(7).normal(size=(fit.shape[1], 40)) / np.sqrt(fit.shape[1])
        scale = np.abs((fit - middle) @ weights).mean() + 1e-9
        return [np.maximum((x - middle) @ weights / scale, 0.0) for x in split]
    return split


def ridge(x: Floats, hot: Floats, new: Floats) -> Floats:
    """Guesses ``(4, M)`` of least squares on one-hot labels, penalties ``RIDGES`` (times the rows)."""
    middle, level = x.mean(0), hot.mean(0)
    values, axes = np.linalg.eigh((x - middle).T @ (x - middle) / len(x))
    pull, ahead = axes.T @ (x - middle).T @ (hot - level) / len(x), (new - middle) @ axes
    found = [ahead @ (pull / (np.maximum(values, 0) + each)[:, None]) + level for each in RIDGES]
    return np.argmax(found, axis=-1)


def neighbours(x: Floats, hot: Floats, new: Floats) -> Floats:
    """Guesses ``(4, M)`` of the majority of the nearest ``NEIGHBOURS``."""
    apart = np.square(new).sum(1)[:, None] - 2 * new @ x.T + np.square(x).sum(1)
    votes = hot[np.argsort(apart, axis=1, kind="stable")[:, : max(NEIGHBOURS)]].cumsum(1)
    return np.argmax([votes[:, k - 1] for k in NEIGHBOURS], axis=-1)


def bayes(x: Floats, hot: Floats, new: Floats) -> Floats:
    """Guesses ``(4, M)`` of Gaussian naive Bayes, ``SMOOTHINGS`` of the largest variance added to each."""
    count = np.maximum(hot.sum(0), 1)[:, None]
    means = hot.T @ x / count
    spread = np.maximum(hot.T @ np.square(x) / count - np.square(means), 0)
    found: list[Floats] = []
    for each in SMOOTHINGS:
        variance = spread + each * x.var(0).max() + 1e-12
        far = np.square(new) @ (1 / variance).T - 2 * new @ (means / variance).T
        far = far + (np.square(means) / variance + np.log(variance)).sum(1)
        found.append(np.log(count[:, 0] / len(x)) - far / 2)
    return np.argmax(found, axis=-1)


def discriminant(x: Floats, hot: Floats, new: Floats) -> Floats:
    """Guesses ``(4, M)`` of linear discriminants; covariances shrunk by ``SHRINKAGES`` to spheres."""
    count = np.maximum(hot.sum(0), 1)
    means = hot.T @ x / count[:, None]
    within = (x - hot @ means).T @ (x - hot @ means) / len(x)
    values, axes = np.linalg.eigh(within)
    level, found = values.mean(), list[Floats]()
    for each in SHRINKAGES:
        shrunk = (1 - each) * np.maximum(values, 0) + each * level + 1e-12
        whitened = means @ axes / np.sqrt(shrunk)
        far = (new @ axes / np.sqrt(shrunk)) @ whitened.T - np.square(whitened).sum(1) / 2
        found.append(far + np.log(count / len(x)))
    return np.argmax(found, axis=-1)
