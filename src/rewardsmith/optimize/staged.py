r"""A policy in two stages: first a plan, then the details that carry it out.

P prompts have K plans each, drawn from a softmax, and a plan leaves D binary details open, drawn as
independent coins whose logits belong to prompt and plan: what cannot be enumerated as answers of
``optimize.bandit``.  A world turns plan and details into the fields that a reward reads.  Every sample is a
row of the batch, with the field ``stage``: 0 for a plan, 1 for a set of details.  So each stage can have
rewards and advantages of its own, and the transform ``Payback`` can hand a share of what the details earn to
their plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.algebra import Reward, Scope, require_scope
from ..core.errors import BadInput, MissingField
from .bandit import PolicyGradient, sample
from .gibbs import Floats, log_softmax

# What the engine adds to the fields of the world.
PROVIDED = ("stage", "plan", "group", "prompt", "choice", "progress")
Decode = Callable[[Floats, Mapping[str, Floats]], Mapping[str, Any]]


@dataclass(frozen=True)
class StagedArms:
    """A world.

    Args:
        fields: name -> ``(P, K, ...)``, known of every plan.
        plan_logits: ``(P, K)`` of the initial policy.
        detail_logits: ``(P, K, D)``.
        decode: ``decode(details, fields) -> fields`` for N sets of details ``(N, D)`` of 0 and 1 and the fields
            of their plans, a function at the top level of a module.  A plan's row holds the mean over its
            details.
    """

    fields: Mapping[str, Floats]
    plan_logits: Floats
    detail_logits: Floats
    decode: Decode

    def __post_init__(self) -> None:
        shape = self.plan_logits.shape
        if self.plan_logits.ndim != 2 or self.detail_logits.ndim != 3 or self.detail_logits.shape[:2] != shape:
            received = f"plan_logits {shape}, detail_logits {self.detail_logits.shape}"
            raise BadInput("StagedArms", received, "(P, K) and (P, K, D)")
        for name, values in self.fields.items():
            if name in PROVIDED:
                raise BadInput("StagedArms.fields", name, f"a name other than {', '.join(PROVIDED)}")
            if np.shape(values)[:2] != shape:
                raise BadInput(f"StagedArms.fields {name!r}", f"shape {np.shape(values)}", f"{shape} in front")

    def at(self, prompts: Floats, plans: Floats) -> dict[str, Floats]:
        """The fields of N pairs of prompt and plan."""
        return {name: np.asarray(values)[prompts, plans] for name, values in self.fields.items()}

    def batch(self, plans: Floats, details: Floats, progress: float = 1.0) -> dict[str, Any]:
        """All samples of an update: first the plans ``(P, G)``, then their details ``(P, G, M, D)``.

        ``plan`` numbers the P G sampled plans; ``group`` is two for each prompt, one per stage.
        """
        count, samples = plans.shape
        per_plan = details.shape[2]
        prompts = np.repeat(np.arange(count), samples)
        below = np.repeat(np.arange(count * samples), per_plan)
        known = self.at(prompts, plans.ravel())
        flat = details.reshape(-1, details.shape[-1])
        decoded = dict(self.decode(flat, {name: values[below] for name, values in known.items()}))
        stage = np.concatenate([np.zeros(len(prompts)), np.ones(len(below))])
        prompt = np.concatenate([prompts, prompts[below]])
        means = {
            n: np.asarray(v).reshape(count * samples, per_plan, -1).mean(1).ravel() for n, v in decoded.items()
        }
        return {
            **{name: np.concatenate([values, values[below]]) for name, values in known.items()},
            **{name: np.concatenate([means[name], values]) for name, values in decoded.items()},
            "stage": stage,
            "plan": np.concatenate([np.arange(len(prompts)), below]),
            "group": 2 * prompt + stage.astype(int),
            "prompt": prompt,
            "choice": np.concatenate([plans.ravel(), plans.ravel()[below]]),
            "progress": np.full(len(stage), progress),
        }


@dataclass(frozen=True)
class LearnedStages:
    """What S trainings came to.

    Args:
        log_plans: ``(S, P, K)``, log-probabilities.
        detail_logits: ``(S, P, K, D)``.
    """

    log_plans: Floats
    detail_logits: Floats

    def expected(self, worlds: Sequence[StagedArms], name: str) -> Floats:
        r"""``(S, P)``: \sum_k \pi(k) f(k, details), each plan carried out by its most likely details."""
        found: list[Floats] = []
        for s, log_plan in enumerate(self.log_plans):
            world = worlds[s % len(worlds)]
            count, plans, width = self.detail_logits[s].shape
            at = np.repeat(np.arange(count), plans), np.tile(np.arange(plans), count)
            best = (self.detail_logits[s] > 0).reshape(-1, width).astype(float)
            known = world.at(*at)
            values = np.asarray({**known, **world.decode(best, known)}[name]).reshape(count, plans)
            found.append(np.sum(np.exp(log_plan) * values, axis=-1))
        return np.array(found)


def learn_staged(
    worlds: Sequence[StagedArms],
    reward: Reward,
    seeds: Sequence[int],
    config: PolicyGradient,
    details: int = 1,
) -> LearnedStages:
    """Train one policy per seed by the policy gradient of both stages.

    The reward is called once per update on the rows of both stages and gives the advantage of each row; NaN
    leaves the row out.  ``config.samples`` plans are drawn per prompt, and ``details`` sets of details per
    plan.

    Args:
        worlds: one for each seed, or one for all.

    Raises:
        MissingField: the reward reads what the world does not have.
    """
    if len(worlds) not in (1, len(seeds)):
        raise BadInput("worlds", len(worlds), f"1, or one for each of the {len(seeds)} seeds")
    require_scope(reward, Scope.GROUP, "a staged bandit")
    runs = [_train(worlds[s % len(worlds)], reward, seed, config, details) for s, seed in enumerate(seeds)]
    return LearnedStages(np.array([run[0] for run in runs]), np.array([run[1] for run in runs]))


def _train(
    world: StagedArms, reward: Reward, seed: int, config: PolicyGradient, details: int
) -> tuple[Floats, Floats]:
    rng, state = np.random.default_rng(seed), None
    plan_logits, detail_logits = world.plan_logits.copy(), world.detail_logits.copy()
    rows = np.arange(len(plan_logits))[:, None]
    for update in range(config.updates):
        log_plan = log_softmax(plan_logits)
        plans = sample(log_plan, config.samples, rng)
        chance = 1.0 / (1.0 + np.exp(-detail_logits[rows, plans]))[:, :, None, :]
        drawn = (rng.random((*plans.shape, details, chance.shape[-1])) < chance).astype(float)
        batch = world.batch(plans, drawn, update / config.updates)
        for name in sorted(reward.fields - set(batch)):
            raise MissingField(name, str(reward), ", ".join(sorted(batch)))
        state = reward.init(batch) if state is None else state
        advantage, state = reward.apply(batch, state)
        weight = np.where(np.isnan(advantage), 0.0, advantage) / config.samples
        high = weight[: plans.size].reshape(plans.shape)
        low = weight[plans.size :].reshape(*plans.shape, details) / details
        push = np.zeros(plan_logits.shape)
        np.add.at(push, (rows, plans), high)
        plan_logits += config.learning_rate * (push - np.exp(log_plan) * high.sum(1, keepdims=True))
        turn = np.einsum("pgm,pgmd->pgd", low, drawn - chance)
        np.add.at(detail_logits, (np.broadcast_to(rows, plans.shape), plans), config.learning_rate * turn)
    return log_softmax(plan_logits), detail_logits
