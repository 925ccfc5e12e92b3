"""What every recipe must be: checked on the file, without running it."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from pathlib import Path

MOST_LINES = 120
# A recipe composes the library; NumPy is what it may compute with.
ALLOWED = frozenset({"numpy", "rewardsmith"})
PUBLIC_ZOO = "rewardsmith.zoo.claims"


def violations(path: Path) -> list[str]:
    """Everything about a recipe file that breaks the contract; empty when it is sound.

    At most 120 lines; ``PAPER``, ``build`` and ``claim(full=False)``; a docstring that says what differs from
    the paper; public names of rewardsmith, NumPy and the standard library only; no other recipe.
    """
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    found: list[str] = []
    lines = len(source.splitlines())
    if lines > MOST_LINES:
        found.append(f"{lines} lines; at most {MOST_LINES}")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", path.stem):
        found.append(f"file name {path.stem}; lower case, digits and underscores")
    if "Differs from the paper" not in (ast.get_docstring(tree) or ""):
        found.append("the docstring does not say 'Differs from the paper: ...'")
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assigned = {
        t.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for t in node.targets
        if isinstance(t, ast.Name)
    }
    found += [f"no {name}" for name in ("build", "claim") if name not in functions]
    if "PAPER" not in assigned:
        found.append("no PAPER")
    if "claim" in functions and "full" not in {arg.arg for arg in _arguments(functions["claim"])}:
        found.append("claim() has no argument 'full'")
    for node in ast.walk(tree):
        found += _import_violations(node)
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
            found.append(f"line {node.lineno}: private name {node.attr}")
    return found


def _arguments(function: ast.FunctionDef) -> list[ast.arg]:
    return [*function.args.args, *function.args.kwonlyargs]


def _import_violations(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        modules, names = [alias.name for alias in node.names], list[str]()
    elif isinstance(node, ast.ImportFrom):
        if node.level:
            return [f"line {node.lineno}: relative import; recipes use 'rewardsmith...' as users do"]
        modules, names = [node.module or ""], [alias.name for alias in node.names]
    else:
        return []
    found: list[str] = []
    for module in modules:
        root = module.partition(".")[0]
        if root not in ALLOWED and root not in sys.stdlib_module_names:
            found.append(f"line {node.lineno}: imports {module}; allowed: rewardsmith, numpy, standard library")
        full = [f"{module}.{name}" for name in names] or [module]
        found += [f"line {node.lineno}: private name {name}" for name in full if re.search(r"\._(?!_)", name)]
        inside = [name for name in full if name.startswith("rewardsmith.zoo.")]
        if any(name != PUBLIC_ZOO and not name.startswith(PUBLIC_ZOO + ".") for name in inside):
            found.append(f"line {node.lineno}: imports {module}; of the zoo, only {PUBLIC_ZOO}")
        if root == "rewardsmith" and importlib.util.find_spec(module) is None:
            found.append(f"line {node.lineno}: there is no {module}")
    return found
