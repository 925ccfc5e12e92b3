"""Batches of episodes that follow each other, whole or in pieces."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np


def episodes(seed: int, rows: int = 3, length: int = 9, **fields: Any) -> dict[str, Any]:
    """Flags of random episodes; every end is flagged, except that the last of a row may go on."""
    rng = np.random.default_rng(seed)
    first = rng.random((rows, length)) < 0.3
    first[:, 0] = True
    last = np.concatenate([first[:, 1:], rng.random((rows, 1)) < 0.5], axis=1)
    terminated = last & (rng.random((rows, length)) < 0.5)
    return {"first": first, "terminated": terminated, "truncated": last & ~terminated, **fields}


def each_episode(first: np.ndarray) -> list[tuple[int, slice]]:
    """Row and steps of every episode: the slow obvious loop."""
    found = []
    for row, flags in enumerate(first):
        starts = [*np.flatnonzero(flags), len(flags)]
        found += [(row, slice(a, b)) for a, b in itertools.pairwise(starts)]
    return found


def in_pieces(transform: Any, reward: np.ndarray, batch: dict[str, Any], cut: int) -> tuple[np.ndarray, Any]:
    """What a transform gives for the steps before and after ``cut``, with its state carried over."""
    state, found = None, []
    for piece in (slice(0, cut), slice(cut, None)):
        part = {name: values[:, piece] for name, values in batch.items()}
        state = transform.init(part) if state is None else state
        out, state = transform.apply(reward[:, piece], part, state)
        found.append(out)
    return np.concatenate(found, axis=1), state


def agrees_everywhere(transform: Any, reward: np.ndarray, batch: dict[str, Any]) -> None:
    """PyTorch and JAX give what NumPy gives."""
    import jax
    import jax.numpy as jnp
    import torch

    expected = transform.apply(reward, batch, transform.init(batch))[0]
    there = {name: torch.as_tensor(value) for name, value in batch.items()}
    found = transform.apply(torch.as_tensor(reward), there, transform.init(there))[0]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9, atol=1e-9)
    with jax.enable_x64():
        there = {name: jnp.asarray(value) for name, value in batch.items()}
        found = transform.apply(jnp.asarray(reward), there, transform.init(there))[0]
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-9, atol=1e-9)
