"""The seeded exploit corpus: rewards whose verdict is known, sound and hackable, in control and in text.

``python benchmarks/checks.py`` runs ``check`` and ``audit`` on it.
"""

from __future__ import annotations

from .entry import Entry
from .shipped import ENTRIES as SHIPPED
from .small_worlds import ENTRIES as SMALL_WORLDS
from .texts.entries import ENTRIES as TEXTS

ENTRIES: tuple[Entry, ...] = (*SHIPPED, *SMALL_WORLDS, *TEXTS)


def half(entry: Entry) -> str:
    """``development`` or ``held out``: half of each kind, in the order of the hashes of the names.

    Thresholds may be tuned on the first half only.  What is not in the corpus is ``public``.
    """
    if entry not in ENTRIES:
        return "public"
    alike = [each.digest for each in ENTRIES if (each.kind, each.hackable) == (entry.kind, entry.hackable)]
    return "development" if 2 * sorted(alike).index(entry.digest) < len(alike) else "held out"
