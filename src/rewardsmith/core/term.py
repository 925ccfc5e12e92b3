"""Terms: leaf rewards, made from plain functions that read fields by name."""

from __future__ import annotations

import importlib
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self, Unpack, overload

import numpy as np

from .algebra import Reward, Scope, Shares, leading_shape
from .arrays import Array, Batch, is_array, xp
from .errors import BadInput, CompositionError
from .fields import NEXT, read_field
from .node import Node, as_number
from .samples.each import HOW, How, checked, evaluate_each, refuse_unreachable, sample_shape


@dataclass(frozen=True)
class Info:
    """What people should know of a term: unit and bounds of its values, and where its formula is from."""

    unit: str = "1"
    low: float = -math.inf
    high: float = math.inf
    source: str = ""


@dataclass(frozen=True, repr=False)
class Term(Reward):
    """A named pure function of fields.

    Positional parameters of ``function`` are field names; keyword-only parameters with a default are
    numbers, or (where the default is a text, a truth value, None or a tuple of them) options.  Calling a
    term with a batch evaluates it, calling it with keywords sets them: ``bump(width=0.5)(batch)``.

    A field is pointed at another field of the batch in the same way: ``distance(position="hand")``, or at
    several, which become columns of a last axis: ``distance(position=("x", "y"))``.  Its twin follows.
    """

    function: Callable[..., Array]
    settings: tuple[tuple[str, Any], ...] = ()
    needs: Scope = Scope.STEP
    options: tuple[tuple[str, Any], ...] = ()
    info: Info = field(default=Info(), compare=False)
    at: tuple[tuple[str, Any], ...] = ()  # parameter -> the field, or fields, that it reads instead
    each: bool = False  # the function gets one sample, and runs concurrently with others

    @property
    def name(self) -> str:
        """The name of the function: what texts and files call the term."""
        return self.function.__name__

    @property
    def label(self) -> str:
        """The name, and the fields that it was pointed at."""
        return "_".join([self.name, *(field for _, where in self.at for field in _as_names(where))])

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(name for each in _reads(self.function) for name in _as_names(self._where(each)))

    @property
    def scope(self) -> Scope:
        return self.needs

    def __call__(self, batch: Batch | None = None, /, **numbers: Any) -> Any:
        if batch is None:
            return self.set(**numbers)
        if numbers:
            raise BadInput(self.label, "a batch and numbers at once", "term(number=...)(batch)")
        return Reward.__call__(self, batch)

    def set(self, **changes: Any) -> Self:
        """The same term with other numbers, options or fields."""
        reads = _reads(self.function)
        own = [name for name, _ in (*self.settings, *self.options)]
        unknown = sorted(set(changes) - {*own, *reads})
        if unknown:
            known = f"{', '.join(own) or 'none'}; fields {', '.join(reads) or 'none'}"
            raise BadInput(f"numbers of {self.label}", ", ".join(unknown), known)
        numbers = tuple((k, as_number(changes.get(k, v), f"{self.label}.{k}")) for k, v in self.settings)
        options = tuple((k, _as_option(changes.get(k, v), f"{self.label}.{k}")) for k, v in self.options)
        if self.each:
            checked(self.label, {name: value for name, value in options if name in HOW})
        given = dict(self.at)
        given |= {k: _as_field(v, f"{self.name}.{k}") for k, v in changes.items() if k in reads}
        at = tuple((name, given[name]) for name in reads if given.get(name, name) != name)
        return replace(self, settings=numbers, options=options, at=at)

    def own_numbers(self) -> dict[str, Any]:
        return dict(self.settings)

    def with_own(self, numbers: Mapping[str, Any], children: tuple[Node, ...]) -> Self:
        del children
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__, settings=tuple((name, numbers[name]) for name, _ in self.settings))
        return new

    def children(self) -> tuple[Node, ...]:
        return ()

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        columns = {name: self._argument(batch, name) for name in _reads(self.function)}
        given = {**dict(self.settings), **dict(self.options)}
        if self.each:
            how = {name: given.pop(name) for name in HOW}
            shape = sample_shape(columns, batch)
            values = evaluate_each(self.label, self.function, columns, given, how, shape)
        else:
            values = self.function(*columns.values(), **given)
        total = one_per_step(values, batch, self.label)
        return Shares(total, {self.label: total}), state

    def _where(self, name: str) -> Any:
        """The field, or the fields, that a parameter reads."""
        at = dict(self.at)
        if name in at or not name.startswith(NEXT):
            return at.get(name, name)
        now = at.get(name.removeprefix(NEXT), name.removeprefix(NEXT))
        return NEXT + now if isinstance(now, str) else tuple(NEXT + each for each in now)

    def _argument(self, batch: Batch, name: str) -> Any:
        where = self._where(name)
        columns = [read_field(batch, each, f"term {self.label}") for each in _as_names(where)]
        return columns[0] if isinstance(where, str) else xp(*columns).stack(columns, axis=-1)

    def __reduce__(self) -> tuple[Any, ...]:
        # By reference, like functions: the module attribute is the term itself, not the function.
        function = self.function
        if "<" in function.__qualname__:
            raise CompositionError(
                f"term {self.label} cannot be pickled: it is defined inside {function.__qualname__}; "
                "define it at the top level of a module"
            )
        given = (*self.settings, *self.options, *self.at)
        return _load, (function.__module__, function.__qualname__, given)


@overload
def term(function: Callable[..., Any]) -> Term: ...
@overload
def term(
    *,
    scope: Scope = ...,
    unit: str = ...,
    low: float = ...,
    high: float = ...,
    source: str = ...,
    each: bool = ...,
    **how: Unpack[How],
) -> Callable[[Callable[..., Any]], Term]: ...


def term(
    function: Callable[..., Any] | None = None,
    *,
    scope: Scope = Scope.STEP,
    unit: str = "1",
    low: float = -math.inf,
    high: float = math.inf,
    source: str = "",
    each: bool = False,
    **how: Unpack[How],
) -> Any:
    """Make a reward from a function of fields.

    Args:
        function: reads fields by the names of its positional parameters; keyword-only parameters
            with a default are numbers of the reward, or options where the default is no number.
        scope: what the function must see whole (``Scope.STEP`` unless said).
        unit, low, high, source: what people should know of its values; see ``Term.info``.
        each: the function gets one sample's values (a text, a number) and returns one number, or None for no
            verdict.  All samples are evaluated concurrently and keep their order: a plain function in worker
            processes (see ``core.samples.pool``), an ``async def`` in an event loop of its own.
        how: with ``each`` only, and options of the term: ``timeout`` (10.0 seconds for each sample, after which
            its work is really ended), ``concurrency`` (32), and ``on_error``, what a sample is worth whose
            function raises, hangs or dies: ``"abstain"`` (NaN; one line of the log says how many), ``"raise"``
            or a number.  Errors of rewardsmith (a bad option, a missing package) are always raised.

    Example:
        >>> import numpy as np
        >>> @term
        ... def effort(action, *, weight=0.5):
        ...     return -weight * action**2
        >>> effort({"action": np.array([1.0, 2.0])}).tolist()
        [-0.5, -2.0]
        >>> effort(weight=1.0).numbers()
        {'effort.weight': 1.0}
    """
    maker = TermMaker(scope, Info(unit, low, high, source), each, tuple(how.items()))
    return maker if function is None else maker(function)


@dataclass(frozen=True)
class TermMaker:
    """``term`` with its arguments, before it is given a function."""

    scope: Scope
    info: Info
    each: bool = False
    how: tuple[tuple[str, Any], ...] = ()

    def __call__(self, function: Callable[..., Any]) -> Term:
        if isinstance(function, Term):
            return function
        if not inspect.isfunction(function):
            raise CompositionError(f"@term takes a plain function; received {function!r}")
        settings, options = parameters_of(function)
        if not (self.each or self.how):
            return Term(function, settings, self.scope, options, self.info)
        if not self.each:
            names = ", ".join(name for name, _ in self.how)
            raise CompositionError(f"term {function.__name__}: {names} needs each=True")
        refuse_unreachable(function)
        how = checked(function.__name__, dict(self.how))
        if taken := sorted({name for name, _ in (*settings, *options)} & set(how)):
            names = ", ".join(taken)
            raise CompositionError(f"term {function.__name__}: each=True sets {names}; rename the parameter")
        return Term(function, settings, self.scope, (*options, *how.items()), self.info, each=True)


Pairs = tuple[tuple[str, Any], ...]


def parameters_of(function: Callable[..., Any]) -> tuple[Pairs, Pairs]:
    """Numbers and options of a function: its keyword-only parameters, with their defaults."""
    settings: list[tuple[str, Any]] = []
    options: list[tuple[str, Any]] = []
    for parameter in inspect.signature(function).parameters.values():
        name, default = parameter.name, parameter.default
        what = f"{function.__name__}.{name}"
        if parameter.kind is parameter.KEYWORD_ONLY and default is not parameter.empty:
            if default is None or isinstance(default, (str, bool, tuple)):
                options.append((name, _as_option(default, what)))
            else:
                settings.append((name, as_number(default, what)))
        elif parameter.kind is not parameter.POSITIONAL_OR_KEYWORD or default is not parameter.empty:
            raise CompositionError(
                f"term {function.__name__}: the parameter {parameter} is neither a field (a plain name) "
                "nor a number (keyword-only, with a default)"
            )
    return tuple(settings), tuple(options)


def _as_option(value: Any, what: str) -> Any:
    """Options print and compare: texts, truth values, None, finite numbers, and tuples of them."""
    if isinstance(value, (tuple, list)):
        return tuple(_as_option(item, what) for item in value)
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise BadInput(what, repr(value), "a text, a truth value, None, a number, or a tuple of them")


def _as_field(value: Any, what: str) -> str | tuple[str, ...]:
    """The name of a field, or a tuple of names."""
    names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, (tuple, list)) else ()
    if not names or not all(isinstance(name, str) and name.isidentifier() for name in names):
        raise BadInput(f"field {what}", repr(value), "the name of a field, or a tuple of names")
    return value if isinstance(value, str) else names


def _as_names(where: Any) -> tuple[str, ...]:
    return (where,) if isinstance(where, str) else where


def terms_by_name(terms: Iterable[Term] | Mapping[str, Term]) -> dict[str, Term]:
    """A name table for readers of text and JSON; ``success`` is always in it."""
    given = {str(name): each for name, each in terms.items()} if isinstance(terms, Mapping) else None
    return {"success": success} | (given or {each.name: each for each in terms if isinstance(each, Term)})


def _reads(function: Callable[..., Any]) -> tuple[str, ...]:
    code = function.__code__
    return code.co_varnames[: code.co_argcount]


def one_per_step(value: Any, batch: Batch, name: str) -> Array:
    """A float array with the leading shape of the batch; None in a list is 'no verdict'."""
    if not is_array(value):
        value = np.asarray([np.nan if v is None else v for v in value] if isinstance(value, list) else value)
    kind = str(value.dtype)
    if "bool" in kind or "int" in kind:
        value = value * xp(value).ones((), dtype=_float_of(value))
    elif "float" not in kind:
        raise BadInput(
            f"result of term {name}", f"an array of {kind}", "numbers (None in a list for no verdict)"
        )
    if "terminated" in batch and (shape := leading_shape(batch)) != tuple(value.shape):
        hint = "sum or average over the last axis" if tuple(value.shape)[: len(shape)] == shape else ""
        if tuple(value.shape) == ():
            return value * xp(value).ones(shape, dtype=value.dtype)
        raise BadInput(
            f"result of term {name}", f"shape {tuple(value.shape)}", f"{shape}, one number per step", hint
        )
    return value


def _float_of(value: Array) -> Any:
    lib = xp(value)
    return lib.float64 if lib.__name__ == "numpy" else lib.float32


def _load(module: str, name: str, settings: tuple[tuple[str, Any], ...]) -> Term:
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found.set(**dict(settings))


@term(low=0.0, high=1.0)
def success(success: Array) -> Array:
    """What is really wanted, per step, 0..1: the field ``success``, which tasks give only on request."""
    return success
