"""Strategy: what to ask for next, given what is known."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from ..candidate import View
from ..propose.ask import Ask


@runtime_checkable
class Strategy(Protocol):
    """A frozen configuration with explicit state; it never writes a program itself.

    ``kind`` is its name in the files of methods, ``smallest`` the fewest candidates of a round, and ``needs``
    what the method must see (``order``, ``terms``, ``score``).
    """

    kind: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]

    @property
    def smallest(self) -> int:
        """The fewest candidates per round."""
        ...

    def start(self) -> Any:
        """The state before the first round."""
        ...

    def asks(self, state: Any, view: View, count: int, rng: np.random.Generator) -> list[Ask]:
        """``count`` asks, or fewer where nothing more is to be asked for."""
        ...

    def learn(self, state: Any, view: View) -> Any:
        """The state after a round; ``view.latest`` are its candidates."""
        ...


class Stateless:
    """A strategy that keeps nothing between rounds, and for which one candidate is enough."""

    @property
    def smallest(self) -> int:
        """The fewest candidates per round."""
        return 1

    def start(self) -> Any:
        """Nothing."""
        return ()

    def learn(self, state: Any, view: View) -> Any:
        """Nothing more."""
        del view
        return state
