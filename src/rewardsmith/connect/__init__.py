"""Adapters: rewards in other people's trainers, one file each, imported on first use."""

from __future__ import annotations

import importlib as _importlib
from typing import Any as _Any

_ADAPTERS = (
    "eval_protocol",
    "gymnasium",
    "gymnasium_vector",
    "openrlhf",
    "sb3",
    "server",
    "trl",
    "verifiers",
    "verl",
)


def __getattr__(name: str) -> _Any:
    if name in _ADAPTERS:
        return _importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_ADAPTERS)
