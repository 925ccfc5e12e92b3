"""PPO: the configuration of one training, validated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...core.errors import BadInput


class Knobs(NamedTuple):
    """The numbers of a configuration: arguments of the compiled programs, so changing one compiles nothing."""

    learning_rate: Any
    final_learning_rate: Any
    steps: Any
    discount: Any
    trace: Any
    clip: Any
    entropy: Any
    value_coefficient: Any
    max_grad_norm: Any


class Shape(NamedTuple):
    """The part of a configuration that a compiled program depends on."""

    envs: int
    rollout: int
    epochs: int
    minibatches: int
    hidden: tuple[int, ...]
    normalize_observations: bool
    normalize_rewards: bool

    @property
    def batch(self) -> int:
        """Environment steps per iteration and member."""
        return self.envs * self.rollout


@dataclass(frozen=True)
class PPO:
    """Proximal policy optimisation (Schulman et al. 2017, arXiv:1707.06347).

    Args:
        steps: environment steps per member over the whole training; the learning rate falls from
            ``learning_rate`` to ``final_learning_rate`` over them.
        envs, rollout: copies of the environment per member, and steps of each between two updates.
        epochs, minibatches: passes over the recorded steps, and parts per pass.
        discount: gamma; None takes the task's.
        trace: lambda of generalised advantage estimation.
        clip: the ratio of new to old probability counts only within 1 +- clip.
        entropy: weight of the entropy bonus.
        value_coefficient: weight of the squared value error.
        max_grad_norm: gradients longer than this (over actor and critic together) are shortened to it.
        hidden: widths of the tanh layers of actor and critic (two separate networks).
        normalize_observations: by running mean and variance, clipped at 10.
        normalize_rewards: by the running deviation of the discounted return, clipped at 10.

    The defaults were chosen on ``cartpole_swingup`` with three dense rewards, 8 seeds, 300,000 steps: what
    matters most is many small updates.  Mean success: 4 epochs x 4 minibatches 0.49, 0.28, 0.20; 4 x 16:
    1.00, 0.80, 0.88 at 1.4 times the cost; 10 x 16: 1.00, 1.00, 1.00 at twice the cost; shorter rollouts
    (32 steps) are worse.  An entropy bonus gave no gain.

    Raises:
        BadInput: for a value out of range, naming what is allowed.

    Example:
        >>> PPO(steps=100_000).batch
        2048
    """

    steps: int
    envs: int = 16
    rollout: int = 128
    epochs: int = 4
    minibatches: int = 16
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-4
    discount: float | None = None
    trace: float = 0.95
    clip: float = 0.2
    entropy: float = 0.0
    value_coefficient: float = 0.5
    max_grad_norm: float = 0.5
    hidden: tuple[int, ...] = (32, 32)
    normalize_observations: bool = True
    normalize_rewards: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", tuple(self.hidden))
        for name in ("steps", "envs", "rollout", "epochs", "minibatches"):
            whole(f"PPO.{name}", getattr(self, name))
        for width in self.hidden:
            whole("PPO.hidden", width)
        for name in ("learning_rate", "clip", "max_grad_norm"):
            number(f"PPO.{name}", getattr(self, name), 0.0, math.inf, open_low=True)
        for name in ("final_learning_rate", "entropy", "value_coefficient"):
            number(f"PPO.{name}", getattr(self, name), 0.0, math.inf)
        for name in ("trace", "discount"):
            if getattr(self, name) is not None:
                number(f"PPO.{name}", getattr(self, name), 0.0, 1.0)
        if self.batch % self.minibatches:
            allowed = f"a divisor of envs * rollout = {self.batch}"
            raise BadInput("PPO.minibatches", self.minibatches, allowed, "minibatches have one size")

    @property
    def batch(self) -> int:
        """Environment steps per iteration and member."""
        return self.envs * self.rollout

    @property
    def shape(self) -> Shape:
        """What compiled programs depend on."""
        return Shape(*(getattr(self, name) for name in Shape._fields))

    def knobs(self, discount: float) -> Knobs:
        """The numbers, with the task's discount where none was chosen."""
        values = {name: float(getattr(self, name)) for name in Knobs._fields if name != "discount"}
        return Knobs(**values, discount=discount if self.discount is None else float(self.discount))


def whole(what: str, value: object) -> None:
    """Refuse anything but a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadInput(what, repr(value), "a whole number, at least 1")


def number(what: str, value: object, low: float, high: float, *, open_low: bool = False) -> None:
    """Refuse anything but a finite number in a range."""
    allowed = f"a finite number {'above' if open_low else 'of at least'} {low:g}"
    allowed += f", at most {high:g}" if math.isfinite(high) else ""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadInput(what, repr(value), allowed)
    if value < low or value > high or (open_low and value == low):
        raise BadInput(what, repr(value), allowed)
