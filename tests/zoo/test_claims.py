"""The rules of the harness on made-up data with a known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.zoo import claims as c

SEEDS = range(12)
NOISE = np.random.default_rng(0).normal(size=12)


def made_up(effect: float, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    rival = np.random.default_rng(1).normal(size=12) * 10  # a large seed effect that pairing removes
    return rival + effect + noise * (NOISE - NOISE.mean()), rival


VANISHES = c.control("control", *made_up(0.0), sees=0.5)


@pytest.mark.parametrize(("effect", "outcome"), [(1.0, "holds"), (0.0, "not shown"), (-1.0, "refuted")])
def test_compare_paired(effect: float, outcome: str) -> None:
    assert c.compare_paired("x", *made_up(effect)).outcome == outcome


def test_the_rule_is_two_standard_errors() -> None:
    error = float(np.std(0.1 * NOISE, ddof=1)) / math.sqrt(12)
    assert c.compare_paired("x", *made_up(2.01 * error)).outcome == "holds"
    assert c.compare_paired("x", *made_up(1.99 * error)).outcome == "not shown"
    assert c.compare_paired("x", *made_up(-2.01 * error)).outcome == "refuted"
    assert c.compare_paired("x", *made_up(0.5 + 2.01 * error), at_least=0.5).outcome == "holds"


def test_without_an_effect_it_seldom_holds() -> None:
    rng = np.random.default_rng(5)
    outcomes = [c.compare_paired("x", rng.normal(size=20), rng.normal(size=20)).outcome for _ in range(1000)]
    # Two-sided t with 19 degrees beyond 2: 6 %, half of it on either side.
    assert outcomes.count("holds") / 1000 == pytest.approx(0.03, abs=0.015)
    assert outcomes.count("refuted") / 1000 == pytest.approx(0.03, abs=0.015)


def test_exact_needs_no_seeds_and_every_pair() -> None:
    assert c.compare_paired("x", [2.0, 3.0], [1.0, 2.0], exact=True).outcome == "holds"
    assert c.compare_paired("x", [2.0, 1.0], [1.0, 2.0], exact=True).outcome == "refuted"


def test_control_must_vanish_and_must_be_able_to_see() -> None:
    assert VANISHES.outcome == "holds"
    assert c.control("x", *made_up(1.0), sees=0.5).outcome == "refuted"
    assert c.control("x", *made_up(0.0, noise=10.0), sees=0.5).outcome == "not shown"
    assert c.control("x", [1.0], [1.0 + 1e-9], sees=1e-6, exact=True).outcome == "holds"
    assert c.control("x", [1.0], [1.1], sees=1e-6, exact=True).outcome == "refuted"


def test_a_control_without_spread_shows_nothing() -> None:
    assert c.control("x", [0.25] * 8, [0.25] * 8, sees=0.1).outcome == "not shown"
    assert c.control("x", [0.0] * 8, [0.0] * 8, sees=0.1).outcome == "not shown"
    rounded = np.array([0.1 + 0.2, 0.3] * 4)  # 0.3 but for rounding
    assert 0.0 < np.abs(rounded - 0.3).max() < 1e-15
    assert c.control("x", rounded, [0.3] * 8, sees=0.1).outcome == "not shown"
    assert c.control("x", [0.3 + 0.1, 0.3 - 0.1] * 4, [0.3] * 8, sees=0.2).outcome == "holds"
    assert c.control("x", [1.0] * 8, [0.5] * 8, sees=0.1).outcome == "refuted"  # it does not vanish
    assert c.control("x", [0.25] * 8, [0.25] * 8, sees=0.1, exact=True).outcome == "holds"


def test_bound_and_share() -> None:
    assert c.bound("x", [0.0, 1e-9], high=1e-6).outcome == "holds"
    assert c.bound("x", [0.0, 1e-3], high=1e-6).outcome == "refuted"
    hits = np.arange(20) < 20
    assert c.share("x", hits, low=0.8).outcome == "holds"
    assert c.share("x", np.arange(20) < 17, low=0.8).outcome == "not shown"
    assert c.share("x", ~hits, low=0.8).outcome == "refuted"
    assert c.share("x", ~hits, high=0.4).outcome == "holds"


GOOD = c.compare_paired("good", *made_up(1.0))
OPEN = c.compare_paired("open", *made_up(0.0))
BAD = c.compare_paired("bad", *made_up(-1.0))
FAILS = c.control("fails", *made_up(1.0), sees=0.5)
BLIND = c.control("blind", *made_up(0.0, noise=10.0), sees=0.5)


@pytest.mark.parametrize(
    ("checks", "missing", "status", "said"),
    [
        ((GOOD, VANISHES), "", "holds", ""),
        ((GOOD, BAD, VANISHES), "", "refuted", ""),
        ((GOOD, BAD, VANISHES), "a larger model", "refuted", "a larger model"),
        ((GOOD, OPEN, VANISHES), "", "partial", "not shown: open"),
        ((GOOD, FAILS), "", "partial", "control failed: fails"),
        ((GOOD, BLIND), "", "partial", "not shown: blind"),
        ((GOOD, VANISHES), "a larger model", "partial", "a larger model"),
    ],
)
def test_verdict(checks: tuple[c.Check, ...], missing: str, status: str, said: str) -> None:
    got = c.verdict(checks, SEEDS, missing=missing)
    assert (got.status, got.missing) == (status, said)
    assert set(got.figures["checks"]) == {check.name for check in checks}


@pytest.mark.parametrize(
    "call",
    [
        lambda: c.verdict([GOOD], SEEDS),
        lambda: c.verdict([VANISHES], SEEDS),
        lambda: c.verdict([], SEEDS),
        lambda: c.verdict([GOOD, GOOD, VANISHES], SEEDS),
        lambda: c.verdict([GOOD, VANISHES], SEEDS, figures={"x": math.nan}),
        lambda: c.verdict([GOOD, VANISHES], SEEDS, figures={"x": np.zeros(2)}),
        lambda: c.Verdict("partial", (GOOD,), (0,)),
        lambda: c.Verdict("holds", (GOOD,), (0,), missing="something"),
        lambda: c.compare_paired("x", [1.0] * 7, [0.0] * 7),
        lambda: c.compare_paired("x", [math.nan] * 8, [0.0] * 8),
        lambda: c.control("x", [1.0] * 8, [0.0] * 8, sees=0.0),
        lambda: c.bound("x", [1.0]),
        lambda: c.bound("x", [math.nan], high=1.0),
        lambda: c.share("x", np.ones(8)),
        lambda: c.tune(lambda s, k: [0.0], [1], [0, 1], [1, 2]),
        lambda: c.tune(lambda s, k: [0.0], [], [0], [1]),
    ],
)
def test_refusals(call: object) -> None:
    with pytest.raises(BadInput):
        call()  # type: ignore[operator]


def test_tune_takes_the_best_on_other_seeds() -> None:
    tuned = c.tune(lambda rate, seeds: [-((rate - 2) ** 2) + 0 * s for s in seeds], [1, 2, 3], [10, 11], [0, 1])
    assert tuned == c.Tuned(2, ((1, -1.0), (2, 0.0), (3, -1.0)))


def test_meter() -> None:
    with c.Meter() as meter:
        meter.count("env_steps", 3)
        meter.count("env_steps", 4)
    assert meter.cost["env_steps"] == 7
    assert 0 <= meter.cost["cpu_s"] < 1
    assert 0 <= meter.cost["wall_s"] < 1
