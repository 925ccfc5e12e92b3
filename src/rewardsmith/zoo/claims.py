"""The claim harness: what a recipe may say about a paper, and when.

A claim is a few checks over seeds.  An inequality holds when the paired mean difference exceeds its margin
by more than two standard errors, is refuted when it falls short by more than two, and is otherwise not
shown.  Every claim has a negative control, a setting in which the effect must vanish.  ``verdict`` turns
checks into one of four words; it cannot be talked into ``holds``.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Literal

import numpy as np

from ..core.errors import BadInput
from ..core.stats import Values, paired_difference, share_interval

Status = Literal["holds", "refuted", "partial", "untested"]
Outcome = Literal["holds", "refuted", "not shown"]
Kind = Literal["inequality", "bound", "share", "control"]

LEAST_SEEDS = 8
SURE = 2.0  # standard errors
ROUNDING = 1e-12  # of the largest value: no spread, only float64


@dataclass(frozen=True)
class Check:
    """One measured statement: its outcome and the numbers behind it."""

    name: str
    kind: Kind
    outcome: Outcome
    figures: Mapping[str, Any]

    def __str__(self) -> str:
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in self.figures.items() if _is_number(value))
        return f"{self.name}: {self.outcome} ({numbers})"


def compare_paired(name: str, ours: Values, rival: Values, at_least: float = 0.0, exact: bool = False) -> Check:
    """``mean(ours - rival) > at_least``, paired by seed; larger is better (negate costs).

    ``exact=True`` is for numbers without chance (an enumeration, a linear solve): every pair must then
    satisfy the inequality, and eight seeds are not needed.
    """
    difference = paired_difference(ours, rival)
    figures = {"ours": _mean(ours), "rival": _mean(rival), "difference": difference.mean, "at_least": at_least}
    if exact:
        worst = float(np.min(np.asarray(ours, dtype=np.float64) - np.asarray(rival, dtype=np.float64)))
        figures |= {"worst": worst, "n": difference.n}
        return Check(name, "inequality", "holds" if worst > at_least else "refuted", figures)
    _enough(name, difference.n)
    figures |= {"standard_error": difference.standard_error, "n": difference.n}
    return Check(name, "inequality", _decide(difference.mean - at_least, difference.standard_error), figures)


def control(name: str, ours: Values, rival: Values, sees: float, exact: bool = False) -> Check:
    """Negative control: where its cause is taken away, the difference must vanish.

    Holds when ``|difference| <= 2 s.e.`` and the control could have seen an effect of size ``sees``
    (``2 s.e. <= sees``); a control that is too noisy to see anything proves nothing, nor does one whose
    differences are all 0 but for rounding: nothing varies, so nobody knows that anything could.  With ``exact``
    the difference itself must not exceed ``sees``.
    """
    difference = paired_difference(ours, rival)
    figures: dict[str, Any] = {"difference": difference.mean, "sees": sees, "n": difference.n}
    if sees <= 0 or not math.isfinite(sees):
        raise BadInput(f"control {name!r}: sees", sees, "a finite size > 0 of the smallest effect that matters")
    if exact:
        gaps = np.abs(np.asarray(ours, dtype=np.float64) - np.asarray(rival, dtype=np.float64))
        figures["worst"] = float(gaps.max())
        return Check(name, "control", "holds" if gaps.max() <= sees else "refuted", figures)
    _enough(name, difference.n)
    figures["standard_error"] = error = difference.standard_error
    rounding = ROUNDING * max(float(np.abs(np.asarray(each, dtype=np.float64)).max()) for each in (ours, rival))
    if abs(difference.mean) > max(SURE * error, rounding):
        return Check(name, "control", "refuted", figures)
    shown = rounding < error and SURE * error <= sees
    return Check(name, "control", "holds" if shown else "not shown", figures)


def bound(name: str, values: Values, low: float = -math.inf, high: float = math.inf) -> Check:
    """Every value lies in ``[low, high]``: for laws and exact numbers, where one exception refutes."""
    numbers = np.asarray(values, dtype=np.float64).ravel()
    if len(numbers) == 0 or np.isnan(numbers).any():
        raise BadInput(f"bound {name!r}", "no values, or NaN", "decided values")
    if not low <= high or (math.isinf(low) and math.isinf(high)):
        raise BadInput(f"bound {name!r}", (low, high), "at least one finite bound, low <= high")
    smallest, largest = float(numbers.min()), float(numbers.max())
    figures: dict[str, Any] = {"smallest": smallest, "largest": largest, "n": len(numbers)}
    figures |= {key: value for key, value in (("low", low), ("high", high)) if math.isfinite(value)}
    return Check(name, "bound", "holds" if low <= smallest and largest <= high else "refuted", figures)


def share(name: str, hits: Sequence[bool] | np.ndarray[Any, Any], low: float = 0.0, high: float = 1.0) -> Check:
    """The share of seeds lies in ``[low, high]``: decided by Wilson's 95 % interval."""
    outcomes = np.asarray(hits)
    if outcomes.dtype != bool:
        raise BadInput(f"share {name!r}", f"{outcomes.dtype} values", "bools, one per seed")
    _enough(name, outcomes.size)
    got = share_interval(int(outcomes.sum()), outcomes.size)
    figures = {"share": got.mean, "from": got.low, "to": got.high, "low": low, "high": high, "n": got.n}
    if (got.low > low or low == 0) and (got.high < high or high == 1):
        return Check(name, "share", "holds", figures)
    wrong = got.high < low or got.low > high
    return Check(name, "share", "refuted" if wrong else "not shown", figures)


@dataclass(frozen=True)
class Verdict:
    """What a claim came to.  Made by ``verdict``, which applies the rules."""

    status: Status
    checks: tuple[Check, ...]
    seeds: tuple[int, ...]
    missing: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    cost: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        said = bool(self.missing.strip())
        if (self.status == "partial" and not said) or (self.status == "holds" and said):
            received = f"{self.status}, missing={self.missing!r}"
            raise BadInput("verdict", received, "a text of what is missing if partial, none if it holds")

    @property
    def figures(self) -> dict[str, Any]:
        """Everything measured, ready for JSON."""
        checks = {c.name: {"kind": c.kind, "outcome": c.outcome, **c.figures} for c in self.checks}
        return {"checks": checks, **self.extra, "cost": dict(self.cost)}


def verdict(
    checks: Iterable[Check],
    seeds: Iterable[int],
    missing: str = "",
    figures: Mapping[str, Any] | None = None,
    cost: Mapping[str, float] | None = None,
) -> Verdict:
    """One word for all checks.

    ``refuted`` if an inequality, bound or share is; else ``partial`` if the recipe names something
    ``missing``, a check was not shown or a control did not vanish; else ``holds``.

    Raises:
        BadInput: no check, no negative control, two checks of one name, or figures that are not JSON.
    """
    checks, seeds = tuple(checks), tuple(int(seed) for seed in seeds)
    names = [check.name for check in checks]
    if len(set(names)) != len(names):
        raise BadInput("checks", f"names {names}", "a name of its own for each")
    if not any(check.kind == "control" for check in checks):
        raise BadInput("checks", f"no control among {names}", "at least one negative control")
    if not any(check.kind != "control" for check in checks):
        raise BadInput("checks", "controls only", "at least one inequality, bound or share")
    gaps = [missing.strip()] if missing.strip() else []
    gaps += [f"not shown: {check.name}" for check in checks if check.outcome == "not shown"]
    gaps += [f"control failed: {c.name}" for c in checks if c.kind == "control" and c.outcome == "refuted"]
    refuted = any(check.outcome == "refuted" and check.kind != "control" for check in checks)
    status: Status = "refuted" if refuted else "partial" if gaps else "holds"
    result = Verdict(status, checks, seeds, "; ".join(gaps), figures or {}, cost or {})
    try:
        json.dumps(result.figures, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BadInput("figures", str(error), "finite numbers, texts, lists and dicts") from None
    # as a file would give them back: lists for tuples, texts for keys
    return replace(result, extra=json.loads(json.dumps(result.extra)))


@dataclass(frozen=True)
class Tuned:
    """The best setting of a grid and the mean score of each on the tuning seeds."""

    setting: Any
    scores: tuple[tuple[Any, float], ...]


def tune(
    run: Callable[[Any, Sequence[int]], Values],
    grid: Sequence[Any],
    seeds: Sequence[int],
    report_seeds: Sequence[int],
) -> Tuned:
    """Choose a rival's setting by its mean score on seeds that the report does not use.

    A gain over an untuned rival is not a claim; a rival tuned on the reported seeds is flattered.
    """
    if set(seeds) & set(report_seeds):
        raise BadInput("tuning seeds", sorted(set(seeds) & set(report_seeds)), "seeds that are not reported on")
    if not grid:
        raise BadInput("grid", "nothing", "at least one setting")
    scores = [(setting, _mean(run(setting, seeds))) for setting in grid]
    return Tuned(max(scores, key=lambda pair: pair[1])[0], tuple(scores))


class Meter:
    """Measures a block: wall and CPU seconds, and whatever is counted.

    Example:
        >>> with Meter() as meter:
        ...     meter.count("env_steps", 500)
        >>> meter.cost["env_steps"]
        500
    """

    def __init__(self) -> None:
        self.cost: dict[str, float] = {}

    def __enter__(self) -> Meter:
        self._start = time.perf_counter(), time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wall, cpu = self._start
        self.cost["wall_s"] = round(time.perf_counter() - wall, 3)
        self.cost["cpu_s"] = round(time.process_time() - cpu, 3)

    def count(self, what: str, amount: float = 1) -> None:
        """Add to a counter such as ``env_steps``, ``trainings`` or ``generator_calls``."""
        self.cost[what] = self.cost.get(what, 0) + amount


def _decide(excess: float, error: float) -> Outcome:
    if excess > SURE * error:
        return "holds"
    return "refuted" if excess < -SURE * error else "not shown"


def _enough(name: str, n: int) -> None:
    if n < LEAST_SEEDS:
        why = "exact=True states that no chance is involved"
        raise BadInput(f"seeds of {name!r}", n, f"at least {LEAST_SEEDS}", why)


def _mean(values: Values) -> float:
    return float(np.mean(np.asarray(values, dtype=np.float64)))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
