"""The compiled programs: blocks of members, one after another on each device.

A program is compiled once per task, ``Shape`` and length of register code.  A block has a fixed
capacity, and how many of its places are live is an argument: populations of any size, and any rewards,
run the same machine code, so a member's result depends on its seed and reward alone, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as Part

from ...core.arrays import Array
from .config import Knobs, Shape
from .device import device_table, with_signals
from .networks import Networks
from .rollout import Steps, Worlds, act, rollout
from .statistics import Moments
from .update import RECORDED, Member, iteration_key, learn

PLACES = 8  # members per device and block
ROUNDS = 32  # most iterations in one call: rows of the record
AXIS = Part("members")
# XLA would spread single operations over all cores.  The cores are busy with other members already, handing
# operations this small over costs more than it gains, and a sum must not depend on how many threads were free.
ONE_CORE = {"xla_cpu_enable_concurrency_optimized_scheduler": False, "xla_cpu_multi_thread_eigen": False}
compiled = partial(jax.jit, compiler_options=ONE_CORE)


@dataclass(frozen=True)
class Plan:
    """What a compiled program depends on."""

    task: Any
    shape: Shape
    networks: Networks
    mesh: Mesh

    @property
    def capacity(self) -> int:
        """Members per block."""
        return PLACES * self.mesh.size

    def place(self, tree: Any) -> Any:
        """Put a block's arrays on the devices; arrays placed otherwise would compile a second program."""
        return jax.device_put(tree, NamedSharding(self.mesh, AXIS))


def named_batch(task: Any, steps: Steps) -> dict[str, Array]:
    """The named fields of recorded steps, time LAST, ``(N, T, ...)``, as rewards read them.

    Besides the task's fields: ``first`` (an episode starts at this step) and ``truncated``.
    """
    turned = Steps(*(None if array is None else array.swapaxes(0, 1) for array in steps))
    native = {
        n: getattr(turned, n) for n in ("native_reward", "native_success") if getattr(turned, n) is not None
    }
    batch = task.batch(turned.obs, turned.action, turned.next_obs, turned.terminated, **native)
    return {**batch, "first": turned.clock == 0, "truncated": turned.truncated}


def collect(plan: Plan, member: Member) -> tuple[Member, Steps]:
    """Record one rollout of one member."""
    env, shape = plan.task.env, plan.shape
    start_key, play_key = jax.random.split(iteration_key(member, 0))
    begun = env.reset(start_key, (shape.envs,))
    worlds = Worlds(jnp.where(member.iteration == 0, begun, member.worlds.state), member.worlds.clock)
    worlds, steps = rollout(
        env, plan.task.horizon, plan.networks, member.params, member.observed, worlds, play_key, shape.rollout
    )
    return member._replace(worlds=worlds), steps


def one_iteration(plan: Plan, knobs: Knobs, member: Member, code: Any) -> tuple[Member, Array]:
    """Rollout, interpreted reward, update; and ``RECORDED``, the mean success signal, means of the parts."""
    from ...program import columns, interpret

    member, steps = collect(plan, member)
    batch = named_batch(plan.task, steps)
    parts = interpret(code, columns(with_signals(plan.task, batch), device_table(plan.task), jnp))
    reward = jnp.swapaxes(jnp.sum(parts, axis=0), 0, 1)
    member, record = learn(plan.networks, plan.shape, knobs, member, steps, reward)
    signal = jnp.mean(plan.task.success.signal(batch))
    return member, jnp.concatenate([record, signal[None], jnp.nanmean(parts, axis=tuple(range(1, parts.ndim)))])


@partial(compiled, static_argnames=("plan",))
def train_block(
    plan: Plan, knobs: Knobs, members: Member, codes: Any, live: Array, rounds: Array
) -> tuple[Member, Array]:
    """Several whole iterations of every live member; records ``(capacity, ROUNDS, figures)``."""

    def shard(knobs: Knobs, members: Member, codes: Any, live: Array, rounds: Array) -> tuple[Member, Array]:
        probe = jax.eval_shape(partial(one_iteration, plan), knobs, _at(members, 0), _at(codes, 0))
        empty = jnp.zeros((PLACES, ROUNDS, *probe[1].shape), jnp.float32)

        def train(i: Array, carry: tuple[Member, Array]) -> tuple[Member, Array]:
            code = _at(codes, i)

            def iterate(j: Array, carry: tuple[Member, Array]) -> tuple[Member, Array]:
                member, record = one_iteration(plan, knobs, carry[0], code)
                return member, carry[1].at[j].set(record)

            trained = jax.lax.fori_loop(0, rounds, iterate, _at(carry, i))
            return _put(carry, i, trained)

        return jax.lax.fori_loop(0, live[0], train, (members, empty))

    specs = (Part(), AXIS, AXIS, AXIS, Part())
    return _sharded(plan, shard, specs, (AXIS, AXIS))(knobs, members, codes, live, rounds)


@partial(compiled, static_argnames=("plan",))
def rollout_block(plan: Plan, members: Member, live: Array) -> tuple[Member, Steps]:
    """One rollout of every live member; steps ``(capacity, T, N, ...)``."""

    def shard(members: Member, live: Array) -> tuple[Member, Steps]:
        shapes = jax.eval_shape(partial(collect, plan), _at(members, 0))[1]
        empty = jax.tree.map(lambda leaf: jnp.zeros((PLACES, *leaf.shape), leaf.dtype), shapes)

        def play(i: Array, carry: tuple[Member, Steps]) -> tuple[Member, Steps]:
            return _put(carry, i, collect(plan, _at(carry[0], i)))

        return jax.lax.fori_loop(0, live[0], play, (members, empty))

    return _sharded(plan, shard, (AXIS, AXIS), (AXIS, AXIS))(members, live)


@partial(compiled, static_argnames=("plan",))
def learn_block(
    plan: Plan, knobs: Knobs, members: Member, steps: Steps, reward: Array, live: Array
) -> tuple[Member, Array]:
    """One update of every live member from rewards ``(capacity, T, N)``; records ``(capacity, RECORDED)``."""

    def shard(knobs: Knobs, members: Member, steps: Steps, reward: Array, live: Array) -> tuple[Member, Array]:
        def study(i: Array, carry: tuple[Member, Array]) -> tuple[Member, Array]:
            done = learn(plan.networks, plan.shape, knobs, _at(carry[0], i), _at(steps, i), reward[i])
            return _put(carry, i, done)

        return jax.lax.fori_loop(0, live[0], study, (members, jnp.zeros((PLACES, len(RECORDED)), jnp.float32)))

    specs = (Part(), AXIS, AXIS, AXIS, AXIS)
    return _sharded(plan, shard, specs, (AXIS, AXIS))(knobs, members, steps, reward, live)


@partial(compiled, static_argnames=("networks", "shape"))
def noise_block(networks: Networks, shape: Shape, members: Member) -> Array:
    """The noise of one rollout of every member, time first: ``(rollout, members, envs, outputs)``."""

    def draw(member: Member) -> Array:
        return networks.noise(iteration_key(member, 0), (shape.rollout, shape.envs))

    return jnp.swapaxes(jax.lax.map(draw, members), 0, 1)


@partial(compiled, static_argnames=("networks",))
def act_block(networks: Networks, members: Member, obs: Array, noise: Array) -> tuple[Array, Array, Array]:
    """One action in every copy of every member, ``(members, envs, ...)``: for simulators on the host."""

    def choose(one: tuple[Array, Moments, Array, Array]) -> tuple[Array, Array, Array]:
        return act(networks, *one)

    return jax.lax.map(choose, (members.params, members.observed, obs, noise))


@partial(compiled, static_argnames=("task", "networks", "episodes", "greedy"))
def play_block(
    task: Any,
    networks: Networks,
    params: Array,
    moments: Any,
    seeds: Array,
    live: Array,
    episodes: int,
    greedy: bool,
) -> tuple[Array, ...]:
    """One whole episode per copy for every live policy: ``(PLACES, horizon, episodes, ...)``, no resets."""

    def play(params: Array, moments: Any, seed: Array) -> tuple[Array, ...]:
        start_key, noise_key = jax.random.split(jax.random.key(seed))
        state = task.env.reset(start_key, (episodes,))
        noise = networks.noise(noise_key, (task.horizon, episodes))

        def step(state: Array, noise: Array) -> tuple[Array, tuple[Array, ...]]:
            obs = task.env.observe(state)
            action, _, head = act(networks, params, moments, obs, noise)
            action = networks.to_action(networks.greedy(head)) if greedy else action
            after = task.env.step(state, action)
            return after, (obs, action, after)

        _, (obs, action, after) = jax.lax.scan(step, state, noise)
        return obs, action, task.env.observe(after), task.env.terminated(after)

    shapes = jax.eval_shape(play, params[0], _at(moments, 0), seeds[0])
    empty = jax.tree.map(lambda leaf: jnp.zeros((PLACES, *leaf.shape), leaf.dtype), shapes)

    def body(i: Array, carry: Any) -> Any:
        return _put(carry, i, play(params[i], _at(moments, i), seeds[i]))

    return jax.lax.fori_loop(0, live, body, empty)


def _at(tree: Any, i: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[i], tree)


def _put(tree: Any, i: Any, value: Any) -> Any:
    return jax.tree.map(lambda leaf, new: leaf.at[i].set(new), tree, value)


def _sharded(plan: Plan, function: Any, specs: Any, outputs: Any) -> Any:
    return jax.shard_map(function, mesh=plan.mesh, in_specs=specs, out_specs=outputs, check_vma=False)
