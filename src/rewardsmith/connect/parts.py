"""What the parts of a reward are called, and whether it keeps a state: known without evaluating any term."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.algebra import Reward, Shares, Transform
from ..core.arrays import Batch
from ..core.node import Node, walk


@lru_cache(maxsize=256)
def part_names(reward: Reward) -> tuple[str, ...]:
    """The keys of ``reward.terms(batch)``, for any batch.

    Example:
        >>> import rewardsmith as rs
        >>> part_names(rs.success + 0.5 * rs.Constant(1.0) | rs.Clip(-1, 1))
        ('success', 'constant', 'clip')
    """
    probe = _probe(reward)
    try:
        hollow = _hollow(reward)
        with np.errstate(all="ignore"):
            return tuple(hollow.share(probe, hollow.init(probe))[0].parts)
    except Exception:  # zeros do not suit every transform; then all labels there are
        labels = [name for node in walk(reward) if isinstance(node, Reward) for name in _leaf_names(node)]
        labels += [node.label for node in walk(reward) if isinstance(node, Transform) and not node.linear]
        return tuple(dict.fromkeys(labels))


def keeps_state(reward: Reward) -> bool:
    """True where what a sample gets depends on the batches before (``Normalize``, say)."""
    try:
        return bool(_leaves(reward.init(_probe(reward))))
    except Exception:  # its state depends on what is in the batch
        return True


@dataclass(frozen=True)
class _Hollow(Reward):
    """Stands for a leaf: its parts, without its function (which may cost money)."""

    name: str
    names: tuple[str, ...]

    @property
    def label(self) -> str:
        return self.name

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        del batch
        zeros = np.zeros(1)
        return Shares(zeros, dict.fromkeys(self.names, zeros)), state


def _hollow(node: Any) -> Any:
    if isinstance(node, Reward) and not node.children():
        return _Hollow(node.label, _leaf_names(node))
    return node.with_own(node.own_numbers(), tuple(_hollow(child) for child in node.children()))


def _leaf_names(node: Node) -> tuple[str, ...]:
    """A leaf is one part under its label, unless it says otherwise (programs have named parts)."""
    if node.children():
        return ()
    names: tuple[str, ...] = getattr(node, "names", ()) if node.quoted else ()
    return names or (node.label,)


def _probe(reward: Reward) -> dict[str, Any]:
    flags = {"terminated": np.ones(1, bool), "first": np.ones(1, bool), "group": np.zeros(1, int)}
    return {name: np.zeros(1) for name in reward.fields} | flags


def _leaves(state: Any) -> list[Any]:
    return [leaf for item in state for leaf in _leaves(item)] if isinstance(state, tuple) else [state]
