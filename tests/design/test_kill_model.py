"""kill -9 in a search with a language model: the same result, and nothing paid twice."""

from __future__ import annotations

import random

import pytest

from design.model_search import killed_search

KILLS = 2  # benchmarks/kill_model.py makes 20


@pytest.mark.slow
def test_a_search_with_a_model_survives_kills_and_pays_each_call_once(tmp_path):
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    whole = killed_search(tmp_path / "whole", 0, random.Random(seed))
    assert whole.calls == whole.charged >= 8
    killed = killed_search(tmp_path / "killed", KILLS, random.Random(seed))
    assert len(killed.kills) == KILLS
    assert killed.fingerprint == whole.fingerprint
    assert killed.spent == whole.spent
    assert (killed.charged, killed.twice) == (whole.charged, 0)
