"""Races: what the journal gives back."""

from __future__ import annotations

import json

from rewardsmith.design.candidate import TermTrace
from rewardsmith.design.race import Standing, _standing, row
from rewardsmith.store import canonical


def test_a_standing_comes_back_with_its_parts_in_their_order():
    """Prompts tell parts in order; a journal sorts its keys, so that a resumed search would ask otherwise."""
    terms = {name: TermTrace(0.5, 1.0, 0.25, (0.5, 1.0)) for name in ("sparse", "dense", "calm")}
    one = Standing("r0c0", (0.25, 0.5), 0.75, True, False, terms, (0.0, 0.5))
    back = _standing(json.loads(canonical.encode(row(one))))
    assert back == one
    assert list(back.terms) == ["sparse", "dense", "calm"]
