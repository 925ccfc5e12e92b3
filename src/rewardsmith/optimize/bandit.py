"""A contextual bandit with enumerated answers: the smallest world to train on a reward for answers in.

P prompts have A answers each, and every pair has named fields (is it correct, how long is it, what do the
scorers say), so any reward of fields applies.  The policy is a softmax, tabular or log-linear in features,
and learns by the policy gradient from groups of sampled answers, as GRPO and RLOO do.  Expectations are exact
sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.algebra import Reward, Scope, require_scope
from ..core.errors import BadInput, MissingField
from .gibbs import Floats, expected, log_softmax

# What the engine adds to the fields of the world.
PROVIDED = ("group", "prompt", "answer", "log_prob", "log_ratio", "progress")


@dataclass(frozen=True)
class Arms:
    """A world.

    Args:
        fields: name -> ``(P, A)``, or ``(P, A, K)`` for K columns.
        logits: ``(P, A)`` of the initial policy, which is also the reference.
        features: ``(P, A, F)`` for a policy that generalises, ``logits + features @ w``; None for a free
            logit per pair.
        shared: one weight vector for all prompts; False gives every prompt its own, so that independent copies
            of a small problem train as the prompts of one world.
        contexts: ``(P, C)``, instead of ``features``, what is known of a prompt: ``logits + contexts @ w`` with
            weights ``(C, A)``, a linear classifier.
    """

    fields: Mapping[str, Floats]
    logits: Floats
    features: Floats | None = None
    shared: bool = True
    contexts: Floats | None = None

    def __post_init__(self) -> None:
        if self.logits.ndim != 2:
            raise BadInput("Arms.logits", f"shape {self.logits.shape}", "(prompts, answers)")
        for name, values in self.fields.items():
            if name in PROVIDED:
                raise BadInput("Arms.fields", name, f"a name other than {', '.join(PROVIDED)}")
            if np.shape(values)[:2] != self.logits.shape:
                raise BadInput(
                    f"Arms.fields {name!r}", f"shape {np.shape(values)}", f"{self.logits.shape} in front"
                )
        if self.features is not None and self.features.shape[:2] != self.logits.shape:
            raise BadInput("Arms.features", f"shape {self.features.shape}", f"{self.logits.shape} in front")
        if self.contexts is not None and (self.features is not None or len(self.contexts) != len(self.logits)):
            received = f"shape {self.contexts.shape}, features {'no' if self.features is None else 'too'}"
            raise BadInput("Arms.contexts", received, f"({len(self.logits)}, C), and no features")

    def weights(self) -> Floats:
        """The weights of the initial policy: zeros, ``(P, A)``, ``(F,)``, ``(P, F)`` or ``(C, A)``."""
        if self.contexts is not None:
            return np.zeros((self.contexts.shape[1], self.logits.shape[1]))
        if self.features is None:
            return np.zeros(self.logits.shape)
        return np.zeros((*(() if self.shared else (len(self.logits),)), self.features.shape[-1]))

    def log_policy(self, weights: Floats, prompts: Any = slice(None)) -> Floats:
        """Log-probabilities ``(P, A)``, or of some prompts, for weights as in ``weights()``."""
        logits = self.logits[prompts]
        if self.contexts is not None:
            return log_softmax(logits + self.contexts[prompts] @ weights)
        if self.features is None:
            return log_softmax(logits + weights[prompts])
        moved = self.features[prompts] @ (weights if self.shared else weights[prompts][..., None])
        return log_softmax(logits + moved.reshape(logits.shape))

    def batch(self, prompts: Floats, answers: Floats, log_policy: Floats, progress: float) -> dict[str, Any]:
        """Sampled pairs as a batch of N.

        Args:
            prompts: numbers ``(B,)``.
            answers: numbers ``(B, G)``; every row is one group.
            log_policy: ``(B, A)`` of these prompts.
            progress: share of training that is over.
        """
        at = np.repeat(prompts, answers.shape[1]), answers.ravel()
        chosen = {name: np.asarray(values)[at] for name, values in self.fields.items()}
        rows = np.repeat(np.arange(len(prompts)), answers.shape[1])
        log_prob = log_policy[rows, at[1]]
        reference = log_softmax(self.logits[prompts])[rows, at[1]]
        return {
            **chosen,
            "group": rows,
            "prompt": at[0],
            "answer": at[1],
            "log_prob": log_prob,
            "log_ratio": log_prob - reference,
            "progress": np.full(at[0].shape, progress),
        }


@dataclass(frozen=True)
class PolicyGradient:
    """How a bandit policy learns.

    Args:
        updates: gradient steps.
        samples: G, answers sampled per prompt and update.
        prompts: prompts per update (all of them for None).
        learning_rate: of plain gradient ascent.
        kl: price of a nat of KL to the reference, added exactly.
        record: updates between two records of the curves.
    """

    updates: int = 300
    samples: int = 8
    prompts: int | None = None
    learning_rate: float = 1.0
    kl: float = 0.0
    record: int = 10

    def __post_init__(self) -> None:
        for name in ("updates", "samples", "record"):
            if getattr(self, name) < 1:
                raise BadInput(f"PolicyGradient.{name}", getattr(self, name), "at least 1")
        if not self.learning_rate > 0 or self.kl < 0:
            received = f"learning_rate={self.learning_rate}, kl={self.kl}"
            raise BadInput("PolicyGradient", received, "learning_rate > 0, kl >= 0")


@dataclass(frozen=True)
class Learned:
    """What S trainings came to.

    Args:
        log_policy: ``(S, P, A)``.
        curves: name of a field -> its expectation under the policy, averaged over prompts, ``(S, records)``.
        states: the final state of the reward, one per seed.
        weights: ``(S, ...)`` of ``Arms.log_policy``, which may be those of other prompts: held-out ones.
    """

    log_policy: Floats
    curves: dict[str, Floats] = field(default_factory=dict[str, Floats])
    states: tuple[Any, ...] = ()
    weights: Floats = field(default_factory=lambda: np.zeros(0))

    def final(self, name: str) -> Floats:
        """The last point of a curve, ``(S,)``."""
        return self.curves[name][:, -1]


def learn_bandit(
    worlds: Sequence[Arms],
    reward: Reward,
    seeds: Sequence[int],
    config: PolicyGradient,
    track: Sequence[str] = (),
) -> Learned:
    """Train one policy per seed on a reward whose values are taken as advantages.

    The reward is called once per update on the batch of one seed, so its groups and running statistics are
    that seed's own; end it with ``| GroupNormalize(...)`` for group-relative advantages.  A NaN (no verdict)
    leaves the sample out.  The gradient is ``mean_i A_i grad log pi(a_i | p_i)``, scaled by the number of
    prompts in tabular worlds, so that a learning rate means the same for any number of prompts.

    Args:
        worlds: one for each seed, or one for all.
        track: fields whose expectation is recorded.

    Raises:
        MissingField: the reward reads what the world does not have.
    """
    worlds = list(worlds) * len(seeds) if len(worlds) == 1 else list(worlds)
    if len(worlds) != len(seeds):
        raise BadInput("worlds", len(worlds), f"1, or one for each of the {len(seeds)} seeds")
    require_scope(reward, Scope.GROUP, "a bandit")
    for name in sorted(reward.fields - {*worlds[0].fields, *PROVIDED}):
        raise MissingField(name, str(reward), ", ".join([*worlds[0].fields, *PROVIDED]))
    runs = [_train(world, reward, seed, config, track) for world, seed in zip(worlds, seeds, strict=True)]
    curves = {name: np.array([run[1][name] for run in runs]) for name in track}
    states, weights = tuple(run[2] for run in runs), np.array([run[3] for run in runs])
    return Learned(np.array([run[0] for run in runs]), curves, states, weights)


def _train(
    world: Arms, reward: Reward, seed: int, config: PolicyGradient, track: Sequence[str]
) -> tuple[Floats, dict[str, list[float]], Any, Floats]:
    rng = np.random.default_rng(seed)
    count, width = world.logits.shape
    features, weights = world.features, world.weights()
    state: Any = None
    curves: dict[str, list[float]] = {name: [] for name in track}
    reference = log_softmax(world.logits)
    for update in range(config.updates):
        if update % config.record == 0:
            _note(world, world.log_policy(weights), curves)
        number = config.prompts or count
        prompts = rng.permutation(count)[:number] if number < count else np.arange(count)
        log_policy = world.log_policy(weights, prompts)
        answers = sample(log_policy, config.samples, rng)
        batch = world.batch(prompts, answers, log_policy, update / config.updates)
        state = reward.init(batch) if state is None else state
        advantage, state = reward.apply(batch, state)
        weight = np.where(np.isnan(advantage), 0.0, advantage).reshape(answers.shape) / config.samples
        push = np.zeros((number, width))
        np.add.at(push, (np.arange(number)[:, None], answers), weight)
        push -= np.exp(log_policy) * weight.sum(1, keepdims=True)
        if config.kl:
            push -= config.kl * _kl_gradient(log_policy, reference[prompts])
        if world.contexts is not None:
            weights += config.learning_rate / number * world.contexts[prompts].T @ push
        elif features is None:
            weights[prompts] += config.learning_rate * push
        elif not world.shared:
            weights[prompts] += config.learning_rate * np.einsum("pa,paf->pf", push, features[prompts])
        else:
            weights += config.learning_rate / number * np.einsum("pa,paf->f", push, features[prompts])
    log_policy = world.log_policy(weights)
    _note(world, log_policy, curves)
    return log_policy, curves, state, weights


def sample(log_policy: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Answers per prompt, with replacement: ``(P, A)`` log-probabilities -> ``(P, count)`` numbers."""
    edges = np.cumsum(np.exp(log_policy), axis=-1)
    draws = rng.random((len(log_policy), count)) * edges[:, -1:]
    return np.sum(draws[:, :, None] >= edges[:, None, :], axis=-1)


def _kl_gradient(log_policy: Floats, reference: Floats) -> Floats:
    """``pi (log pi / ref - KL)``: the gradient of the KL in the logits."""
    gap = log_policy - reference
    policy = np.exp(log_policy)
    return policy * (gap - np.sum(policy * gap, axis=-1, keepdims=True))


def _note(world: Arms, log_policy: Floats, curves: dict[str, list[float]]) -> None:
    for name, curve in curves.items():
        curve.append(float(expected(log_policy, world.fields[name]).mean()))
