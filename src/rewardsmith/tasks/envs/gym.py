"""GymEnv: any Gymnasium environment, run by envpool where envpool has it."""

from __future__ import annotations

import contextlib
import importlib.util
import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...core.errors import BadInput, MissingExtra
from ..spaces import Actions, Box, Discrete
from .host import EnvpoolVector, GymnasiumVector, HostVector

Engine = Literal["auto", "envpool", "gymnasium"]
Options = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class GymEnv:
    """A simulator by its Gymnasium id; ``GymEnv.inspect(id)`` fills in the sizes.

    Args:
        id: as ``gymnasium.make`` takes it; ``package.module:Name-v0`` imports the module first.
        observation_size: numbers in an observation (flattened).
        actions: what the agent may do.
        horizon: steps after which an episode is cut off.
        engine: ``envpool`` (C++), ``gymnasium``, or ``auto``: envpool where it has the id and the options.
        options: keyword arguments of the environment, as pairs.
    """

    id: str
    observation_size: int
    actions: Actions
    horizon: int
    engine: Engine = "auto"
    options: Options = ()

    def __post_init__(self) -> None:
        if self.engine not in ("auto", "envpool", "gymnasium"):
            raise BadInput(f"engine of {self.id}", repr(self.engine), "'auto', 'envpool' or 'gymnasium'")

    @classmethod
    def inspect(
        cls,
        id: str,
        horizon: int | None = None,
        engine: Engine = "auto",
        options: Mapping[str, Any] | None = None,
    ) -> GymEnv:
        """Open the environment once to learn its sizes and its time limit.

        Raises:
            BadInput: Gymnasium does not know the id, it has no time limit and no ``horizon`` is given, or
                its observations or actions are neither arrays nor choices.
            MissingExtra: Gymnasium, or the simulator below it, is not installed.
        """
        pairs = tuple(sorted((options or {}).items()))
        gymnasium = _import("gymnasium", id)
        with _readable(id, pairs):
            env: Any = gymnasium.make(id, disable_env_checker=True, **dict(pairs))
        try:
            limit = horizon or (env.spec.max_episode_steps if env.spec else None)
            size, actions = _observation_size(id, env.observation_space), _actions(id, env.action_space)
        finally:
            env.close()
        if limit is None:
            raise BadInput(f"horizon of {id}", "none", "horizon=<steps>", "this environment has no time limit")
        return cls(id, size, actions, limit, engine, pairs)

    @property
    def gym_id(self) -> str:
        """The Gymnasium id."""
        return self.id

    def chosen_engine(self) -> Literal["envpool", "gymnasium"]:
        """The engine that ``open`` will use on this machine."""
        if self.engine != "auto":
            return self.engine
        return "envpool" if _envpool_has(self.id, self.options) else "gymnasium"

    def open(self, num_envs: int, seed: int | Sequence[int]) -> HostVector:
        """Start ``num_envs`` copies; copy i is seeded with ``seed + i``, or with ``seed[i]``.

        Raises:
            BadInput: the engine does not have this environment or option.
            MissingExtra: the engine is not installed.
        """
        if num_envs < 1:
            raise BadInput(f"copies of {self.id}", num_envs, "at least 1")
        seeds = [seed + i for i in range(num_envs)] if isinstance(seed, int) else [int(one) for one in seed]
        if len(seeds) != num_envs:
            raise BadInput(f"seeds of {self.id}", len(seeds), f"one for each of the {num_envs} copies")
        if self.chosen_engine() == "envpool":
            _import("envpool", self.id)
            if not _envpool_has(self.id, self.options):
                asked = ", ".join(f"{name}={value!r}" for name, value in self.options)
                asked = f"{self.id}({asked})"
                raise BadInput(
                    "envpool environment", asked, "what envpool.list_all_envs() has", "try engine='gymnasium'"
                )
            return EnvpoolVector(self.id, num_envs, seeds, self.horizon, self.options)
        _import("gymnasium", self.id)
        with _readable(self.id, self.options):
            return GymnasiumVector(self.id, num_envs, seeds, self.horizon, self.options)


def _import(package: str, id: str) -> Any:
    if importlib.util.find_spec(package) is None:
        raise MissingExtra(package, "mujoco" if package == "envpool" else "control", f"the environment {id}")
    return importlib.import_module(package)


def _envpool_has(id: str, options: Options) -> bool:
    if importlib.util.find_spec("envpool") is None:
        return False
    import envpool

    if id not in envpool.list_all_envs():
        return False
    known = envpool.make_spec(id).config._fields
    return all(name in known for name, _ in options)


@contextlib.contextmanager
def _readable(id: str, options: Options) -> Generator[None]:
    """Turn Gymnasium's own errors into one line."""
    from gymnasium import error

    try:
        yield
    except error.DependencyNotInstalled as problem:
        raise MissingExtra(_simulator(problem), "mujoco", f"the environment {id}") from None
    except (error.Error, ImportError) as problem:
        reason = " ".join(str(problem).split())
        raise BadInput("Gymnasium environment", repr(id), "an id that gymnasium.make knows", reason) from None
    except TypeError as problem:
        reason = " ".join(str(problem).split())
        raise BadInput(f"options of {id}", dict(options), "what its constructor takes", reason) from None


def _observation_size(id: str, space: Any) -> int:
    shape = getattr(space, "shape", None)
    if not hasattr(space, "low") or not shape:
        raise BadInput(f"observations of {id}", space, "a Box", "wrap the environment so that it gives numbers")
    return math.prod(shape)


def _actions(id: str, space: Any) -> Actions:
    if hasattr(space, "n") and getattr(space, "start", 0) == 0 and not space.shape:
        return Discrete(int(space.n))
    if hasattr(space, "low") and len(space.shape) == 1:
        return Box(tuple(space.low.tolist()), tuple(space.high.tolist()))
    raise BadInput(f"actions of {id}", space, "Discrete(n) from 0, or a Box with one axis and finite bounds")


def _simulator(problem: Exception) -> str:
    return f"a simulator ({' '.join(str(problem).split())})"
