"""Schema: methods as YAML files, read strictly, and as records in the journal."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import Any

from ..core.errors import BadInput, MissingExtra
from . import screen, strategy
from .fit import Fit
from .method import Method, Selection, Training, Writing

FOLDER = Path(__file__).parent / "methods"
DEFAULT = "rewardsmith"
_LATER = {"checkpoint": "last"}  # keys of training that were not always there
_MOST_BYTES = 1 << 18
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "bool": "true or false",
    "string": "a text",
    "tuple": "a list",
    "list": "a list",
    "dict": "a mapping",
    "none_required": "nothing (null)",
}
_SECTIONS: dict[str, type[Any]] = {"writing": Writing, "training": Training, "selection": Selection, "fit": Fit}


def kinds(package: Any, protocol: str) -> dict[str, type[Any]]:
    """The classes of a package by their ``kind``: everything that it exports and that has one."""
    found = [getattr(package, name) for name in package.__all__ if name != protocol]
    return {each.kind: each for each in found if hasattr(each, "kind")}


def method_names() -> tuple[str, ...]:
    """Names of the shipped methods, the default first."""
    names = sorted(path.stem for path in FOLDER.glob("*.yaml"))
    return (DEFAULT, *(name for name in names if name != DEFAULT))


@cache
def load_method(spec: str) -> Method:
    """A shipped method by name, or a user's own by the path of a YAML file.

    Raises:
        BadInput: for an unknown name, with the nearest ones, or for what a file says.
    """
    path = FOLDER / f"{spec}.yaml"
    if spec.endswith((".yaml", ".yml")):
        path = Path(spec)
        if not path.is_file():
            raise BadInput("method", repr(spec), "the path of a YAML file", "there is no such file")
    elif spec not in method_names():
        near = difflib.get_close_matches(spec, method_names(), n=1)
        hint = f"did you mean {near[0]}?" if near else ""
        raise BadInput("method", repr(spec), ", ".join(method_names()) + ", or a YAML file", hint)
    return parse_method(_yaml(path), path.name)


def methods() -> dict[str, Method]:
    """Every shipped method by name."""
    return {name: load_method(name) for name in method_names()}


def parse_method(data: Any, where: str = "method") -> Method:
    """A method from plain data, as YAML or a journal holds it.

    Raises:
        BadInput: for unknown keys, wrong types or values out of range, in one line with the key.
    """
    if not isinstance(data, Mapping):
        received = "nothing" if data is None else f"a {type(data).__name__}"
        raise BadInput(where, received, "a mapping with name, meaning and strategy")
    if not isinstance(data.get("strategy"), Mapping):
        received = f"{data['strategy']!r}"[:80] if "strategy" in data else "nothing"
        raise BadInput(f"{where}: strategy", received, "a mapping with a kind, such as {kind: best}")
    given = dict(data)
    parts: dict[str, Any] = {}
    parts["strategy"] = _kind(given.pop("strategy"), kinds(strategy, "Strategy"), f"{where}: strategy")
    rows = given.pop("screens", [])
    if not isinstance(rows, (list, tuple)):
        raise BadInput(f"{where}: screens", type(rows).__name__, "a list")
    known = kinds(screen, "Screen")
    parts["screens"] = tuple(_kind(row, known, f"{where}: screens[{i}]") for i, row in enumerate(rows))
    for name, section in _SECTIONS.items():
        if name in given:
            parts[name] = _filled(section, given.pop(name), f"{where}: {name}")
    return _filled(Method, given, where, parts)


def record_of(method: Method) -> dict[str, Any]:
    """A method as plain data: ``parse_method`` gives it back.

    Keys that came later are left out at their default, so that runs of before keep their ids.
    """
    record = _whole(method)
    for key, default in _LATER.items():
        if record["training"][key] == default:
            del record["training"][key]
    return record


def _whole(method: Method) -> dict[str, Any]:
    record = asdict(method)
    record["strategy"] = {"kind": method.strategy.kind, **record["strategy"]}
    screens: tuple[Any, ...] = method.screens  # any frozen dataclass with a kind
    record["screens"] = [{"kind": each.kind, **asdict(each)} for each in screens]
    record["open"] = dict(method.open)
    if method.fit is None:
        del record["fit"]
    return json.loads(json.dumps(record))


def flat(method: Method) -> dict[str, str]:
    """Every key of a method as ``section.key`` with its value as text, for tables and differences."""
    found: dict[str, str] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, below in value.items():
                walk(f"{prefix}.{key}" if prefix else key, below)
        elif prefix == "screens":
            for row in value:
                walk(f"screens.{row['kind']}", {k: v for k, v in row.items() if k != "kind"} or "on")
        elif isinstance(value, list):
            found[prefix] = ", ".join(map(str, value)) or "-"
        else:
            found[prefix] = str(value)

    walk("", {key: value for key, value in _whole(method).items() if key != "open"})
    return found


def _kind(data: Any, known: Mapping[str, type[Any]], where: str) -> Any:
    if not isinstance(data, Mapping) or data.get("kind") not in known:
        got = data.get("kind") if isinstance(data, Mapping) else data
        raise BadInput(f"{where}.kind", repr(got), ", ".join(known))
    return _filled(known[data["kind"]], {k: v for k, v in data.items() if k != "kind"}, where)


def _filled(made: type[Any], data: Any, where: str, parts: Mapping[str, Any] | None = None) -> Any:
    """An instance from plain data: types by pydantic, strictly; ranges by the class itself."""
    if not isinstance(data, Mapping):
        raise BadInput(where, f"a {type(data).__name__}", "a mapping")
    names = [each.name for each in fields(made)]
    unknown = sorted(set(map(str, data)) - set(names))
    if unknown:
        near = difflib.get_close_matches(unknown[0], names, n=1)
        raise BadInput(
            where, f"key {unknown[0]!r}", ", ".join(names), f"did you mean {near[0]}?" if near else ""
        )
    values = {str(name): _typed(made, str(name), value, where) for name, value in data.items()}
    missing = [name for name in ("name", "meaning") if made is Method and name not in values]
    if missing:
        raise BadInput(where, f"no {missing[0]}", "name, meaning and strategy at least")
    return made(**values, **(parts or {}))


def _typed(made: type[Any], name: str, value: Any, where: str) -> Any:
    """A value of the type that the class declares."""
    try:
        import pydantic
    except ImportError:
        raise MissingExtra("pydantic", "control", "methods") from None
    declared = _hints(made)[name]
    try:
        # JSON knows lists only, so tuples are read from them although nothing else is converted
        return pydantic.TypeAdapter(declared).validate_json(json.dumps(value), strict=True)
    except (pydantic.ValidationError, TypeError, ValueError) as error:
        said = _allowed(error.errors()[0]) if isinstance(error, pydantic.ValidationError) else str(error)
        raise BadInput(f"{where}: {name}", _shown(value), " ".join(said.split())) from None


def _allowed(problem: Mapping[str, Any]) -> str:
    """What would have been right, in our words; the place inside a list or a mapping is named."""
    kind = str(problem["type"]).removesuffix("_type").removesuffix("_parsing").removesuffix("_from_float")
    if kind == "literal_error":
        return str(problem["ctx"]["expected"])
    said = _WORDS.get(kind) or str(problem["msg"])
    place = [each for each in problem["loc"] if isinstance(each, int)]
    return f"{said} at place {place[0]}" if place else said


def _shown(value: Any) -> str:
    try:
        return repr(value)[:200]
    except ValueError:  # Python does not write numbers of more than 4,300 digits
        return "a number of too many digits"


@cache
def _hints(made: type[Any]) -> dict[str, Any]:
    import typing

    return typing.get_type_hints(made)


def _yaml(path: Path) -> Any:
    try:
        import yaml
    except ImportError:
        raise MissingExtra("PyYAML", "control", "methods") from None
    allowed = f"a YAML file of at most {_MOST_BYTES >> 10} KiB, without anchors, every key once"
    try:
        data = path.read_bytes()
        if len(data) > _MOST_BYTES:
            raise ValueError(f"{len(data):,} bytes")
        return yaml.load(data.decode(), Loader=_loader())
    except RecursionError:
        raise BadInput("method file", str(path), allowed, "it is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:  # which UnicodeDecodeError is, and a date that is none
        raise BadInput("method file", str(path), allowed, " ".join(str(error).split())[:200]) from None


@cache
def _loader() -> Any:
    """PyYAML's safe loader without anchors, by which a small file becomes a large value, and double keys."""
    import yaml

    class Plain(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            event: Any = self.peek_event()
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise yaml.YAMLError(f"an anchor or alias in line {event.start_mark.line + 1}")
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            names = [key.value for key, _ in node.value if isinstance(key.value, str)]
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise yaml.YAMLError(f"the key {twice!r} twice in one mapping")
            return super().construct_mapping(node, deep)

    return Plain
