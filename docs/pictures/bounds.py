"""The picture of docs/transforms/bounds.md:  python docs/pictures/bounds.py"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from rewardsmith.optimize.bandit import PolicyGradient, learn_bandit
from rewardsmith.tasks.digits import load_digits
from rewardsmith.transforms import (
    Clip,
    Flip,
    GroupNormalize,
    MinMax,
    Quantile,
    Sigmoid,
    StepDelta,
    StepPenalty,
    Tanh,
)
from rewardsmith.zoo.shape.clip_delta import prm
from rewardsmith.zoo.shape.noisy_rewards import correct, world


def limits(axes: Any) -> None:
    """Response of the limits that need no data."""
    x = np.linspace(-4, 4, 400)
    for transform in (Clip(-1, 1), Tanh(), Sigmoid(), Sigmoid(log=True)):
        axes.plot(x, transform.apply(x, {}, ())[0], label=str(transform).replace(", log=False", ""))
    axes.set(xlabel="reward", ylabel="after", title="Limits that are known beforehand", ylim=(-2.2, 1.2))
    axes.legend(fontsize=7, loc="lower right")


def ranges(axes: Any) -> None:
    """Response of the limits that are learned, on rewards with an outlier."""
    rng = np.random.default_rng(0)
    seen = np.append(rng.normal(size=200), 12.0)
    x = np.linspace(-3, 12, 400)
    for transform, colour in ((MinMax(), "tab:red"), (Quantile(), "tab:blue")):
        state = transform.apply(seen, {}, transform.init({}))[1]
        each = [transform.apply(np.array([value]), {}, state)[0][0] for value in x]
        axes.plot(x, each, color=colour, label=f"{transform}")
    axes.plot(seen, 0 * seen - 0.05, "k|", alpha=0.4, label="rewards seen before")
    axes.set(xlabel="reward", ylabel="after", title="Limits that are learned: one outlier at 12")
    axes.legend(fontsize=7, loc="lower right")


def steps(axes: Any) -> None:
    """What a trajectory has collected, when two good steps are followed by ten restatements."""
    score = np.array([[0.85, 0.85, *[0.9] * 10, 0.35, 0.85]])
    batch = {"score": score, "terminated": np.arange(score.shape[1])[None] == score.shape[1] - 1}
    arms = {
        "process reward (leaves the picture: 11.9)": prm,
        "Clip": prm | StepPenalty(0.7),
        "Delta": prm | StepDelta(),
        "Clip + Delta": prm | StepPenalty(0.7) | StepDelta(),
    }
    for name, reward in arms.items():
        axes.plot(np.arange(1, score.shape[1] + 1), reward(batch)[0].cumsum(), ".-", label=name)
    title = "Ten useless steps (3 to 12), one wrong one (13)"
    axes.set(xlabel="step", ylabel="collected so far", title=title, ylim=(-0.6, 2.4))
    axes.legend(fontsize=7, loc="upper right")


def noise(axes: Any) -> None:
    """Learning digits through verdicts that are flipped."""
    train, _ = load_digits().split(0)
    config = PolicyGradient(1500, samples=8, prompts=64, learning_rate=0.3, record=25)
    flips = (
        (Flip(0.0, item="prompt"), "no flips"),
        (Flip(0.2, item="prompt"), "20 % per response"),
        (Flip(0.4, item="prompt"), "40 % per response"),
        (Flip(0.4, "group", item="prompt"), "40 % per group"),
        (Flip(0.4, "item", item="prompt"), "40 % fixed per picture"),
    )
    for flip, name in flips:
        run = learn_bandit([world(train)], correct | flip | GroupNormalize(), [0], config, ["correct"])
        axes.plot(np.append(np.arange(0, 1500, 25), 1500), run.curves["correct"][0], label=name)
    axes.set(
        xlabel="update", ylabel="right answers", title="Digits learned through wrong verdicts", ylim=(0, 1)
    )
    axes.legend(fontsize=7, loc="lower right")


def main() -> None:
    """Draw and save it beside this file."""
    figure, axes = plt.subplots(2, 2, figsize=(10, 7), layout="constrained")
    for draw, each in zip((limits, ranges, steps, noise), axes.ravel(), strict=True):
        draw(each)
        each.spines[["top", "right"]].set_visible(False)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main()
