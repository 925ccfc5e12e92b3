"""Driving on ``tasks.lane`` by what a car senses: camera, caption, range finder, PID correction and speed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.errors import BadInput
from .fused import PID, Block, FusedObservation, PIDState
from .lane import CAPTIONS, Drives, Lane

Floats = np.ndarray[Any, Any]
FUSED = FusedObservation(
    (Block("camera", 2), Block("caption", 6, every=10), Block("range", 1), Block("pid", 1), Block("speed", 1))
)
_EMBEDDINGS = 0.5 * np.random.default_rng(0).normal(size=(len(CAPTIONS), 6))  # in place of a language model's
_CRUISE = 20.0 / 3.6


@dataclass(frozen=True)
class SensedLane:
    """What a linear policy sees and does: it steers; the speed is held at 20 km/h.

    Args:
        lane: the lane.
        fused: the blocks, of these names and sizes.
        pid: the correction, of the offset that the camera says.
        steps: of a drive.
        steer: steering angle (rad) per unit of the policy's output.
    """

    lane: Lane = field(default_factory=Lane)
    fused: FusedObservation = FUSED
    pid: PID = field(default_factory=lambda: PID(0.0, 0.3, 0.0))
    steps: int = 80
    steer: float = 0.3

    def drive(
        self, drives: Drives, weights: Floats, masks: Floats, rng: np.random.Generator, guessed: Any = ()
    ) -> dict[str, Floats]:
        """Fields ``(T, E, R, P)`` of E drives of R x P policies.

        Args:
            weights: ``(R, P, O + 1)``, the last one a bias.
            masks: ``(R, O)``, 0 for what a policy does not see.
            guessed: numbers of the rows R whose captions are drawn at random.

        Returns:
            the state, ``nearest``, and ``over``: the drive had failed before this step.
        """
        if masks.shape != (len(weights), self.fused.size) or weights.shape[-1] != self.fused.size + 1:
            received = f"weights {weights.shape}, masks {masks.shape}"
            raise BadInput(
                "SensedLane.drive", received, f"(R, P, {self.fused.size + 1}), (R, {self.fused.size})"
            )
        count, first = len(drives.lead), self.lane.start(len(drives.lead), rng)
        state = {n: np.broadcast_to(v[:, None, None], (count, *weights.shape[:2])) for n, v in first.items()}
        blind = np.isin(np.arange(len(weights)), np.asarray(guessed, np.int64))[:, None]
        held: dict[str, Floats] = {}
        memory, rows = PIDState(), list[dict[str, Floats]]()
        for step in range(self.steps):
            blur = rng.normal(size=(count, 1, 1, 2)) * self.lane.noise
            guess = rng.integers(len(CAPTIONS), size=(count, len(weights), 1))
            camera = np.stack([state["offset"], state["heading_error"]], axis=-1) + blur
            correction, memory = self.pid(camera[..., 0], memory)
            said = np.where(blind, guess, self.lane.caption(drives, state))
            parts = {
                "camera": camera,
                "caption": _EMBEDDINGS[said],
                "range": self.lane.nearest(drives, state)[..., None] / 10.0 - 1.0,
                "pid": correction[..., None],
                "speed": state["speed"][..., None] / _CRUISE - 1.0,
            }
            seen, held = self.fused(parts, held, step)
            turn = np.einsum("erpo,rpo->erp", seen * masks[:, None], weights[..., :-1]) + weights[..., -1]
            action = np.stack([self.steer * turn, _CRUISE - state["speed"]], axis=-1)
            before, state = state["failed"], self.lane.advance(drives, state, action)
            rows.append(state | {"nearest": self.lane.nearest(drives, state), "over": before})
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}
