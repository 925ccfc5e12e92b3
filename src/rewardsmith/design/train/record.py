"""Races without a population of learners: their standings, and how the journal keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...optimize.control import Evaluation
from ...store import Run
from ..candidate import TermTrace
from ..episodes import Owned, packed, unpacked
from ..race import Race, Result, Standing, read_result, row


def stored(run: Run, race: Race) -> Result | None:
    """What ``recorded`` wrote of a race, if it did."""
    done = run.done(race.key)
    if done is None:
        return None
    return read_result(done, run.arrays(race.key) if race.keep else {}, done["judged"], race.task)


def nothing(name: str, seeds: int) -> Standing:
    """No verdict."""
    return Standing(name, (float("nan"),) * seeds, float("nan"), False)


def judged(name: str, played: Evaluation, rows: Any) -> Standing:
    """The standing of one candidate from its members' episodes; there is no learning curve."""
    success = tuple(float(np.mean(played.success[m])) for m in rows)
    trajectories = [one for m in rows for one in played.trajectories[m]]
    return Standing(name, success, float(np.mean(success)), True, terms=_shares(trajectories))


def _shares(trajectories: Sequence[Any]) -> dict[str, TermTrace]:
    """What the parts paid in the recorded episodes, mean per step, and their shares."""
    if not trajectories or not trajectories[0].terms:
        return {}
    names = list(trajectories[0].terms)
    paid = {
        n: np.nan_to_num(np.concatenate([np.asarray(t.terms[n], float) for t in trajectories])) for n in names
    }
    sizes = {name: float(np.abs(values).mean()) for name, values in paid.items()}
    whole = sum(sizes.values())
    found: dict[str, TermTrace] = {}
    for name, values in paid.items():
        mean = float(values.mean())
        found[name] = TermTrace(mean, mean, sizes[name] / whole if whole > 0 else float("nan"), (mean,))
    return found


def recorded(
    run: Run, race: Race, found: Sequence[Standing], owned: Owned, env_steps: int, ids: Sequence[str] = ()
) -> Result:
    """Write a race that had no population into the journal, in the form that reports read."""
    ids = tuple(ids) or race.ids
    standings = tuple(sorted(found, key=lambda each: each.order))
    members = [
        {"id": each.id, "seed": seed, "success": value, "return": 0.0}
        for each in found
        for seed, value in zip(race.seeds, each.success, strict=True)
    ]
    cost = {"env_steps": env_steps, "trainings": len(race.ids) * len(race.seeds)}
    payload = {**race.about, "members": members, "standings": [row(s) for s in standings], "cost": cost}
    payload["judged"] = list(ids)
    success = np.array([[member["success"]] for member in members], np.float32)
    steps = np.array([race.config.steps])
    arrays = {"steps": steps, "success_curve": success, "return_curve": np.zeros_like(success)}
    arrays |= packed(owned, ids, race.task.horizon)
    run.record("trained", race.key, payload, arrays)
    episodes = unpacked(arrays, ids, race.task)
    return Result(standings, env_steps, cost["trainings"], None, episodes)
