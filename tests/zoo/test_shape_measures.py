"""What recipes of the family shape compute themselves, against SciPy and counting."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau

from rewardsmith.core import mdp as tables
from rewardsmith.zoo import recipe


def test_kendalls_tau_and_the_top_of_two():
    pu = recipe("pu-distill")
    one = pu.world(0, 0.5, 40)
    tau, top = pu.agreement(one["score"], one["gold"])
    expected = [kendalltau(s, u).statistic for s, u in zip(one["score"], one["gold"], strict=True)]
    assert tau == pytest.approx(np.mean(expected))
    hits = [int(np.argmax(s)) in np.argsort(u)[-2:] for s, u in zip(one["score"], one["gold"], strict=True)]
    assert top == pytest.approx(np.mean(hits))


def test_the_anchor_has_the_quality_that_is_said():
    pu = recipe("pu-distill")
    one = pu.world(1, 0.5, 2_000)
    np.testing.assert_allclose(one["anchors"] @ pu.QUALITY, pu.ANCHOR)
    assert np.mean(one["gold"] > pu.ANCHOR) == pytest.approx(0.05, abs=0.01)


def test_sampled_matches_are_as_frequent_as_they_are_probable():
    likelihood = recipe("likelihood-rewards")
    count = 20_000
    chance = np.repeat([0.9, 0.5, 0.04], count)
    batch = {
        "reference_token_logprobs": np.log(chance)[:, None],
        "draw": np.zeros(3 * count),
        "progress": np.full(3 * count, 0.5),
    }
    found = likelihood.sampled_match(batch).reshape(3, count).mean(1)
    np.testing.assert_allclose(found, [0.9, 0.5, 0.04], atol=0.012)  # 3 standard errors
    later = likelihood.sampled_match({**batch, "progress": np.full(3 * count, 0.6)})
    assert 0 < np.mean(later != likelihood.sampled_match(batch)) < 1  # drawn anew for every update


def test_the_terms_of_c_morl_pay_what_its_tables_say():
    morl = recipe("c-morl")
    mdp, gains = morl.world(3)
    for term, table in ((morl.first, gains[0]), (morl.second, gains[1])):
        paid = mdp.with_reward(tables.tabulate(term, mdp, {"gains": gains.swapaxes(0, 1)}))
        np.testing.assert_allclose(paid.expected_reward, table)


def test_gold_of_constrained_rlhf_falls_beyond_the_kink():
    rlhf = recipe("constrained-rlhf")
    fields = rlhf.world(0).fields
    for first, second, gold in zip(fields["first"][0], fields["second"][0], fields["gold"][0], strict=True):
        expected = sum(min(p, 1.0) - 1.5 * max(p - 1.0, 0.0) for p in (first, second))
        assert gold == pytest.approx(expected, abs=0.5)  # noise of 0.1
