"""Compare any number of rewards on a task: a matrix, a tree, and a sentence that says what it means."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from ...core.algebra import Reward
from ...core.errors import BadInput, MissingExtra
from ...tasks import Task
from .coverage import STEPS, Coverage, check_fields, record_coverage
from .returns import episode_returns, return_agreement
from .sampled import SAMPLED, Sampled, sampled_distance
from .trained import SEEDS, trained_regret

Numbers = np.ndarray[Any, Any]
METRICS = (*SAMPLED, "returns", "ranks", "regret")
UNITS: Mapping[str, str] = {
    "starc": "STARC distance, values of the policies that recorded",
    "starc-minimal": "STARC distance, smallest equivalent reward",
    "epic": "EPIC distance",
    "dard": "DARD distance",
    "srrd": "SRRD distance",
    "returns": "distance of episode returns, sqrt((1 - correlation) / 2)",
    "ranks": "disagreement in ranking episodes, (1 - Kendall's tau-b) / 2",
    "regret": "share lost under the row's reward by training on the column's",
}
# Distances up to here, in words: cosines of 0.96, 0.68, 0.23, -0.25 and -0.9.
_APART = (0.15, 0.40, 0.62, 0.79, 0.975)
# Shares of pairs of episodes in the other order.
_DISORDER = (0.05, 0.2, 0.4, 0.6, 0.95)
_WORDS = (
    "{verb} almost alike",
    "{verb} mostly alike",
    "have something in common",
    "are unrelated",
    "contradict each other",
    "are opposites",
)


@dataclass(frozen=True, eq=False)
class Comparison:
    """One metric over named rewards.

    Args:
        names: of the rewards, in order.
        metric: a name of ``METRICS``.
        distances: the matrix; for ``regret`` not symmetric, row i under reward i.
        tree: ``(R - 1, 4)`` average linkage as SciPy writes it, or None where a distance is missing.
        sentence: what it means.
        played: by whom the transitions were recorded.
    """

    names: tuple[str, ...]
    metric: str
    distances: Sampled
    tree: Numbers | None
    sentence: str
    played: str

    def record(self) -> dict[str, Any]:
        """As ``--json`` prints it and the page reads it; None where there is no number."""
        found = self.distances
        tables = ("mean", "low", "high", "floor")
        return {
            "metric": self.metric,
            "unit": UNITS[self.metric],
            "names": list(self.names),
            **{name: _plain(getattr(found, name)) for name in tables},
            "trivial": [name for name, trivial in zip(self.names, found.trivial, strict=True) if trivial],
            "tree": None if self.tree is None else _plain(self.tree),
            "sentence": self.sentence,
            "steps": found.steps,
            "episodes": found.episodes,
            "played": self.played,
            "why": found.why,
        }


def compare(
    rewards: Mapping[str, Reward],
    task: Task,
    metric: str = "starc",
    *,
    seed: int = 0,
    coverage: Coverage | None = None,
    steps: int = STEPS,
    training: Mapping[str, Any] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Comparison:
    """Compare rewards by one metric.

    Args:
        rewards: at least two, by name.
        metric: one of ``METRICS``.
        coverage: what they are compared on; recorded if None.
        steps: how much to record.
        training: for ``regret``: ``seeds``, ``steps`` and ``episodes`` of ``trained_regret``.
        progress: for ``regret``: called with the number of training iterations done.

    Raises:
        BadInput: an unknown metric, or one reward only.
        MissingField: a reward that reads what the task does not have.
    """
    if metric not in METRICS:
        raise BadInput("metric", repr(metric), ", ".join(METRICS))
    if len(rewards) < 2:
        raise BadInput("rewards", len(rewards), "at least two", "a comparison is between two rewards")
    names, each = tuple(rewards), tuple(rewards.values())
    for reward in each:
        check_fields(reward, task)
    if metric == "regret":
        found, played = _regret(each, task, training or {}, seed, progress), "policies trained on each reward"
    else:
        recorded = record_coverage(task, seed, steps) if coverage is None else coverage
        found, played = _measured(each, recorded, metric, seed), recorded.played
    distance = found.mean if metric != "regret" else (found.mean + found.mean.T) / 2
    sentence = found.why or (regret_sentence if metric == "regret" else sentence_of)(names, found)
    return Comparison(names, metric, found, linkage(distance), sentence, played)


def linkage(distances: Numbers) -> Numbers | None:
    """Average linkage of a symmetric matrix ``(R, R)``; None where a distance is missing.

    Raises:
        MissingExtra: SciPy is not installed.
    """
    pairs = np.asarray([distances[i, j] for i, j in combinations(range(len(distances)), 2)])
    if np.isnan(pairs).any():
        return None
    try:
        from scipy.cluster.hierarchy import linkage as average_linkage
    except ModuleNotFoundError:
        raise MissingExtra("scipy", "measure", "comparing rewards") from None
    return np.asarray(average_linkage(np.maximum(pairs, 0.0), "average"))


def sentence_of(names: Sequence[str], found: Sampled) -> str:
    """What a matrix of distances means: who cannot be told apart, who is nearest, who is farthest.

    Example:
        >>> mean = np.array([[0.0, 0.1], [0.1, 0.0]])
        >>> found = Sampled("starc", mean, mean - 0.02, mean + 0.02, 0 * mean, np.zeros(2, bool))
        >>> sentence_of(("v1", "v2"), found)
        'v1 and v2 order policies almost alike (0.10).'
    """
    nothing = (
        "pays all episodes alike" if found.kind in ("returns", "ranks") else "ranks no policy above another"
    )
    parts = [f"{name} {nothing}, as far as was recorded" for name in _of(names, found.trivial)]
    parts += [
        f"{name} is mostly shaping, and the rest of it is within the noise" for name in _of(names, found.hidden)
    ]
    told: list[tuple[float, int, int]] = []
    same: list[str] = []
    for i, j in combinations(range(len(names)), 2):
        unclear = found.trivial | found.hidden
        if unclear[i] or unclear[j] or math.isnan(found.mean[i, j]):
            continue
        if found.mean[i, j] == 0.0 and found.high[i, j] <= 1e-6:
            same.append(f"{names[i]} and {names[j]} are the same up to shaping and scale")
        elif found.distinguishable[i, j]:
            told.append((float(found.mean[i, j]), i, j))
        else:
            parts.append(f"{names[i]} and {names[j]} are not distinguishable ({_reason(found, i, j)})")
    told.sort()
    pairs = told if len(told) <= 3 else [told[0], told[-1]]
    said = [f"{names[i]} and {names[j]} {_words(found.kind, value)} ({value:.2f})" for value, i, j in pairs]
    if len(told) > 3:
        said = [f"nearest: {said[0]}", f"farthest: {said[1]}"]
    text = "; ".join([*same, *parts, *said]) or "no pair has a verdict"
    return f"{text}."


def regret_sentence(names: Sequence[str], found: Sampled) -> str:
    """What optimising one reward instead of another cost, the dearest first."""
    costs: list[tuple[float, str]] = []
    for i, j in ((i, j) for i in range(len(names)) for j in range(len(names)) if i != j):
        value = float(found.mean[i, j])
        if math.isnan(value):
            continue
        said = f"training on {names[j]} instead of {names[i]} "
        if value <= 0:
            better = f"gained {-value:.0%} more" if found.high[i, j] < 0 else f"cost nothing ({value:+.0%})"
            said += f"{better} under {names[i]}"
        else:
            said += f"cost {value:.0%} of what training gains under {names[i]}"
            said += "" if found.low[i, j] > 0 else ", which these seeds do not tell from 0"
        costs.append((-value, said))
    parts = [f"training on {name} gained nothing over random actions" for name in _of(names, found.trivial)]
    return "; ".join([*parts, *(text for _, text in sorted(costs)[:3])]) + "."


def _reason(found: Sampled, i: int, j: int) -> str:
    """Below the noise floor, or an interval that reaches it."""
    mean, low, high, floor = (float(t[i, j]) for t in (found.mean, found.low, found.high, found.floor))
    if mean <= floor:
        return f"below the noise floor {floor:.2f}" if floor > 0 else "0, as far as was recorded"
    return f"{mean:.2f}, but the interval [{low:.2f}, {high:.2f}] reaches the noise floor {floor:.2f}"


def _words(kind: str, value: float) -> str:
    limits = _DISORDER if kind == "ranks" else _APART
    verb = {"returns": "pay episodes", "ranks": "rank episodes"}.get(kind, "order policies")
    return _WORDS[sum(value > limit for limit in limits)].format(verb=verb)


def _of(names: Sequence[str], mask: Numbers) -> list[str]:
    return [name for name, wanted in zip(names, mask, strict=True) if wanted]


def _measured(rewards: Sequence[Reward], coverage: Coverage, metric: str, seed: int) -> Sampled:
    if metric in SAMPLED:
        return sampled_distance(rewards, coverage, metric, seed=seed)
    returns = episode_returns(rewards, coverage)
    found = return_agreement(returns, "pearson" if metric == "returns" else "kendall", seed=seed)
    turned = [(1.0 - each) / 2.0 for each in (found.mean, found.high, found.low)]
    mean, low, high = (np.sqrt(each) if metric == "returns" else each for each in turned)
    # Few resamples have no verdict where a reward pays rarely; the estimate itself may still have one.
    known = ~np.isnan(mean)
    low = np.where(known & np.isnan(low), 0.0, low)
    high = np.where(known & np.isnan(high), 1.0, high)
    zero, trivial = np.zeros_like(mean), np.isnan(np.diagonal(mean))
    return Sampled(metric, mean, low, high, zero, trivial, coverage.steps, len(returns))


def _regret(
    rewards: Sequence[Reward],
    task: Task,
    training: Mapping[str, Any],
    seed: int,
    progress: Callable[[int], None] | None,
) -> Sampled:
    options: dict[str, Any] = {"seeds": tuple(range(1000 * seed, 1000 * seed + SEEDS)), **training}
    done = trained_regret(rewards, task, **options, progress=progress)
    learnt_nothing = np.isnan(np.diagonal(done.mean))
    episodes = done.returns.shape[-1] * len(rewards)
    zero = np.zeros_like(done.mean)
    return Sampled("regret", done.mean, done.low, done.high, zero, learnt_nothing, done.steps, episodes)


def _plain(table: Numbers) -> Any:
    return [_plain(each) if np.ndim(each) else (float(each) if math.isfinite(each) else None) for each in table]
