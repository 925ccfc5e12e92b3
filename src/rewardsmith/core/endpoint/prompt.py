"""Prompts as data: text with slots, in which everything that comes from elsewhere is fenced."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from ..errors import BadInput

_SLOT = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


def slots(template: str) -> tuple[str, ...]:
    """The names in braces, each once; braces around anything but a name are plain text.

    Example:
        >>> slots('{prompt} {completion} {"score": 1}')
        ('prompt', 'completion')
    """
    return tuple(dict.fromkeys(_SLOT.findall(template)))


def render(template: str, plain: Mapping[str, str], fenced: Mapping[str, str]) -> str:
    """Fill the slots, all at once, so that no value is read as a template.

    Args:
        template: text with slots.
        plain: values of ours (the rubric, the range), put in as they are.
        fenced: values from elsewhere: from a batch, from a user.

    Example:
        >>> print(render("Judge {completion} by {rubric}.", {"rubric": "clarity"}, {"completion": "{rubric}!"}))
        Judge <<<completion fa049d5567a0dacc
        {rubric}!
        fa049d5567a0dacc>>> by clarity.
    """
    values = {**{name: fence(name, text) for name, text in fenced.items()}, **plain}
    if missing := [name for name in slots(template) if name not in values]:
        raise BadInput("slots of a prompt", ", ".join(missing), ", ".join(sorted(values)))
    return _SLOT.sub(lambda match: values[match.group(1)], template)


def fence(name: str, text: str) -> str:
    """A text between marks that it cannot hold, because they are a hash of it (and the same on every run)."""
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"<<<{name} {mark}\n{text}\n{mark}>>>"
