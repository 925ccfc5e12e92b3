"""Run register code in JAX: one compiled interpreter for every program of a shape.

Under ``jax.lax.map`` over programs each instruction is one real branch, which is the fast way on CPUs;
under ``jax.vmap`` every instruction computes all operations and selects one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .encode import OPCODES, Code, capacity
from .evaluate import remainder, sign


def interpret(code: Code, columns: Any) -> Any:
    """The parts of one program.

    Args:
        code: one program (``code_of(encode(...), i)``, or inside ``vmap``/``lax.map`` over a ``Code``).
        columns: (F, *rows), in the order of ``column_names``.

    Returns:
        (K, *rows); parts that do not exist are 0, so the reward is the sum over the first axis.
    """
    import jax.numpy as jnp
    from jax import lax

    code, columns = Code(*(jnp.asarray(array) for array in code)), jnp.asarray(columns)
    shape = columns.shape[1:]
    rows = columns.reshape(columns.shape[0], -1)
    n_constants, n_working = capacity(code.ops.shape[0])
    constants = jnp.broadcast_to(code.constants[:, None], (n_constants, rows.shape[1])).astype(rows.dtype)
    working = jnp.zeros((n_working, rows.shape[1]), rows.dtype)
    branches = [_branch(name, jnp) for name in OPCODES]

    def step(i: Any, registers: Any) -> Any:
        at = code.args[i]
        a, b, c = (lax.dynamic_index_in_dim(registers, at[j], keepdims=False) for j in range(3))
        value = lax.switch(code.ops[i], branches, a, b, c)
        return lax.dynamic_update_index_in_dim(registers, value, code.targets[i], 0)

    registers = jnp.concatenate([rows, constants, working])
    registers = lax.fori_loop(0, code.ops.shape[0], step, registers)
    parts = jnp.where(code.mask[:, None], registers[code.outputs], 0.0)
    return parts.reshape(parts.shape[0], *shape)


def _branch(name: str, jnp: Any) -> Callable[[Any, Any, Any], Any]:
    """The operation as a function of three rows, in the number type of the rows."""
    operation = _operations(jnp)[name]

    def run(a: Any, b: Any, c: Any) -> Any:
        return operation(a, b, c).astype(a.dtype)

    return run


def _operations(jnp: Any) -> dict[str, Callable[[Any, Any, Any], Any]]:
    binary = {
        "+": jnp.add, "-": jnp.subtract, "*": jnp.multiply, "/": jnp.divide, "**": jnp.power,
        "<": jnp.less, "<=": jnp.less_equal, "==": jnp.equal, "!=": jnp.not_equal,
        "and": jnp.logical_and, "or": jnp.logical_or, "minimum": jnp.minimum, "maximum": jnp.maximum,
        "arctan2": jnp.arctan2, "hypot": jnp.hypot,
    }  # fmt: skip
    unary = {
        "not": jnp.logical_not, "neg": jnp.negative, "abs": jnp.abs, "square": jnp.square,
        "sqrt": jnp.sqrt, "exp": jnp.exp, "log": jnp.log, "sin": jnp.sin, "cos": jnp.cos, "tan": jnp.tan,
        "arctan": jnp.arctan, "tanh": jnp.tanh, "floor": jnp.floor, "round": jnp.round,
    }  # fmt: skip
    return {
        "copy": lambda a, b, c: a,
        "%": lambda a, b, c: remainder(a, b),
        "sign": lambda a, b, c: sign(a),
        "sigmoid": lambda a, b, c: 0.5 * jnp.tanh(0.5 * a) + 0.5,
        "where": lambda a, b, c: jnp.where(a != 0, b, c),
        **{name: _of_two(function) for name, function in binary.items()},
        **{name: _of_one(function) for name, function in unary.items()},
    }


def _of_two(function: Callable[..., Any]) -> Callable[[Any, Any, Any], Any]:
    return lambda a, b, c: function(a, b)


def _of_one(function: Callable[..., Any]) -> Callable[[Any, Any, Any], Any]:
    return lambda a, b, c: function(a)
