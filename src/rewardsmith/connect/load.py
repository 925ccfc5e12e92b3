"""Load a reward from a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..core.algebra import Reward
from ..core.errors import BadInput
from ..core.pyfile import run_file
from ..core.serial import from_json
from ..core.term import Term

_WANTED = "a Python file that defines `reward`, file.py:NAME, or a JSON file of rewardsmith.to_json"


def load_reward(source: str | Path | Mapping[str, Any], terms: Iterable[Term] = ()) -> Reward:
    """A reward from a Python file, from a JSON file, or from the data of ``rewardsmith.to_json``.

    A Python file is executed, with all the rights of this process: load your own files only.  A JSON file
    executes nothing; it may name the ready-made terms of the library and those given here.

    Args:
        source: ``reward.py`` (its variable ``reward``, else the only reward in it), ``reward.py:NAME``,
            ``reward.json``, or a mapping.
        terms: your own terms that a JSON file names.

    Raises:
        BadInput: the file is missing, is not Python (with the line), fails, or has no or several rewards.
    """
    if isinstance(source, Mapping):
        return _from_data(source, "reward", terms)
    file, name = split_source(source)
    if file.suffix == ".json":
        return _from_data(read_json(file), f"reward file {file}", terms)
    return pick(execute(file), file, name)[1]


def split_source(source: str | Path) -> tuple[Path, str]:
    """The file, and the name after ``.py:`` (else an empty text); it exists and is Python or JSON."""
    head, colon, name = str(source).rpartition(".py:")
    file = Path(f"{head}.py" if colon else source)
    if not file.is_file():
        why = "it is a folder" if file.is_dir() else "there is no such file"
        raise BadInput("reward", source, _WANTED, why)
    if file.suffix not in (".py", ".json"):
        raise BadInput("reward", source, _WANTED, "its name ends neither in .py nor in .json")
    return file, name if colon else ""


def _from_data(data: Any, what: str, terms: Iterable[Term]) -> Reward:
    from .. import terms as shipped

    known = {name: value for name, value in vars(shipped).items() if isinstance(value, Term)}
    known |= {term.name: term for term in terms}
    if not isinstance(data, Mapping):
        raise BadInput(what, f"a {type(data).__name__}", "an object of rewardsmith.to_json")
    reward = from_json(data, known)
    if not isinstance(reward, Reward):
        raise BadInput(what, f"a {type(reward).__name__}", "a reward", "a transform needs a reward before it")
    return reward


def read_json(file: Path) -> Any:
    """The data of a JSON file."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as problem:
        raise BadInput("reward file", str(file), _WANTED, f"not JSON ({problem})") from None


def pick(module: Any, file: Path, name: str) -> tuple[str, Reward]:
    """The reward of that name in a module, else the one that is meant, with its name."""
    found = {key: value for key, value in vars(module).items() if isinstance(value, Reward) and key[0] != "_"}
    if name:
        if name not in found:
            names = ", ".join(sorted(found)) or "none"
            raise BadInput("reward", f"{file}:{name}", f"the rewards in it: {names}", "it has no such reward")
        return name, found[name]
    given = getattr(module, "reward", None)
    if isinstance(given, Reward):
        return "reward", given
    if given is not None:
        raise BadInput("reward file", str(file), _WANTED, f"its `reward` is a {type(given).__name__}")
    if len(found) == 1:
        return next(iter(found.items()))
    if not found:
        raise BadInput("reward file", str(file), _WANTED, "it defines no reward")
    choices = " or ".join(f"{file}:{each}" for each in sorted(found))
    raise BadInput("reward file", f"{file} with several rewards", choices, "none of them is named `reward`")


def execute(file: Path) -> Any:
    """The module of a Python file, which is executed."""
    return run_file(file, "reward", _WANTED)
