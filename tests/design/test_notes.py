"""What writers are told in words: by hand on episodes of a few steps."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardsmith.core.fields import Field
from rewardsmith.design.candidate import Candidate
from rewardsmith.design.notes import notes, preference, process, rows, trajectory
from rewardsmith.design.race import Standing
from rewardsmith.design.screen.protocol import Episode
from rewardsmith.program import parse

FIELDS = (Field("x"), Field("v"))
PAYS_X = Candidate("r0c0", parse("x", FIELDS), "fresh")
PAYS_LESS = Candidate("r0c1", parse("-x", FIELDS), "fresh")


def episode(x, success: bool = True) -> Episode:
    values = np.asarray(x, float)
    return Episode({"x": values, "v": -values}, success)


def standing(curve=(), success=(0.25, 0.5)) -> Standing:
    return Standing("r0c0", success, 0.0, True, curve=curve)


# ---------------------------------------------------------------------- process
def test_process_tells_five_checkpoints_and_the_end():
    """Of nine values the places 0, 2, 4, 6, 8."""
    curve = tuple(i / 10 for i in range(9))
    assert process(standing(curve)) == (
        "Success per step at 5 checkpoints of the training: 0.00, 0.20, 0.40, 0.60, 0.80; in the end 0.38."
    )


@pytest.mark.parametrize(
    ("curve", "told"), [((0.5,), "0.50" + ", 0.50" * 4), ((0.0, 1.0), "0.00, 0.00, 0.00, 1.00, 1.00")]
)
def test_process_repeats_where_the_curve_is_short(curve, told):
    assert f"training: {told};" in process(standing(curve))


def test_without_a_curve_nothing_is_said():
    assert process(standing()) == ""


# ---------------------------------------------------------------------- trajectory
def test_trajectory_shows_the_best_and_the_worst_paid_per_step():
    """Means 1, 2 and 0.5; sums 10, 2 and 4 would choose others."""
    played = [episode([1.0] * 10), episode([2.0]), episode([0.5] * 8, success=False)]
    assert trajectory(PAYS_X, played, ["x", "v"]).split("\n") == [
        "The evaluation episode that was paid best (2 per step):",
        "step x v",
        "0 2 -2",
        "(1 steps, succeeded)",
        "The one that was paid worst (0.5 per step):",
        "step x v",
        *(f"{t} 0.5 -0.5" for t in range(8)),
        "(8 steps, failed)",
    ]


def test_one_episode_is_shown_once_and_none_not_at_all():
    told = trajectory(PAYS_X, [episode([1.0, 3.0])], ["x"])
    assert told.split("\n")[0] == "The evaluation episode that was paid best (2 per step):"
    assert "worst" not in told
    assert trajectory(PAYS_X, [], ["x"]) == ""


def test_an_episode_without_a_verdict_is_neither_best_nor_worst():
    unknown = episode([math.nan, math.nan])
    told = trajectory(PAYS_X, [unknown, episode([1.0]), episode([2.0])], ["x"])
    assert "(2 per step)" in told
    assert "(1 per step)" in told
    assert "nan" not in told


def test_episodes_without_any_verdict_say_nothing():
    assert trajectory(PAYS_X, [episode([math.nan])] * 2, ["x"]) == ""


# ---------------------------------------------------------------------- preference
def test_preference_tells_the_share_and_the_two_that_are_confused():
    """Successes pay 3 and 1, failures 2 and 0: one of two stands above all failures."""
    store = [episode([3.0]), episode([1.0]), episode([2.0], False), episode([0.0], False)]
    assert preference(PAYS_X, store, ["x"]).split("\n") == [
        "50% of the recorded successes are paid more per step than every recorded failure.",
        "The success that it pays least (1 per step):",
        "step x",
        "0 1",
        "(1 steps, succeeded)",
        "The failure that it pays most (2 per step):",
        "step x",
        "0 2",
        "(1 steps, failed)",
    ]
    assert preference(PAYS_LESS, store, ["x"]).startswith("0% of")


def test_a_reward_that_tells_all_apart_gets_no_examples():
    store = [episode([3.0]), episode([2.0]), episode([1.0], False)]
    assert preference(PAYS_X, store, ["x"]) == (
        "100% of the recorded successes are paid more per step than every recorded failure."
    )


@pytest.mark.parametrize("success", [True, False])
def test_with_one_kind_of_episode_there_is_no_preference(success):
    assert preference(PAYS_X, [episode([1.0], success)], ["x"]) == ""


def test_what_has_no_verdict_is_not_the_one_that_is_confused():
    store = [episode([math.nan]), episode([1.0]), episode([2.0], False), episode([math.nan], False)]
    told = preference(PAYS_X, store, ["x"])
    assert "pays least (1 per step)" in told
    assert "pays most (2 per step)" in told
    assert told.startswith("0% of")
    assert preference(PAYS_X, [*store[:2], store[3]], ["x"]) == "", "no failure with a verdict"


# ---------------------------------------------------------------------- rows
def test_rows_are_evenly_spaced_with_both_ends():
    told = rows(episode(np.arange(91)), ["x", "v"]).split("\n")
    assert told[0] == "step x v"
    assert told[1:-1] == ["0 0 -0", *(f"{t} {t} {-t}" for t in range(10, 91, 10))]
    assert told[-1] == "(91 steps, succeeded)"
    assert [line.split()[0] for line in rows(episode(np.arange(91)), ["x"], 3).split("\n")[1:-1]] == [
        "0",
        "45",
        "90",
    ]


def test_vectors_are_written_with_slashes_and_three_digits():
    wide = Episode({"p": np.array([[1.0, 2.34567], [0.0, -1e-9]])}, False)
    assert rows(wide, ["p"]).split("\n") == ["step p", "0 1/2.35", "1 0/-1e-09", "(2 steps, failed)"]


# ---------------------------------------------------------------------- together
def test_the_kinds_of_a_method_in_their_order_and_nothing_empty():
    played = {"r0c0": (episode([2.0]),), "r0c1": (episode([1.0], False),)}
    kinds = ("preference", "reflection", "people", "process", "trajectory", "difference", "analyzer")
    told = notes(kinds, PAYS_X, standing((0.5,)), played, ["x"])
    assert [text.split()[0] for text in told] == ["100%", "Success", "The"]
    assert "paid worst" not in told[2], "its own episodes only"
    assert notes(kinds, PAYS_X, standing(), {}, ["x"]) == ()
