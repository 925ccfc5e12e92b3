"""Code: programs that a model wrote, judged by unit tests in a sandbox."""

from __future__ import annotations

import importlib
from typing import Any

from ..core.arrays import is_array, to_numpy
from ..core.term import term
from .texts import Floats, after_thought, code_blocks, text_list

PYTHON = ("python", "python3", "py", "")


@term(unit="1", low=0.0, high=1.0)
def passes_tests(completion: Any, tests: Any, *, language: str = "python", share: bool = False) -> Floats:
    r"""1 where the last code block of the completion passes all unit tests, else 0; or the share of them.

    Each test runs in a fresh process of the sandbox (trust tier T2): the input goes in, the output comes back,
    and is compared here with what is expected, which the program never sees.  Only what follows the thought
    counts; no block of Python is 0.  NaN where the completion is None, there are no tests, or the sandbox
    itself failed (with ``share``: in all tests, else: in one, and no other test failed).

    Args:
        tests: for each sample its tests: (input, expected output) pairs of text for programs that read and
            print, or mappings with ``function``, ``args`` and ``output``; more in ``sandbox.read_tests``.
        language: ``python`` alone.

    Raises:
        NoSandbox: nothing on this machine can hold untrusted programs; with the reasons.

    Example:
        >>> texts = ["```python\nprint(int(input()) * 2)\n```", "no code"]
        >>> passes_tests({"completion": texts, "tests": [[("2", "4")]] * 2}).tolist()
        [1.0, 0.0]
    """
    texts = text_list("completion", completion)
    sandbox = importlib.import_module("rewardsmith.sandbox")  # programs start processes: not for every import
    programs = [None if text is None else last_program(text) for text in texts]
    suites = to_numpy(tests).tolist() if is_array(tests) else list(tests)
    return sandbox.passes_tests(programs, suites, language=language, share=share)


def last_program(text: str) -> str:
    r"""The last block of Python after the thought; "" where there is none.

    Example:
        >>> last_program("```python\nx = 1\n```\nor rather\n```py\nx = 2\n```")
        'x = 2\n'
    """
    answer = after_thought(text)
    blocks = [block for language, block in code_blocks(answer or "") if language in PYTHON]
    return blocks[-1] if blocks else ""
