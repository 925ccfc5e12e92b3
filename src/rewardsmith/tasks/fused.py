"""One observation out of named blocks, some of which are refreshed only now and then; and a PID correction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import BadInput, MissingField

Floats = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Block:
    """A named part of the observation: ``size`` numbers, refreshed every ``every`` steps and held between."""

    name: str
    size: int
    every: int = 1

    def __post_init__(self) -> None:
        if self.size < 1 or self.every < 1:
            raise BadInput(f"Block {self.name}", f"size {self.size}, every {self.every}", "at least 1")


@dataclass(frozen=True)
class FusedObservation:
    """The blocks side by side, in the order given.

    Source: Miangoleh et al., "BLIP-FusePPO", arXiv:2510.22370 (a caption's embedding beside camera, range
    finder and a PID correction).

    Example:
        >>> fused = FusedObservation((Block("camera", 2), Block("caption", 1, every=2)))
        >>> first, held = fused({"camera": np.ones((1, 2)), "caption": np.full((1, 1), 7.0)}, {}, 0)
        >>> fused({"camera": np.zeros((1, 2)), "caption": np.full((1, 1), 9.0)}, held, 1)[0].tolist()
        [[0.0, 0.0, 7.0]]
    """

    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        names = [block.name for block in self.blocks]
        if not names or len(set(names)) < len(names):
            raise BadInput("FusedObservation", names, "at least one block, each with a name of its own")

    @property
    def size(self) -> int:
        """Numbers in all."""
        return sum(block.size for block in self.blocks)

    def __call__(
        self, parts: Mapping[str, Floats], held: Mapping[str, Floats], step: int
    ) -> tuple[Floats, dict[str, Floats]]:
        """The observation ``(..., size)`` of a step, and what is held for the next one.

        Args:
            parts: name -> ``(..., size of the block)``; may lack what is held in this step.
            held: what the step before returned; empty at the first.
        """
        now: dict[str, Floats] = {}
        for block in self.blocks:
            fresh = step % block.every == 0 or block.name not in held
            if fresh and block.name not in parts:
                raise MissingField(block.name, "FusedObservation", ", ".join(parts))
            now[block.name] = np.asarray(parts[block.name] if fresh else held[block.name])
            if now[block.name].shape[-1:] != (block.size,):
                raise BadInput(f"block {block.name}", f"shape {now[block.name].shape}", f"(..., {block.size})")
        return np.concatenate(list(now.values()), axis=-1), now

    def mask(self, *without: str) -> Floats:
        """``(size,)``: 0 for the numbers of some blocks, 1 for the others; to leave blocks out."""
        unknown = set(without) - {block.name for block in self.blocks}
        if unknown:
            raise BadInput("blocks", sorted(unknown), ", ".join(block.name for block in self.blocks))
        return np.concatenate([np.full(b.size, 0.0 if b.name in without else 1.0) for b in self.blocks])


class PIDState(NamedTuple):
    """The integral of the error and its last value; None before the first."""

    total: Floats | float = 0.0
    last: Floats | None = None


@dataclass(frozen=True)
class PID:
    r"""u = -(k_p e + k_i \int e dt + k_d de/dt); the integral is held within ``limit``, so it cannot wind up.

    Example:
        >>> pid = PID(1.0, 0.5, 0.0, step=1.0)
        >>> first, state = pid(np.array([2.0]), PIDState())
        >>> first.tolist(), pid(np.array([2.0]), state)[0].tolist()
        ([-3.0], [-4.0])
    """

    proportional: float
    integral: float = 0.0
    derivative: float = 0.0
    step: float = 0.2
    limit: float = 10.0

    def __post_init__(self) -> None:
        if not self.step > 0 or not self.limit >= 0:
            raise BadInput("PID", f"step {self.step}, limit {self.limit}", "step > 0, limit >= 0")

    def __call__(self, error: Floats, state: PIDState) -> tuple[Floats, PIDState]:
        """The correction of an error ``(...)``, and the state for the next step; the first derivative is 0."""
        total = np.clip(state.total + error * self.step, -self.limit, self.limit)
        slope = np.zeros_like(error) if state.last is None else (error - state.last) / self.step
        output = -(self.proportional * error + self.integral * total + self.derivative * slope)
        return output, PIDState(total, error)
