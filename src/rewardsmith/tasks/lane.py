r"""A lane with curves and a car ahead: many drives at once, in NumPy, for rewards of lane keeping.

The car is the kinematic bicycle of highway-env, written along the centre line: with speed v, steering angle
\delta, slip \beta = arctan(tan(\delta) / 2), heading error e, offset d and curvature k of the line,

    ds = v cos(e + \beta) / (1 - k d) dt,  dd = v sin(e + \beta) dt,  de = 2 v sin(\beta) / L dt - k ds.

A drive fails when the car leaves the lane or hits the car ahead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, Any]
CAPTIONS = ("the road is straight", "curve left ahead", "curve right ahead", "car close ahead")
LENGTH = 5.0  # of every car, in metres


@dataclass(frozen=True)
class Drives:
    """N tracks and the cars ahead.

    Args:
        curvature: ``(N, S)`` in 1/m, positive to the left, of stretches of ``stretch`` metres; the last one
        goes
            on for ever.
        lead: ``(N, 2)``, start (in metres ahead, bumper to bumper) and speed (m/s) of the car ahead.
        stretch: metres.
    """

    curvature: Floats
    lead: Floats
    stretch: float = 20.0

    def bend(self, way: Floats) -> Floats:
        """Curvature at ``way (N, ...)`` metres from the start."""
        place = np.clip((way // self.stretch).astype(np.int64), 0, self.curvature.shape[1] - 1)
        return np.take_along_axis(self.curvature, place.reshape(len(place), -1), axis=1).reshape(place.shape)


@dataclass(frozen=True)
class Lane:
    """What every drive shares.

    Args:
        half_width: metres from the centre line at which the car leaves the lane.
        step: seconds of one step.
        sight: metres that range finder and captions reach.
        noise: standard deviation of what the camera says about offset (m) and heading error (rad).
    """

    half_width: float = 2.5
    step: float = 0.2
    sight: float = 30.0
    noise: tuple[float, float] = (0.5, 0.1)

    def drives(
        self,
        count: int,
        rng: np.random.Generator,
        steepest: float = 0.08,
        lead: tuple[float, float] = (6.0, 8.0),
    ) -> Drives:
        """Random tracks, straight and curved to both sides; cars 4 to 60 m ahead, of speeds within ``lead``."""
        side = rng.integers(-1, 2, (count, 12))
        curvature = side * rng.uniform(0.4 * steepest, steepest, side.shape)
        curvature[:, 0] = 0.0
        ahead = np.stack([rng.uniform(4.0, 60.0, count), rng.uniform(*lead, count)], axis=1)
        return Drives(curvature, ahead)

    def start(self, count: int, rng: np.random.Generator) -> dict[str, Floats]:
        """Near the centre line at about 20 km/h."""
        return {
            "way": np.zeros(count),
            "offset": rng.uniform(-0.8, 0.8, count),
            "heading_error": rng.uniform(-0.1, 0.1, count),
            "speed": rng.uniform(4.0, 6.0, count),
            "time": np.zeros(count),
            "failed": np.zeros(count, bool),
        }

    def advance(self, drives: Drives, state: dict[str, Floats], action: Floats) -> dict[str, Floats]:
        """One step under ``action (N, ..., 2)``: steering angle (rad) and acceleration (m/s^2), both limited.

        A drive that has failed stays where it is.
        """
        if action.shape != (*state["way"].shape, 2):
            raise BadInput("action", f"shape {action.shape}", f"{(*state['way'].shape, 2)}")
        steer = np.clip(action[..., 0], -np.pi / 4, np.pi / 4)
        push = np.clip(action[..., 1], -5.0, 5.0)
        slip, speed, bend = np.arctan(0.5 * np.tan(steer)), state["speed"], drives.bend(state["way"])
        along = speed * np.cos(state["heading_error"] + slip) / (1.0 - bend * state["offset"]) * self.step
        turned = speed * np.sin(slip) / (LENGTH / 2) * self.step - bend * along
        moved = {
            "way": state["way"] + along,
            "offset": state["offset"] + speed * np.sin(state["heading_error"] + slip) * self.step,
            "heading_error": state["heading_error"] + turned,
            "speed": np.maximum(speed + push * self.step, 0.0),
            "time": state["time"] + self.step,
        }
        moved = {name: np.where(state["failed"], state[name], value) for name, value in moved.items()}
        failed = (np.abs(moved["offset"]) > self.half_width) | (self.gap(drives, moved) <= 0.0)
        return moved | {"failed": state["failed"] | failed}

    def gap(self, drives: Drives, state: dict[str, Floats]) -> Floats:
        """Metres to the car ahead, bumper to bumper, without a limit of sight."""
        shape = (-1, *[1] * (state["way"].ndim - 1))
        first, speed = (drives.lead[:, i].reshape(shape) for i in range(2))
        return first + speed * state["time"] - state["way"]

    def nearest(self, drives: Drives, state: dict[str, Floats]) -> Floats:
        """What the range finder says: the gap, at most ``sight``."""
        return np.clip(self.gap(drives, state), 0.0, self.sight)

    def caption(self, drives: Drives, state: dict[str, Floats]) -> Floats:
        """Number of the sentence in ``CAPTIONS`` that a rule says about what is ahead: a car before a curve."""
        ahead = drives.bend(state["way"] + 10.0)
        curve = np.where(ahead > 0.005, 1, np.where(ahead < -0.005, 2, 0))
        return np.where(self.gap(drives, state) < 10.0, 3, curve)
