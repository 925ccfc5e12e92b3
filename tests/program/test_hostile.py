"""Texts of rewards that are made to break their reader: refused in one short line, at once, on any stack."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from rewardsmith.core import text
from rewardsmith.core.errors import RewardsmithError
from rewardsmith.core.fields import Field
from rewardsmith.program import parse
from rewardsmith.sandbox import parse_python

FIELDS = (Field("x"), Field("y"))
BODIES = {
    "signs": "not " * 5000 + "x", "sum": "x" + "+x" * 6000, "attributes": "x" + ".a" * 6000,
    "calls": "x" + "()" * 6000, "indices": "x" + "[0]" * 5000, "powers": "2**" * 5000 + "x",
    "lambdas": "lambda:" * 2500 + "x", "choices": "x if x else " * 1500 + "x", "comparisons": "x" + "<x" * 5000,
    "f-strings": "f'{" * 100 + "x" + "}'" * 100, "digits": "9" * 5000, "hexadecimal": "0x" + "f" * 19_000,
    "exponent": "1e" + "9" * 5000, "NUL": "x\0+1", "half a letter": "'\ud800'+x", "homoglyph": "\u0445+1",
    "mark of order": "\ufeff\ufeffx", "right to left": "x\u202e+1", "line of Unicode": "x\u0085+1",
    "a megabyte of comment": "#" * 1_000_000, "a megabyte of sum": "x+" * 500_000 + "x",
    "a megabyte of text": "'" * 1_000_000, "walrus": "(x:=" * 2000 + "x" + ")" * 2000, "stars": "[*" * 90 + "x",
    "continued": "\\\n" * 5000 + "?", "joined texts": "'a' " * 5000, "long name": "a" * 19_000,
    "ligatures": "\ufb01" * 6000, "dots": "..." * 5000, "builtin": "__import__('os')",
    "mappings": "{" + "**{}," * 4000 + "}",
}  # fmt: skip
READERS: dict[str, Callable[[str], Any]] = {
    "program": lambda source: parse(source, FIELDS),
    "function": lambda source: parse(f"def reward(x):\n    return {source}", FIELDS),
    "python": lambda source: parse_python(f"def reward(x):\n    import os\n    return {source}", FIELDS),
    "text": lambda source: text.parse(f"{source} | unknown"),  # numbers alone are texts of that language
}


def refused(body: str, reader: Callable[[str], Any]) -> None:
    began = time.process_time()
    with pytest.raises(RewardsmithError) as caught:
        reader(body)
    assert time.process_time() - began < 3
    assert len(str(caught.value)) < 3000
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("reader", READERS)
def test_refused_in_one_line(reader: str) -> None:
    for body in BODIES.values():
        refused(body, READERS[reader])


def test_the_stack_of_a_thread_is_enough() -> None:
    """Threads have less of it: an overflow there would end the process, not the test."""
    done: list[str] = []

    def all_of_them() -> None:
        for reader in READERS:
            test_refused_in_one_line(reader)
            done.append(reader)

    thread = threading.Thread(target=all_of_them)
    thread.start()
    thread.join()
    assert done == list(READERS)
