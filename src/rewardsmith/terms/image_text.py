r"""A reward from one sentence: how near a picture is to it in the space of an image-text encoder.

An encoder maps pictures and sentences to vectors of one space.  The sentence says what is wanted; a second one,
the baseline, says what is seen anyway, and the line between the two is the only direction that matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np

from ..core.algebra import Reward, Scope, Shares
from ..core.arrays import Batch
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.node import Node, number

Floats = np.ndarray[Any, np.dtype[np.float64]]


@runtime_checkable
class ImageTextEncoder(Protocol):
    """What maps pictures and sentences to one space.  Vectors need not have length 1."""

    def images(self, pixels: Any) -> Floats:
        """``(N, H, W, 3)`` of 0..255 -> ``(N, D)``."""
        ...

    def texts(self, texts: Sequence[str]) -> Floats:
        """M sentences -> ``(M, D)``."""
        ...


def unit(vectors: Any) -> Floats:
    """Vectors ``(..., D)`` of length 1; a zero vector has no direction: NaN.

    Example:
        >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
        [[0.6, 0.8], [nan, nan]]
    """
    vectors = np.asarray(vectors, np.float64)
    size = np.sqrt(np.sum(vectors**2, axis=-1, keepdims=True))
    return vectors / np.where(size > 0, size, np.nan)


def prompt(encoder: ImageTextEncoder, texts: Sequence[str]) -> Floats:
    """One direction ``(D,)`` for several wordings: the mean of their unit vectors, scaled to length 1 again."""
    return unit(unit(encoder.texts(list(texts))).mean(0))


def goal_baseline(embedding: Any, goal: Any, baseline: Any, alpha: float) -> Floats:
    r"""1 - |P (x - g)|^2 / 2 with P = alpha d d^T / |d|^2 + (1 - alpha) I and d = g - b.

    Args:
        embedding: x ``(..., D)``; goal, baseline: g, b ``(D,)``, all of length 1.
        alpha: 0 gives the cosine of x and g; 1 looks along the line from b to g only.

    Raises:
        BadInput: g = b, so that P is not defined, or alpha beyond 0..1.

    Source: Rocamonde et al., "Vision-Language Models are Zero-Shot Reward Models for Reinforcement Learning",
    arXiv:2310.12921.

    Example:
        >>> x, g, b = np.eye(3)[2], np.eye(3)[0], np.eye(3)[1]
        >>> [round(float(goal_baseline(x, g, b, alpha)), 3) for alpha in (0.0, 0.5, 1.0)]
        [0.0, 0.562, 0.75]
    """
    if not 0 <= alpha <= 1:
        raise BadInput("alpha", alpha, "0 to 1")
    line = np.asarray(goal, np.float64) - np.asarray(baseline, np.float64)
    size = float(line @ line)
    if not size > 1e-12:
        raise BadInput("baseline", "the same direction as the goal", "another sentence", "no line joins them")
    away = np.asarray(embedding, np.float64) - goal
    along = (away @ line) ** 2 / size
    return 1.0 - 0.5 * (along + (1.0 - alpha) ** 2 * (np.sum(away**2, axis=-1) - along))


@dataclass(frozen=True, repr=False)
class GoalBaseline(Reward):
    r"""How near each picture is to a sentence: 1 - |P (x - g)|^2 / 2, see ``goal_baseline``.

    Values lie in a narrow band (0.2 to 0.3 for CLIP and alpha 0): standardise before other terms are added, and
    do not clip at 0.  Choose ``alpha`` on other episodes than those that are reported.

    Args:
        encoder: any ``ImageTextEncoder``, such as ``ClipEncoder(path)``.
        goal: wordings of what is wanted.
        baseline: wordings of what is seen anyway; must not mean the same to the encoder.
        alpha: how much of what lies beside the line from baseline to goal is left out, 0 to 1.
        image: the field of the pictures, ``(..., H, W, 3)``.

    Source: Rocamonde et al., arXiv:2310.12921.
    Differs from the paper: the mean of several wordings is scaled to length 1 again; in the released code it is
    not, so there the reward depends on the number of wordings.
    """

    encoder: ImageTextEncoder
    goal: tuple[str, ...]
    baseline: tuple[str, ...]
    alpha: float = number(default=0.5)
    image: str = "image"
    written: ClassVar[str] = "GoalBaseline"

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        for name in ("goal", "baseline"):
            given: Any = getattr(self, name)
            texts = (given,) if isinstance(given, str) else tuple(given)
            if not texts or not all(text.strip() for text in texts):
                raise BadInput(f"GoalBaseline.{name}", texts, "at least one sentence")
            object.__setattr__(self, name, texts)
        if set(self.goal) == set(self.baseline):
            raise BadInput("GoalBaseline.baseline", self.baseline, "other sentences than the goal")
        if not 0 <= self.alpha <= 1:
            raise BadInput("GoalBaseline.alpha", self.alpha, "0 to 1")

    @classmethod
    def called(cls, *arguments: Any, **settings: Any) -> Self:
        """What its text form calls: the class itself."""
        return cls(*arguments, **settings)

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.image})

    @property
    def scope(self) -> Scope:
        return Scope.STEP

    def init(self, batch: Batch) -> tuple[Floats, Floats]:
        """The directions of goal and baseline: sentences are encoded once."""
        del batch
        return prompt(self.encoder, self.goal), prompt(self.encoder, self.baseline)

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        pixels = np.asarray(read_field(batch, self.image, self.label))
        if pixels.ndim < 4 or pixels.shape[-1] != 3:
            raise BadInput(self.image, f"shape {pixels.shape}", "(..., H, W, 3)")
        steps = pixels.shape[:-3]
        vectors = unit(self.encoder.images(pixels.reshape(-1, *pixels.shape[-3:])))
        values = goal_baseline(vectors, state[0], state[1], self.alpha).reshape(steps)
        return Shares(values, {self.label: values}), state
