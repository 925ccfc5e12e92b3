"""STVG-o1: format, consistency, time, space and improvement, as one reward for a span and its boxes.

Differs from the paper: a linear Gaussian policy that sees noisy spans and paths instead of a multimodal model.
Answers always parse, so format means that the span is in order, and boxes cover their span by construction.
``nothing_shared`` is what an empty intersection earns in space: 0 in the paper, more than most poor boxes get,
so missing the event can pay; the least that boxes get is -5.  The ablations use 0; the trap starts further off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

import rewardsmith as rs
from rewardsmith import terms
from rewardsmith.core.cite import Paper
from rewardsmith.core.errors import BadInput
from rewardsmith.optimize.bandit import PolicyGradient
from rewardsmith.optimize.gaussian import Floats, GaussianArms, learn_gaussian
from rewardsmith.transforms import Clip, GroupNormalize
from rewardsmith.zoo.claims import Check, Meter, Verdict, bound, compare_paired, control, verdict

PAPER = Paper(
    key="gu2025thinking",
    title="Thinking With Bounding Boxes: Enhancing STVG via Reinforcement Fine-Tuning",
    authors="Gu, Xin and others",
    year=2025,
    where="arXiv",
    arxiv="2511.21375",
)
FORMAT, TIME = 2.0 * terms.value(value="valid"), terms.span_iou(unit=1.0)  # format and consistency; time
FRAMES, VIOU, space = np.arange(16), terms.tube_iou(tube="final"), terms.tube_agreement


def spatial(improvement: float = 0.5, nothing_shared: float = 0.0) -> rs.Reward:
    """Draft and final boxes, and ``improvement`` times what the final ones gain."""
    draft, final = (space(tube=name, nothing_shared=nothing_shared) for name in ("draft", "final"))
    return draft + final + improvement * (final - draft | Clip(0.0, 6.0))


def build(improvement: float = 0.5, nothing_shared: float = 0.0) -> rs.Reward:
    """All five parts; refuses an ``improvement`` of 1 or more, which would pay for worse drafts."""
    if improvement >= 1.0:
        raise BadInput("improvement", improvement, "below 1, the weight of the draft", "worse drafts would pay")
    return FORMAT + TIME + spatial(improvement, nothing_shared)


def tube(span: Floats, path: Floats) -> Floats:
    """Boxes ``(N, F, 4)`` that move in a line, NaN outside the span."""
    inside = (np.round(span[:, :1]) <= FRAMES) & (np.round(span[:, 1:]) >= FRAMES)
    center = path[:, None, :2] + path[:, None, 2:] * ((FRAMES - 7.5) / 15)[:, None]
    return np.where(inside[..., None], np.concatenate([center - 0.125, center + 0.125], axis=-1), np.nan)


def answer(action: Floats, fields: Mapping[str, Floats]) -> dict[str, Floats]:
    """Span, draft and final boxes from ten numbers; a world may give the span away."""
    span, draft, final = fields.get("given_span", action[:, :2]), action[:, 2:6], action[:, 6:]
    out = {"span": np.round(span), "valid": (span[:, 0] <= span[:, 1]) * 1.0}
    return out | {"draft": tube(span, draft), "final": tube(span, final)}


def world(seed: int, shift: float = 0.0, given: float = 0.0) -> GaussianArms:
    """400 events; ``shift`` moves the first boxes away from where things are."""
    start = (rng := np.random.default_rng(seed)).integers(0, 9, 400)
    span = np.stack([start, start + rng.integers(3, 8, 400)], axis=1).astype(float)
    path = np.hstack([rng.uniform(0.3, 0.7, (400, 2)), rng.uniform(-0.3, 0.3, (400, 2))])
    seen = path - [0.5, 0.5, 0, 0] + 0.03 * rng.normal(size=path.shape)
    features = [np.ones((400, 1)), (span - [4, 9]) / 2 + 0.2 * rng.normal(size=span.shape), 2 * seen]
    first, std = np.zeros((7, 10)), np.array([1.0] * 2 + [0.08] * 8)
    first[0] = [6, 9, *[0.5 + shift, 0.5 + shift, 0, 0] * 2]
    fields = {"gold_span": span, "gold_tube": tube(span, path), "path": path}
    return GaussianArms(
        fields | ({"given_span": span} if given else {}), np.hstack(features), first, std, answer
    )


def found(reward: rs.Reward, seeds: Sequence[int], updates: int, *where: float) -> Floats:
    """The vIoU of the final boxes on fresh events."""
    config = PolicyGradient(updates, samples=8, prompts=16, learning_rate=0.3, record=updates)
    worlds, scale = [world(seed, *where) for seed in seeds], GroupNormalize(epsilon=1e-6)
    learned = learn_gaussian(worlds, reward | scale, seeds, config)
    pairs = zip([world(seed + 50_000, *where) for seed in seeds], learned.weights, strict=True)
    return np.array([VIOU(fresh.mean_batch(weights)).mean() for fresh, weights in pairs])


def spoiled(improvement: float, seed: int = 0) -> Floats:
    """What 50 drafts lose when a hill climber moves them alone, from the truth, to raise the whole reward."""
    rng, arms, reward = np.random.default_rng(seed), world(seed), FORMAT + TIME + spatial(improvement)
    best = np.hstack([arms.fields["gold_span"], np.tile(arms.fields["path"], 2)])[:50]
    for _ in range(50):
        moved = best + 0.05 * rng.normal(size=best.shape) * ([0] * 2 + [1] * 4 + [0] * 4)
        tried, held = (reward(arms.batch(np.arange(50), each, 0 * arms.start)) for each in (moved, best))
        best = np.where((tried > held)[:, None], moved, best)
    return 1.0 - space(tube="draft")(arms.batch(np.arange(50), best, 0 * arms.start))


def claim(full: bool = False) -> Verdict:
    """Video IoU against ablations, paired over seeds; when spoiling the draft pays; the sign trap."""
    seeds, updates, checks = range(10 if full else 8), 400 if full else 60, list[Check]()
    with Meter() as meter:
        arms = {"all": build(), "no time": FORMAT + spatial(), "no space": FORMAT + TIME}
        got = {name: found(arm, seeds, updates) for name, arm in arms.items()}
        checks += [compare_paired(f"all beats {n}", got["all"], got[n]) for n in ("no time", "no space")]
        one = found(arms["all"], seeds, updates, 0.0, 1.0)
        two = found(arms["no time"], range(1000, 1000 + len(seeds)), updates, 0.0, 1.0)
        checks.append(control("time adds nothing where the span is given", one, two, sees=0.05))
        checks.append(bound("at 0.5 no draft is spoiled", spoiled(0.5), high=1e-9))
        checks.append(bound("at 1.5 every draft is", spoiled(1.5), low=0.5))
        if full:
            got["no draft"] = found(FORMAT + TIME + space(tube="final"), seeds, updates)
            checks.append(compare_paired("the draft costs nothing", got["all"], got["no draft"], -0.01))
            low, zero = (found(build(nothing_shared=least), seeds, updates, 0.25) for least in (-5.0, 0.0))
            checks.append(compare_paired("0 for nothing shared loses events", low, zero))
    viou = {name: float(values.mean().round(3)) for name, values in got.items()}
    return verdict(checks, seeds, "the video model and HCSTVG", {"viou": viou}, meter.cost)
