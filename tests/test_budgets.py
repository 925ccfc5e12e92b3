"""Size budgets: a courtesy to the reader, so they are enforced."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

from source import REPOSITORY, files

MOST_LINES = 400
MOST_LINES_OF_A_TEST = 500
MOST_LINES_OF_A_FUNCTION = 60
MOST_ARGUMENTS = 8

# An ignore must name its rule and say why, either after it on the line or in a comment directly above.
_IGNORE = re.compile(
    r"#\s*(noqa|type:\s*ignore|pyright:\s*ignore)(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|\[[\w\-, ]+\])?"
)


def _too_long(source: str, most: int) -> list[str]:
    lines = len(source.splitlines())
    return [f"{lines} lines; at most {most}"] if lines > most else []


def _functions(source: str) -> list[str]:
    found: list[str] = []
    tree = ast.parse(source)
    options = _options(tree)
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > MOST_LINES_OF_A_FUNCTION:
            found.append(
                f"line {node.lineno}: {node.name} has {length} lines; at most {MOST_LINES_OF_A_FUNCTION}"
            )
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        count = len([arg for arg in given if arg.arg not in ("self", "cls")])
        if count > MOST_ARGUMENTS and not _is_command(node, options):
            found.append(f"line {node.lineno}: {node.name} has {count} arguments; at most {MOST_ARGUMENTS}")
    return found


def _is_command(node: ast.FunctionDef | ast.AsyncFunctionDef, options: set[str]) -> bool:
    """A verb of the command line: its arguments are the options a person types."""
    shown = [ast.unparse(arg.annotation) for arg in node.args.args if arg.annotation]
    return node.name == "command" and any("typer." in each or each in options for each in shown)


def _options(tree: ast.Module) -> set[str]:
    """Names of options that a module declares: ``Seed = Annotated[..., typer.Option(...)]``."""
    named = [node for node in tree.body if isinstance(node, ast.Assign) and "typer." in ast.unparse(node.value)]
    return {ast.unparse(target) for node in named for target in node.targets}


def _ignores(source: str) -> list[str]:
    """Ignores that name no rule, or give no reason on the line or in the comment above."""
    comments = {
        token.start[0]: token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    found: list[str] = []
    above = False  # the line before is an ignore: one reason serves a block
    lines = source.splitlines()
    for number in range(1, len(lines) + 1):
        match = _IGNORE.search(comments.get(number, ""))
        if match is None:
            above = False
            continue
        words = (comments[number][: match.start()] + comments[number][match.end() :]).strip(" #-:.")
        before = number - 1 if lines[number - 2].strip() else number - 2  # a blank line may lie between
        block = above or before in comments
        if match.group(2) is None:
            found.append(f"line {number}: ignores everything; name the rule")
        elif not words and not block:
            found.append(f"line {number}: an ignore without a reason")
        above = True
    return found


def _troubles(source: str) -> list[str]:
    return [*_too_long(source, MOST_LINES), *_functions(source), *_ignores(source)]


def test_source_files() -> None:
    found = {
        str(path.relative_to(REPOSITORY)): trouble
        for path in files()
        if (trouble := _troubles(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize("folder", ["tests", "benchmarks", "examples", "docs"])
def test_other_files(folder: str) -> None:
    found = {
        str(path.relative_to(REPOSITORY)): trouble
        for path in sorted((REPOSITORY / folder).rglob("*.py"))
        if (trouble := _too_long(path.read_text(encoding="utf-8"), MOST_LINES_OF_A_TEST))
    }
    assert found == {}


def test_no_skips() -> None:
    """A test that does not run proves nothing; what cannot run here is not written as a test."""
    wanted = re.compile(r"mark\.(skip|skipif|xfail)\b|pytest\.(skip|xfail|importorskip)\(")
    found = [
        str(path.relative_to(REPOSITORY))
        for path in sorted((REPOSITORY / "tests").rglob("*.py"))
        if path != Path(__file__) and wanted.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "trouble"),
    [
        ("def f():\n" + "    x = 1\n" * 60, "61 lines"),
        ("def f():\n" + "    x = 1\n" * 59, ""),
        ("def f(a, b, c, d, e, f, g, h, *, i): ...", "9 arguments"),
        ("def f(self, a, b, c, d, e, f, g, h): ...", ""),
        ("def command(a: typer.Option(), b, c, d, e, f, g, h, i): ...", ""),
        ("A = typer.Option()\ndef command(a: A, b, c, d, e, f, g, h, i): ...", ""),
        ("def command(a: int, b, c, d, e, f, g, h, i): ...", "9 arguments"),
    ],
)
def test_the_budget_of_functions_is_seen(source: str, trouble: str) -> None:
    found = _functions(source)
    assert (trouble in found[0] and len(found) == 1) if trouble else found == []


@pytest.mark.parametrize(
    ("line", "fine"),
    [
        ("import a  # noqa", False),
        ("import a  # noqa: E402", False),
        ("import a  # noqa: E402 after the number of devices is set", True),
        ("# after the number of devices is set\nimport a  # noqa: E402", True),
        ("x = 1  # type: ignore", False),
        ("x = 1  # type: ignore[arg-type]  # the stub is wrong", True),
        ("x = 1  # pyright: ignore[reportPrivateUsage]", False),
        ("text = '# noqa'", True),
    ],
)
def test_ignores_without_a_reason_are_seen(line: str, fine: bool) -> None:
    assert (_ignores(line + "\n") == []) is fine


def test_long_files_are_seen() -> None:
    assert _too_long("x\n" * 401, MOST_LINES) == ["401 lines; at most 400"]
    assert _too_long("x\n" * 400, MOST_LINES) == []
