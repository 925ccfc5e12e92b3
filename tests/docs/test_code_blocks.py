"""Every Python block in the README and the documentation runs, in order, page by page; every command exists."""

from __future__ import annotations

import doctest
import re
import shlex
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from rewardsmith.cli.main import app
from source import REPOSITORY

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
SHELL = ("console", "sh", "bash", "shell")


def blocks(page: Path) -> Iterator[tuple[str, str, int]]:
    """Language, text and first line of every fenced block."""
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        indent = len(match.group(1))
        body = "".join(line[indent:] for line in match.group(3).splitlines(keepends=True))
        yield match.group(2), body, text.count("\n", 0, match.start()) + 2


def _name(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


@pytest.mark.parametrize(
    "page", [p for p in PAGES if any(k in ("python", "pycon") for k, *_ in blocks(p))], ids=_name
)
def test_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # A module of its own, so that terms defined in the text can be found again by name (pickle).
    module = types.ModuleType("page_" + re.sub(r"\W", "_", _name(page)))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for kind, body, line in blocks(page):
        if name := _saved_as(page, line):
            (tmp_path / name).write_text(body, encoding="utf-8")
        if kind == "pycon" or body.startswith(">>> "):
            _check_printed(page, body, line, vars(module))
        elif kind == "python":
            # blank lines in front, so that a traceback names the line of the page
            exec(compile("\n" * (line - 1) + body, str(page), "exec", dont_inherit=True), vars(module))


def _saved_as(page: Path, line: int) -> str | None:
    """The file that the reader is told to make of a block: "Save this as `name.py`:" two lines above it."""
    told = re.search(r"[Ss]ave this as `(\w+\.py)`:$", page.read_text(encoding="utf-8").splitlines()[line - 4])
    return told.group(1) if told else None


def _check_printed(page: Path, body: str, line: int, names: dict[str, object]) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    test = doctest.DocTestParser().get_doctest(body, names, _name(page), str(page), line - 1)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=flags).run(test, out=said.append, clear_globs=False)
    names.update(test.globs)
    assert said == [], "".join(said)


def commands() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        for kind, body, line in blocks(page):
            for text in body.splitlines() if kind in SHELL else ():
                found = re.search(r"(?:^\$ |&& |^)(?:\.venv/bin/)?(rewardsmith .*)", text)
                if found:
                    words = shlex.split(found.group(1).removesuffix("\\"), comments=True)
                    yield f"{_name(page)}:{line} {' '.join(words)}", words[1:]


@pytest.mark.parametrize("words", [pytest.param(words, id=where) for where, words in commands()])
def test_commands_exist(words: list[str]) -> None:
    verbs = get_command(app).commands  # type: ignore[attr-defined]
    if words[0].startswith("-"):
        assert words[0] in ("--version", "--help", "--debug")
        return
    assert words[0] in verbs
    known = {option for parameter in verbs[words[0]].params for option in parameter.opts} | {
        "--help",
        "--debug",
    }
    assert {word for word in words[1:] if word.startswith("--")} <= known


def test_generated_tables_are_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "docs"))
    import hooks

    from rewardsmith.program import CODES, FUNCTIONS

    page = hooks.on_page_markdown("a\n{{ functions }}\n{{ codes }}\n{{ commands }}\n{{ methods }}\nb")
    assert "{{" not in page
    assert all(f"`{name}`" in page for name in [*FUNCTIONS, *CODES])
    assert all(f"## {verb}" in page for verb in get_command(app).commands)  # type: ignore[attr-defined]
    assert {m.group(1) for p in PAGES for m in re.finditer(r"^\{\{ (\w+) \}\}$", p.read_text(), re.M)} == set(
        hooks.TABLES
    )


def test_the_ci_script_runs_the_command_of_the_readme() -> None:
    lines = [
        line for kind, body, _ in blocks(REPOSITORY / "README.md") if kind == "sh" for line in body.splitlines()
    ]
    (command,) = [line for line in lines if "pytest" in line]
    script = [line.strip() for line in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines()]
    assert command in script


def test_every_page_is_in_the_navigation() -> None:
    listed = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8").split("nav:", 2)[-1]
    pages = [str(p.relative_to(REPOSITORY / "docs")) for p in PAGES if p.name != "README.md"]
    assert [page for page in pages if page not in listed] == []


@pytest.mark.parametrize("page", [*PAGES, REPOSITORY / "CONTRIBUTING.md"], ids=_name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
