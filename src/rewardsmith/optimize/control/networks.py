"""Actor and critic as pure functions of one flat parameter vector."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...core.arrays import Array, xp
from ...core.fields import Field
from ...tasks.spaces import Actions, Discrete
from .dense import dense

LOG_TWO_PI = math.log(2.0 * math.pi)
INITIAL_DEVIATION = 0.6  # of actions whose range is scaled to [-1, 1]


@dataclass(frozen=True)
class Networks:
    """Two tanh networks of equal hidden widths: actor (one output per choice or action dimension) and critic.

    Parameters are one vector ``(P,)``: the optimiser then is a handful of operations on vectors, and
    a population is a matrix.  Continuous actions are Gaussian in units in which the box is [-1, 1],
    with a learned deviation that does not depend on the state.

    Args:
        observation_size, actions: of the task.
        hidden: widths.
        appended: fields that are computed from every observation and put behind it (``observation.py``).
    """

    observation_size: int
    actions: Actions
    hidden: tuple[int, ...]
    appended: tuple[Field, ...] = ()

    @property
    def inputs(self) -> int:
        """Numbers that the networks see."""
        return self.observation_size + sum(max(1, field.width) for field in self.appended)

    def see(self, obs: Array) -> Array:
        """Inputs ``(..., inputs)`` for observations ``(..., O)``: themselves, unless fields are appended."""
        if not self.appended:
            return obs
        lib = xp(obs)
        columns = [obs]
        for field in self.appended:
            value = lib.asarray(field.of(obs), dtype=obs.dtype)
            value = value if field.width else value[..., None]
            columns.append(lib.where(lib.isfinite(value), value, lib.zeros_like(value)))
        return lib.concat(columns, axis=-1)

    @property
    def outputs(self) -> int:
        """Outputs of the actor."""
        return self.actions.n if isinstance(self.actions, Discrete) else self.actions.width

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of all arrays in the flat vector: actor weights and biases, critic, log deviation."""
        actor = _layers((self.inputs, *self.hidden, self.outputs))
        critic = _layers((self.inputs, *self.hidden, 1))
        return actor + critic + (() if isinstance(self.actions, Discrete) else ((self.outputs,),))

    @property
    def size(self) -> int:
        """P, the length of the flat vector."""
        return sum(math.prod(shape) for shape in self.shapes)

    def initial(self, rng: np.random.Generator) -> np.ndarray[Any, Any]:
        """Orthogonal weights: gain sqrt(2) in hidden layers, 0.01 for the actor's output, 1 the critic's."""
        depth = len(self.hidden) + 1
        parts: list[np.ndarray[Any, Any]] = []
        for index, shape in enumerate(self.shapes):
            if index >= 4 * depth:
                parts.append(np.full(shape, math.log(INITIAL_DEVIATION)))
            elif len(shape) == 1:
                parts.append(np.zeros(shape))
            else:
                layer = index // 2
                gain = math.sqrt(2.0) if (layer + 1) % depth else (0.01 if layer < depth else 1.0)
                parts.append(gain * _orthogonal(rng, shape))
        return np.concatenate([part.ravel() for part in parts]).astype(np.float32)

    def unpack(self, flat: Array) -> list[Array]:
        """The arrays inside the flat vector."""
        arrays: list[Array] = []
        start = 0
        for shape in self.shapes:
            stop = start + math.prod(shape)
            arrays.append(flat[start:stop].reshape(shape))
            start = stop
        return arrays

    def actor(self, arrays: list[Array], x: Array) -> Array:
        """Logits or means ``(..., outputs)`` for normalised inputs ``(..., inputs)``."""
        return _forward(arrays[: 2 * len(self.hidden) + 2], x)

    def critic(self, arrays: list[Array], x: Array) -> Array:
        """Values ``(...)``."""
        depth = 2 * len(self.hidden) + 2
        return _forward(arrays[depth : 2 * depth], x)[..., 0]

    # ------------------------------------------------------------------ action distribution
    def noise(self, key: Array, shape: tuple[int, ...]) -> Array:
        """Noise for ``sample``: ``(*shape, outputs)``."""
        draw = jax.random.gumbel if isinstance(self.actions, Discrete) else jax.random.normal
        return draw(key, (*shape, self.outputs))

    def sample(self, arrays: list[Array], head: Array, noise: Array) -> Array:
        """A choice ``(...)``, or a point ``(..., outputs)`` in units of the box."""
        if isinstance(self.actions, Discrete):
            return xp(head).argmax(head + noise, axis=-1)
        return head + xp(head).exp(arrays[-1]) * noise

    def greedy(self, head: Array) -> Array:
        """The most probable choice or point."""
        return xp(head).argmax(head, axis=-1) if isinstance(self.actions, Discrete) else head

    def to_action(self, raw: Array) -> Array:
        """What the environment receives: choices as they are, points clipped to the box."""
        if isinstance(self.actions, Discrete):
            return raw
        lib = xp(raw)
        low, high = (
            lib.asarray(self.actions.low, dtype=raw.dtype),
            lib.asarray(self.actions.high, dtype=raw.dtype),
        )
        return 0.5 * (low + high) + 0.5 * (high - low) * lib.clip(raw, -1.0, 1.0)

    def log_prob(self, arrays: list[Array], head: Array, raw: Array) -> Array:
        """Log pi(raw | observation), shape ``(...)``."""
        if isinstance(self.actions, Discrete):
            chosen = jax.nn.one_hot(raw, self.outputs, dtype=head.dtype)
            return jnp.sum(jax.nn.log_softmax(head) * chosen, axis=-1)
        z = (raw - head) * jnp.exp(-arrays[-1])
        return jnp.sum(-0.5 * z**2 - arrays[-1] - 0.5 * LOG_TWO_PI, axis=-1)

    def entropy(self, arrays: list[Array], head: Array) -> Array:
        """Entropy of the action distribution (before clipping to the box), shape ``(...)``."""
        if isinstance(self.actions, Discrete):
            log = jax.nn.log_softmax(head)
            return -jnp.sum(jnp.exp(log) * log, axis=-1)
        total = jnp.sum(arrays[-1] + 0.5 * (LOG_TWO_PI + 1.0))
        return jnp.broadcast_to(total, head.shape[:-1])


def _layers(sizes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    shapes: list[tuple[int, ...]] = []
    for inputs, outputs in pairwise(sizes):
        shapes += [(inputs, outputs), (outputs,)]
    return tuple(shapes)


def _orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    rows, columns = shape
    q, r = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))
    q = q * np.sign(np.diag(r))  # without this the signs depend on the LAPACK in use
    return q if rows >= columns else q.T


def _forward(arrays: list[Array], x: Array) -> Array:
    lib = xp(x)
    last = len(arrays) - 2
    for layer in range(0, len(arrays), 2):
        weight, bias = arrays[layer], arrays[layer + 1]
        x = dense(x, weight, bias) if lib is jnp and x.ndim == 2 else x @ weight + bias
        x = x if layer == last else lib.tanh(x)
    return x
