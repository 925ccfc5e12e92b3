"""Tournaments: ratings from results, intervals that widen, and cells that cannot be made."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.design.clock import Silent
from rewardsmith.design.tournament import Cell, Tournament, bradley_terry, play, ratings
from rewardsmith.report import tournament as page


def cells(**success: list[float]) -> list[Cell]:
    return [Cell(m, "t", i, v, v + 0.1, 8, 1000) for m, vs in success.items() for i, v in enumerate(vs)]


def test_two_methods_have_the_closed_form():
    """P(win) = 3/4 of many pairs is 400 log10(3) points apart, but for the ridge."""
    reached = np.array([[1.0] * 300 + [0.0] * 100, [0.0] * 300 + [1.0] * 100])
    a, b = bradley_terry(reached)
    assert a - b == pytest.approx(400 * math.log10(3), rel=0.1)
    assert a + b == pytest.approx(0.0, abs=1e-9)


def test_small_differences_are_draws_and_missing_results_take_no_part():
    assert np.allclose(bradley_terry(np.array([[0.50], [0.51]])), 0.0)
    assert np.allclose(bradley_terry(np.array([[0.5], [np.nan]])), 0.0)


def test_ratings_are_in_order_with_the_gain_over_random():
    found = ratings(cells(random=[0.1, 0.2, 0.3], good=[0.8, 0.9, 0.7], lost=[math.nan] * 3))
    good = found[0]
    assert good.method == "good"
    assert good.gain == pytest.approx(0.6)
    assert good.shrinkage == pytest.approx(0.1)
    assert good.low <= good.rating <= good.high
    lost = next(each for each in found if each.method == "lost")
    assert lost.missing == 3
    assert math.isnan(lost.gain)


def test_the_gain_is_over_whom_one_names():
    found = ratings(cells(random=[0.1, 0.2], ours=[0.5, 0.7], without=[0.4, 0.5]), "ours")
    gains = {each.method: each.gain for each in found}
    assert gains["without"] == pytest.approx(-0.15)
    assert math.isnan(gains["ours"])


def test_one_search_has_no_interval():
    found = ratings(cells(random=[0.1], good=[0.9]))
    assert found[0].method == "good"
    assert math.isnan(found[0].low)
    assert math.isnan(found[0].error)


def test_equal_methods_cannot_be_told_apart():
    rng = np.random.default_rng(0)
    found = ratings(cells(random=list(rng.random(12)), same=list(rng.random(12))))
    assert all(each.low < 0.0 < each.high for each in found)


@pytest.mark.parametrize(
    "change",
    [
        {"methods": ("random",)},
        {"tasks": ()},
        {"methods": ("random", "eurka")},
        {"tasks": ("cartpol",)},
        {"methods": ("random", "random")},
        {"seeds": 0},
        {"trainings": True},
    ],
)
def test_bad_tournaments_are_refused(change):
    good = {"methods": ("random", "eureka"), "tasks": ("cartpole",), "trainings": 8}
    with pytest.raises(BadInput):
        Tournament(**(good | change))


def test_what_is_saved_by_dropping_losers_early_may_be_spent():
    match = Tournament(("random", "eureka"), ("cartpole",), 80)
    eureka, ours = (match.affordable(match.method(name)) for name in ("eureka", "rewardsmith"))
    assert eureka == 80
    # 35 % of every training, 65 % of a quarter, and three confirmations of an eighth
    assert ours == int(80 * (1 + 3 / 8) / (0.35 + 0.25 * 0.65 + 3 / 8))


def test_a_small_tournament_runs_and_can_be_looked_at(tmp_path):
    match = Tournament(("random", "lares"), ("pendulum",), 4, 2048, seeds=1)
    found = play(match, tmp_path, Silent())
    assert [cell.method for cell in found] == ["random", "lares"]
    assert 0.0 <= found[0].success <= 1.0
    assert "choices" in found[1].why, "shared replay needs a task with choices, and says so"
    again = play(match, tmp_path, Silent())
    assert again[0] == found[0]
    from dataclasses import asdict

    record = {
        "tasks": ["pendulum"], "trainings": 4, "steps": 2048, "seeds": 1, "each": 1, "honest": True,
        "proposer": "the grammar", "against": "random", "version": "0",
        "ratings": [asdict(r) for r in ratings(found)], "cells": [asdict(cell) for cell in found],
    }  # fmt: skip
    html = page.render(record)
    assert "lares" in html
    assert "compares loops, not language models" in html
    assert "Too few searches for intervals" in html
    command = "rewardsmith bench methods --tasks pendulum --methods lares,random --trainings 4 --steps 2048"
    assert f"{command} --seeds 1 --each 1 --against random</pre>" in html
