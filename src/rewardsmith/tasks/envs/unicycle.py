"""A planar unicycle that carries a pole, which leans to the side and is driven by a motor at its foot."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...core.arrays import Array, xp
from ..spaces import Box
from .protocol import Frame, Shape, uniform

GRAVITY = 9.81
POLE = 1.0  # m, from the foot to the mass at its tip
DAMPING = 0.5  # 1/s
TIME_STEP = 0.05
PUSHES = Box((-3.0, -6.0, -8.0), (3.0, 6.0, 8.0))


@dataclass(frozen=True)
class Unicycle:
    """Accelerations forward, of the turn, and of the pole (motor); never terminates.

    State and observation: x, y (m), heading (rad, not wrapped), speed (m/s), turn rate (rad/s), lean of the
    pole (rad, positive to the left), its rate (rad/s), and the time since the start (s).  The pole falls by
    itself, lean'' = (g sin(lean) - v w cos(lean)) / l - d lean' + motor: a turn to the left throws it to the
    right.
    """

    observation_size: int = 8
    actions: Box = PUSHES
    gym_id: str | None = None
    frame: Frame = (-2.5, 2.5, -2.5, 2.5)

    def reset(self, key: object, shape: tuple[int, ...]) -> Array:
        """Near (1, 0), heading upwards or so, moving, the pole nearly upright, at time 0."""
        low = (0.7, -0.3, math.pi / 2 - 0.5, -0.5, -0.5, -0.1, -0.1, 0.0)
        high = (1.3, 0.3, math.pi / 2 + 0.5, 0.5, 0.5, 0.1, 0.1, 0.0)
        return uniform(key, shape, low, high)

    def step(self, state: Array, action: Array) -> Array:
        """Accelerations, limited to 3 m/s^2, 6 and 8 rad/s^2, for 0.05 s (velocities before positions)."""
        lib = xp(state)
        push = lib.clip(action, lib.asarray(PUSHES.low), lib.asarray(PUSHES.high))
        x, y, heading, speed, turn, lean, rate, time = (state[..., i] for i in range(8))
        thrown = (GRAVITY * lib.sin(lean) - speed * turn * lib.cos(lean)) / POLE
        rate = rate + TIME_STEP * (thrown - DAMPING * rate + push[..., 2])
        speed, turn = speed + TIME_STEP * push[..., 0], turn + TIME_STEP * push[..., 1]
        heading = heading + TIME_STEP * turn
        x, y = x + TIME_STEP * speed * lib.cos(heading), y + TIME_STEP * speed * lib.sin(heading)
        moved = [x, y, heading, speed, turn, lean + TIME_STEP * rate, rate, time + TIME_STEP]
        return lib.stack(moved, axis=-1)

    def observe(self, state: Array) -> Array:
        """The state itself."""
        return state

    def terminated(self, state: Array) -> Array:
        """Never."""
        return xp(state).zeros_like(state[..., 0], dtype=bool)

    def sketch(self, obs: Array) -> list[Shape]:
        """Wheel from above, its heading, and the tip of the pole."""
        x, y, heading, lean = (float(obs[i]) for i in (0, 1, 2, 5))
        ahead = (x + 0.3 * math.cos(heading), y + 0.3 * math.sin(heading))
        aside = 0.5 * POLE * math.sin(lean)
        tip = (x - aside * math.sin(heading), y + aside * math.cos(heading))
        return [
            ("line", x, y, *ahead, 0.05, "body"),
            ("circle", x, y, 0.12, "body"),
            ("line", x, y, *tip, 0.06, "limb"),
            ("circle", *tip, 0.06, "accent"),
        ]
