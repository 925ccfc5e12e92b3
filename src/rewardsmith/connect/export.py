"""Write the file that a framework loads, from the file that holds a reward."""

from __future__ import annotations

import ast
import os
import pprint
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.algebra import Reward, Scope
from ..core.errors import BadInput, MissingField
from .load import execute, load_reward, pick, read_json, split_source
from .scoring import Scorer
from .single import NoVerdictPolicy, Single

Check = Callable[[Reward, NoVerdictPolicy], Any]


@dataclass(frozen=True)
class Target:
    """One framework: the name it loads, the code that defines it, how to use it, and what is checked before."""

    defines: str
    code: str
    usage: str
    check: Check


def _single(where: str) -> Check:
    def check(reward: Reward, no_verdict: NoVerdictPolicy) -> None:
        Single.wire(reward, where, no_verdict=no_verdict)

    return check


def _in_trl(reward: Reward, no_verdict: NoVerdictPolicy) -> None:
    del no_verdict
    Scorer(reward).require("TRL", Scope.GROUP)


def _in_gymnasium(reward: Reward, no_verdict: NoVerdictPolicy) -> None:
    del no_verdict
    Scorer(reward).require("a Gymnasium environment", Scope.STEP)


TARGETS = {
    "trl": Target(
        "reward_function",
        "from rewardsmith.connect import trl as _trl\n\n"
        'reward_function = _trl.reward({reward}, name="{stem}", on_error="abstain")',
        "GRPOTrainer(reward_funcs=reward_function, ...)  # from {module} import reward_function",
        _in_trl,
    ),
    "verl": Target(
        "compute_score",
        "from rewardsmith.connect import verl as _verl\n\n"
        "compute_score = _verl.compute_score({reward}, no_verdict={no_verdict}, on_error={on_error})",
        "reward.custom_reward_function.path={file} reward.custom_reward_function.name=compute_score",
        _single("verl"),
    ),
    "openrlhf": Target(
        "reward_func",
        "from rewardsmith.connect import openrlhf as _openrlhf\n\n"
        "reward_func = _openrlhf.reward_func({reward}, no_verdict={no_verdict}, on_error={on_error})",
        "--reward.remote_url {file}",
        _single("OpenRLHF"),
    ),
    "verifiers": Target(
        "score",
        "from rewardsmith.connect import verifiers as _verifiers\n\n"
        'score = _verifiers.reward({reward}, name="{stem}", no_verdict={no_verdict}, on_error={on_error})',
        'rewards.{stem}.fn = "{file}:score"  # in the config of a task',
        _single("verifiers"),
    ),
    "eval-protocol": Target(
        "evaluate",
        "from eval_protocol import reward_function as _reward_function\n"
        "from rewardsmith.connect import eval_protocol as _eval_protocol\n\n"
        'evaluate = _reward_function(_eval_protocol.pointwise({reward}, name="{stem}"), id="{stem}")',
        "evaluate(messages=[...], ground_truth=...)  # from {module} import evaluate",
        _single("eval-protocol"),
    ),
    "gymnasium": Target(
        "make",
        "import gymnasium as _gymnasium\n\nfrom rewardsmith.connect.gymnasium import wrap as _wrap\n\n\n"
        "def make(id, **options):\n"
        '    """The environment of that id, paid by the reward."""\n'
        "    return _wrap(_gymnasium.make(id, **options), {reward}, {fields})",
        'make("CartPole-v1")  # from {module} import make',
        _in_gymnasium,
    ),
}


def export_for(framework: str, source: str | Path, out: Path, no_verdict: NoVerdictPolicy = "raise") -> Path:
    """Write a file that holds the reward and what the framework loads.

    The file of a Python source is that source, with a few lines at its end; a JSON source becomes Python.
    It needs rewardsmith and nothing else of yours that the source does not import.

    Args:
        framework: a key of ``TARGETS``.
        source: as for ``load_reward``; a Python file is executed, to see that it works.
        out: the file to write.
        no_verdict: see ``Single``; for TRL, eval-protocol and Gymnasium, which know what a missing verdict
            is, it has no effect.

    Raises:
        BadInput: an unknown framework, a bad source, a name that is taken, or the source itself as ``out``.
        ScopeError, CompositionError: the reward cannot work there.
    """
    if framework not in TARGETS:
        raise BadInput("--for", framework, ", ".join(TARGETS))
    target, (file, asked) = TARGETS[framework], split_source(source)
    if out.exists() and out.resolve() == file.resolve():
        raise BadInput("--out", out, "another file", "this is the file of the reward itself")
    if file.suffix == ".json":
        body, name, known, reward = _from_json(file), "reward", set[str](), load_reward(file)
    else:
        module = execute(file)
        (name, reward), known = pick(module, file, asked), set(vars(module))
        body = _loadable(file.read_text(encoding="utf-8"))
    if target.defines in known:
        raise BadInput(
            "reward file", f"{file} with a {target.defines!r}", "another name", "the export defines it"
        )
    target.check(reward, no_verdict)
    fields = _fields(framework, reward, known)
    stem = "".join(c if c.isalnum() else "_" for c in file.stem)
    on_error = '"raise"' if isinstance(no_verdict, str) else '"abstain"'
    words = {"reward": name, "stem": stem, "no_verdict": _literal(no_verdict), "on_error": on_error}
    code = target.code.format(**words, fields=fields)
    usage = target.usage.format(**words, file=out, module=out.stem)
    text = f"{body.rstrip()}\n\n\n# {framework} loads what follows; use it as\n#   {usage}\n{_quiet(code)}\n"
    _write(out, text)
    return out


def _literal(value: NoVerdictPolicy) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(float(value))


def _from_json(file: Path) -> str:
    data = pprint.pformat(read_json(file), width=100, sort_dicts=False)
    head = f'"""The reward of {file.name}."""\n\nfrom rewardsmith.connect.load import load_reward\n'
    return f"{head}\nreward = load_reward(\n{data}\n)"


def _quiet(code: str) -> str:
    """Imports stand at the end of the file, so linters are told why."""
    lines = code.splitlines()
    return "\n".join(
        f"{line}  # noqa: E402" if line.startswith(("from ", "import ")) else line for line in lines
    )


def _loadable(source: str) -> str:
    """The source; classes need their module to be registered, which some loaders of files forget."""
    tree = ast.parse(source)
    if not any(isinstance(node, ast.ClassDef) for node in ast.walk(tree)):
        return source
    first = [node for node in tree.body if not _must_lead(node, tree)]
    line = first[0].lineno - 1 if first else 0
    decorators = getattr(first[0], "decorator_list", []) if first else []
    line = min([line, *(each.lineno - 1 for each in decorators)])
    lines = source.splitlines()
    guard = [
        "import sys as _sys",
        "import types as _types",
        "",
        "_sys.modules.setdefault(__name__, _types.ModuleType(__name__))  # not every loader of files does this",
    ]
    return "\n".join([*lines[:line], *guard, *lines[line:]])


def _must_lead(node: ast.stmt, tree: ast.Module) -> bool:
    """Docstrings and ``from __future__`` stand before everything else."""
    docstring = node is tree.body[0] and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


def _fields(framework: str, reward: Reward, known: set[str]) -> str:
    if framework != "gymnasium" or "fields" in known:
        return "fields"
    always = {"obs", "next_obs", "action", "terminated", "native_reward"}
    missing = sorted(reward.fields - always)
    if missing:
        why = "define `fields = [rewardsmith.Field(name, read=COLUMN), ...]` in the file of the reward"
        raise MissingField(missing[0], f"{reward} in a Gymnasium environment", ", ".join(sorted(always)), why)
    return "()"


def _write(out: Path, text: str) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(out.name + ".part")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, out)
