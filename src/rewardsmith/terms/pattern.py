"""Pattern: does the whole completion match a regular expression?"""

from __future__ import annotations

import functools
import re

from ..core.errors import BadInput
from ..core.term import term


@term(unit="1", low=0.0, high=1.0, each=True, timeout=1.0, concurrency=4, on_error="abstain")
def matches(completion: str | None, *, pattern: str = r"(?s).*\S.*", flags: str = "") -> float | None:
    r"""1 where the regular expression matches the whole completion, else 0; not blank unless said otherwise.

    Python's ``re`` in a worker process: a pattern that backtracks without end on some text costs that sample's
    verdict after ``timeout`` seconds, and no other.

    Args:
        pattern: matched against the whole text, thought included; write ``(?s).*`` around it to search.
        flags: letters of ``re``'s inline flags, as ``"si"``.

    Raises:
        BadInput: the pattern is no regular expression.

    Example:
        >>> number = matches(pattern=r"-?\d+")
        >>> number({"completion": ["42", "42 apples", "", None]}).tolist()
        [1.0, 0.0, 0.0, nan]
    """
    compiled = _compiled(pattern, flags)
    return None if completion is None else float(compiled.fullmatch(completion) is not None)


@functools.lru_cache(maxsize=64)
def _compiled(pattern: str, flags: str) -> re.Pattern[str]:
    if set(flags) - set("aimsx"):
        raise BadInput("matches flags", repr(flags), "letters of a, i, m, s, x")
    try:
        return re.compile(f"(?{flags}){pattern}" if flags else pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadInput("matches pattern", repr(pattern), f"a regular expression ({error})") from None
