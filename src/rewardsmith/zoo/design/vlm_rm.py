"""VLM-RM: one sentence and an image-text encoder give a reward for pictures, without a person or a formula.

Differs from the paper: two small towers, trained on 100 to 3000 drawn frames with captions of a template, in
place of CLIP, whose real loading code ``build`` names; the cross-entropy method and linear policies of the
state in place of DQN and SAC.  The reward of pictures is computed on a grid of states and looked up.  Training
episodes have one length, so that nothing but the picture says what failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.learn.two_towers import Contrastive, TwoTowers, fit_two_towers
from rewardsmith.measure.model.rank import spearman
from rewardsmith.optimize.cem import CEM, cross_entropy, linear_rollouts
from rewardsmith.tasks.captioned import CARTPOLE, WORLDS, CaptionedWorld
from rewardsmith.terms.clip_encoder import ClipEncoder
from rewardsmith.terms.image_text import GoalBaseline
from rewardsmith.zoo.claims import Check, Meter, Verdict, compare_paired, control, tune, verdict

PAPER = Paper(
    key="rocamonde2023vision",
    title="Vision-Language Models are Zero-Shot Reward Models for Reinforcement Learning",
    authors="Rocamonde, Juan and others",
    year=2023,
    where="ICLR 2024",
    arxiv="2310.12921",
    code="AlignmentResearch/vlmrm@12d3077",
)
STEPS, ALPHAS, SIZES = 200, (0.0, 0.25, 0.5, 0.75, 1.0), (100, 300, 1000, 3000)
Table = np.ndarray
drawn = cache(lambda name, size, seed: WORLDS[name].pairs(size, np.random.default_rng([seed, 1])))
Found = dict[str, np.ndarray]
OTHER = {"CartPole": "pole falling right", "MountainCar": "car in the valley"}  # another baseline


def build(path: str = "clip-vit-base-patch32", alpha: float = 0.5) -> rs.Reward:
    """The reward on a CLIP model in a folder, read at first use."""
    return GoalBaseline(ClipEncoder(path), (CARTPOLE.goal,), (CARTPOLE.baseline,), alpha)


@cache
def encoders(name: str, sizes: tuple[int, ...], seed: int, kind: str, steps: int) -> list[TwoTowers]:
    """One encoder for each number of pairs; ``shuffled`` gives every picture another one's caption."""
    pixels, texts = drawn(name, max(sizes), seed)
    texts = list(np.random.default_rng([seed, 2]).permutation(texts)) if kind == "shuffled" else texts
    config = Contrastive(steps=0 if kind == "untrained" else steps)
    luck = [np.random.default_rng([seed, size]) for size in sizes]
    return [fit_two_towers(pixels[:n], texts[:n], config, each) for n, each in zip(sizes, luck, strict=True)]


def tables(name: str, models: Sequence[TwoTowers], alphas: Sequence[float], baseline: str = "") -> list[Table]:
    """The reward of the picture at every point of the grid: for each encoder, for each alpha."""
    world, batch = WORLDS[name], {"image": WORLDS[name].grid_pictures()}
    sentences = (world.goal,), (baseline or world.baseline,)
    return [GoalBaseline(model, *sentences, alpha)(batch) for model in models for alpha in alphas]


def train(world: CaptionedWorld, rewards: Sequence[Table | None], seed: int, config: CEM) -> np.ndarray:
    """True score after training on each table (None: on what is really wanted), on 32 fresh starts."""
    rng, env = np.random.default_rng([seed, 7]), world.env

    def score(candidates: np.ndarray, _: int) -> np.ndarray:
        played = linear_rollouts(env, candidates, env.reset(rng, (4,)), STEPS, world.scale)[1:]
        paid = [
            world.fine(played[:, r]) if table is None else world.lookup(table, played[:, r])
            for r, table in enumerate(rewards)
        ]
        return np.array([each.mean((0, 2)) for each in paid])

    found = cross_entropy(score, np.zeros((len(rewards), env.observation_size + 1)), config, rng)
    played = linear_rollouts(env, found[:, None], env.reset(rng, (32,)), STEPS, world.scale)[1:, :, 0]
    return world.achieved(played).mean(-1)


def study(name: str, seeds: Sequence[int], sizes: tuple[int, ...], config: CEM, steps: int) -> Found:
    """True scores ``(seeds,)`` of every arm, in one world; alpha is chosen on other seeds."""

    def chosen(alpha: float, some: Sequence[int]) -> np.ndarray:
        made = {s: tables(name, encoders(name, sizes, s, "", steps)[1:2], [alpha]) for s in some}
        return np.array([train(WORLDS[name], rewards, s, config)[0] for s, rewards in made.items()])

    alpha = tune(chosen, ALPHAS[1:], range(1000, 1000 + len(seeds) // 2), seeds).setting
    arms, rows = [f"{n} pairs, alpha {a}" for n in sizes for a in ("0", "chosen")], list[np.ndarray]()
    arms += ["other baseline", "shuffled", "untrained", "truth"]
    for seed in seeds:
        models = encoders(name, sizes, seed, "", steps)
        rewards = tables(name, models, (0.0, alpha)) + tables(name, models[-1:], (0.0,), OTHER[name])
        for kind in ("shuffled", "untrained"):
            rewards += tables(name, encoders(name, sizes[-1:], seed, kind, steps), (0.0,))
        rows.append(train(WORLDS[name], [*rewards, None], seed, config))
    return dict(zip(arms, np.array(rows).T, strict=True)) | {"alpha": np.array([alpha])}


def claim(full: bool = False) -> Verdict:
    """Train on pictures, score by what is wanted: against the truth, without projection, by encoder data."""
    seeds = range(10 if full else 8)
    sizes, config, steps = (SIZES, CEM(rounds=12), 400) if full else (SIZES[:3:2], CEM(rounds=6), 150)
    checks, figures = list[Check](), dict[str, object]()
    with Meter() as meter:
        for name in WORLDS if full else ("MountainCar",):
            found = study(name, seeds, sizes, config, steps)
            best, small = found[f"{sizes[-1]} pairs, alpha 0"], found[f"{sizes[0]} pairs, alpha 0"]
            with_line, without = (found[f"{sizes[1]} pairs, alpha {a}"] for a in ("chosen", "0"))
            checks += [
                compare_paired(f"{name}: 60 % of what the truth trains", best, 0.6 * found["truth"]),
                compare_paired(f"{name}: the projection helps", with_line, without),
                compare_paired(f"{name}: more pairs make a better reward", best, small),
                control(f"{name}: shuffled captions teach nothing", found["shuffled"], found["untrained"], 0.6),
                control(f"{name}: alpha 0 reads no baseline", best, found["other baseline"], 1e-9, exact=True),
            ]
            means = {arm: round(float(values.mean()), 3) for arm, values in found.items()}
            course = [means[f"{n} pairs, alpha 0"] for n in sizes]
            figures[name] = means | {"rank correlation with pairs": round(spearman(sizes, course), 3)}
    return verdict(checks, seeds, "CLIP itself, DQN and SAC, the humanoid", figures, meter.cost)
