r"""Continuous answers: a Gaussian policy with a linear mean, trained by the policy gradient on groups.

P items (a screen with a target, a video with a tube) have named fields and features ``phi (F,)``.  An answer is
``K`` numbers, ``action = mean + std * z`` with ``z ~ N(0, 1)`` and

    mean = phi @ start + std * (phi @ w),

so the weights ``w (F, K)`` are measured in standard deviations and one learning rate fits all columns.  A world
may decode actions into the fields that a reward reads (boxes, spans, a choice as the largest of some columns).
Built like ``optimize.bandit``, for what cannot be enumerated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.algebra import Reward, Scope, require_scope
from ..core.errors import BadInput, MissingField
from .bandit import PolicyGradient
from .gibbs import Floats

# What the engine adds to the fields of the world.
PROVIDED = ("action", "group", "prompt", "log_prob", "log_ratio", "progress")
Decode = Callable[[Floats, Mapping[str, Floats]], Mapping[str, Any]]


@dataclass(frozen=True)
class GaussianArms:
    """A world of continuous answers.

    Args:
        fields: name -> ``(P, ...)``, known of every item (its gold box, say).
        features: ``(P, F)``; a column of ones is a bias.
        start: ``(F, K)``, weights of the initial mean, which is also the reference.
        std: standard deviation of the actions, a number or ``(K,)``; it is not learned.
        decode: ``decode(action, fields) -> fields`` for N actions ``(N, K)`` and the fields of their items, a
            function at the top level of a module; None where the reward reads ``action`` itself.
    """

    fields: Mapping[str, Floats]
    features: Floats
    start: Floats
    std: float | Floats
    decode: Decode | None = None

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or self.start.ndim != 2 or len(self.start) != self.features.shape[1]:
            shapes = f"features {self.features.shape}, start {self.start.shape}"
            raise BadInput("GaussianArms", shapes, "features (P, F), start (F, K)")
        if not np.all(np.asarray(self.std) > 0) or np.shape(self.std) not in ((), self.start.shape[1:]):
            raise BadInput("GaussianArms.std", self.std, f"> 0, a number or {self.start.shape[1:]}")
        for name, values in self.fields.items():
            if name in PROVIDED:
                raise BadInput("GaussianArms.fields", name, f"a name other than {', '.join(PROVIDED)}")
            if np.shape(values)[:1] != self.features.shape[:1]:
                raise BadInput(
                    f"GaussianArms.fields {name!r}", f"shape {np.shape(values)}", f"({len(self.features)}, ...)"
                )

    def mean(self, weights: Floats, items: Floats | None = None) -> Floats:
        """Mean actions of the items ``(N,)``, or of all: ``(N, K)``."""
        phi = self.features if items is None else self.features[items]
        return phi @ self.start + self.std * (phi @ weights)

    def batch(self, items: Floats, actions: Floats, weights: Floats, progress: float = 1.0) -> dict[str, Any]:
        """N answers ``(N, K)`` to the items ``(N,)`` as a batch; answers to one item are one group."""
        chosen = {name: np.asarray(values)[items] for name, values in self.fields.items()}
        before = (actions - self.features[items] @ self.start) / self.std
        z = before - self.features[items] @ weights
        scale = np.sum(np.log(np.broadcast_to(self.std, actions.shape[1:]) * np.sqrt(2 * np.pi)))
        decoded = {} if self.decode is None else dict(self.decode(actions, chosen))
        return {
            **chosen,
            **decoded,
            "action": actions,
            "group": items,
            "prompt": items,
            "log_prob": -0.5 * np.sum(z**2, axis=-1) - scale,
            "log_ratio": 0.5 * np.sum(before**2 - z**2, axis=-1),
            "progress": np.full(len(actions), progress),
        }

    def mean_batch(self, weights: Floats) -> dict[str, Any]:
        """The mean action of every item, as a batch of P: how a trained policy is evaluated."""
        return self.batch(np.arange(len(self.features)), self.mean(weights), weights)


@dataclass(frozen=True)
class LearnedGaussian:
    """What S trainings came to.

    Args:
        weights: ``(S, F, K)``, in standard deviations of the action.
        curves: name -> mean value of a tracked reward at the mean actions, ``(S, records)``; answers without
            verdict are left out.
        states: the final state of the reward, one per seed.
    """

    weights: Floats
    curves: dict[str, Floats] = field(default_factory=dict[str, Floats])
    states: tuple[Any, ...] = ()

    def final(self, name: str) -> Floats:
        """The last point of a curve, ``(S,)``."""
        return self.curves[name][:, -1]


def learn_gaussian(
    worlds: Sequence[GaussianArms],
    reward: Reward,
    seeds: Sequence[int],
    config: PolicyGradient,
    track: Mapping[str, Reward] | None = None,
) -> LearnedGaussian:
    """Train one policy per seed on a reward whose values are taken as advantages.

    The reward is called once per update on the batch of one seed; end it with ``| GroupNormalize(...)`` for
    group-relative advantages.  A NaN (no verdict) leaves the sample out.  The gradient is
    ``mean_i A_i phi_i z_i``, that of the expected reward in w; ``config.kl`` prices the exact
    ``KL = |phi @ w|^2 / 2`` to the initial policy.

    Args:
        worlds: one for each seed, or one for all.
        config: as for ``learn_bandit``; ``prompts`` is the number of items per update.
        track: rewards to record at the mean actions of all items, every ``config.record`` updates and at the
            end.

    Raises:
        MissingField: the reward reads what the world does not have.
    """
    worlds = list(worlds) * len(seeds) if len(worlds) == 1 else list(worlds)
    if len(worlds) != len(seeds):
        raise BadInput("worlds", len(worlds), f"1, or one for each of the {len(seeds)} seeds")
    require_scope(reward, Scope.GROUP, "a Gaussian bandit")
    track = track or {}
    present = set(worlds[0].mean_batch(np.zeros_like(worlds[0].start)))
    for each in (reward, *track.values()):
        for name in sorted(each.fields - present):
            raise MissingField(name, str(each), ", ".join(sorted(present)))
    runs = [_train(world, reward, seed, config, track) for world, seed in zip(worlds, seeds, strict=True)]
    curves = {name: np.array([run[1][name] for run in runs]) for name in track}
    return LearnedGaussian(np.array([run[0] for run in runs]), curves, tuple(run[2] for run in runs))


def _train(
    world: GaussianArms, reward: Reward, seed: int, config: PolicyGradient, track: Mapping[str, Reward]
) -> tuple[Floats, dict[str, list[float]], Any]:
    rng = np.random.default_rng(seed)
    weights, state = np.zeros_like(world.start, dtype=np.float64), None
    curves: dict[str, list[float]] = {name: [] for name in track}
    count = len(world.features)
    number = min(config.prompts or count, count)
    for update in range(config.updates):
        if update % config.record == 0:
            _note(world, weights, track, curves)
        drawn = rng.permutation(count)[:number] if number < count else np.arange(count)
        items = np.repeat(drawn, config.samples)
        z = rng.normal(size=(len(items), world.start.shape[1]))
        actions = world.mean(weights, items) + world.std * z
        batch = world.batch(items, actions, weights, update / config.updates)
        state = reward.init(batch) if state is None else state
        advantage, state = reward.apply(batch, state)
        weight = np.where(np.isnan(advantage), 0.0, advantage) / len(items)
        push = world.features[items].T @ (weight[:, None] * z)
        if config.kl:
            phi = world.features[drawn]
            push -= config.kl * phi.T @ (phi @ weights) / len(drawn)
        weights = weights + config.learning_rate * push
    _note(world, weights, track, curves)
    return weights, curves, state


def _note(
    world: GaussianArms, weights: Floats, track: Mapping[str, Reward], curves: dict[str, list[float]]
) -> None:
    batch = world.mean_batch(weights) if track else {}
    for name, reward in track.items():
        values = reward(batch)
        known = values[~np.isnan(values)]
        curves[name].append(float(known.mean()) if len(known) else float("nan"))
