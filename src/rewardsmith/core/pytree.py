"""Rewards as JAX pytrees: the numbers are the leaves, everything else is structure."""

from __future__ import annotations

from typing import Any

from .node import Node
from .text import node_classes

_registered: set[type[Any]] = set()


def register_pytrees() -> None:
    """Let JAX differentiate and map over rewards.

    Called by ``import rewardsmith`` when JAX is already imported, and by ``rewardsmith.program`` and
    ``rewardsmith.optimize``; call it yourself after importing JAX later or defining a new class.

    Example:
        >>> import jax                                                  # doctest: +SKIP
        >>> jax.grad(lambda reward: reward(batch).sum())(reward)        # doctest: +SKIP
    """
    import jax

    from .term import Term

    for kind in {*node_classes().values(), Term} - _registered:
        jax.tree_util.register_pytree_node(kind, _flatten, _unflatten)
        _registered.add(kind)


def _flatten(node: Node) -> tuple[tuple[Any, ...], Any]:
    numbers, children = node.own_numbers(), node.children()
    # The node itself, stripped of its numbers, is the structure: equal for rewards of one shape.
    shape = node.with_own(dict.fromkeys(numbers, 0.0), tuple(_shape(child) for child in children))
    return (*numbers.values(), *children), (shape, tuple(numbers))


def _shape(node: Node) -> Node:
    return node.with_own(dict.fromkeys(node.own_numbers(), 0.0), tuple(_shape(c) for c in node.children()))


def _unflatten(structure: Any, leaves: tuple[Any, ...]) -> Node:
    shape, names = structure
    return shape.with_own(dict(zip(names, leaves[: len(names)], strict=True)), leaves[len(names) :])
