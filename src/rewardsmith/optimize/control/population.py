"""Population: candidates x seeds in training, as an immutable value."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import jax
import numpy as np

from ...core.errors import BadInput, StoreError
from .compiled import Plan
from .config import PPO, whole
from .curves import FIGURES, Curves
from .devices import mesh
from .engine import Advance, Progress, advance_compiled, advance_hosted, code_length
from .networks import Networks
from .observation import Observation, appended, checked, chosen_in, recorded, shown
from .peak import Peak
from .policy import Policy
from .rollout import Worlds
from .scoring import check_reward
from .statistics import Moments
from .update import Member

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Population:
    """Trainings that advance together: one member for each pair of a reward and a seed.

    Every method returns a new population.  A member's future depends on its own seed and reward only,
    bit for bit, whatever its neighbours are; so a stopped search continues exactly, and dropping losers
    does not disturb the rest.

    Args:
        rewards: the candidates.
        owners, seeds: ``(M,)`` for each member, the index of its reward, and its seed.
        members: parameters, optimiser, statistics and environments, each with a leading axis M.
        curves: what was recorded so far.
        states: for each member, the state of a stateful reward (flat), or None.
        observations: for each reward, the fields that its agents see, or None for the task's observation; None
            where nobody chose (``observation.py``).
        peak: the best checkpoint of each member so far, where ``with_peak`` keeps one.
    """

    task: Any
    config: PPO
    rewards: tuple[Any, ...]
    owners: tuple[int, ...]
    seeds: tuple[int, ...]
    members: Member
    curves: Curves
    states: tuple[tuple[Any, ...] | None, ...]
    observations: tuple[Observation, ...] | None = None
    peak: Peak | None = None

    @staticmethod
    def start(
        task: Any,
        rewards: Sequence[Any],
        seeds: Sequence[int],
        config: PPO,
        observations: Sequence[Observation] | None = None,
    ) -> Population:
        """Untrained members, candidate by candidate: (reward 0, seed 0), (reward 0, seed 1), ...

        Args:
            observations: for each reward, the state fields that its agents see (None: all that the task shows).

        Raises:
            BadInput: no rewards or seeds, a doubled or negative seed, a thing that is not a reward, or a choice
                of fields that the task does not have.
            MissingField: a reward reads a field that the task does not have.
            ScopeError: a reward must see more than an episode.
        """
        if not rewards or not seeds:
            raise BadInput("population", f"{len(rewards)} rewards x {len(seeds)} seeds", "at least one of each")
        for seed in seeds:
            if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
                raise BadInput("seed", repr(seed), "a whole number from 0 to 2**32 - 1")
        if len(set(seeds)) < len(seeds):
            raise BadInput("seeds", list(seeds), "different seeds", "equal seeds give equal trainings")
        for reward in rewards:
            check_reward(reward, task)
        chosen = checked(task, observations, len(rewards))
        owners = tuple(i for i in range(len(rewards)) for _ in seeds)
        each = tuple(int(seed) for _ in rewards for seed in seeds)
        members = _untrained(task, config, each, None if chosen is None else [chosen[i] for i in owners])
        blank, none = Curves.empty(len(each)), (None,) * len(each)
        return Population(task, config, tuple(rewards), owners, each, members, blank, none, chosen)

    def __len__(self) -> int:
        return len(self.owners)

    @property
    def steps(self) -> int:
        """Environment steps that each member has made."""
        return int(self.curves.steps[-1]) if len(self.curves.steps) else 0

    @property
    def plan(self) -> Plan:
        """What the compiled programs depend on."""
        return Plan(self.task, self.config.shape, self.networks, mesh())

    @property
    def networks(self) -> Networks:
        """Actor and critic of every member."""
        return networks(self.task, self.config, self.observations is not None)

    def advance(self, steps: int, progress: Progress | None = None) -> Population:
        """Train every member for ``steps`` more environment steps (rounded up to whole iterations).

        Args:
            progress: called with the number of iterations done, now and then.
        """
        whole("steps to advance", steps)
        rounds = -(-steps // self.config.batch)
        report = progress or _silent
        knobs = self.config.knobs(self.task.discount)
        lengths = [code_length(reward, self.task) for reward in self.rewards]
        results: list[tuple[list[int], Advance]] = []
        for length in dict.fromkeys(lengths[owner] for owner in self.owners):
            group = [m for m, owner in enumerate(self.owners) if lengths[owner] == length]
            own, rows = [self.rewards[self.owners[m]] for m in group], self._rows(group)
            if length is not None:
                found = advance_compiled(self.plan, knobs, rows, own, length, rounds, report)
            else:
                route = advance_hosted if self.task.is_array else _simulated
                found = route(self.plan, knobs, rows, own, [self.states[m] for m in group], rounds, report)
            results.append((group, found))
        return self._joined(results, rounds)

    def keep(self, indices: Sequence[int]) -> Population:
        """Only some members, in the given order; their trainings go on as if nothing had happened."""
        wrong = [i for i in indices if not 0 <= i < len(self)]
        if wrong or not len(indices) or len(set(indices)) < len(indices):
            raise BadInput(
                "members to keep", list(indices), f"different numbers from 0 to {len(self) - 1}, at least one"
            )
        chosen = list(indices)
        return replace(
            self,
            owners=tuple(self.owners[i] for i in chosen),
            seeds=tuple(self.seeds[i] for i in chosen),
            members=self._rows(chosen),
            curves=self.curves.kept(chosen),
            states=tuple(self.states[i] for i in chosen),
            peak=None if self.peak is None else self.peak.kept(chosen),
        )

    def split(self, parts: int) -> list[Population]:
        """Neighbouring members in up to ``parts`` populations of nearly equal size, none of them empty.

        Example:
            >>> [len(part) for part in population.split(3)]  # doctest: +SKIP
            [3, 3, 2]
        """
        whole("parts of a population", parts)
        rows = np.array_split(np.arange(len(self)), min(parts, len(self)))
        return [self.keep(part.tolist()) for part in rows]

    @staticmethod
    def join(parts: Sequence[Population]) -> Population:
        """The members of several populations, in order: ``Population.join(p.split(n))`` equals p.

        Raises:
            BadInput: no parts, or parts of different tasks, configs or rewards, or trained differently far.
        """
        if not parts:
            raise BadInput("populations to join", "none", "at least one")
        first = parts[0]
        for part in parts[1:]:
            for name in ("task", "config", "rewards", "steps", "observations"):
                mine, other = getattr(first, name), getattr(part, name)
                if mine != other:
                    raise BadInput("populations to join", f"different {name}", "parts of one population")
        return replace(
            first,
            owners=tuple(owner for part in parts for owner in part.owners),
            seeds=tuple(seed for part in parts for seed in part.seeds),
            members=jax.tree.map(lambda *rows: np.concatenate(rows), *(part.members for part in parts)),
            curves=Curves.beside([part.curves for part in parts]),
            states=tuple(state for part in parts for state in part.states),
            peak=Peak.beside([part.peak for part in parts]),
        )

    def with_peak(self, iterations: int) -> Population:
        """Make this a checkpoint: each member keeps its policy where its last iterations paid the most so far.

        Args:
            iterations: how many of the last ones score a checkpoint (``peak.Peak``).
        """
        whole("iterations of a checkpoint", iterations)
        now = Peak.now(self.members, self.curves, iterations)
        return replace(self, peak=now if self.peak is None else self.peak.or_later(now))

    def policies(self) -> list[Policy]:
        """What each member has learned: its policy of now, or the best so far where that is kept."""
        kept = self.peak or Peak.now(self.members, self.curves, 1)
        rows = zip(kept.params, kept.mean, kept.variance, strict=True)
        return [Policy(self.networks, *(array.copy() for array in row)) for row in rows]

    def failures(self) -> list[int]:
        """Members whose reward was infinite at any step: their curves mean nothing."""
        return [m for m in range(len(self)) if np.any(self.curves.figures["infinite"][:, m] > 0)]

    # ------------------------------------------------------------------ on disk
    def arrays(self) -> dict[str, Numbers]:
        """Everything but the rewards, as named arrays; ``from_arrays`` restores it bit for bit."""
        leaves = jax.tree.leaves(self.members)
        found = {f"member.{i}": np.asarray(leaf) for i, leaf in enumerate(leaves)}
        found |= {"owners": np.asarray(self.owners), "seeds": np.asarray(self.seeds, np.uint32)}
        found |= {"steps": self.curves.steps}
        found |= {f"figure.{name}": array for name, array in self.curves.figures.items()}
        for m, terms in enumerate(self.curves.terms):
            found |= {f"term.{m}.{name}": array for name, array in terms.items()}
        for m, state in enumerate(self.states):
            if state is not None:
                found[f"state.{m}"] = np.asarray(len(state))
                found |= {f"state.{m}.{i}": np.asarray(leaf) for i, leaf in enumerate(state)}
        found["rewards"] = np.asarray([str(reward) for reward in self.rewards])
        if self.observations is not None:
            found["observations"] = recorded(self.observations)
        return found if self.peak is None else found | self.peak.arrays()

    @staticmethod
    def from_arrays(
        arrays: Mapping[str, Numbers], task: Any, rewards: Sequence[Any], config: PPO
    ) -> Population:
        """The population that ``arrays`` described; task, rewards and config must be those it was made with."""
        if [str(reward) for reward in rewards] != arrays["rewards"].tolist():
            raise BadInput("rewards of a saved population", len(rewards), "the rewards it was saved with")
        seeds = tuple(int(seed) for seed in arrays["seeds"])
        owners = tuple(int(owner) for owner in arrays["owners"])
        chosen = chosen_in(arrays)
        blank = _untrained(task, config, seeds, None if chosen is None else [chosen[i] for i in owners])
        leaves, structure = jax.tree.flatten(blank)
        stored = [np.asarray(arrays[f"member.{i}"]) for i in range(len(leaves))]
        if [leaf.shape for leaf in leaves] != [leaf.shape for leaf in stored]:
            raise BadInput("config of a saved population", config, "the config it was saved with")
        count = len(seeds)
        figures = {name: np.asarray(arrays[f"figure.{name}"]) for name in FIGURES}
        terms = tuple(_named(arrays, f"term.{m}.") for m in range(count))
        return Population(
            task=task,
            config=config,
            rewards=tuple(rewards),
            owners=owners,
            seeds=seeds,
            members=jax.tree.unflatten(structure, stored),
            curves=Curves(np.asarray(arrays["steps"]), figures, terms),
            states=tuple(_stored_state(arrays, m) for m in range(count)),
            observations=chosen,
            peak=Peak.from_arrays(arrays),
        )

    def save(self, path: str | Path) -> None:
        """Write ``arrays()`` as one ``.npz`` file, complete or not at all."""
        target = Path(path)
        part = target.with_name(target.name + ".part")
        with part.open("wb") as file:
            np.savez(file, **self.arrays())  # pyright: ignore[reportArgumentType] (names are not keywords of savez)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)

    @staticmethod
    def load(path: str | Path, task: Any, rewards: Sequence[Any], config: PPO) -> Population:
        """Read what ``save`` wrote.

        Raises:
            StoreError: the file is missing or damaged.
        """
        try:
            with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = dict(stored)
        except (OSError, ValueError, EOFError, BadZipFile) as error:
            raise StoreError(f"population {path} cannot be read: {error}") from None
        return Population.from_arrays(arrays, task, rewards, config)

    # ------------------------------------------------------------------ helpers
    def _rows(self, indices: Sequence[int]) -> Member:
        rows = np.asarray(indices)
        return jax.tree.map(lambda leaf: np.asarray(leaf)[rows], self.members)

    def _joined(self, results: Sequence[tuple[list[int], Advance]], rounds: int) -> Population:
        members = jax.tree.map(np.array, self.members)
        figures = np.zeros((rounds, len(self), len(FIGURES)), np.float32)
        terms: list[dict[str, Numbers]] = [{} for _ in self.owners]
        states = list(self.states)
        for indices, result in results:
            rows = np.asarray(indices)
            jax.tree.map(lambda leaf, new, rows=rows: leaf.__setitem__(rows, new), members, result.members)
            figures[:, rows] = result.figures
            for i, m in enumerate(indices):
                terms[m], states[m] = result.terms[i], result.states[i]
        steps = self.steps + self.config.batch * np.arange(1, rounds + 1)
        return replace(
            self, members=members, curves=self.curves.extended(steps, figures, terms), states=tuple(states)
        )


def networks(task: Any, config: PPO, chosen: bool = False) -> Networks:
    """Actor and critic for a task; where observations are ``chosen``, over all of its fields."""
    return Networks(task.observation_size, task.actions, config.hidden, appended(task) if chosen else ())


def _untrained(
    task: Any, config: PPO, seeds: Sequence[int], observations: Sequence[Observation] | None = None
) -> Member:
    nets = networks(task, config, observations is not None)
    count, width, envs = len(seeds), nets.inputs, config.envs
    params = {seed: nets.initial(np.random.default_rng([seed, 0x5EED])) for seed in set(seeds)}
    state = np.zeros((count, envs, _state_size(task)), np.float32)
    members = Member(
        params=np.stack([params[seed] for seed in seeds]),
        first=np.zeros((count, nets.size), np.float32),
        second=np.zeros((count, nets.size), np.float32),
        updates=np.zeros(count, np.int32),
        observed=_no_moments((count, width)),
        returns=_no_moments((count,)),
        running=np.zeros((count, 2, envs), np.float32),
        worlds=Worlds(state, np.zeros((count, envs), np.int32)),
        seed=np.asarray(seeds, np.uint32),
        iteration=np.zeros(count, np.int32),
    )
    return members if observations is None else shown(task, nets, observations, members)


def _no_moments(shape: tuple[int, ...]) -> Moments:
    # A count of almost 0 makes the first batch decide.
    return Moments(
        np.zeros(shape, np.float32), np.ones(shape, np.float32), np.full(shape[:1], 1e-4, np.float32)
    )


def _state_size(task: Any) -> int:
    if not task.is_array:
        return 0
    mesh()  # devices are fixed when JAX is first used
    return int(jax.eval_shape(lambda key: task.env.reset(key, (1,)), jax.random.key(0)).shape[-1])


def _simulated(*arguments: Any) -> Advance:
    from .host import advance_simulated

    return advance_simulated(*arguments)


def _named(arrays: Mapping[str, Numbers], prefix: str) -> dict[str, Numbers]:
    return {name.removeprefix(prefix): np.asarray(arrays[name]) for name in arrays if name.startswith(prefix)}


def _stored_state(arrays: Mapping[str, Numbers], m: int) -> tuple[Numbers, ...] | None:
    if f"state.{m}" not in arrays:
        return None
    return tuple(np.asarray(arrays[f"state.{m}.{i}"]) for i in range(int(arrays[f"state.{m}"])))


def _silent(done: int) -> None:
    del done
