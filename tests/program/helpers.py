"""What the tests of the reward language share: tables, batches, bad inputs, and random source text."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from rewardsmith.core.fields import Field
from rewardsmith.program import FUNCTIONS

VECTORS = (
    Field("obs", width=4),
    Field("action", width=2, kind="action"),
    Field("next_obs", width=4, kind="next"),
)
CONTROL = (
    *VECTORS,
    Field("terminated", low=0.0, high=1.0, kind="flag"),
    Field("x", "m", -2.4, 2.4),
    Field("speed", "m/s", -10.0, 10.0),
    Field("angle", "rad", -math.pi, math.pi),
    Field("force", "N", -10.0, 10.0, kind="action"),
    Field("next_x", "m", -2.4, 2.4, kind="next"),
    Field("next_speed", "m/s", -10.0, 10.0, kind="next"),
    Field("next_angle", "rad", -math.pi, math.pi, kind="next"),
)
# Whole programs, as people and language models write them.
WRITTEN = (
    "-abs(angle)",
    "exp(-square(angle / 0.3)) * exp(-square(speed)) - 0.01 * force ** 2",
    "far = abs(x)\nreturn -far",
    "def reward(angle, next_angle):\n    '''Progress.'''\n    return abs(angle) - abs(next_angle)",
    "def reward(obs, action):\n    up = cos(obs[:, 2])\n    up = up ** 3\n"
    "    return {'up': up, 'effort': -0.1 * sum(action ** 2), 'living': -1}",
    "1 if abs(x) < 0.2 and -1 < speed <= 1 else -0.1 * hypot(x, speed)",
    "{'near': where(x > 1.5 or not terminated, 1.0, 0.0), 'b': -norm(next_obs - obs)}",
    "dot(obs, next_obs) / (1e-3 + norm(obs) * norm(next_obs)) + max(obs) - min(next_obs[:, 1:3])",
    "arctan2(sin(angle), cos(angle)) % pi - round(x * 10) / 10 + floor(x) + sign(speed)",
    "clip(x - 2 ** -x, -pi, maximum(minimum(speed, 1), 0.5)) + sigmoid(-x) * tanh(angle) + mean(action)",
)


def bad_rewards() -> list[dict[str, Any]]:
    """The catalogue of bad inputs; long ones are stored as recipes of repeated pieces."""
    rows = json.loads((Path(__file__).parent / "bad_rewards.json").read_text())
    for row in rows:
        if not isinstance(row["code"], str):
            row["code"] = "".join(p if isinstance(p, str) else p[0] * p[1] for p in row["code"])
    return rows


def batch_of(fields: tuple[Field, ...], rows: int, seed: int = 0, dtype: Any = np.float64) -> dict[str, Any]:
    """Random values inside the bounds."""
    rng = np.random.default_rng(seed)
    batch: dict[str, Any] = {}
    for field in fields:
        shape = (rows, field.width) if field.width else (rows,)
        scale = min((field.high - field.low) / 2, 2.0)
        values = rng.normal(size=shape) * (scale / 2)
        batch[field.name] = (
            (np.abs(values) > 0.5).astype(dtype) if field.kind == "flag" else values.astype(dtype)
        )
    return batch


class Writer:
    """Writes random source text over the whole language, much wilder than ``random_program``."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.scalars = [f.name for f in CONTROL if not f.width]
        self.vectors = {f.name: f.width for f in CONTROL if f.width}

    def program(self) -> str:
        lines, kept = [], list(self.scalars)
        for i in range(self.rng.integers(0, 3)):
            lines.append(f"local{i} = {self.scalar(3)}")
            self.scalars.append(f"local{i}")
        if self.rng.random() < 0.5:
            text = f"return x * 0 + {self.scalar(4)}"
        else:
            terms = [f"'term{i}': {self.scalar(3)}" for i in range(self.rng.integers(1, 4))]
            text = f"return {{'base': x, {', '.join(terms)}}}"
        self.scalars = kept
        return "\n".join([*lines, text])

    def pick(self, options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def number(self) -> str:
        return f"{self.pick((0.0, 1.0, 2.0, 0.5, 3.0, round(float(self.rng.normal()), 3)))}"

    def scalar(self, depth: int) -> str:
        kind = self.rng.random()
        if depth == 0 or kind < 0.15:
            return self.pick((self.pick(self.scalars), self.number(), self.column()))
        inner = [self.scalar(depth - 1) for _ in range(3)]
        if kind < 0.45:
            return f"({inner[0]} {self.pick(('+', '-', '*', '/', '*', '-', '**', '%'))} {inner[1]})"
        if kind < 0.52:
            return f"({inner[0]} {self.pick(('<', '<=', '>', '>=', '==', '!='))} {inner[1]})"
        if kind < 0.56:
            return f"({inner[0]} < {inner[1]} <= {inner[2]})"
        if kind < 0.62:
            return self.pick(
                (f"(-{inner[0]})", f"(not {inner[0]})", f"({inner[0]} {self.pick(('and', 'or'))} {inner[1]})")
            )
        if kind < 0.66:
            return f"({inner[0]} if {inner[1]} else {inner[2]})"
        if kind < 0.76:
            name = self.pick([name for name, f in FUNCTIONS.items() if f.kind == "columns"])
            width = int(self.pick((2, 4)))
            return f"{name}({', '.join(self.vector(width, depth - 1) for _ in range(FUNCTIONS[name].arity))})"
        name = self.pick([name for name, f in FUNCTIONS.items() if f.kind == "elementwise"])
        return f"{name}({', '.join(inner[: FUNCTIONS[name].arity])})"

    def column(self) -> str:
        name = self.pick(list(self.vectors))
        return f"{name}[:, {self.rng.integers(-self.vectors[name], self.vectors[name])}]"

    def vector(self, width: int, depth: int) -> str:
        if depth <= 0 or self.rng.random() < 0.5:
            name = self.pick([n for n, w in self.vectors.items() if w >= width])
            at = int(self.rng.integers(0, self.vectors[name] - width + 1))
            return name if self.vectors[name] == width else f"{name}[:, {at}:{at + width}]"
        first = self.vector(width, depth - 1)
        second = self.pick((self.number(), self.vector(width, depth - 1)))
        return self.pick(
            (
                f"({first} {self.pick('+-*/')} {second})",
                f"abs({first})",
                f"where({first} > {second}, {first}, 0.5)",
            )
        )
