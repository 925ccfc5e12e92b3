"""All checks and all codes, in the order in which they run."""

from __future__ import annotations

import importlib

from .finding import Code
from .protocol import Check

# Cheap and fatal first: what raises or is NaN makes the others meaningless.
_MODULES = ("numeric",)


def checks() -> tuple[Check, ...]:
    """Every check that exists."""
    return tuple(importlib.import_module(f"{__package__}.{name}").CHECK for name in _MODULES)


def codes() -> dict[str, Code]:
    """Every code, by its four characters."""
    return {code.code: code for check in checks() for code in check.codes}
