"""GymEnv: any Gymnasium environment, run by envpool where envpool has it."""

from __future__ import annotations

import contextlib
import importlib.util
import warnings
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ...core.errors import BadInput, MissingExtra
from ..spaces import Actions
from .convert import actions_of, is_vector, observation_size
from .guard import Guarded
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
        success_key: the entry of ``info`` in which the environment says whether a step succeeded, or None.
        extra: the extra of rewardsmith that installs the simulator.
        package: a package to import first, because that registers the environment with Gymnasium.
    """

    id: str
    observation_size: int
    actions: Actions
    horizon: int
    engine: Engine = "auto"
    options: Options = ()
    success_key: str | None = None
    extra: str = "mujoco"
    package: str | None = None

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
        success_key: str | None = None,
    ) -> GymEnv:
        """Open the environment once to learn its sizes and its time limit.

        One start is looked at, to see that observations are what the space says.  With a ``success_key`` one
        episode of random actions is played, to see that it is there.

        Raises:
            BadInput: Gymnasium does not know the id, it has no time limit and no ``horizon`` is given,
                its observations or actions are neither numbers nor choices, an observation has another size
                than its space, or the key never came.
            MissingExtra: Gymnasium, or the simulator below it, is not installed.
        """
        pairs = tuple(sorted((options or {}).items()))
        gymnasium = _import("gymnasium", id)
        with _readable(id, pairs):
            env: Any = gymnasium.make(id, disable_env_checker=True, **dict(pairs))
        try:
            limit = horizon or (env.spec.max_episode_steps if env.spec else None)
            size, actions = observation_size(id, env.observation_space), actions_of(id, env.action_space)
            _check_start(id, env)
            if success_key is not None:
                _check_key(id, env, success_key, limit or 1000)
        finally:
            env.close()
        if limit is None:
            raise BadInput(f"horizon of {id}", "none", "horizon=<steps>", "this environment has no time limit")
        return cls(id, size, actions, limit, engine, pairs, success_key)

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
        return self._started(num_envs, seeds, {})

    def open_to_watch(self, seed: int, width: int = 240) -> HostVector:
        """Start one copy that can be drawn with ``draw()``; frames are about ``width`` pixels wide.

        Raises:
            BadInput, MissingExtra: as ``open``; or this machine cannot draw the environment.
        """
        return self._started(1, [seed], {"render_mode": "rgb_array"}, width)

    def _started(self, count: int, seeds: list[int], more: dict[str, Any], width: int = 0) -> HostVector:
        options = (*self.options, *more.items())
        if self.chosen_engine() == "envpool":
            _import("envpool", self.id, self.extra)
            if not _envpool_has(self.id, self.options):
                asked = ", ".join(f"{name}={value!r}" for name, value in self.options)
                asked = f"{self.id}({asked})"
                raise BadInput(
                    "envpool environment", asked, "what envpool.list_all_envs() has", "try engine='gymnasium'"
                )
            pool = EnvpoolVector(self.id, count, seeds, self.horizon, options, self.success_key, width)
            return Guarded(pool, self.id, self.success_key)
        _import("gymnasium", self.id)
        if self.package is not None:
            _import(self.package, self.id, self.extra)
        with _readable(self.id, options):
            copies = GymnasiumVector(self.id, count, seeds, self.horizon, options, self.success_key)
        return Guarded(copies, self.id, self.success_key)


def _import(package: str, id: str, extra: str = "control") -> Any:
    if importlib.util.find_spec(package) is None:
        raise MissingExtra(package, extra, f"the environment {id}")
    return importlib.import_module(package)


def _envpool_has(id: str, options: Options) -> bool:
    if importlib.util.find_spec("envpool") is None:
        return False
    import envpool

    if id not in envpool.list_all_envs():
        return False
    spec = envpool.make_spec(id)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the precision of bounds in envpool's own spaces
        vector = is_vector(spec.observation_space)
    return vector and all(name in spec.config._fields for name, _ in options)


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


def _check_start(id: str, env: Any) -> None:
    """The first observation has the shape that its space says."""
    obs, _ = env.reset(seed=0)
    space = env.observation_space
    if space.shape is not None and np.shape(obs) != space.shape:
        allowed = f"{space.shape}, as its observation_space says"
        raise BadInput(f"observation of {id}", f"shape {np.shape(obs)}", allowed)


def _check_key(id: str, env: Any, key: str, steps: int) -> None:
    """Play until the key shows up in ``info``, or the episode ends without it."""
    env.action_space.seed(0)
    _, info = env.reset(seed=0)
    seen: set[str] = set(info)
    for _ in range(steps):
        *_, ended, cut, info = env.step(env.action_space.sample())
        seen |= set(info)
        if key in seen or ended or cut:
            break
    if key not in seen:
        raise BadInput(f"success_key of {id}", repr(key), ", ".join(sorted(seen)) or "nothing: info is empty")


def _simulator(problem: Exception) -> str:
    return f"a simulator ({' '.join(str(problem).split())})"
