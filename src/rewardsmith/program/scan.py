"""Checks on the bare text, so that nothing can make Python's parser crash, hang or recurse away.

Strings and comments are skipped, brackets, signs, attribute chains and long numbers are counted.  Where
this scan and Python disagree about what a string is, the text is refused (prefixed strings) or both
read it as code (unfinished strings), so nothing can hide from the count.
"""

from __future__ import annotations

import re

from .codes import refuse

MAX_LENGTH = 20_000
MAX_TOKENS = 4_000
MAX_BRACKETS = 32
MAX_RUN = 16
MAX_DIGITS = 64
MAX_NESTING_WORDS = 128

# Control characters, and format characters that hide or reorder text (bidirectional marks, zero width).
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>(?P<prefix>\w*)(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<number>(?:\d|\.\d)(?:[eE][+-]|[\w.])*)
    |(?P<word>\w+)
    |(?P<power>\*\*)
    |(?P<space>\s+|\\\n)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_NESTING = frozenset({"if", "else", "lambda", "not", "await", "yield", "and", "or", "in", "is", "for"})


def scan(source: str) -> str:
    """Return the text with plain line ends, or refuse it.

    Raises:
        ProgramError: E_SIZE, E_SYNTAX, E_DEPTH or E_CONST.
    """
    if len(source) > MAX_LENGTH:
        raise refuse("E_SIZE", f"a program of {len(source):,} characters", f"at most {MAX_LENGTH:,} characters")
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    hidden = _FORBIDDEN.search(source)
    if hidden:
        what = f"the control or invisible character U+{ord(hidden[0]):04X}"
        raise _at(source, hidden.start(), "E_SYNTAX", what, "visible characters, spaces and line ends")
    _count(source)
    return source


def _count(source: str) -> None:
    level = tokens = signs = dots = nesting = 0
    for match in _TOKEN.finditer(source):
        kind, text, place = match.lastgroup, match[0], match.start()
        if kind in ("space", "comment"):
            continue
        tokens += 1
        if kind == "string" and match["prefix"]:
            raise _at(source, place, "E_CONST", f"the string {text[:20]}")
        if kind == "number" and len(text) > MAX_DIGITS:
            raise _at(source, place, "E_CONST", f"a number of {len(text)} characters", f"at most {MAX_DIGITS}")
        level += (text in _OPEN) - (text in _CLOSE)
        signs = signs + 1 if text in ("-", "+", "~", "not") else 0
        dots = dots + 1 if text == "." else (dots if kind == "word" else 0)
        nesting += kind == "power" or text in _NESTING
        if level > MAX_BRACKETS:
            raise _at(source, place, "E_DEPTH", f"more than {MAX_BRACKETS} brackets inside one another")
        if signs > MAX_RUN:
            raise _at(source, place, "E_DEPTH", f"more than {MAX_RUN} signs in a row", "at most one sign")
        if dots > MAX_RUN:
            raise _at(source, place, "E_DEPTH", f"more than {MAX_RUN} attributes in a row")
        if nesting > MAX_NESTING_WORDS:
            raise _at(source, place, "E_DEPTH", f"more than {MAX_NESTING_WORDS} of ** if else not and or")
        if tokens > MAX_TOKENS:
            raise _at(source, place, "E_SIZE", f"more than {MAX_TOKENS:,} words and signs")


def _at(source: str, place: int, code: str, message: str, allowed: str = "") -> Exception:
    line = source.count("\n", 0, place) + 1
    column = place - (source.rfind("\n", 0, place) + 1) + 1
    return refuse(code, message, allowed, line, column)
