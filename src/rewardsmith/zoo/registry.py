"""Which published systems there are, what became of their claims, and how to run one again.

Discovery reads files, not modules, so listing 160 systems imports none of them.  The figures of the last
recorded run lie beside each recipe as ``<recipe>.json``; they carry the fingerprint of the recipe, so a
recipe that was changed since is ``untested`` again.
"""

from __future__ import annotations

import ast
import datetime
import hashlib
import importlib
import json
import os
import platform
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import BadInput
from .claims import Status, Verdict
from .threads import one_thread

ROOT = Path(__file__).parent


@dataclass(frozen=True)
class System:
    """One published system that has a recipe."""

    slug: str
    family: str
    title: str
    status: Status
    path: Path

    @property
    def module(self) -> str:
        """Where the recipe is imported from."""
        return f"{__package__}.{self.family}.{self.path.stem}"


@dataclass(frozen=True)
class Result:
    """What one run of a claim measured."""

    slug: str
    status: Status
    figures: dict[str, Any]
    seeds: list[int]
    wall_s: float
    missing: str = ""
    full: bool = False
    versions: dict[str, str] = field(default_factory=dict[str, str])
    date: str = ""
    fingerprint: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``slug``, ``status``, ``figures``, ``seeds`` and ``wall_s`` come first."""
        return asdict(self)


def systems(family: str | None = None) -> list[System]:
    """Every recipe, by family and slug; with ``family``, those of one.

    Raises:
        BadInput: there is no such family.
    """
    found = [_describe(path) for path in recipes()]
    families = sorted({system.family for system in found})
    if family is not None and family not in families:
        raise BadInput("family", repr(family), ", ".join(families))
    return [system for system in found if family in (None, system.family)]


def recipes() -> list[Path]:
    """The files of all recipes."""
    return sorted(path for path in ROOT.glob("*/*.py") if not path.name.startswith("_"))


def find(slug: str) -> System:
    """The system of a slug (``reward-design-thesis``; underscores are accepted)."""
    known = {_slug(path): path for path in recipes()}
    wanted = slug.replace("_", "-").lower()
    if wanted not in known:
        raise BadInput("system", repr(slug), ", ".join(sorted(known)))
    return _describe(known[wanted])


def recipe(slug: str) -> Any:
    """The imported recipe module, with ``PAPER``, ``build`` and ``claim``."""
    return importlib.import_module(find(slug).module)


def reproduce(slug: str, full: bool = False) -> Result:
    """Run the claim of one system: a small experiment, or with ``full`` the larger one.

    Raises:
        BadInput: there is no such system.
    """
    system = find(slug)
    # Taken before the run: the file may be edited while a long claim runs.
    start, print_of_file = time.perf_counter(), fingerprint(system.path)
    with one_thread():
        outcome: Verdict = recipe(slug).claim(full=full)
    return Result(
        slug=system.slug,
        status=outcome.status,
        figures=outcome.figures,
        seeds=list(outcome.seeds),
        wall_s=round(time.perf_counter() - start, 2),
        missing=outcome.missing,
        full=full,
        versions={"python": platform.python_version(), "numpy": np.__version__},
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        fingerprint=print_of_file,
    )


def record(result: Result) -> Path:
    """Write the figures beside the recipe (for those who maintain it), replacing the file at once.

    Raises:
        BadInput: the recipe was changed after the run.
    """
    system = find(result.slug)
    if result.fingerprint != fingerprint(system.path):
        raise BadInput("result", f"{result.slug} as it was before a change", "a run of the recipe as it is")
    target = system.path.with_suffix(".json")
    draft = target.with_suffix(".json.part")
    draft.write_text(json.dumps(result.to_dict(), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(draft, target)
    return target


def recorded(path: Path) -> Result | None:
    """The stored result of a recipe file, or None when there is none or it is of another version."""
    stored = path.with_suffix(".json")
    if not stored.exists():
        return None
    result = Result(**json.loads(stored.read_text(encoding="utf-8")))
    return result if result.fingerprint == fingerprint(path) else None


def fingerprint(path: Path) -> str:
    """Hash of a recipe's code; comments and formatting do not count."""
    tree = ast.dump(ast.parse(path.read_text(encoding="utf-8")))
    return hashlib.sha256(tree.encode()).hexdigest()[:16]


def _slug(path: Path) -> str:
    return path.stem.replace("_", "-")


def _describe(path: Path) -> System:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    stored = recorded(path)
    status: Status = stored.status if stored else "untested"
    return System(_slug(path), path.parent.name, text.partition("\n")[0], status, path)
