"""ArrayEnv: an environment as four pure functions of arrays.

Leading axes are free and there is no hidden state, so the same dynamics run one episode in NumPy
float64 for a test, or thousands at once inside one compiled JAX program.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from ...core.arrays import Array
from ..spaces import Actions

# ("line", x1, y1, x2, y2, width, role), ("circle", x, y, radius, role) or
# ("polyline", ((x, y), ...), width, role); lengths in world units; the report colours by role:
# "ground", "body", "limb", "joint", "goal", "accent".
Shape: TypeAlias = tuple[Any, ...]
Frame: TypeAlias = tuple[float, float, float, float]  # xmin, xmax, ymin, ymax


@runtime_checkable
class ArrayEnv(Protocol):
    """Pure dynamics on arrays ``(..., D)``; implementations are frozen dataclasses."""

    @property
    def observation_size(self) -> int:
        """Columns of ``observe(state)``."""
        ...

    @property
    def actions(self) -> Actions:
        """What the agent may do."""
        ...

    @property
    def gym_id(self) -> str | None:
        """The Gymnasium environment this equals, or None."""
        ...

    @property
    def frame(self) -> Frame:
        """The part of the world that ``sketch`` draws: xmin, xmax, ymin, ymax."""
        ...

    def reset(self, key: Any, shape: tuple[int, ...]) -> Array:
        """Start states ``(*shape, D)``; ``key`` is a JAX PRNG key or a NumPy Generator."""
        ...

    def step(self, state: Array, action: Array) -> Array:
        """The successor of ``state (..., D)`` under ``action`` ``(...)`` or ``(..., A)``."""
        ...

    def observe(self, state: Array) -> Array:
        """What the agent sees, ``(..., O)``."""
        ...

    def terminated(self, state: Array) -> Array:
        """True where the episode ends in ``state``, ``(...)``."""
        ...

    def sketch(self, obs: Array) -> list[Shape]:
        """Shapes that draw one observation ``(O,)``."""
        ...


def uniform(key: Any, shape: tuple[int, ...], low: tuple[float, ...], high: tuple[float, ...]) -> Array:
    """Uniform samples ``(*shape, len(low))`` from a NumPy Generator or a JAX PRNG key."""
    full = (*shape, len(low))
    if isinstance(key, np.random.Generator):
        return key.uniform(low, high, full)
    import jax

    return jax.random.uniform(
        key, full, minval=np.asarray(low, np.float32), maxval=np.asarray(high, np.float32)
    )
