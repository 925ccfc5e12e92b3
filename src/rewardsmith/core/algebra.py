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
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from .arrays import Array, Batch, is_traced, xp
from .errors import CompositionError, NonFiniteError, ScopeError
from .laws import Laws
from .node import Node, as_number, walk


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
        # Infinity is an error of ours and NaN has a meaning, so NumPy's warnings would say it twice.
        with np.errstate(all="ignore"):
            total, state = self.total(batch, state)
            return _finite(total, self), state

    def explain(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        """As ``apply``, with the share of every part."""
        with np.errstate(all="ignore"):
            shares, state = self.share(batch, state)
            return Shares(_finite(shares.total, self), shares.parts), state

    @abstractmethod
    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        """What a subclass defines: total and shares, unchecked."""

    def total(self, batch: Batch, state: Any) -> tuple[Array, Any]:
        """As ``share``, without the shares: nodes that can save work define it.  The same numbers and state."""
        shares, state = self.share(batch, state)
        return shares.total, state

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
        return _nodes().add(self, other)

    def __radd__(self, other: Any) -> Reward:
        return _nodes().add(other, self)

    def __neg__(self) -> Reward:
        return _nodes().negate(self)

    def __sub__(self, other: Any) -> Reward:
        return _nodes().add(self, -_nodes().as_reward(other))

    def __rsub__(self, other: Any) -> Reward:
        return _nodes().add(other, -self)

    def __mul__(self, other: Any) -> Reward:
        return _nodes().multiply(self, other)

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
        return _nodes().pipe(self, other)

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

    @property
    def laws(self) -> Laws:
        """What is promised of it; ``rewardsmith.testing.check_laws`` proves it or gives the counter-example."""
        return Laws()

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        """Small valid instances: what catalogues show and the conformance suite runs on."""
        return (cls(),)

    def __or__(self, other: Any) -> Transform:
        if not isinstance(other, Transform):
            raise CompositionError(f"'|' after a transform takes a transform; received {self} | {other!r}")
        return _nodes().chain(self, other)

    def __str__(self) -> str:
        from .text import show

        return show(self)

    __repr__ = __str__


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


def holds(state: Any) -> bool:
    """Whether a state of a reward holds anything: it is nested empty tuples where nothing is kept."""
    return not isinstance(state, tuple) or any(holds(part) for part in state)


def _nodes() -> Any:
    # The nodes are rewards, so their module imports this one.
    from . import nodes

    return nodes


def _finite(total: Array, reward: Reward) -> Array:
    if is_traced(total):
        return total
    lib = xp(total)
    if bool(lib.isfinite(lib.sum(total))):  # one pass; one infinity or NaN would show in the sum
        return total
    infinite = lib.isinf(total)
    if bool(lib.any(infinite)):
        count = int(lib.sum(infinite))
        steps = total.size if hasattr(total, "size") else 1
        one_line = " ".join(str(reward).split())
        raise NonFiniteError(
            f"{one_line} is infinite at {count} of {steps} steps; "
            "allowed: finite numbers, or NaN for 'no verdict'"
        )
    return total
