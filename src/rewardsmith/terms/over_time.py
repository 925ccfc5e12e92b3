"""Terms over whole episodes: how smoothly actions change, and progress over the best so far.

Time is the last axis of a number per step, and the last but one of ``action (..., T, k)``.  ``first`` is True
where an episode starts; the start of a row always counts as one.  Point them at your fields as in
``terms.control``.
"""

from __future__ import annotations

from ..core.algebra import Scope
from ..core.arrays import Array, xp
from ..core.segments import Segments
from ..core.term import term
from .control import squares

_RUDIN = "Rudin et al. 2022, 'Learning to Walk in Minutes Using Massively Parallel Deep RL', CoRL"
_CARL = "Jaeger et al. 2025, 'CaRL', arXiv:2504.17838 (route completion)"


@term(scope=Scope.EPISODE, low=0.0, source=_RUDIN)
def action_rate(action: Array, first: Array) -> Array:
    """|a_t - a_{t-1}|^2 for actions ``(..., T, k)``: a cost; 0 in the first step of an episode.

    ``first`` is True where an episode starts.

    Source: Rudin et al. 2022, "Learning to Walk in Minutes".
    Differs from the paper: there the action before the first one is 0.

    Example:
        >>> import numpy as np
        >>> batch = {"action": np.array([[[0.0], [2.0], [1.0]]]), "first": np.array([[True, False, False]])}
        >>> action_rate(batch).tolist()
        [[0.0, 4.0, 1.0]]
    """
    return squares(_change(action, first, 1))


@term(scope=Scope.EPISODE, low=0.0)
def action_jerk(action: Array, first: Array) -> Array:
    """|a_t - 2 a_{t-1} + a_{t-2}|^2 for actions ``(..., T, k)``: a cost; 0 in the first two steps.

    Example:
        >>> import numpy as np
        >>> batch = {"action": np.array([[[0.0], [2.0], [1.0]]]), "first": np.array([[True, False, False]])}
        >>> action_jerk(batch).tolist()
        [[0.0, 0.0, 9.0]]
    """
    return squares(_change(action, first, 2))


@term(scope=Scope.EPISODE, unit="of the route", low=0.0, source=_CARL)
def new_progress(route: Array, first: Array, *, start: float = 0.0) -> Array:
    """How far the route completed ``(..., T)`` exceeds the best one of the episode so far (``start`` at first).

    Never negative, so a factor for infractions never rewards driving backwards; sums to the best of the
    episode.  After a step without verdict the best one is not known: NaN until the episode ends.

    Source: Jaeger et al. 2025, "CaRL" (route completion).
    Differs from the paper: progress over the best so far instead of over the last step.

    Example:
        >>> import numpy as np
        >>> batch = {"route": np.array([[1.0, 3.0, 2.0, 4.0]]), "first": np.array([[1, 0, 0, 0]])}
        >>> new_progress(batch).tolist()
        [[1.0, 2.0, 0.0, 1.0]]
    """
    lib, steps, best = xp(route), _steps(route, first), route
    best = lib.where(best < start, start + 0.0 * best, best)
    shift = 1
    while shift < route.shape[-1]:  # a running maximum in log2(T) passes
        earlier = lib.concat([best[..., :shift], best[..., :-shift]], axis=-1)
        best = lib.where(steps > shift, lib.maximum(best, earlier), best)
        shift *= 2
    before = lib.concat([best[..., :1], best[..., :-1]], axis=-1)
    return best - lib.where(steps > 1, before, start + 0.0 * best)


def _steps(values: Array, first: Array) -> Array:
    """Steps of the episode up to and including each one, ``(..., T)``."""
    lib = xp(values)
    return Segments.of(values, {"first": first}).running(lib.ones_like(values))


def _change(action: Array, first: Array, order: int) -> Array:
    """The difference of some order along time, 0 where an episode has too few steps."""
    lib, steps = xp(action), _steps(action[..., 0], first)
    change = action
    for _ in range(order):
        change = lib.concat([0.0 * change[..., :1, :], change[..., 1:, :] - change[..., :-1, :]], axis=-2)
    return lib.where((steps > order)[..., None], change, 0.0 * action)
