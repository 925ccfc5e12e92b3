"""The source files and what they import: read by the tests that keep the house in order."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
ROOT = REPOSITORY / "src" / "rewardsmith"


@dataclass(frozen=True)
class Import:
    """One imported module: full name, line, and whether it happens when the file is imported."""

    module: str
    line: int
    at_start: bool


@functools.cache
def files() -> tuple[Path, ...]:
    """Every Python file of the package."""
    return tuple(sorted(ROOT.rglob("*.py")))


def package_of(path: Path, root: Path = ROOT) -> str:
    """First folder below the root, '' for the root's own files."""
    parts = path.relative_to(root).parts
    if parts == ("__main__.py",):
        return "cli"  # `python -m rewardsmith`
    return parts[0] if len(parts) > 1 else ""


def imports(path: Path, root: Path = ROOT) -> Iterator[Import]:
    """Every import of a file, also inside functions; relative ones are resolved."""
    package = ("rewardsmith", *path.relative_to(root).parts[:-1])
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lazy = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or _is_type_checking(node)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        for module in _modules(node, package):
            yield Import(module, getattr(node, "lineno", 0), node not in lazy)


def _modules(node: ast.AST, package: tuple[str, ...]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        start = package[: len(package) - node.level + 1] if node.level else ()
        module = ".".join([*start, *([node.module] if node.module else [])])
        # `from rewardsmith import store` imports a package, not a name of the root.
        return [f"{module}.{alias.name}" for alias in node.names] if module == "rewardsmith" else [module]
    return []


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
