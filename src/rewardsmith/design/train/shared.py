"""SharedBuffer: candidates that learn side by side from one buffer, relabelled under each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...optimize.control import evaluate
from ...store import Run
from ..race import EPISODES, STARTS, Race, Result, Standing
from .apart import Apart
from .protocol import Site
from .record import judged, nothing, recorded, stored

if TYPE_CHECKING:
    from ...optimize.replay import SharedReplay


@dataclass
class SharedBuffer:
    """Candidates that learn from one buffer, from round to round; rebuilt from the last round's checkpoint.

    As many of the best keep their agents as there are no new candidates for.  A candidate that is constant on
    the stored experience, or for which there is no place, is not trained: it has no verdict.  Only the search
    shares; whatever is trained to be compared afterwards is trained apart.

    Source: Li et al., "LaRes", NeurIPS 2025.
    Differs from the paper: a round has the environment steps of one training, however many candidates there
    are.
    """

    ids: tuple[str, ...] = ()
    rewards: tuple[Any, ...] = ()
    standings: dict[str, Standing] = field(default_factory=dict)
    replay: SharedReplay | None = None

    def train(self, race: Race, site: Site) -> Result:
        """Replace the losers by the race's candidates, learn on, and judge every member."""
        if race.about["stage"] != "search":
            return Apart().train(race, site)
        if (known := stored(site.run, race)) is not None:
            ids, rewards, _ = self._next(race, [each.id for each in known.standings if each.finished])
            self._restore(site.run, race, rewards)
            self._settle(ids, rewards, known.standings)
            return known
        ids, rewards, kept = self._next(race, self._usable(race))
        from ...optimize.replay import ReplayConfig, SharedReplay

        with site.span(race.key):
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
        found = [judged(name, played, np.flatnonzero(owners == i)) for i, name in enumerate(ids)]
        found += [nothing(name, len(race.seeds)) for name in race.ids if name not in ids]
        owned = [
            (ids[owner], one) for owner, kept in zip(owners, played.trajectories, strict=True) for one in kept
        ]
        site.run.checkpoint(f"shared/{race.key}", self.replay.steps, self.replay.arrays())
        result = recorded(
            site.run, race, found, owned if race.keep else [], race.config.steps * len(race.seeds), ids
        )
        self._settle(ids, rewards, result.standings)
        return result

    def _usable(self, race: Race) -> list[str]:
        """The candidates that vary on the stored experience, as many as there are members."""
        if self.replay is None:
            return list(race.ids)
        from ...optimize.replay import varies
        from ...optimize.replay.store import label

        paid = label(race.task, race.rewards, self.replay.store.rows())
        known = [not np.isinf(each).any() and all(map(varies, each)) for each in paid]
        varied = [name for name, good in zip(race.ids, known, strict=True) if good]
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
        from ...optimize.replay import ReplayConfig, SharedReplay

        saved = run.latest_checkpoint(f"shared/{race.key}")
        if saved is not None:
            self.replay = SharedReplay.from_arrays(saved.arrays, race.task, rewards, ReplayConfig())
