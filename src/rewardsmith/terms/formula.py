"""Mathematics: are two formulas equal, however they are written?"""

from __future__ import annotations

import importlib
import logging
from typing import Any

from ..core.errors import MissingExtra
from ..core.term import term
from .answer import FINDS, find_answers, normal_form
from .texts import one_of

LONGEST = 2000  # characters of an answer


@term(
    unit="1",
    low=0.0,
    high=1.0,
    source="Kydlíček 2025, Math-Verify",
    each=True,
    timeout=10.0,
    concurrency=4,
)
def math_answer(
    completion: str | None, reference: str | None, *, find: str = "boxed", digits: float = 6.0
) -> float | None:
    r"""1 where every answer found equals the reference as a formula (``math-verify``), else 0.

    So 1/2, 0.5, ``\frac{1}{2}`` and 50\% are one, and (x+1)^2 is x^2+2x+1.

    ``math-verify`` limits its own time by an alarm signal, which works in the main thread of a process only,
    and elsewhere either raises or (switched off) hangs.  Here it runs in worker processes without its alarm:
    a comparison that takes longer than ``timeout`` costs the process and that sample's verdict.  Its errors
    are failures of the sample (see ``on_error``), not a 0.

    Args:
        find: as for ``exact_answer``: where answers are looked for; every one must be right.
        digits: decimals to which numbers are compared.

    An answer of more than 2,000 characters is wrong: of some such the parser does not come back in time.

    NaN where the completion is None, or the reference is None, blank or cannot be read as mathematics.

    Raises:
        MissingExtra: the package ``math-verify`` is not installed.

    Source: Kydlíček 2025, "Math-Verify".

    Example:
        >>> texts = [r"\boxed{0.5}", r"\boxed{\frac{2}{4}}", r"\boxed{0.51}", "half"]
        >>> math_answer({"completion": texts, "reference": ["1/2"] * 4}).tolist()
        [1.0, 1.0, 0.0, 0.0]
    """
    one_of(find, "math_answer find", FINDS)
    if completion is None or reference is None or not reference.strip():
        return None
    answers = list(dict.fromkeys(normal_form(answer) for answer in find_answers(completion, find)))
    if not answers or not all(answers) or any(len(answer) > LONGEST for answer in answers):
        return 0.0
    # Only the same text needs no reading; it would fail where both sides are words.
    if answers == [normal_form(reference)]:
        return 1.0
    expected = _formula(reference)
    if not expected:
        return None
    return float(all(_equal(expected, answer, int(digits)) for answer in answers))


def rewardsmith_before_fork() -> None:
    """Import math-verify once, before the workers are forked."""
    importlib.import_module("math_verify")
    # each worker would warn that nobody limits the time, which is what the worker is for
    logging.getLogger("math_verify").setLevel(logging.ERROR)


def _formula(text: str) -> list[Any]:
    try:
        from math_verify import parse
    except ImportError:
        raise MissingExtra("math-verify", "text", "math_answer") from None
    # in dollars, because bare LaTeX is not looked for outside of a formula
    inner = text.strip().strip("$")
    return parse(f"${inner}$", parsing_timeout=0, raise_on_error=True) or parse(inner, parsing_timeout=0)


def _equal(expected: list[Any], answer: str, digits: int) -> bool:
    from math_verify import verify

    found = _formula(answer)
    return bool(found) and verify(
        expected, found, float_rounding=digits, timeout_seconds=0, raise_on_error=True
    )
