"""Replies: the code in what a language model wrote, found by the name of the function and kept whole."""

from __future__ import annotations

import ast
import json
import re
import warnings
from dataclasses import dataclass

from ...core.errors import ProgramError
from ...program.scan import scan
from ...terms.texts import after_thought

ENTRY = "reward"
KEYS = ("program", "reward", "code", "reward_function", "function")
# possessive, because a line of 100,000 ticks would cost a square of that
_FENCE = re.compile(
    r"(?m)^[ \t]*(`{3,}+|~{3,}+)[ \t]*+([\w+-]*+)[^\n]*+\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL
)
_BEGIN = re.compile(r"(?m)^(?:def|import|from|@)\b")
_STARTS = 50  # a prose line may begin with "from" or "import", too
_OTHER = {"json", "text", "yaml", "bash", "sh", "markdown", "md", "latex"}
ALLOWED = f"one fence that begins with ```python and holds def {ENTRY}(...)"


@dataclass(frozen=True)
class Extract:
    """What a reply holds: the code, and the words around it."""

    code: str
    words: str


def extract(reply: str) -> Extract:
    r"""The code of a reply.

    A JSON reply has it under ``program``.  Otherwise it is the last fence that defines ``reward`` (the last of
    all where none does), with the helper functions of earlier fences that it calls but does not define.
    Without fences, the text from its first definition on.

    Raises:
        ProgramError: E_REPLY where there is no code.

    Example:
        >>> extract("So:\n```python\ndef reward(x):\n    return x\n```\nThis pays for x.").code
        'def reward(x):\n    return x'
    """
    text = after_thought(reply)
    if text is None:
        raise no_code("a thought that was never ended")
    found = _from_json(text)
    if found is not None:
        return found
    fences = [(match[2].lower(), match[3].strip("\n")) for match in _FENCE.finditer(text)]
    for kind, block in fences:
        if kind == "json" and (found := _from_json(block)) is not None:
            return found
    blocks = [block for kind, block in fences if kind not in _OTHER and block.strip()]
    if blocks:
        return Extract(_joined(blocks), _FENCE.sub("", text).strip())
    return _bare(text)


def no_code(what: str) -> ProgramError:
    """The refusal of a reply that holds no code."""
    return ProgramError("E_REPLY", what, ALLOWED)


def _from_json(text: str) -> Extract | None:
    try:
        data = json.loads(text.strip())
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    for key in KEYS:
        if isinstance(data.get(key), str) and data[key].strip():
            inner = data[key]
            if fences := [match[3].strip("\n") for match in _FENCE.finditer(inner)]:
                inner = _joined(fences)
            return Extract(inner.strip("\n"), str(data.get("thoughts") or ""))
    raise no_code(f"a JSON object with {', '.join(map(str, data)) or 'nothing'} and no program")


def _joined(blocks: list[str]) -> str:
    """The block with the entry point, below the definitions of earlier blocks that it needs."""
    at = max((i for i, block in enumerate(blocks) if ENTRY in _defined(block)), default=len(blocks) - 1)
    chosen = blocks[at]
    for block in reversed(blocks[:at]):
        here = set(_defined(block))
        if ENTRY not in here and here & (_used(chosen) - set(_defined(chosen))):
            chosen = f"{block}\n\n{chosen}"
    return chosen


def _bare(text: str) -> Extract:
    """Code without a fence: from a definition or import on, as far as it is Python with the entry point."""
    starts = [match.start() for match in _BEGIN.finditer(text)][:_STARTS]
    for start in starts:
        code = _longest(text[start:])
        if ENTRY in _defined(code):
            return Extract(
                code.rstrip(), f"{text[:start].strip()}\n{text[start + len(code) :].strip()}".strip()
            )
    if starts:
        return Extract(text[starts[0] :].rstrip(), text[: starts[0]].strip())
    if text.strip() and _tree(text.strip()) is not None:
        return Extract(text.strip(), "")
    raise no_code("no program in the reply")


def _longest(text: str) -> str:
    """The lines from the first on that are Python; empty where there are none."""
    lines = text.split("\n")
    while lines:
        code = "\n".join(lines)
        try:
            ast.parse(scan(code))
        except SyntaxError as error:  # what is wrong begins at this line, or above it
            lines = lines[: min(max((error.lineno or 1) - 1, 0), len(lines) - 1)]
        except (ValueError, MemoryError, RecursionError):
            return ""
        else:
            return code
    return ""


def _defined(code: str) -> list[str]:
    tree = _tree(code)
    if tree is None:
        return re.findall(r"(?m)^def[ \t]+(\w+)", code)
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def _used(code: str) -> set[str]:
    tree = _tree(code)
    if tree is None:
        return set(re.findall(r"\w+", code))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _tree(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(scan(code))  # scanned first, so that no reply can crash Python's parser
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # ProgramError is a ValueError
        return None
