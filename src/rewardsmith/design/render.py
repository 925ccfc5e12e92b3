"""Films of simulators: frames that the environment draws itself, as a GIF."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from ..optimize.control import Policy
from ..tasks import Task

FRAMES, WIDTH = 120, 320


def render_gif(task: Task, policy: Policy, seed: int) -> tuple[np.ndarray[Any, Any] | None, str]:
    """Play one episode in Gymnasium and draw it.

    Returns:
        The bytes of a GIF as ``uint8``, or None and why there is no film (no OpenGL on this machine, say).
    """
    try:
        import gymnasium
        from PIL import Image
    except ImportError as error:
        return None, f"{error.name} is not installed; install it with: pip install 'rewardsmith[mujoco]'"
    # Without a display MuJoCo needs a software renderer; respected where the user chose one.
    os.environ.setdefault("MUJOCO_GL", "egl" if "DISPLAY" not in os.environ else "glfw")
    frames: list[Any] = []
    try:
        env = gymnasium.make(task.env.id, render_mode="rgb_array", max_episode_steps=task.horizon)
        obs, _ = env.reset(seed=seed)
        every = max(1, task.horizon // FRAMES)
        for t in range(task.horizon):
            if t % every == 0:
                picture = Image.fromarray(np.asarray(env.render()))
                frames.append(picture.resize((WIDTH, WIDTH * picture.height // picture.width)))
            obs, _, ended, cut, _ = env.step(policy.act(np.asarray(obs, float)[None])[0])
            if ended or cut:
                break
        env.close()
    except Exception as error:  # a renderer fails in many ways, none of which may cost the result
        return None, f"the renderer failed ({type(error).__name__}: {' '.join(str(error).split())[:160]})"
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=60, loop=0)
    return np.frombuffer(out.getvalue(), np.uint8), ""
