"""Frames: the sketches of an environment as small colour pictures, in NumPy and many at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import BadInput
from .envs.protocol import ArrayEnv, Shape

Floats = np.ndarray[Any, Any]
COLOURS = {
    "ground": (0.55, 0.55, 0.55),
    "body": (0.10, 0.25, 0.60),
    "limb": (0.75, 0.45, 0.15),
    "joint": (0.10, 0.10, 0.10),
    "goal": (0.10, 0.60, 0.25),
    "accent": (0.80, 0.10, 0.15),
}
_CHUNK = 256


def frames(env: ArrayEnv, obs: Any, shape: tuple[int, int] = (24, 24)) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Pictures ``(..., H, W, 3)`` of observations ``(..., O)``, as 0..255 like ``render()`` of Gymnasium.

    The part of the world that ``env.frame`` names fills the picture, each axis scaled on its own.  A pixel is
    covered by ``clip(1/2 + (radius - distance) / pixel, 0, 1)`` of a shape; later shapes lie on top.

    Raises:
        BadInput: the environment draws different shapes for different observations.

    Example:
        >>> from rewardsmith.tasks.envs import CartPole
        >>> pictures = frames(CartPole(), np.zeros((2, 4)), (12, 16))
        >>> pictures.shape, pictures.dtype.name, pictures[0, 0, 0].tolist()
        ((2, 12, 16, 3), 'uint8', [255, 255, 255])
    """
    obs = np.asarray(obs, np.float64)
    rows = obs.reshape(-1, obs.shape[-1])
    parts = [_draw([env.sketch(row) for row in part], env.frame, shape) for part in _chunks(rows)]
    made = np.concatenate(parts) if parts else np.zeros((0, *shape, 3), np.uint8)
    return made.reshape(*obs.shape[:-1], *shape, 3)


def _chunks(rows: Floats) -> list[Floats]:
    return [rows[i : i + _CHUNK] for i in range(0, len(rows), _CHUNK)]


def _draw(sketches: list[list[Shape]], frame: Any, shape: tuple[int, int]) -> Any:
    left, right, bottom, top = frame
    across, up = (right - left) / shape[1], (top - bottom) / shape[0]
    x = left + across * (np.arange(shape[1]) + 0.5)
    y = top - up * (np.arange(shape[0]) + 0.5)
    place = np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32)  # (H, W, 2)
    pixel = max(across, up)
    picture = np.ones((len(sketches), *shape, 3), np.float32)
    for column in zip(*sketches, strict=True):
        kinds = {(each[0], each[-1]) for each in column}
        if len(kinds) > 1:
            raise BadInput("frames", f"shapes {sorted(kinds)} at one place", "the same kinds in every sketch")
        same = all(each == column[0] for each in column)  # what does not move is drawn once
        cover = _cover(list(column[:1] if same else column), place, pixel)[..., None]
        colour = np.array(COLOURS.get(column[0][-1], (0.0, 0.0, 0.0)), np.float32)
        picture = (1 - cover) * picture + cover * colour
    return np.rint(255 * picture).astype(np.uint8)


def _cover(shapes: list[Shape], place: Floats, pixel: float) -> Floats:
    """Share of each pixel that each of N shapes of one kind covers, ``(N, H, W)``."""
    kind = shapes[0][0]
    if kind == "polyline":
        ends = [np.asarray(each[1], np.float32) for each in shapes]
        return np.stack(
            [_thick(place, e[:-1], e[1:], each[2], pixel).max(0) for e, each in zip(ends, shapes, strict=True)]
        )
    numbers = np.array([each[1:-1] for each in shapes], np.float32)
    if kind == "circle":
        return _thick(place, numbers[:, :2], numbers[:, :2], 2 * numbers[:, 2, None, None], pixel)
    return _thick(place, numbers[:, :2], numbers[:, 2:4], numbers[:, 4, None, None], pixel)


def _thick(place: Floats, start: Floats, end: Floats, width: Any, pixel: float) -> Floats:
    """Cover of the pixels by K thick segments with round ends, ``(K, H, W)``."""
    start, way = start[:, None, None], (end - start)[:, None, None]
    size = np.maximum(np.sum(way**2, axis=-1), 1e-12)
    offset = place - start
    share = np.clip(np.sum(offset * way, axis=-1) / size, 0.0, 1.0)
    distance = np.sqrt(np.sum((offset - share[..., None] * way) ** 2, axis=-1))
    return np.clip(0.5 + (width / 2 - distance) / pixel, 0.0, 1.0)
