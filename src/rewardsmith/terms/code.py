"""Code: programs that a model wrote, judged by unit tests in a sandbox."""

from __future__ import annotations

import importlib
from typing import Any

from ..core.errors import RewardsmithError
from ..core.term import term
from .texts import Floats


class MissingSandbox(RewardsmithError, NotImplementedError):
    """Untrusted code was to be run, and there is no sandbox that holds it."""

    def __init__(self, what: str) -> None:
        Exception.__init__(
            self,
            f"{what} runs programs that a model wrote (trust tier T2: a fresh isolated process for each test), "
            "and this version has no rewardsmith.sandbox; allowed: other terms, since such programs are never "
            "run unprotected, where they could read the answers or rewrite the grader",
        )


@term(unit="1", low=0.0, high=1.0)
def passes_tests(completion: Any, tests: Any, *, language: str = "python", share: bool = False) -> Floats:
    """1 where the last code block of the completion passes all unit tests (or their share); not available yet.

    It goes through ``rewardsmith.sandbox.passes_tests(programs, tests, language, share)``: a fresh process
    for each test, input by pipe, output back, expected values compared here and never shown to the program.
    Without that package it refuses, because running such programs in this process would let them read the
    answers, the disk and the network, and rewrite the grader.

    Args:
        tests: for each sample a list of (input, expected output) pairs.

    Raises:
        MissingSandbox: always, until the package exists.
    """
    try:
        sandbox = importlib.import_module("rewardsmith.sandbox")
    except ModuleNotFoundError:
        raise MissingSandbox("passes_tests") from None
    return sandbox.passes_tests(completion, tests, language=language, share=share)
