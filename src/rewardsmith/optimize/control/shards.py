"""Shards: members of a population that are trained in another process, and how they get there and back.

Arrays travel as arrays.  The task, the rewards and the configuration travel as a pickle; what a user's own
file defines pickles by reference to that file's module, so the source of such files travels too and is run
first.  Only arrays come back, so the process that asked runs nothing that it did not have.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import __version__
from ...core.errors import RewardsmithError
from ...core.pyfile import Source, sources
from .population import Population

Arrays = dict[str, np.ndarray[Any, Any]]


class ClusterError(RewardsmithError, RuntimeError):
    """A cluster cannot train what it was given."""


@dataclass(frozen=True, eq=False)
class Shard:
    """Some members, ready to travel.

    Args:
        arrays: ``Population.arrays()``.
        pickled: the task, the rewards and the configuration.
        files: the user's own files that they come from.
        version: of rewardsmith where the shard was made.
    """

    arrays: Arrays
    pickled: bytes
    files: tuple[Source, ...]
    version: str = __version__

    @staticmethod
    def pack(population: Population, dumps: Callable[[Any], bytes] = pickle.dumps) -> Shard:
        """A population as a shard.

        Args:
            dumps: a pickler; that of cloudpickle takes what is defined in a script or a notebook, too.

        Raises:
            ClusterError: a reward or the task cannot be pickled.
        """
        parts = (population.task, population.rewards, population.config)
        try:
            return Shard(population.arrays(), dumps(parts), sources())
        except (pickle.PicklingError, TypeError, AttributeError) as problem:
            raise ClusterError(
                f"a task or reward cannot be sent to other processes: {_line(problem)}; allowed: what pickles "
                "(functions and classes that are defined at the top of a module or file)"
            ) from None

    def unpack(self) -> Population:
        """The population, in a process that may never have seen its task.

        Raises:
            ClusterError: this process has another version of rewardsmith, or cannot import something.
        """
        if self.version != __version__:
            raise ClusterError(
                f"a worker of the cluster has rewardsmith {__version__}, this search runs with {self.version}; "
                "allowed: the same version on every node"
            )
        try:
            for file in self.files:
                file.run()
            task, rewards, config = pickle.loads(self.pickled)
        except (RewardsmithError, ImportError, AttributeError) as problem:
            raise ClusterError(
                f"a worker of the cluster cannot load the task or a reward: {_line(problem)}; allowed: task "
                "and reward files that import only what is installed on every node (terms of a script or a "
                "notebook belong in a file of their own)"
            ) from None
        return Population.from_arrays(self.arrays, task, rewards, config)


def train_shard(shard: Shard, steps: int, report: Callable[[int], None]) -> Arrays:
    """Advance a shard's members and return them as arrays."""
    return shard.unpack().advance(steps, report).arrays()


def _line(problem: BaseException) -> str:
    kind = "" if isinstance(problem, RewardsmithError) else f"{type(problem).__name__}: "
    return kind + " ".join(str(problem).split())
