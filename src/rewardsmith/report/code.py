"""Source text with syntax colours, and long one-line rewards broken at their top-level sums."""

from __future__ import annotations

import html
import io
import keyword
import tokenize

_LONG = 64


def coloured(source: str) -> str:
    """HTML of a program; text that is not Python comes out uncoloured."""
    text = laid_out(source)
    try:
        tokens = list(
            tokenize.generate_tokens(io.StringIO(f"({text}\n)" if _is_expression(source) else text).readline)
        )
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return html.escape(text)
    shift = 1 if _is_expression(source) else 0
    lines = text.split("\n")
    out: list[str] = []
    row, column = 1, 0
    for i, token in enumerate(tokens):
        kind = _kind(token, tokens[i + 1] if i + 1 < len(tokens) else None)
        (r1, c1), (r2, c2) = token.start, token.end
        c1, c2 = (c1 - shift if r1 == 1 else c1), (c2 - shift if r2 == 1 else c2)
        if not kind or r1 != r2 or r1 > len(lines) or c1 < 0:
            continue
        out.append(html.escape(_between(lines, (row, column), (r1, c1))))
        out.append(f'<span class="{kind}">{html.escape(token.string)}</span>')
        row, column = r1, c2
    out.append(html.escape(_between(lines, (row, column), (len(lines), len(lines[-1])))))
    return "".join(out)


def laid_out(source: str) -> str:
    """One summand per line where a one-line reward is long; the canonical text has spaces around its sums."""
    text = source.strip()
    if "\n" in text or len(text) <= _LONG:
        return text
    pieces: list[str] = []
    depth, start = 0, 0
    for i, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if depth == 0 and letter in "+-" and text[i - 1 : i] == " " and text[i + 1 : i + 2] == " ":
            pieces.append(text[start:i].strip())
            start = i
    return "\n".join([*pieces, text[start:].strip()])


def _is_expression(source: str) -> bool:
    return not source.strip().startswith("def ") and "return" not in source


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    (r1, c1), (r2, c2) = start, end
    if r1 == r2:
        return lines[r1 - 1][c1:c2]
    return "\n".join([lines[r1 - 1][c1:], *lines[r1 : r2 - 1], lines[r2 - 1][:c2]])


def _kind(token: tokenize.TokenInfo, following: tokenize.TokenInfo | None) -> str:
    if token.type == tokenize.NUMBER:
        return "num"
    if token.type == tokenize.STRING:
        return "str"
    if token.type == tokenize.COMMENT:
        return "com"
    if token.type == tokenize.NAME:
        if keyword.iskeyword(token.string):
            return "key"
        return "fun" if following is not None and following.string == "(" else "nam"
    return ""
