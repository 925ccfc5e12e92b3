"""Films of simulators: frames that the environment draws itself, as a GIF."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from ..core.errors import BadInput
from ..optimize.control import Policy
from ..tasks import Task

FRAMES, WIDTH = 120, 320
_SECONDS = 6.0  # a film has this length, however long the episode is


def render_gif(task: Task, policy: Policy, seed: int) -> tuple[np.ndarray[Any, Any] | None, str]:
    """Play one episode and draw it.

    Returns:
        The bytes of a GIF as ``uint8``, or None and why there is no film (no OpenGL on this machine, say).
    """
    try:
        from PIL import Image
    except ImportError:
        return None, "pillow is not installed; install it with: pip install 'rewardsmith[report]'"
    try:
        pictures = [Image.fromarray(frame) for frame in task.render(policy.act, seed, FRAMES, WIDTH)]
    except BadInput as error:  # it says what an environment needs to be drawn
        return None, str(error)
    except Exception as error:  # a renderer fails in many ways, none of which may cost the result
        return None, f"the renderer failed ({type(error).__name__}: {' '.join(str(error).split())[:160]})"
    wait = max(20, round(1000 * _SECONDS / len(pictures)))
    out = io.BytesIO()
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], duration=wait, loop=0)
    return np.frombuffer(out.getvalue(), np.uint8), ""
