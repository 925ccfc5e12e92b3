"""Sampled EPIC, DARD and SRRD: canonical forms that ask for rewards of transitions which nobody recorded.

Each form is ``R(s, a, s')`` plus means over random actions and states.  The means are estimated twice, from
independent draws, and a product of two forms takes one factor from either, so the noise of the draws adds
nothing on average.  The distance is Pearson's, ``sqrt((1 - rho) / 2)``.

These forms do not change under shaping only where episodes do not end; so transitions that end one are left
out, and no other is said to end one.  There shaping cancels draw by draw: the noise floor is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...core.algebra import Reward
from ...tasks import Box, Task
from .coverage import Coverage, RandomPolicies, evaluate_rewards
from .features import Columns, random_potentials
from .sampled import Sampled, summary, undefined

Numbers = np.ndarray[Any, Any]
Paid = Callable[[Numbers, Numbers, Numbers], Numbers]  # states, actions, states -> what is paid (..., C)
TRANSITIONS = 1536
EPISODES = 64
DRAWS = 24  # for each of the two estimates
_FEWEST = 12


@dataclass(frozen=True, eq=False)
class Scene:
    """Transitions ``(N, ...)``, whose they are, what is paid anywhere, and where one gets from any state.

    States are observations where the dynamics cannot be asked, and the environment's own states where they can.
    """

    task: Task
    here: Numbers
    action: Numbers
    there: Numbers
    owner: Numbers
    paid: Paid

    def follow(self, states: Numbers, rng: np.random.Generator) -> tuple[Numbers, Numbers]:
        """A uniform action for each state ``(..., D)``, and what follows."""
        action = _uniform(self.task, rng, states.shape[:-1])
        return action, np.asarray(self.task.env.step(states, action), np.float64)


def offpolicy_distance(
    rewards: Sequence[Reward],
    coverage: Coverage,
    kind: str,
    *,
    seed: int,
    confidence: float,
    resamples: int,
    potentials: int,
) -> Sampled:
    """EPIC, DARD or SRRD of all pairs; NaN with the reason where the form cannot be evaluated.

    EPIC: successors are recorded states, actions uniform.  DARD and SRRD: successors come from the dynamics,
    which only tasks of array functions can be asked for; these record their own transitions, of random held
    actions and random linear policies.

    Source: Gleave et al., ICLR 2021 (EPIC); Wulfe et al., ICLR 2022 (DARD); Nyanhongo et al., TMLR 2025 (SRRD).
    Differs from the paper: SRRD draws what follows from the dynamics and not from the sample, terminal or not.
    """
    task = coverage.task
    native = [str(reward) for reward in rewards if "native_reward" in reward.fields]
    if native:
        why = f"{native[0]} is the simulator's own reward, known only for what was recorded"
        return undefined(kind, len(rewards), why)
    if kind != "epic" and not task.is_array:
        why = (
            f"{kind} asks what follows from any state, and the simulator of {task.name} cannot be put into one"
        )
        return undefined(kind, len(rewards), why)
    rng = np.random.default_rng([seed, 0xE9])
    scene = _scene(rewards, coverage, kind, rng, potentials)
    if len(np.unique(scene.owner)) < _FEWEST:
        return undefined(kind, len(rewards), f"fewer than {_FEWEST} episodes with steps that do not end them")
    form = {"epic": _epic, "dard": _dard, "srrd": _srrd}[kind]
    base = scene.paid(scene.here, scene.action, scene.there)
    first, second = (base + form(scene, rng) for _ in range(2))
    inner = _covariances(first, second, scene.owner, resamples, rng)
    spread = base.var(0)
    raw = np.broadcast_to(spread, (len(inner), len(spread)))
    found = summary(kind, inner, raw, spread, len(rewards), confidence)
    return replace(found, steps=len(scene.owner), episodes=len(np.unique(scene.owner)))


def _epic(scene: Scene, rng: np.random.Generator) -> Numbers:
    """``g m(s') - m(s)``, ``m(s) = E R(s, A, S')``; the same A and S' for all states."""
    g, action = scene.task.discount, _uniform(scene.task, rng, (DRAWS,))
    there = scene.there[rng.integers(len(scene.there), size=DRAWS)]

    def mean(states: Numbers) -> Numbers:
        return scene.paid(states[:, None], action[None], there[None]).mean(1)

    return g * mean(scene.there) - mean(scene.here)


def _dard(scene: Scene, rng: np.random.Generator) -> Numbers:
    """``E[g R(s', A, S'') - R(s, A, S') - g R(S', A, S'')]``, S' follows s and S'' follows s'."""
    g, env, paid = scene.task.discount, scene.task.env, scene.paid
    here, there = (_repeated(states) for states in (scene.here, scene.there))
    action, after = scene.follow(here, rng)
    later = np.asarray(env.step(there, action), np.float64)
    return (g * paid(there, action, later) - paid(here, action, after) - g * paid(after, action, later)).mean(1)


def _srrd(scene: Scene, rng: np.random.Generator) -> Numbers:
    """As DARD, over what follows what follows; see ``canonical.srrd`` for the seven terms."""
    g, paid = scene.task.discount, scene.paid
    here, there = (_repeated(states) for states in (scene.here, scene.there))
    third = scene.here[rng.integers(len(scene.here), size=here.shape[:2])]
    (a1, s1), (a2, s2), (a4, s4) = (scene.follow(states, rng) for states in (there, here, third))
    (a5, s5), (a6, s6) = (scene.follow(states, rng) for states in (s1, s2))
    any_action = [_uniform(scene.task, rng, here.shape[:2]) for _ in range(2)]
    near = g * paid(there, a1, s1) - paid(here, a2, s2) - g * paid(third, a4, s4)
    far = g**2 * paid(s1, a5, s5) - g * paid(s2, a6, s6)
    across = g * paid(third, any_action[0], s6) - g**2 * paid(s4, any_action[1], s5)
    return (near + far + across).mean(1)


def _repeated(states: Numbers) -> Numbers:
    return np.broadcast_to(states[:, None], (len(states), DRAWS, states.shape[-1]))


def _covariances(
    first: Numbers, second: Numbers, owner: Numbers, resamples: int, rng: np.random.Generator
) -> Numbers:
    """``(1 + W, C, C)``: of the sample, and of bootstrap samples of its episodes."""
    _, place = np.unique(owner, return_inverse=True)
    count, columns = int(place.max()) + 1, first.shape[1]
    weights = np.ones((1 + resamples, count))
    weights[1:] = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
    sums = np.zeros((count, 2, columns))
    np.add.at(sums, place, np.stack([first, second], axis=1))
    across = np.stack([first[place == e].T @ second[place == e] for e in range(count)])
    size = (weights @ np.bincount(place))[:, None, None]
    means = np.tensordot(weights, sums, 1) / size
    found = np.tensordot(weights, across, 1) / size - means[:, 0, :, None] * means[:, 1, None, :]
    return (found + found.swapaxes(1, 2)) / 2


def _scene(
    rewards: Sequence[Reward], coverage: Coverage, kind: str, rng: np.random.Generator, potentials: int
) -> Scene:
    """At most ``TRANSITIONS`` transitions that end no episode."""
    batch, task = coverage.flat(), coverage.task
    columns = Columns.of(task, batch)
    potential = random_potentials(columns.read(batch)[:, 0], rng, potentials)
    own = kind != "epic"

    def paid(here: Numbers, action: Numbers, there: Numbers) -> Numbers:
        shape = np.broadcast_shapes(here.shape[:-1], there.shape[:-1])
        size, wide = int(np.prod(shape)), action.shape[-1:] if task.actions.width else ()
        states = [
            np.broadcast_to(each, (*shape, each.shape[-1])).reshape(size, 1, -1) for each in (here, there)
        ]
        seen = [np.asarray(task.env.observe(each)) for each in states] if own else states
        moves = np.broadcast_to(action, (*shape, *wide)).reshape(size, 1, *wide)
        asked = task.with_success(task.batch(seen[0], moves, seen[1], np.zeros((size, 1), bool)))
        shaping = task.discount * potential(columns.read(asked, after=True)) - potential(columns.read(asked))
        found = np.hstack([evaluate_rewards(rewards, asked, f"sampled {kind}"), shaping[:, 0]])
        return found.reshape(*shape, -1)

    if own:
        here, action, there, owner = play_states(task, rng)
    else:
        going = np.flatnonzero(~np.asarray(batch["terminated"][:, 0], bool))
        arrays = (batch["obs"][:, 0], batch["action"][:, 0], batch["next_obs"][:, 0], coverage.owner)
        here, action, there, owner = (np.asarray(each)[going] for each in arrays)
    rows = rng.permutation(len(owner))[:TRANSITIONS]
    return Scene(task, here[rows], action[rows], there[rows], owner[rows], paid)


def play_states(task: Task, rng: np.random.Generator) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """States, actions, successors, episodes; half by random linear policies, half by actions that are held."""
    env, policies = task.env, RandomPolicies(task, int(rng.integers(2**31)))
    state = np.asarray(env.reset(rng, (EPISODES,)), np.float64)
    alive, held = np.ones(EPISODES, bool), None
    hold = 1.0 / rng.integers(1, 17, EPISODES)
    rows: list[tuple[Numbers, ...]] = []
    for _ in range(task.horizon):
        fresh = _uniform(task, rng, (EPISODES,))
        change = rng.random(EPISODES) < hold
        mask = change[:, None] if fresh.ndim > 1 else change
        held = fresh if held is None else np.where(mask, fresh, held)
        ruled = policies.act(np.asarray(env.observe(state)))
        half = np.arange(EPISODES) % 2 == 0
        action = np.where(half[:, None] if fresh.ndim > 1 else half, held, ruled)
        after = np.asarray(env.step(state, action), np.float64)
        alive = alive & ~np.asarray(env.terminated(after), bool)
        rows.append((state[alive], action[alive], after[alive], np.flatnonzero(alive)))
        if not alive.any():
            break
        state = np.where(alive[:, None], after, state)
    here, action, there, owner = (np.concatenate(column) for column in zip(*rows, strict=True))
    return here, action, there, owner


def _uniform(task: Task, rng: np.random.Generator, shape: tuple[int, ...]) -> Numbers:
    space = task.actions
    if isinstance(space, Box):
        return rng.uniform(space.low, space.high, (*shape, len(space.low)))
    return rng.integers(0, space.n, shape)
