"""The scripted model as descriptor and coder: it sets a few parameters, first those that people name."""

from __future__ import annotations

import json
import re

import numpy as np

from .read import Understood

_SET = re.compile(r"(?m)^(\w+): (-?[\d.]+(?:e-?\d+)?) ")
_MOST = 3
WEIGHT, TARGET = "_weight", "_target"


def descriptor(prompt: Understood, rng: np.random.Generator) -> str:
    """One line for each parameter: weights and targets of up to three things, among them what people name.

    The first three fields that are named, in words or in the instruction, are set; the others are drawn.
    """
    labels = [name.removesuffix(WEIGHT) for name, _, _ in prompt.parameters if name.endswith(WEIGHT)]
    said = prompt.text.split("The instruction:", 1)[-1].split("Write one line", 1)[0]
    words = re.sub(r"(?m)^- .*$", "", said).replace("_", " ").lower()  # without the settings
    named = [label for label in labels if re.search(rf"\b{re.escape(label.replace('_', ' '))}\b", words)]
    free = [label for label in labels if label not in named]
    count = max(int(rng.integers(1, _MOST + 1)) - len(named), 0)
    drawn = [free[int(at)] for at in rng.choice(len(free), size=min(count, len(free)), replace=False)]
    lines: list[str] = []
    for name, low, high in prompt.parameters:
        label = name.removesuffix(WEIGHT).removesuffix(TARGET)
        if label in (*named[:_MOST], *drawn):
            lines.append(f"{name}: {_value(name, low, high, rng):.3g} because {label} matters here")
    return "\n".join(lines) or "I am a scripted model and found no parameter."


def coder(prompt: Understood, rng: np.random.Generator) -> str:
    """The numbers of the lines that it wrote as descriptor."""
    del rng
    bounds = {name: (low, high) for name, low, high in prompt.parameters}
    found = {
        name: min(max(float(value), bounds[name][0]), bounds[name][1])
        for name, value in _SET.findall(prompt.text)
        if name in bounds
    }
    return json.dumps(found)


def _value(name: str, low: float, high: float, rng: np.random.Generator) -> float:
    """Targets at a bound, in the middle, at 0 where it is between, or anywhere; weights from a tenth to 1."""
    if name.endswith(WEIGHT):
        return low + (high - low) * float(10.0 ** rng.uniform(-1.0, 0.0))
    choices = (low, high, (low + high) / 2.0, min(max(0.0, low), high), float(rng.uniform(low, high)))
    return choices[int(rng.integers(len(choices)))]
