"""Films of simulators: small pictures that the simulator draws itself."""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Callable
from contextlib import closing
from typing import Any

import numpy as np

from ...core.errors import BadInput

FRAMES, WIDTH = 60, 240

Numbers = np.ndarray[Any, Any]
Act = Callable[[Numbers], Numbers]  # observations ``(1, O)`` -> actions of that one copy


def film(env: Any, act: Act, seed: int, frames: int = FRAMES, width: int = WIDTH) -> Numbers:
    """One episode in a simulator, drawn every few steps: ``(T, H, W, 3)`` bytes, T at most ``frames``.

    The frames are evenly spaced over the horizon; an episode that ends early is a shorter film, whose last
    picture is the step before its end.

    Raises:
        BadInput: the environment cannot be drawn here (it draws nothing, or there is no OpenGL), and why.
    """
    every = -(-env.horizon // frames)
    pictures: list[Numbers] = []
    with closing(_watched(env, seed, width)) as world:
        obs = np.asarray(world.reset(), float)
        for t in range(env.horizon):
            if t % every == 0:
                pictures.append(_small(_picture(env, world), width))
            step = world.step(np.asarray(act(obs)))
            obs = np.asarray(step.obs, float)
            if step.terminated[0] or step.truncated[0]:
                break
    return np.stack(pictures)


def sketched(env: Any, act: Act, seed: int, horizon: int, frames: int = FRAMES, width: int = WIDTH) -> Numbers:
    """As ``film``, of an environment of array functions: its sketches as pictures.

    Raises:
        BadInput: the environment draws nothing.
    """
    from ..frames import frames as drawn

    if getattr(env, "frame", None) is None:
        raise BadInput("film", type(env).__name__, "an environment with a frame and a sketch")
    left, right, bottom, top = env.frame
    longest = max(right - left, top - bottom)
    shape = tuple(max(1, round(width * side / longest)) for side in (top - bottom, right - left))
    every = -(-horizon // frames)
    state = env.reset(np.random.default_rng(seed), (1,))
    seen: list[Numbers] = []
    for t in range(horizon):
        obs = np.asarray(env.observe(state), float)
        if t % every == 0:
            seen.append(obs[0])
        state = env.step(state, np.asarray(act(obs)))
        if env.terminated(state)[0]:
            break
    return drawn(env, np.stack(seen), (shape[0], shape[1]))


def opengl(width: int) -> Any:
    """A place to draw in: the one that ``MUJOCO_GL`` names; else without a window, in software if need be.

    Raises:
        BadInput: no OpenGL on this machine.
    """
    chosen = os.environ.get("MUJOCO_GL", "").lower()
    problems: list[str] = []
    for kind in (chosen,) if chosen in ("egl", "osmesa", "glfw") else ("egl", "osmesa"):
        try:
            context: Any = importlib.import_module(f"mujoco.{kind}").GLContext(width, width)
            context.make_current()
        except Exception as problem:  # each back-end fails in its own ways
            problems.append(f"{kind}: {type(problem).__name__} {' '.join(str(problem).split())[:80]}")
        else:
            return context
    allowed = "OpenGL without a window: apt-get install libegl1 or libosmesa6"
    raise BadInput("films of MuJoCo", "; ".join(problems), allowed)


def _watched(env: Any, seed: int, width: int) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Gymnasium warns where it then fails to draw
            return env.open_to_watch(seed, width)
    except (BadInput, RuntimeError, ValueError, NotImplementedError) as problem:
        raise _undrawn(env, problem) from None


def _picture(env: Any, world: Any) -> Numbers:
    try:
        drawn = np.asarray(world.draw())
    except Exception as problem:  # a renderer fails in many ways
        raise _undrawn(env, problem) from None
    if drawn.ndim != 3 or drawn.shape[2] != 3 or drawn.dtype != np.uint8:
        raise BadInput(f"film of {env.id}", f"frames {drawn.shape} {drawn.dtype}", "(H, W, 3) bytes")
    return drawn


def _undrawn(env: Any, problem: Exception) -> BadInput:
    reason = f"{type(problem).__name__}: {' '.join(str(problem).split())[:240]}"
    allowed = "an environment that takes render_mode='rgb_array' and whose render() gives a picture"
    return BadInput(f"film of {env.id}", "no picture", allowed, reason)


def _small(picture: Numbers, width: int) -> Numbers:
    """Mean over squares of pixels, so that no side is longer than ``width``."""
    size = -(-max(picture.shape[:2]) // width)
    if size == 1:
        return picture
    rows, columns = (length // size for length in picture.shape[:2])
    squares = picture[: rows * size, : columns * size].reshape(rows, size, columns, size, 3)
    return squares.mean(axis=(1, 3)).round().astype(np.uint8)
