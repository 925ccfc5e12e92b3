"""The nodes of the reward tree, and the functions and operators that build them in canonical form."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from .algebra import Reward, Scope, Shares, Transform, leading_shape
from .arrays import Array, Batch, xp
from .errors import BadInput, CompositionError
from .fields import at_next_fields
from .laws import Laws
from .node import Node, as_number, number
from .totals import total_of


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
        shares, state = share_each(self.parts, batch, state)
        total = shares[0].total
        for share in shares[1:]:
            total = total + share.total
        return Shares(total, merge_parts([share.parts for share in shares])), state

    def total(self, batch: Batch, state: Any) -> tuple[Array, Any]:
        return total_of(self.parts, batch, state, operator.add, operator.iadd)


@dataclass(frozen=True, repr=False)
class Product(Reward):
    """a * b * ...; one part in ``terms()``, because a product cannot be split fairly."""

    parts: tuple[Reward, ...]

    @property
    def label(self) -> str:
        return "*".join(part.label for part in self.parts)

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        shares, state = share_each(self.parts, batch, state)
        total = shares[0].total
        for share in shares[1:]:
            total = total * share.total
        return Shares(total, {self.label: total}), state

    def total(self, batch: Batch, state: Any) -> tuple[Array, Any]:
        return total_of(self.parts, batch, state, operator.mul, operator.imul)


@dataclass(frozen=True, repr=False)
class Minimum(Reward):
    """The smallest of several rewards; the share goes to the (first) smallest."""

    parts: tuple[Reward, ...]

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        return _extreme(self.parts, batch, state, sign=1.0)


@dataclass(frozen=True, repr=False)
class Maximum(Reward):
    """The largest of several rewards; the share goes to the (first) largest."""

    parts: tuple[Reward, ...]

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        return _extreme(self.parts, batch, state, sign=-1.0)


@dataclass(frozen=True, repr=False)
class Gate(Reward):
    """r(s) where ``when(s) > above``, else 0; NaN where ``when`` has no verdict."""

    reward: Reward
    when: Reward
    above: float = number(default=0.0)

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        (share, when), state = share_each((self.reward, self.when), batch, state)
        parts = {name: self._gated(part, when.total) for name, part in share.parts.items()}
        return Shares(self._gated(share.total, when.total), parts), state

    def total(self, batch: Batch, state: Any) -> tuple[Array, Any]:
        return total_of((self.reward, self.when), batch, state, self._gated)

    def _gated(self, array: Array, when: Array) -> Array:
        silent = 0.0 * when  # 0, or NaN where the gate has no verdict
        return xp(array).where(when > self.above, array, 0.0) + silent


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
        shares, state = share_each(self.parts, batch, state)
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
        parts = merge_parts([{part.label: digit} for part, digit in zip(self.parts, digits, strict=True)])
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
            parts = merge_parts([before.parts, {self.transform.label: total - before.total}])
        return Shares(total, parts), (inner, own)

    def total(self, batch: Batch, state: Any) -> tuple[Array, Any]:
        before, inner = self.reward.total(batch, state[0])
        total, own = self.transform.apply(before, batch, state[1])
        return total, (inner, own)


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
        later = at_next_fields(batch, self.reward.fields, self)
        shares, inner = self.reward.share(later, state[0])
        return Shares(shares.total, {f"next_{name}": part for name, part in shares.parts.items()}), (inner,)

    def total(self, batch: Batch, state: Any) -> tuple[Array, Any]:
        total, inner = self.reward.total(at_next_fields(batch, self.reward.fields, self), state[0])
        return total, (inner,)


@dataclass(frozen=True, repr=False)
class Scale(Transform):
    """``weight * r``; written ``2.0 * reward``."""

    weight: float = number()
    linear: ClassVar[bool] = True

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=self.weight > 0, order_preserving=self.weight >= 0)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(2.0), cls(-1.0), cls(0.0)

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
    def laws(self) -> Laws:
        laws = [step.laws for step in self.steps]
        policy = None if any(law.policy_invariant is None for law in laws) else True
        return Laws(
            policy_invariant=policy if all(law.policy_invariant is not False for law in laws) else False,
            order_preserving=all(law.order_preserving for law in laws),
            conserves_return=all(law.conserves_return for law in laws),
            bounds=laws[-1].bounds,
        )

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return (cls((Scale(2.0), Scale(0.5))),)

    @property
    def fields(self) -> frozenset[str]:
        return frozenset().union(*(step.fields for step in self.steps))

    @property
    def scope(self) -> Scope:
        return max((step.scope for step in self.steps), default=Scope.STEP)


def add(*rewards: Reward | float) -> Reward:
    """The sum; nested sums are flattened, so that addition associates structurally."""
    parts = tuple(part for reward in rewards for part in _flat(as_reward(reward), Sum))
    return parts[0] if len(parts) == 1 else Sum(parts)


def minimum(*rewards: Reward) -> Reward:
    """The smallest of several rewards: nothing is gained by excelling at one and failing another."""
    if not rewards:
        raise BadInput("minimum", "no rewards", "one or more rewards")
    return Minimum(tuple(as_reward(reward) for reward in rewards))


def maximum(*rewards: Reward) -> Reward:
    """The largest of several rewards: each is a floor under the others.

    Example:
        >>> import numpy as np
        >>> from rewardsmith.core.term import success
        >>> maximum(success, 0.3)({"success": np.array([0.0, 1.0])}).tolist()
        [0.3, 1.0]
    """
    if not rewards:
        raise BadInput("maximum", "no rewards", "one or more rewards")
    return Maximum(tuple(as_reward(reward) for reward in rewards))


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


def negate(reward: Reward) -> Reward:
    """``-reward``; -(w * a) is (-w) * a, so that ``b - w * a`` prints and parses as it is written."""
    if isinstance(reward, Piped) and isinstance(reward.transform, Scale):
        return Piped(reward.reward, Scale(-reward.transform.weight))
    return Piped(reward, Scale(-1.0))


def multiply(reward: Reward, other: Any) -> Reward:
    """``reward * other``: a product of two rewards, or a reward with a weight."""
    if isinstance(other, Reward):
        return Product((*_flat(reward, Product), *_flat(other, Product)))
    return Piped(reward, Scale(as_number(other, "weight of a reward")))


def pipe(reward: Reward, transform: Transform) -> Reward:
    """``reward | transform``; a chain is unfolded, so that pipes associate structurally."""
    if isinstance(transform, Chain):
        for step in transform.steps:
            reward = pipe(reward, step)
        return reward
    transform.check(reward)
    return Piped(reward, transform)


def chain(first: Transform, second: Transform) -> Transform:
    """``first | second`` before there is a reward."""
    return Chain((*_flat(first, Chain), *_flat(second, Chain)))


def _extreme(parts: tuple[Reward, ...], batch: Batch, state: Any, sign: float) -> tuple[Shares, Any]:
    """The smallest of ``sign * part``, whole, with its shares; the first of equals."""
    shares, state = share_each(parts, batch, state)
    total, named = shares[0].total, shares[0].parts
    lib = xp(total)
    for share in shares[1:]:
        keep = ~(sign * share.total < sign * total)  # NaN on either side: keep, and let the sum spread it
        # 0 * part rather than 0, so that a missing verdict shows in the shares too
        later = {name: lib.where(keep, 0.0 * part, part) for name, part in share.parts.items()}
        named = merge_parts([{n: lib.where(keep, part, 0.0 * part) for n, part in named.items()}, later])
        total = lib.where(keep, total + 0.0 * share.total, share.total)
    return Shares(total, named), state


def _flat(node: Any, kind: type[Any]) -> tuple[Any, ...]:
    if not isinstance(node, kind):
        return (node,)
    return node.steps if isinstance(node, Chain) else node.parts


def share_each(parts: tuple[Reward, ...], batch: Batch, state: Any) -> tuple[list[Shares], Any]:
    """The shares of several rewards on one batch, and their states: for nodes that combine them."""
    pairs = [part.share(batch, own) for part, own in zip(parts, state, strict=True)]
    return [share for share, _ in pairs], tuple(own for _, own in pairs)


def merge_parts(groups: list[dict[str, Array]]) -> dict[str, Array]:
    """All named parts in one table; parts of one name are added."""
    merged: dict[str, Array] = {}
    for group in groups:
        for name, part in group.items():
            merged[name] = merged[name] + part if name in merged else part
    return merged


def _ones(batch: Mapping[str, Any]) -> Array:
    arrays = [value for value in batch.values() if hasattr(value, "shape")]
    floats = [value for value in arrays if "float" in str(value.dtype)]
    kind = {"dtype": floats[0].dtype} if floats else {}
    return xp(*arrays[:1]).ones(leading_shape(batch), **kind)
