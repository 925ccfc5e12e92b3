"""The algebra: a reward is a value, a tree of named pure functions of recorded experience.

    reward = 1.0 * success + 0.1 * effort | Potential(height, discount=0.99) | Clip(-1, 1)

``Reward`` is a node that turns a batch into one number per step; ``Transform`` turns reward arrays
into reward arrays.  Composition is closed and goes left to right.  Laws (tested on every public
object): the shares in ``terms()`` sum to the reward; ``+`` and ``|`` associate; nothing changes its
inputs; NaN means 'no verdict' and spreads; infinity is an error.
"""

from __future__ import annotations

import enum
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .arrays import Array, Batch, is_traced, xp
from .errors import BadInput, CompositionError, NonFiniteError, ScopeError
from .node import Node, as_number, number, walk


class Scope(enum.IntEnum):
    """The smallest unit that a reward must see whole."""

    STEP = 1
    EPISODE = 2
    GROUP = 3


@dataclass(frozen=True)
class Shares:
    """A reward array and what each named part contributed to it (the parts sum to the total)."""

    total: Array
    parts: dict[str, Array]


@dataclass(frozen=True)
class Reward(Node):
    """A tree that maps a batch to one number per step, shape ``(...)`` or ``(..., T)``, time last."""

    # ------------------------------------------------------------------ evaluation
    def __call__(self, batch: Batch) -> Array:
        """The reward of every step.

        Raises:
            MissingField: a field that a term reads is not in the batch.
            NonFiniteError: a value is infinite.
        """
        return self.apply(batch, self.init(batch))[0]

    def terms(self, batch: Batch) -> dict[str, Array]:
        """What each part contributed; the values sum to ``self(batch)``."""
        return self.explain(batch, self.init(batch))[0].parts

    def init(self, batch: Batch) -> Any:
        """The state before the first batch: one entry for each child (``()`` where nothing is kept)."""
        return tuple(child.init(batch) for child in self.children() if isinstance(child, (Reward, Transform)))

    def apply(self, batch: Batch, state: Any) -> tuple[Array, Any]:
        """One step of a stateful evaluation: reward array and the state for the next batch."""
        shares, state = self.explain(batch, state)
        return shares.total, state

    def explain(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        """As ``apply``, with the share of every part."""
        # Infinity is an error of ours and NaN has a meaning, so NumPy's warnings would say it twice.
        with np.errstate(all="ignore"):
            shares, state = self.share(batch, state)
        return Shares(_finite(shares.total, self), shares.parts), state

    @abstractmethod
    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        """What a subclass defines: total and shares, unchecked."""

    # ------------------------------------------------------------------ what it needs
    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that the tree reads."""
        return frozenset().union(
            *(child.fields for child in self.children() if isinstance(child, (Reward, Transform)))
        )

    @property
    def scope(self) -> Scope:
        """The widest scope of any part."""
        return max(
            (child.scope for child in self.children() if isinstance(child, (Reward, Transform))),
            default=Scope.STEP,
        )

    # ------------------------------------------------------------------ composition
    def __add__(self, other: Any) -> Reward:
        return add(self, other)

    def __radd__(self, other: Any) -> Reward:
        return add(other, self)

    def __neg__(self) -> Reward:
        # -(w * a) is (-w) * a, so that 'b - w * a' prints and parses as it is written.
        if isinstance(self, Piped) and isinstance(self.transform, Scale):
            return Piped(self.reward, Scale(-self.transform.weight))
        return Piped(self, Scale(-1.0))

    def __sub__(self, other: Any) -> Reward:
        return add(self, -as_reward(other))

    def __rsub__(self, other: Any) -> Reward:
        return add(other, -self)

    def __mul__(self, other: Any) -> Reward:
        if isinstance(other, Reward):
            return Product((*_flat(self, Product), *_flat(other, Product)))
        return Piped(self, Scale(as_number(other, "weight of a reward")))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Reward:
        if isinstance(other, Reward):
            raise CompositionError(f"a reward cannot be divided by a reward: {self} / {other}")
        return self * (1.0 / as_number(other, "divisor of a reward"))

    def __or__(self, other: Any) -> Reward:
        if not isinstance(other, Transform):
            raise CompositionError(
                f"'|' joins a reward and a transform; received {self} | {other!r} ({type(other).__name__})"
            )
        if isinstance(other, Chain):
            piped: Reward = self
            for step in other.steps:
                piped = piped | step
            return piped
        other.check(self)
        return Piped(self, other)

    def __str__(self) -> str:
        from .text import show

        return show(self)

    __repr__ = __str__


@dataclass(frozen=True)
class Transform(Node):
    """Reward array -> reward array, with explicit state in and out.

    ``linear`` transforms without state act on every part alone; the effect of any other transform is
    listed in ``terms()`` as a part of its own, under the transform's label.
    """

    linear: ClassVar[bool] = False
    own_scope: ClassVar[Scope] = Scope.STEP

    def init(self, batch: Batch) -> Any:
        """State before the first batch."""
        del batch
        return ()

    @abstractmethod
    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        """Transform one array; ``reward`` has the leading shape of the batch, time last."""

    def check(self, reward: Reward) -> None:
        """Refuse, when composed, a reward that this transform cannot follow."""

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that the transform reads besides the reward."""
        return frozenset()

    @property
    def scope(self) -> Scope:
        """What the transform must see whole."""
        return self.own_scope

    def __or__(self, other: Any) -> Transform:
        if not isinstance(other, Transform):
            raise CompositionError(f"'|' after a transform takes a transform; received {self} | {other!r}")
        return Chain((*_flat(self, Chain), *_flat(other, Chain)))

    def __str__(self) -> str:
        from .text import show

        return show(self)

    __repr__ = __str__


# ---------------------------------------------------------------------- nodes
@dataclass(frozen=True, repr=False)
class Constant(Reward):
    """The same number at every step (a living cost, say)."""

    value: float = number()

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        total = _ones(batch) * self.value
        return Shares(total, {self.label: total}), state


@dataclass(frozen=True, repr=False)
class Sum(Reward):
    """a + b + ..."""

    parts: tuple[Reward, ...]

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        shares, state = _each(self.parts, batch, state)
        total = shares[0].total
        for share in shares[1:]:
            total = total + share.total
        return Shares(total, _merge([share.parts for share in shares])), state


@dataclass(frozen=True, repr=False)
class Product(Reward):
    """a * b * ...; one part in ``terms()``, because a product cannot be split fairly."""

    parts: tuple[Reward, ...]

    @property
    def label(self) -> str:
        return "*".join(part.label for part in self.parts)

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        shares, state = _each(self.parts, batch, state)
        total = shares[0].total
        for share in shares[1:]:
            total = total * share.total
        return Shares(total, {self.label: total}), state


@dataclass(frozen=True, repr=False)
class Minimum(Reward):
    """The smallest of several rewards; the share goes to the (first) smallest."""

    parts: tuple[Reward, ...]

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        shares, state = _each(self.parts, batch, state)
        total, parts = shares[0].total, shares[0].parts
        lib = xp(total)
        for share in shares[1:]:
            keep = ~(share.total < total)  # NaN on either side: keep, and let the sum spread it
            # 0 * part rather than 0, so that a missing verdict shows in the shares too
            later = {name: lib.where(keep, 0.0 * part, part) for name, part in share.parts.items()}
            parts = _merge([{name: lib.where(keep, part, 0.0 * part) for name, part in parts.items()}, later])
            total = lib.where(keep, total + 0.0 * share.total, share.total)
        return Shares(total, parts), state


@dataclass(frozen=True, repr=False)
class Gate(Reward):
    """r(s) where ``when(s) > above``, else 0; NaN where ``when`` has no verdict."""

    reward: Reward
    when: Reward
    above: float = number(default=0.0)

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        (share, when), state = _each((self.reward, self.when), batch, state)
        lib = xp(share.total)
        is_open = when.total > self.above
        silent = 0.0 * when.total  # 0, or NaN where the gate has no verdict

        def gated(array: Array) -> Array:
            return lib.where(is_open, array, 0.0) + silent

        return Shares(gated(share.total), {name: gated(part) for name, part in share.parts.items()}), state


@dataclass(frozen=True, repr=False)
class Lexicographic(Reward):
    r"""Earlier parts always outweigh all later ones together.

    r = \sum_i L^{-i} d_i,  d_i = min(floor(L x_i), L - 1) / L  (the last part is not rounded), where x_i is
    part i limited to [0, 1] and L = ``levels``.  Parts must therefore be scaled to [0, 1]; differences
    below 1/L of a part that is not the last count as ties.
    """

    parts: tuple[Reward, ...]
    levels: int = 100

    def __post_init__(self) -> None:
        if self.levels < 2:
            raise BadInput("levels of lexicographic", self.levels, "at least 2")

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        shares, state = _each(self.parts, batch, state)
        lib, top = xp(shares[0].total), (self.levels - 1) / self.levels
        digits: list[Array] = []
        for i, share in enumerate(shares):
            x = lib.clip(share.total, 0.0, 1.0)
            last = i == len(shares) - 1
            digit = x * top if last else lib.clip(lib.floor(x * self.levels) / self.levels, 0.0, top)
            digits.append(digit * float(self.levels) ** -i)
        total = digits[0]
        for digit in digits[1:]:
            total = total + digit
        parts = _merge([{part.label: digit} for part, digit in zip(self.parts, digits, strict=True)])
        return Shares(total, parts), state


@dataclass(frozen=True, repr=False)
class Piped(Reward):
    """reward | transform."""

    reward: Reward
    transform: Transform

    @property
    def label(self) -> str:
        return self.reward.label if isinstance(self.transform, Scale) else self.transform.label

    def child_label(self, child: Node) -> str:
        # '0.1 * effort' lists its weight as 'effort.weight'
        return self.reward.label if isinstance(child, Scale) else child.label

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        before, inner = self.reward.share(batch, state[0])
        total, own = self.transform.apply(before.total, batch, state[1])
        if self.transform.linear and own == ():
            parts = {k: self.transform.apply(v, batch, state[1])[0] for k, v in before.parts.items()}
        else:
            parts = _merge([before.parts, {self.transform.label: total - before.total}])
        return Shares(total, parts), (inner, own)


@dataclass(frozen=True, repr=False)
class AtNext(Reward):
    """A term evaluated one step later: every field it reads is replaced by its twin."""

    reward: Reward

    @property
    def label(self) -> str:
        return f"next_{self.reward.label}"

    @property
    def fields(self) -> frozenset[str]:
        return frozenset("next_" + name for name in self.reward.fields)

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        from .fields import at_next_fields

        later = at_next_fields(batch, self.reward.fields, str(self))
        shares, inner = self.reward.share(later, state[0])
        return Shares(shares.total, {f"next_{name}": part for name, part in shares.parts.items()}), (inner,)


@dataclass(frozen=True, repr=False)
class Scale(Transform):
    """``weight * r``; written ``2.0 * reward``."""

    weight: float = number()
    linear: ClassVar[bool] = True

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        del batch
        return self.weight * reward, state


@dataclass(frozen=True, repr=False)
class Chain(Transform):
    """Several transforms in a row, before there is a reward to put them on."""

    steps: tuple[Transform, ...]

    def init(self, batch: Batch) -> Any:
        return tuple(step.init(batch) for step in self.steps)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        after: list[Any] = []
        for step, own in zip(self.steps, state, strict=True):
            reward, own = step.apply(reward, batch, own)
            after.append(own)
        return reward, tuple(after)

    @property
    def fields(self) -> frozenset[str]:
        return frozenset().union(*(step.fields for step in self.steps))

    @property
    def scope(self) -> Scope:
        return max((step.scope for step in self.steps), default=Scope.STEP)


# ---------------------------------------------------------------------- constructors
def add(*rewards: Reward | float) -> Reward:
    """The sum; nested sums are flattened, so that addition associates structurally."""
    parts = tuple(part for reward in rewards for part in _flat(as_reward(reward), Sum))
    return parts[0] if len(parts) == 1 else Sum(parts)


def minimum(*rewards: Reward) -> Reward:
    """The smallest of several rewards: nothing is gained by excelling at one and failing another."""
    if not rewards:
        raise BadInput("minimum", "no rewards", "one or more rewards")
    return Minimum(tuple(as_reward(reward) for reward in rewards))


def gate(reward: Reward, *, when: Reward, above: float = 0.0) -> Reward:
    """Pay ``reward`` only where ``when`` exceeds ``above``."""
    return Gate(as_reward(reward), as_reward(when), above)


def lexicographic(*rewards: Reward, levels: int = 100) -> Reward:
    """Rewards in order of importance, each scaled to [0, 1]; see ``Lexicographic``."""
    if not rewards:
        raise BadInput("lexicographic", "no rewards", "one or more rewards, the most important first")
    return Lexicographic(tuple(as_reward(reward) for reward in rewards), levels)


def at_next(reward: Reward) -> Reward:
    """Evaluate a term over state fields at the next state."""
    wrong = sorted(name for name in reward.fields if name == "action" or name.startswith("next_"))
    if wrong:
        raise CompositionError(f"at_next({reward}) needs a term over state fields; it reads {', '.join(wrong)}")
    return AtNext(reward)


def as_reward(value: Any) -> Reward:
    """A reward as it is; a number as a constant reward."""
    if isinstance(value, Reward):
        return value
    if isinstance(value, Transform) or callable(value):
        raise CompositionError(f"{value!r} is not a reward; functions become rewards with @rewardsmith.term")
    return Constant(as_number(value, "constant reward"))


def require_scope(reward: Reward, available: Scope, where: str) -> None:
    """Refuse to wire a reward where its scope cannot be met.

    Raises:
        ScopeError: naming the part that needs more and the place that cannot give it.
    """
    if reward.scope <= available:
        return
    culprit = next(
        node
        for node in reversed(list(walk(reward)))
        if isinstance(node, (Reward, Transform)) and node.scope > available
    )
    raise ScopeError(
        f"{culprit} must see a whole {culprit.scope.name}, but {where} shows one {available.name} at a time"
    )


# ---------------------------------------------------------------------- helpers
def _flat(node: Any, kind: type[Any]) -> tuple[Any, ...]:
    if not isinstance(node, kind):
        return (node,)
    return node.steps if isinstance(node, Chain) else node.parts


def _each(parts: tuple[Reward, ...], batch: Batch, state: Any) -> tuple[list[Shares], Any]:
    pairs = [part.share(batch, own) for part, own in zip(parts, state, strict=True)]
    return [share for share, _ in pairs], tuple(own for _, own in pairs)


def _merge(groups: list[dict[str, Array]]) -> dict[str, Array]:
    merged: dict[str, Array] = {}
    for group in groups:
        for name, part in group.items():
            merged[name] = merged[name] + part if name in merged else part
    return merged


def leading_shape(batch: Batch) -> tuple[int, ...]:
    """The leading axes of a batch: the shape of ``terminated``, else what all arrays share in front."""
    if "terminated" in batch:
        return tuple(batch["terminated"].shape)
    shapes = [tuple(v.shape) if hasattr(v, "shape") else (len(v),) for v in batch.values()]
    shared: list[int] = []
    for sizes in zip(*shapes, strict=False):
        if len(set(sizes)) > 1:
            break
        shared.append(sizes[0])
    return tuple(shared)


def _ones(batch: Mapping[str, Any]) -> Array:
    arrays = [value for value in batch.values() if hasattr(value, "shape")]
    floats = [value for value in arrays if "float" in str(value.dtype)]
    kind = {"dtype": floats[0].dtype} if floats else {}
    return xp(*arrays[:1]).ones(leading_shape(batch), **kind)


def _finite(total: Array, reward: Reward) -> Array:
    if is_traced(total):
        return total
    lib = xp(total)
    infinite = lib.isinf(total)
    if bool(lib.any(infinite)):
        count = int(lib.sum(infinite))
        raise NonFiniteError(
            f"{reward} is infinite at {count} of {total.size if hasattr(total, 'size') else 1} steps; "
            "allowed: finite numbers, or NaN for 'no verdict'"
        )
    return total
