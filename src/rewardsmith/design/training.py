"""Trainings of other kinds: a planner that maximises a reward at once, and candidates that share one buffer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..optimize.control import Evaluation, evaluate
from ..store import Run
from .candidate import TermTrace
from .episodes import Owned, packed, unpacked
from .race import EPISODES, STARTS, Race, Result, Standing, read_result, row

if TYPE_CHECKING:
    from ..optimize.replay import SharedReplay

Numbers = np.ndarray[Any, Any]
Spans = Callable[[str], Any]
PLANNED = 2  # episodes per seed: each of their steps is a search


def run_plans(run: Run, race: Race, spans: Spans) -> Result:
    """Carry every reward out by predictive control; candidates are judged as they are after training.

    Source: Yu et al., "Language to Rewards", CoRL 2023, arXiv:2306.08647.
    Differs from the paper: planning by sampling (iCEM) in the task's own dynamics or simulator instead of the
    planners of MuJoCo MPC.
    """
    if (stored := _stored(run, race)) is not None:
        return stored
    from ..optimize.plan import Planner, control_each

    planner = Planner()
    seeds = [STARTS + seed for seed in race.seeds]
    with spans(race.key):
        played = control_each(race.task, race.rewards, planner, seeds, PLANNED, keep=PLANNED)
    pairs = list(zip(race.ids, played, strict=True))
    found = [
        _nothing(name, len(seeds)) if each is None else _judged(name, each, range(len(seeds)))
        for name, each in pairs
    ]
    done = [(name, each) for name, each in pairs if each is not None]
    owned = [(name, one) for name, each in done for kept in each.trajectories for one in kept]
    steps = sum(int(each.lengths.sum()) for _, each in done) * planner.simulated
    return _recorded(run, race, found, owned if race.keep else [], steps)


def planned_success(task: Any, reward: Any, seeds: Sequence[int]) -> tuple[list[float], int]:
    """Success of a reward as a planner carries it out, one episode for each seed; model steps per decision."""
    from ..optimize.plan import Planner, control_each

    planner = Planner()
    (played,) = control_each(task, [reward], planner, seeds, 1, keep=0)
    success = np.full(len(seeds), np.nan) if played is None else played.success[:, 0]
    return [float(value) for value in success], planner.simulated


@dataclass
class Shared:
    """Candidates that learn from one buffer, from round to round; rebuilt from the last round's checkpoint.

    As many of the best keep their agents as there are no new candidates for.  A candidate that is constant on
    the stored experience, or for which there is no place, is not trained: it has no verdict.

    Source: Li et al., "LaRes", NeurIPS 2025.
    Differs from the paper: a round has the environment steps of one training, however many candidates there
    are.
    """

    ids: tuple[str, ...] = ()
    rewards: tuple[Any, ...] = ()
    standings: dict[str, Standing] = field(default_factory=dict)
    replay: SharedReplay | None = None

    def run(self, run: Run, race: Race, spans: Spans) -> Result:
        """Replace the losers by the race's candidates, learn on, and judge every member."""
        if (stored := _stored(run, race)) is not None:
            ids, rewards, _ = self._next(race, [each.id for each in stored.standings if each.finished])
            self._restore(run, race, rewards)
            self._settle(ids, rewards, stored.standings)
            return stored
        ids, rewards, kept = self._next(race, self._usable(race))
        from ..optimize.replay import ReplayConfig, SharedReplay

        with spans(race.key):
            if self.replay is None:
                self.replay = SharedReplay.start(race.task, rewards, race.seeds, ReplayConfig())
            else:
                self.replay = self.replay.with_rewards(rewards, kept)
            self.replay = self.replay.advance(race.config.steps)
            starts = [STARTS + seed for _ in rewards for seed in race.seeds]
            own = [rewards[owner] for owner in self.replay.owners]
            played = evaluate(
                race.task, self.replay.policies(), starts, EPISODES, keep=race.keep or 2, rewards=own
            )
        owners = np.asarray(self.replay.owners)
        found = [_judged(name, played, np.flatnonzero(owners == i)) for i, name in enumerate(ids)]
        found += [_nothing(name, len(race.seeds)) for name in race.ids if name not in ids]
        owned = [
            (ids[owner], one) for owner, kept in zip(owners, played.trajectories, strict=True) for one in kept
        ]
        run.checkpoint(f"shared/{race.key}", self.replay.steps, self.replay.arrays())
        result = _recorded(
            run, race, found, owned if race.keep else [], race.config.steps * len(race.seeds), ids
        )
        self._settle(ids, rewards, result.standings)
        return result

    def _usable(self, race: Race) -> list[str]:
        """The candidates that vary on the stored experience, as many as there are members."""
        if self.replay is None:
            return list(race.ids)
        from ..optimize.replay.store import label

        paid = label(race.task, race.rewards, self.replay.store.rows())
        spread = [float(np.nanstd(each)) if np.isfinite(each).any() else 0.0 for each in paid]
        varied = [name for name, each in zip(race.ids, spread, strict=True) if each > 1e-6]
        return varied[: len(self.ids)]

    def _next(self, race: Race, usable: Sequence[str]) -> tuple[tuple[str, ...], tuple[Any, ...], list[int]]:
        """Members of the next round, and which of them stay, best first."""
        if not self.ids:
            return race.ids, race.rewards, []
        new = [pair for pair in zip(race.ids, race.rewards, strict=True) if pair[0] in usable]
        ranked = sorted(self.ids, key=lambda name: self.standings[name].order)
        stay = ranked[: len(self.ids) - len(new)]
        ids, rewards = list(self.ids), list(self.rewards)
        for name, reward in new:
            slot = next(i for i, each in enumerate(ids) if each in self.ids and each not in stay)
            ids[slot], rewards[slot] = name, reward
        return tuple(ids), tuple(rewards), [ids.index(name) for name in stay]

    def _settle(self, ids: tuple[str, ...], rewards: tuple[Any, ...], standings: Sequence[Standing]) -> None:
        self.ids, self.rewards = ids, rewards
        self.standings = {each.id: each for each in standings}

    def _restore(self, run: Run, race: Race, rewards: tuple[Any, ...]) -> None:
        from ..optimize.replay import ReplayConfig, SharedReplay

        saved = run.latest_checkpoint(f"shared/{race.key}")
        if saved is not None:
            self.replay = SharedReplay.from_arrays(saved.arrays, race.task, rewards, ReplayConfig())


def _stored(run: Run, race: Race) -> Result | None:
    done = run.done(race.key)
    if done is None:
        return None
    return read_result(done, run.arrays(race.key) if race.keep else {}, done["judged"], race.task)


def _nothing(name: str, seeds: int) -> Standing:
    """No verdict."""
    return Standing(name, (float("nan"),) * seeds, float("nan"), False)


def _judged(name: str, played: Evaluation, rows: Any) -> Standing:
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


def _recorded(
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
