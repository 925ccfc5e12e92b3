"""A designed reward as a Python file: readable, with named terms, needing rewardsmith only as an import."""

from __future__ import annotations

import json
import keyword
import math
import os
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.algebra import Reward
from ..core.errors import BadInput, StoreError
from ..core.fields import NEXT, Field
from ..core.node import walk
from ..core.term import Term
from ..core.text import node_classes
from ..program import Program, tree
from ..tasks import Task
from .source import HELPERS, Sources, Writer, identifier
from .words import in_words

_WIDTH = 100
_RESERVED = {
    "np",
    "rs",
    "xp",
    "reward",
    "make_env",
    "FIELDS",
    "OBSERVATION",
    *keyword.kwlist,
    *keyword.softkwlist,
    *HELPERS,
}
_TEXT_FUNCTIONS = ("minimum", "maximum", "gate", "lexicographic", "at_next")


def export(
    reward: Reward, task: Task, path: str | os.PathLike[str], about: Mapping[str, Any] | None = None
) -> Path:
    """Write ``reward.py``: fields, one term per part, the reward, and an environment that is paid by it.

    Args:
        reward: a program, or a tree of terms.
        task: where the reward was designed; says how its fields are read.
        path: the file, or a folder to write ``reward.py`` in.
        about: for the first lines of the file: ``run``, ``words``, ``success`` {mean, low, high, seeds},
            ``selected_on``, ``version``; whatever is missing is left out.  ``observation``: names of the state
            fields that the agent shall see, and nothing else.

    Returns:
        The file that was written.

    Raises:
        BadInput: a program inside a larger tree, or a field that the task does not have.
        StoreError: the file cannot be written.
    """
    target = Path(path)
    target = target / "reward.py" if target.is_dir() else target
    text = source(reward, task, about or {})
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"cannot write {target}: {error.strerror or error}") from error
    return target


def source(reward: Reward, task: Task, about: Mapping[str, Any]) -> str:
    """The text that ``export`` writes."""
    page = _Page(task, reward, tuple(about.get("observation") or ()))
    page.check()
    fields = page.fields_block()
    terms, total = page.program_block(reward) if isinstance(reward, Program) else page.tree_block(reward)
    imports = {"import numpy as np", "import rewardsmith as rs", *page.sources.imports}
    plain = sorted(line for line in imports if "rewardsmith" not in line)
    ours = sorted(line for line in imports if "rewardsmith" in line)
    helpers = "".join("\n" + HELPERS[name] for name in HELPERS if name in page.writer.helpers)
    definitions = page.sources.text()
    return "".join(
        [
            _header(reward, task, about),
            "from __future__ import annotations\n\n",
            "\n".join(plain) + "\n\n" + "\n".join(ours) + "\n",
            f"\n{definitions}" if definitions else "",
            helpers,
            fields,
            terms,
            f"\n\nreward = {total}\n",
            page.environment_block(),
        ]
    )


@dataclass
class _Page:
    task: Task
    reward: Reward
    observation: tuple[str, ...] = ()
    sources: Sources = field(default_factory=Sources)
    writer: Writer = field(default_factory=Writer)
    taken: set[str] = field(default_factory=lambda: set(_RESERVED))

    def check(self) -> None:
        """Refuse what cannot be written down."""
        if not isinstance(self.reward, Program) and any(
            isinstance(node, Program) for node in walk(self.reward)
        ):
            raise BadInput("export", "a program inside a larger tree", "a program alone, or a tree of terms")
        known = {*(item.name for item in self.task.table()), "native_reward", "first"}
        if missing := sorted(self.reward.fields - known):
            raise BadInput("export", f"a reward that reads {missing[0]!r}", ", ".join(sorted(known)))

    # ------------------------------------------------------------------ fields
    def fields_block(self) -> str:
        """The named fields that the reward reads, and how each is read."""
        read = {name.removeprefix(NEXT) for name in self.reward.fields} | set(self.reward.fields)
        read |= set(self.observation)
        lines = [self._field_line(item) for item in self.task.fields if item.name in read]
        if not lines:
            return "\n# The reward reads obs, action and their like only.\nFIELDS = ()\n"
        body = "\n".join(lines)
        what = "What the reward reads and the agent sees" if self.observation else "What the reward reads"
        note = f"# {what}; a state field has a twin next_<name>, one step later."
        names = ", ".join(map(_quoted, self.observation)) + ("," if len(self.observation) == 1 else "")
        shown = f"\n# What the agent sees, and nothing else.\nOBSERVATION = ({names})\n"
        return f"\n\n{note}\nFIELDS = (\n{body}\n)\n" + (shown if self.observation else "")

    def _field_line(self, item: Field) -> str:
        how = str(item.read)
        if callable(item.read):
            how = identifier(f"read_{item.name}", self.taken)
            self.sources.add(item.read, how)
        given = [
            _quoted(item.name),
            _quoted(item.unit),
            _bound(item.low),
            _bound(item.high),
            _quoted(item.meaning),
        ]
        extra = [f"width={item.width}"] if item.width else []
        extra += [f"kind={_quoted(item.kind)}"] if item.kind != "state" else []
        arguments = [*given, *extra, f"read={how}"]
        line = f"    rs.Field({', '.join(arguments)}),"
        if len(line) <= _WIDTH:
            return line
        return "    rs.Field(\n" + "".join(f"        {argument},\n" for argument in arguments) + "    ),"

    # ------------------------------------------------------------------ programs
    def program_block(self, program: Program) -> tuple[str, str]:
        """One term for every part, and their sum."""
        written: list[str] = []
        summands: list[tuple[str, str]] = []
        for name, expr in program.parts:
            pieces = _summands(expr) if len(program.parts) == 1 and name == "reward" else [(1.0, expr)]
            for sign, piece in pieces:
                weight, core = _weighted(piece)
                called = identifier(_name_of(core) if name == "reward" else name, self.taken)
                weight *= sign
                written.append(self._term(program, called, core, weight < 0))
                shown = called if abs(weight) == 1.0 else f"{abs(weight)!r} * {called}"
                summands.append(("-" if weight < 0 else "+", shown))
        first = ("-1.0 * " if "*" not in summands[0][1] else "-") if summands[0][0] == "-" else ""
        lines = [first + summands[0][1], *(f"{sign} {shown}" for sign, shown in summands[1:])]
        total = " ".join(lines)
        if len(total) > _WIDTH - 10:
            total = "(\n    " + "\n    ".join(lines) + "\n)"
        return "".join(written), total

    def _term(self, program: Program, name: str, expr: tree.Expr, costs: bool) -> str:
        table = {item.name: item for item in program.table}
        needed = _needed_bindings(program, expr)
        exprs = [value for _, value in needed] + [expr]
        reads = sorted({node.name for e in exprs for node in tree.walk(e) if isinstance(node, tree.Read)})
        lines: list[str] = [f"    {read} = 1.0 * {read}" for read in reads if _is_whole(table[read], self.task)]
        for local, value in needed:
            lines.append(f"    {local} = {self.writer.show(value)[0]}")
            if self.writer.is_truth(value):
                self.writer.booleans.add(local)
        shown = self.writer.number(expr)
        if not reads:  # a constant still needs one number for every step
            scalar = next((item.name for item in program.table if not item.width), "terminated")
            reads, shown = [scalar], f"np.full(np.shape({scalar}), {shown})"
        lines.append(f"    return {shown}")
        words = "the same at every step"
        if _reads_any(exprs):
            signed = tree.negate(expr) if costs else expr
            words = in_words(Program((("reward", signed),), needed, program.table), self.task.table())
        words = _sentence(words)
        doc = f'    """{words}"""' if len(words) < _WIDTH - 12 else _long_doc(words)
        return f"\n\n@rs.term\ndef {name}({', '.join(reads)}):\n{doc}\n" + "\n".join(lines) + "\n"

    # ------------------------------------------------------------------ trees of terms
    def tree_block(self, reward: Reward) -> tuple[str, str]:
        """Every term with its source, and the reward as it prints."""
        for node in walk(reward):
            if isinstance(node, Term) and node.name != "success":
                self.sources.add(node.function, node.name, "@rs.term\n")
        text = re.sub(r"\bconstant\(", "rs.Constant(", str(reward))
        called = set(re.findall(r"\b(\w+)\(", text)) - {"Constant"}
        names = called & {*_TEXT_FUNCTIONS, *node_classes()}
        if names:
            self.sources.imports.add(f"from rewardsmith import {', '.join(sorted(names))}")
        if any(isinstance(node, Term) and node.name == "success" for node in walk(reward)):
            self.sources.imports.add("from rewardsmith import success")
        return "", text

    # ------------------------------------------------------------------ the environment
    def environment_block(self) -> str:
        """A function that makes the environment, where Gymnasium has it."""
        env: Any = self.task.env
        name = env.gym_id
        if name is None:
            return (
                f"\n# {self.task.name} has no Gymnasium id; in any environment with the same observations:\n"
                + "".join(f"#     env = {each}\n" for each in self._wrappers())
            )
        options = "".join(f", {key}={value!r}" for key, value in getattr(env, "options", ()))
        *inner, last = self._wrappers()
        wrapped = "\n                ".join([*(f"env = {each}" for each in inner), f"return {last}"])
        return textwrap.dedent(
            f'''

            def make_env(**options):
                """{name}, paid by this reward; every part is in info["reward_terms"]."""
                import gymnasium

                env = gymnasium.make("{name}"{options}, **options)
                {wrapped}
            '''
        )

    def _wrappers(self) -> list[str]:
        """What is put around an environment, one after another."""
        seen = ["rs.connect.gymnasium.observe(env, FIELDS, OBSERVATION)"] if self.observation else []
        return ["rs.connect.gymnasium.wrap(env, reward, fields=FIELDS)", *seen]


# ---------------------------------------------------------------------- pieces of programs
def _summands(expr: tree.Expr) -> list[tuple[float, tree.Expr]]:
    """The left spine of a sum: adding the pieces in order repeats the program's own roundings."""
    if isinstance(expr, tree.Apply) and expr.op in ("+", "-"):
        sign = 1.0 if expr.op == "+" else -1.0
        return [*_summands(expr.args[0]), (sign, expr.args[1])]
    return [(1.0, expr)]


def _weighted(expr: tree.Expr) -> tuple[float, tree.Expr]:
    """(weight, rest) of ``2.0 * rest``, ``rest * 2.0`` and ``-rest``."""
    if isinstance(expr, tree.Apply) and expr.op == "neg":
        weight, rest = _weighted(expr.args[0])
        return -weight, rest
    if isinstance(expr, tree.Apply) and expr.op == "*":
        for factor, rest in (expr.args, expr.args[::-1]):
            if isinstance(factor, tree.Number) and factor.value != 0.0 and _reads_any([rest]):
                return float(factor.value), rest
    return 1.0, expr


def _needed_bindings(program: Program, expr: tree.Expr) -> tree.Named:
    used = {node.name for node in tree.walk(expr) if isinstance(node, tree.Local)}
    kept: list[tuple[str, tree.Expr]] = []
    for name, value in reversed(program.bindings):
        if name in used:
            kept.append((name, value))
            used |= {node.name for node in tree.walk(value) if isinstance(node, tree.Local)}
    return tuple(reversed(kept))


def _reads_any(exprs: list[tree.Expr]) -> bool:
    return any(isinstance(node, (tree.Read, tree.Local)) for expr in exprs for node in tree.walk(expr))


def _name_of(expr: tree.Expr) -> str:
    reads = [node.name for node in tree.walk(expr) if isinstance(node, (tree.Read, tree.Local))]
    names = list(dict.fromkeys(name.removeprefix(NEXT) for name in reads))
    return "_and_".join(names[:3]) or "every_step"


def _is_whole(item: Field, task: Task) -> bool:
    """True for flags and choices, whose arrays are not floats."""
    return item.kind == "flag" or (item.name == "action" and task.actions.width == 0)


# ---------------------------------------------------------------------- text
def _header(reward: Reward, task: Task, about: Mapping[str, Any]) -> str:
    words = str(about.get("words") or in_words(reward, task.table()))
    paragraphs = [f"Reward for {task.name}: {words}.", f"Wanted: {task.success.meaning or task.text}."]
    success = about.get("success")
    if isinstance(success, Mapping) and _is_known(success.get("mean")):
        seeds = success.get("seeds")
        count = len(seeds) if isinstance(seeds, (list, tuple)) else seeds or len(success.get("per_seed") or ())
        low, high = success.get("low"), success.get("high")
        line = f"Success {success['mean']:.2f}"
        line += f" [{low:.2f}, {high:.2f}]" if _is_known(low) and _is_known(high) else ""
        line += f" on {count} fresh training seeds" if count else ""
        chosen = about.get("selected_on")
        line += f"; selected at {chosen:.2f}." if _is_known(chosen) else "."
        paragraphs.append(line)
    if seen := about.get("observation"):
        paragraphs.append(f"The agents saw {', '.join(seen)}, and nothing else.")
    made = f"Written by rewardsmith {about['version']}" if about.get("version") else "Written by rewardsmith"
    paragraphs.append(made + (f" from run {about['run']}." if about.get("run") else "."))
    body = "\n\n".join(textwrap.fill(_clean(text), _WIDTH) for text in paragraphs)
    return f'"""{body}\n"""\n\n'


def _is_known(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _clean(text: str) -> str:
    """One line that a docstring can hold; a sentence within a sentence does not end twice."""
    line = " ".join(text.replace("\\", "/").replace('"""', "'''").split())
    return re.sub(r"\.\.$", ".", line)


def _sentence(words: str) -> str:
    return _clean(words[:1].upper() + words[1:] + ".")


def _long_doc(words: str) -> str:
    lines = textwrap.wrap(words, _WIDTH - 12)
    return '    """' + "\n    ".join(lines) + '\n    """'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _bound(value: float) -> str:
    if math.isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(float(value))
