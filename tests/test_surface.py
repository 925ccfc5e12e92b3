"""The public names and signatures, pinned: a change of the surface is a decision that shows in the diff.

After a decision:  python tests/test_surface.py
"""

from __future__ import annotations

import difflib
import enum
import importlib
import inspect
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1] / "src" / "rewardsmith"
SNAPSHOT = Path(__file__).with_name("surface.txt")
COMMAND = "python tests/test_surface.py"
# Packages whose names are for users; the command line is a surface of its own (tests/cli).
PACKAGES = (
    "rewardsmith",
    "rewardsmith.terms",
    "rewardsmith.transforms",
    "rewardsmith.tasks",
    "rewardsmith.program",
    "rewardsmith.optimize.control",
    "rewardsmith.store",
    "rewardsmith.design",
    "rewardsmith.report",
    "rewardsmith.connect",
    "rewardsmith.testing",
    "rewardsmith.zoo",
)


def surface() -> Iterator[str]:
    """One line per public name, in a fixed order."""
    for module in modules():
        yield f"[{module.__name__}]"
        for name in sorted(public_names(module)):
            yield from _describe(name, getattr(module, name))
        yield ""


def modules() -> Iterator[types.ModuleType]:
    """The public packages that there are."""
    for package in PACKAGES:
        if (ROOT.parent / package.replace(".", "/") / "__init__.py").exists():
            yield importlib.import_module(package)


def public_names(module: types.ModuleType) -> list[str]:
    """``__all__``, else what the package imports under its own name (``from .x import y as y``)."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "annotations"
    ]


def _describe(name: str, value: Any) -> Iterator[str]:
    if inspect.isclass(value) and issubclass(value, enum.Enum):
        yield f"{name}: {', '.join(member.name for member in value)}"
    elif inspect.isclass(value):
        yield f"{name}{_signature(value)}  ({', '.join(base.__name__ for base in value.__bases__)})"
        for member, each in sorted(vars(value).items()):
            if not member.startswith("_"):
                yield from (f"    .{line}" for line in _member(member, each))
    elif callable(value) and inspect.isfunction(value):
        yield f"{name}{_signature(value)}"
    else:
        yield f"{name}: {type(value).__name__}"


def _member(name: str, value: Any) -> Iterator[str]:
    inner = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
    if isinstance(inner, property):
        yield f"{name}: property"
    elif inspect.isfunction(inner):
        yield f"{name}{_signature(inner)}"


def _signature(value: Any) -> str:
    try:
        text = str(inspect.signature(value))
    except (TypeError, ValueError):
        return "(...)"
    # Defaults that print with an address or a path are not part of the surface.
    text = re.sub(r"<module '([\w.]+)'[^<>]*>", r"\1", text)
    text = re.sub(r"<[^<>]* at 0x[0-9a-f]+>", "<...>", text)
    return re.sub(r"""ForwardRef\((["'].*?["'])\)""", r"\1", text)


def test_the_public_surface_is_what_was_decided() -> None:
    now = list(surface())
    pinned = SNAPSHOT.read_text(encoding="utf-8").splitlines()
    changes = "\n".join(difflib.unified_diff(pinned, now, "pinned", "now", lineterm="", n=0))
    assert pinned == now, f"the public surface changed; if that is wanted: {COMMAND}\n{changes}"


def test_every_public_name_is_documented() -> None:
    """Classes and functions say what they are."""
    bare: list[str] = []
    for module in modules():
        for name in public_names(module):
            value = getattr(module, name)
            if not (inspect.isclass(value) or inspect.isfunction(value)):
                continue
            text = vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__
            # A dataclass without a docstring gets its own signature as one.
            if not text or text.startswith(f"{value.__name__}("):
                bare.append(f"{module.__name__}.{name}")
    assert bare == []


def test_names_are_unique() -> None:
    for module in modules():
        names = public_names(module)
        assert len(names) == len(set(names)), module.__name__


if __name__ == "__main__":
    SNAPSHOT.write_text("\n".join(surface()) + "\n", encoding="utf-8")
    print(f"wrote {SNAPSHOT}")
