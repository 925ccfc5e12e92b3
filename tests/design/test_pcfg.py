"""The learned grammar: exact probabilities, gradients by finite differences, and what a step does."""

from __future__ import annotations

import itertools
import pickle
from dataclasses import replace

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.core.fields import Field
from rewardsmith.design.pcfg import INVALID, PCFG, Arithmetic, group_advantages, outer_step
from rewardsmith.program import Grammar, random_program

ODDS = {"kind": (("a", 1.0), ("b", 3.0)), "sign": (("+", 1.0), ("-", 1.0), ("0", 2.0))}
PAIR = PCFG.of(ODDS)


def test_probabilities_are_the_odds_and_sum_to_one() -> None:
    assert PAIR.rule("sign").probabilities.tolist() == [0.25, 0.25, 0.5]
    traces = [(("kind", i), ("sign", j)) for i, j in itertools.product(range(2), range(3))]
    assert sum(np.exp(PAIR.log_probability(t)) for t in traces) == pytest.approx(1)
    assert PAIR.log_probability((("kind", 1), ("sign", 2))) == pytest.approx(np.log(0.75 * 0.5))


def test_gradient_is_the_finite_difference() -> None:
    trace = (("kind", 1), ("sign", 0), ("kind", 1), ("kind", 0))
    gradient = PAIR.gradient(trace)
    for r, rule in enumerate(PAIR.rules):
        for i in range(len(rule.logits)):
            moved = np.array(rule.logits) + 1e-6 * np.eye(len(rule.logits))[i]
            rules = list(PAIR.rules)
            rules[r] = replace(rule, logits=tuple(moved))
            slope = (PCFG(tuple(rules)).log_probability(trace) - PAIR.log_probability(trace)) / 1e-6
            assert gradient[rule.name][i] == pytest.approx(slope, abs=1e-5)


def test_sampling_follows_the_probabilities() -> None:
    chooser, rng = PAIR.chooser(), np.random.default_rng(0)
    drawn = [chooser.choose("kind", ("a", "b"), rng) for _ in range(4000)]
    assert np.mean(drawn) == pytest.approx(0.75, abs=0.02)
    assert len(chooser.trace) == 4000


def test_it_drives_the_reward_language() -> None:
    grammar = Grammar.from_fields([Field("x", "m", -2.0, 2.0), Field("torque", "1", -1.0, 1.0, kind="action")])
    pcfg = PCFG.of({name: odds for name, odds in grammar.weights().items() if odds})
    chooser = pcfg.chooser()
    program = random_program(grammar, np.random.default_rng(1), chooser)
    assert chooser.trace[0][0] == "terms"
    assert np.isfinite(pcfg.log_probability(chooser.trace))
    again = random_program(grammar, np.random.default_rng(1), pcfg.chooser())
    assert str(again) == str(program)


def test_a_step_raises_what_scored_well_and_lowers_the_invalid() -> None:
    good, bad = (("kind", 0),), (("kind", 1),)
    stepped = outer_step(PAIR, [good, bad, bad, bad], [1.0, INVALID, INVALID, INVALID])
    assert stepped.log_probability(good) > PAIR.log_probability(good)
    assert stepped.rule("sign") == PAIR.rule("sign")
    # By hand: mean -0.5, std sqrt(0.75); the expected step of logit 0.
    advantages = group_advantages([1.0, -1.0, -1.0, -1.0])
    assert advantages == pytest.approx(np.array([1.5, -0.5, -0.5, -0.5]) / np.sqrt(0.75), rel=1e-5)
    by_hand = np.log(1.0) + 0.5 * np.mean(advantages * np.array([0.75, -0.25, -0.25, -0.25]))
    assert stepped.rule("kind").logits[0] == pytest.approx(by_hand)


def test_steps_find_the_best_option() -> None:
    pcfg, rng = PCFG.uniform({"arm": ("0", "1", "2", "3")}), np.random.default_rng(0)
    for _ in range(100):
        traces = []
        for _ in range(8):
            chooser = pcfg.chooser()
            chooser.choose("arm", ("0", "1", "2", "3"), rng)
            traces.append(chooser.trace)
        pcfg = outer_step(pcfg, traces, [float(t[0][1] == 2) for t in traces])
    assert pcfg.rule("arm").probabilities[2] > 0.9


def test_equal_scores_teach_nothing_with_a_baseline_and_something_without() -> None:
    traces = [(("kind", 0),), (("kind", 1),)]
    assert outer_step(PAIR, traces, [INVALID, INVALID]) == PAIR
    assert outer_step(PAIR, traces, [0.5, 0.5], baseline="none") != PAIR


def test_no_verdict_stays_out_of_the_group() -> None:
    assert group_advantages([1.0, np.nan, 0.0]) == pytest.approx([1.0, 0.0, -1.0], rel=1e-4)
    for scores in ([1.0], [1.0, np.nan], [np.nan, np.nan]):
        with pytest.raises(BadInput, match="at least 2"):
            group_advantages(scores)


def test_prefix_is_replayed() -> None:
    grammar = Arithmetic(("g1", "g2"))
    pcfg, rng = PCFG.uniform(grammar.productions()), np.random.default_rng(3)
    first = pcfg.chooser()
    text = grammar.sample(first, rng)
    copy = pcfg.chooser(prefix=first.trace)
    assert grammar.sample(copy, rng) == text
    assert copy.trace == first.trace


def test_expressions_stop_at_the_depth() -> None:
    grammar = Arithmetic(("g1",), depth=2)
    pcfg, rng = PCFG.uniform(grammar.productions()), np.random.default_rng(0)
    texts = {grammar.sample(pcfg.chooser(), rng) for _ in range(300)}
    assert max(text.count("(") for text in texts) == 3
    assert {"g1", "5"} < texts


def test_value_object() -> None:
    assert pickle.loads(pickle.dumps(PAIR)) == PAIR == PCFG.of(ODDS)


@pytest.mark.parametrize(
    "call",
    [
        lambda: PCFG.of({"a": (("x", 0.0),)}),
        lambda: PAIR.rule("nothing"),
        lambda: PAIR.chooser().choose("kind", ("b", "a"), np.random.default_rng(0)),
        lambda: outer_step(PAIR, [(("kind", 0),)], [1.0, 2.0]),
        lambda: outer_step(PAIR, [(("kind", 0),)], [1.0]),
    ],
)
def test_refusals(call: object) -> None:
    with pytest.raises(BadInput):
        call()  # type: ignore[operator]
