"""What the documentation takes from the code, so that they cannot differ: tables, and a page of each finding.

A line ``{{ functions }}`` in a page is replaced by the table of that name.  The pages of findings are made
under ``measure/codes/`` and listed in the navigation as a section of their own.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import Any


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by MkDocs for every page."""
    return re.sub(r"^\{\{ (\w+) \}\}$", _filled, markdown, flags=re.MULTILINE)


def on_config(config: Any) -> Any:
    """Called by MkDocs first: the section of the findings goes before the reference."""
    pages = [
        {f"Of rewardsmith {verb}": [{f"{c.code} {c.title}": f"measure/codes/{c.code}.md"} for c in codes]}
        for verb, codes in _every_code().items()
    ]
    names = [next(iter(each)) if isinstance(each, dict) else "" for each in config["nav"]]
    config["nav"].insert(names.index("Reference"), {"Findings": pages})
    return config


def on_files(files: Any, config: Any) -> Any:
    """Called by MkDocs with the pages on disk: those of the findings are added."""
    from mkdocs.structure.files import File

    for code in (code for codes in _every_code().values() for code in codes):
        files.append(File.generated(config, f"measure/codes/{code.code}.md", content=code_page(code)))
    return files


def _every_code() -> dict[str, list[Any]]:
    """The codes by the verb that finds them."""
    from rewardsmith.measure import audit, check

    return {"check": list(check.codes().values()), "audit": list(audit.codes().values())}


def code_page(code: Any) -> str:
    """The page of one code, which its author wrote in the source of the check."""
    verb = "check" if code.code.startswith("R") else "audit"
    parts = [
        f"# {code.code} {code.title}",
        f"**{str(code.level).capitalize()}** of [`rewardsmith {verb}`](../../cli.md#{verb}), "
        "unless the evidence says otherwise.",
        f"## Why it matters\n\n{code.why}",
        f"## What usually fixes it\n\n{code.fix}",
        f"## How it is measured\n\n{code.how}" + (f"\n\nSource: {code.source}" if code.source else ""),
    ]
    if code.example is not None:
        bad, sound = (_code_block(text, code.example.task) for text in (code.example.bad, code.example.sound))
        parts.append(f"## A reward that triggers it\n\n{bad}\n\nIts sound twin does not:\n\n{sound}")
    if verb == "check":
        accept = f'[tool.rewardsmith.check]\nignore = {{ {code.code} = "why it is right here" }}'
        parts.append(f"## Accepting it\n\nIn `pyproject.toml`, with a reason:\n\n```toml\n{accept}\n```")
    return "\n\n".join(parts) + "\n"


def _code_block(text: str, task: str) -> str:
    """A file, or the command for a program (after ``--``, because a program may begin with a minus)."""
    if "import rewardsmith" in text:
        command = f"rewardsmith check reward.py --task {task}"
        return f"```python\n# reward.py\n{text.strip()}\n```\n\n```console\n$ {command}\n```"
    return f"```console\n$ rewardsmith check --task {task} -- {shlex.quote(text)}\n```"


def findings() -> str:
    """Every finding of check, with a link to its page."""
    from rewardsmith.measure import check

    rows = [
        (f"[{code.code}](codes/{code.code}.md)", str(code.level), code.title, code.why)
        for code in check.codes().values()
    ]
    return _table(("code", "level", "finding", "why it matters"), rows)


def _filled(match: re.Match[str]) -> str:
    return TABLES[match.group(1)]()


def functions() -> str:
    """The functions of the reward language."""
    from rewardsmith.program import FUNCTIONS

    rows = [(f"`{name}`", str(f.arity), f.meaning, _UNITS[f.unit]) for name, f in FUNCTIONS.items()]
    return _table(("function", "arguments", "meaning", "units"), rows)


def codes() -> str:
    """What a program may be refused for."""
    from rewardsmith.program import CODES

    rows = [(f"`{code}`", answer.meaning, answer.allowed) for code, answer in CODES.items()]
    return _table(("code", "what happened", "what to write instead"), rows)


def methods() -> str:
    """The methods of the design loop."""
    from rewardsmith.design import methods as shipped

    rows = [
        (
            f"`{m.name}`",
            m.meaning,
            m.strategy.kind,
            ", ".join(m.sees) or "nothing",
            f"{m.candidates} x {m.rounds}",
        )
        for m in shipped().values()
    ]
    return _table(("method", "what it does", "strategy", "its proposer sees", "published size"), rows)


def transforms() -> str:
    """Every transform and combination, described by itself."""
    from rewardsmith.transforms.catalogue import catalogue

    rows = [
        (f"`{e.name}`", e.scope, e.laws or "-", f"{_plain(e.meaning)}<br>`{e.example}`") for e in catalogue()
    ]
    return _table(("name", "scope", "laws", "meaning and example"), rows)


def techniques() -> str:
    """The techniques of a survey, and where each is."""
    from rewardsmith.transforms.coverage import coverage

    rows = [
        (
            t.name,
            ", ".join(f"`{e.removeprefix('rewardsmith.')}`" for e in t.entries) or f"not here: {t.refused}",
        )
        for t, _ in coverage()
    ]
    return _table(("technique", "where"), rows)


def terms() -> str:
    """Every ready-made term and judge: what it reads, its unit and bounds, what it is, and where it is from."""
    import inspect

    from rewardsmith import terms as found
    from rewardsmith.core.term import Term

    rows: list[tuple[str, ...]] = []
    for name in found.__all__:
        value: Any = getattr(found, name)
        if isinstance(value, Term):
            text, info = inspect.getdoc(value.function) or "", value.info
            reads = ", ".join(f"`{field}`" for field in sorted(value.fields))
            span = f"[{info.low:g}, {info.high:g}]"
            rows.append((f"`{name}`", reads, info.unit, span, _first(text), info.source))
        elif inspect.isclass(value) and hasattr(value, "ask"):
            source = re.search(r"^Source: (.*)$", inspect.getdoc(value) or "", re.MULTILINE)
            reads = "`completion` and the slots of its prompt"
            said = _first(inspect.getdoc(value) or "")
            rows.append((f"`{name}`", reads, "1", "[0, 1]", said, source.group(1) if source else ""))
    return _table(("term", "reads", "unit", "range", "what it is", "source"), rows)


def _first(text: str) -> str:
    """The first paragraph in one line."""
    return " ".join(text.split("\n\n")[0].split())


def formalisms() -> str:
    """The ways to write an objective."""
    from rewardsmith.measure.expressive import FORMALISMS

    return _table(("name", "an objective is"), [(f"`{f.name}`", f.meaning) for f in FORMALISMS.values()])


def expressivity() -> str:
    """Which formalism can state every objective of which."""
    from rewardsmith.measure.expressive import FORMALISMS, relation_table

    sign = {"contains": "+", "cannot": "-", "open": "?"}
    cells = {(e.row, e.column): "d" if "argued" in e.why else sign[e.relation] for e in relation_table()}
    rows = [(f"`{row}`", *(cells[row, column] for column in FORMALISMS)) for row in FORMALISMS]
    return _table(("", *FORMALISMS), rows)


def witnesses() -> str:
    """What one formalism can state and another cannot."""
    from rewardsmith.measure.expressive import WITNESSES

    rows = [(f"`{w.without}`", f"`{w.within}`", w.objective, w.kind) for w in WITNESSES]
    return _table(("cannot state", "an objective of", "which is", "evidence"), rows)


def commands() -> str:
    """Every verb of the command line with its options."""
    from typer.main import get_command

    from rewardsmith.cli.main import app

    group: Any = get_command(app)
    return "\n\n".join(_command(name, verb) for name, verb in group.commands.items())


def _command(name: str, verb: Any) -> str:
    arguments = [p for p in verb.params if p.param_type_name == "argument"]
    options = [p for p in verb.params if p.param_type_name == "option"]
    shown = [p.name.upper() if p.required else f"[{p.name.upper()}]" for p in arguments]
    rows = [(_spelled(p), p.help or "") for p in [*arguments, *options]]
    usage = " ".join(["rewardsmith", name, *shown, *(["[OPTIONS]"] if options else [])])
    return f"## {name}\n\n{verb.help}\n\n    {usage}\n\n{_table(('argument', 'meaning'), rows)}"


def _spelled(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`"
    return ", ".join(f"`{each}`" for each in parameter.opts)


def _plain(text: str) -> str:
    """Text in which stars, underscores and backslashes mean themselves."""
    return re.sub(r"([\\*_<])", r"\\\1", text)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


_UNITS = {
    "plain": "dimensionless in and out",
    "angle": "radians or dimensionless in, dimensionless out",
    "same": "all alike, kept",
    "keep": "kept",
    "free": "any in, dimensionless out",
    "root": "halved",
    "power": "doubled",
    "ratio": "all alike in, dimensionless out",
    "choice": "x and y alike, kept",
    "times": "the product",
}
TABLES: dict[str, Callable[[], str]] = {
    "findings": findings,
    "functions": functions,
    "codes": codes,
    "methods": methods,
    "commands": commands,
    "expressivity": expressivity,
    "formalisms": formalisms,
    "witnesses": witnesses,
    "terms": terms,
    "transforms": transforms,
    "techniques": techniques,
}
