"""All checks and all codes, in the order in which they run."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from .finding import Code
from .protocol import Check

# Cheap and fatal first: what raises or is NaN makes the others meaningless.
_FIRST = "numeric"


@cache
def checks() -> tuple[Check, ...]:
    """Every check that exists: each file of this folder that has ``CHECK``; those that train come last."""
    names = (module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    modules = (importlib.import_module(f"{__package__}.{name}") for name in names)
    found: list[Check] = [module.CHECK for module in modules if hasattr(module, "CHECK")]
    return tuple(sorted(found, key=lambda check: (check.trains, check.name != _FIRST, check.name)))


def codes() -> dict[str, Code]:
    """Every code, by its four characters."""
    return dict(sorted((code.code, code) for check in checks() for code in check.codes))
