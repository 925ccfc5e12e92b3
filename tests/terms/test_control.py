"""Control terms against loops by hand, other libraries' formulas and the laws they should obey."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import rewardsmith as rs
from rewardsmith import terms
from rewardsmith.core.algebra import Scope
from rewardsmith.core.errors import BadInput
from rewardsmith.core.term import Term
from rewardsmith.terms import control, over_time
from rewardsmith.testing import check_reward

ALL = sorted(
    (v for m in (control, over_time) for v in vars(m).values() if isinstance(v, Term)), key=lambda v: v.name
)
VECTORS = {"position": 3, "next_position": 3, "goal": 3, "velocity": 3, "command": 3, "action": 2, "torque": 3,
           "vector": 3, "reference": 3, "orientation": 4}  # fmt: skip


def batch(seed: int = 0, shape: tuple[int, ...] = (5, 8)) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    arrays = {name: rng.normal(size=(*shape, k)) for name, k in VECTORS.items()}
    arrays |= {name: rng.normal(size=shape) for name in ("value", "angle", "route")}
    arrays["reached"] = (rng.random((*shape, 3)) < 0.6).astype(float)
    arrays["terminated"], arrays["first"] = rng.random(shape) < 0.2, rng.random(shape) < 0.2
    return arrays


def loop(formula, *names: str) -> np.ndarray:
    """The formula, step by step."""
    b = batch()
    return np.array([[formula(*(b[n][i, t] for n in names)) for t in range(8)] for i in range(5)])


def norm(v) -> float:
    return math.sqrt(sum(float(x) ** 2 for x in v))


def cosine(u, v) -> float:
    return sum(float(x * y) for x, y in zip(u, v, strict=True)) / (norm(u) * norm(v))


def tilt(q) -> float:
    up = Rotation.from_quat(q, scalar_first=True).apply([0.0, 0.0, 1.0])
    return float(up[2])


def in_order(flags) -> float:
    done = 0
    for flag in flags:
        if not flag:
            break
        done += 1
    return done / len(flags)


def flank(v) -> float:
    beyond = max(v - 0.5, -0.2 - v, 0.0)
    return math.exp(-0.5 * (beyond / 0.7 * math.sqrt(-2 * math.log(0.3))) ** 2)  # as dm_control writes it


CASES = {
    "value": (terms.value, lambda v: v, "value"),
    "gap": (terms.gap(target=0.5), lambda v: abs(v - 0.5), "value"),
    "excess": (terms.excess(low=-0.5, high=0.2), lambda v: max(v - 0.2, -0.5 - v, 0.0), "value"),
    "tolerance": (terms.tolerance(low=-0.2, high=0.5, margin=0.7, at_margin=0.3), flank, "value"),
    "distance": (terms.distance, lambda p, g: norm(p - g), "position", "goal"),
    "distance_to": (
        terms.distance_to(x=1.0, y=2.0, z=3.0), lambda p: norm(p - np.array([1.0, 2.0, 3.0])), "position"
    ),
    "progress": (
        terms.progress, lambda p, n, g: norm(p - g) - norm(n - g), "position", "next_position", "goal"
    ),
    "nearness": (
        terms.nearness(scale=2.0, radius=0.5, dispersion=1.5, density=0.7),
        lambda p, g: math.exp(-0.5 * max(norm(p - g) - 0.5, 0.0) / (2.0 * 1.5)) ** (1 / 0.7),
        "position", "goal",
    ),
    "alignment": (terms.alignment, cosine, "vector", "reference"),
    "facing": (terms.facing, lambda v, p, g: cosine(v, g - p), "vector", "position", "goal"),
    "velocity_to": (
        terms.velocity_to, lambda v, p, g: float(v @ (g - p)) / norm(g - p), "velocity", "position", "goal"
    ),
    "heading": (terms.heading(target=0.3), lambda a: math.cos(a - 0.3), "angle"),
    "tracking": (
        terms.tracking(scale=0.5), lambda v, c: math.exp(-(norm(v - c) ** 2) / 0.5), "velocity", "command"
    ),
    "upright": (terms.upright, tilt, "orientation"),
    "alive": (terms.alive, lambda end: 0.0 if end else 1.0, "terminated"),
    "stages": (terms.stages, in_order, "reached"),
    "effort": (terms.effort, lambda a: float(a @ a), "action"),
    "energy": (
        terms.energy, lambda f, v: sum(abs(x * y) for x, y in zip(f, v, strict=True)), "torque", "velocity"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CASES))
def test_they_are_their_formulas_step_by_step(name: str):
    term, formula, *reads = CASES[name]
    np.testing.assert_allclose(term(batch()), loop(formula, *reads), atol=1e-12)


def episodes(values: np.ndarray, first: np.ndarray):
    """Row, first step and the steps of each episode."""
    for row in range(first.shape[0]):
        edges = sorted({0, *np.nonzero(first[row])[0].tolist()})
        for start, stop in zip(edges, [*edges[1:], first.shape[1]], strict=True):
            yield row, start, values[row, start:stop]


def by_episode(values: np.ndarray, first: np.ndarray, formula) -> np.ndarray:
    out = np.full(first.shape, np.nan)
    for row, start, steps in episodes(values, first):
        out[row, start : start + len(steps)] = [formula(steps, t) for t in range(len(steps))]
    return out


OVER_TIME = {
    "action_rate": ("action", lambda a, t: 0.0 if t < 1 else norm(a[t] - a[t - 1]) ** 2),
    "action_jerk": ("action", lambda a, t: 0.0 if t < 2 else norm(a[t] - 2 * a[t - 1] + a[t - 2]) ** 2),
    "new_progress": ("route", lambda c, t: max([0.0, *c[: t + 1]]) - max([0.0, *c[:t]])),
}


@pytest.mark.parametrize("name", sorted(OVER_TIME))
@pytest.mark.parametrize("shape", [(5, 8), (2, 1), (3, 33)])
def test_terms_over_time_are_loops_over_episodes(name: str, shape: tuple[int, int]):
    read, formula = OVER_TIME[name]
    b = batch(1, shape)
    expected = by_episode(b[read], b["first"], formula)
    np.testing.assert_allclose(getattr(terms, name)(b), expected, atol=1e-12)
    assert getattr(terms, name).scope is Scope.EPISODE


def test_every_term_has_an_oracle():
    assert {each.name for each in ALL} == {*CASES, *OVER_TIME}
    assert {each.name for each in ALL} <= set(terms.__all__)


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_they_obey_the_laws_wherever_they_are_pointed(each: Term):
    b = batch()
    check_reward(each, {name: b[name] for name in each.fields | {"terminated"}})
    own = {name: f"my_{name}" for name in each.fields if not name.startswith("next_")}
    pointed = each(**own)
    mine = {("next_my_" + n[5:] if n.startswith("next_") else f"my_{n}"): v for n, v in b.items()}
    mine = {name: mine[name] for name in pointed.fields} | {"terminated": b["terminated"]}
    check_reward(2.0 * pointed, mine)
    np.testing.assert_array_equal(pointed(mine), each(b))
    values = each(b)
    assert (values >= each.info.low - 1e-12).all()
    assert (values <= each.info.high + 1e-12).all()


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_torch_and_jax_agree(each: Term):
    import jax
    import jax.numpy as jnp
    import torch

    b = batch(2)
    b["position"][0, 0] = b["goal"][0, 0]
    on_torch = each({name: torch.as_tensor(value) for name, value in b.items()})
    np.testing.assert_allclose(on_torch.numpy(), each(b), rtol=1e-5, atol=1e-12)
    with jax.enable_x64():
        on_jax = each({name: jnp.asarray(value) for name, value in b.items()})
        np.testing.assert_allclose(np.asarray(on_jax), each(b), rtol=1e-6, atol=1e-12)


def test_progress_sums_to_the_way_that_was_gained():
    rng = np.random.default_rng(3)
    path, goal = rng.normal(size=(21, 2)), np.ones((20, 2))
    b = {"position": path[:-1], "next_position": path[1:], "goal": goal}
    gained = norm(path[0] - 1) - norm(path[-1] - 1)
    assert terms.progress(b).sum() == pytest.approx(gained)


def test_new_progress_never_pays_for_driving_backwards():
    b = {"route": np.array([[0.0, 50.0, 20.0, 40.0, 60.0]]), "first": np.zeros((1, 5), bool)}
    assert terms.new_progress(b).tolist() == [[0.0, 50.0, 0.0, 0.0, 10.0]]
    assert terms.new_progress(start=30.0)(b).sum() == 30.0
    b["route"][0, 2] = np.nan  # what was the best, then?
    np.testing.assert_array_equal(terms.new_progress(b), [[0.0, 50.0, np.nan, np.nan, np.nan]])


def test_a_missing_action_costs_only_its_own_steps():
    b = batch(4, (1, 6))
    b["first"][:] = [[True, False, False, True, False, False]]
    b["action"][0, 2] = np.nan
    assert np.isnan(terms.action_rate(b)).tolist() == [[False, False, True, False, False, False]]


def test_what_is_undefined_has_no_verdict():
    zero, one = np.zeros((1, 2)), np.ones((1, 2))
    assert np.isnan(terms.alignment({"vector": zero, "reference": one}))
    assert np.isnan(terms.facing({"vector": one, "position": one, "goal": one}))
    assert (
        terms.velocity_to({"velocity": zero, "position": zero, "goal": one}) == 0.0
    )  # standing still is defined
    assert np.isnan(terms.velocity_to({"velocity": one, "position": one, "goal": one}))
    assert np.isnan(terms.upright({"orientation": np.zeros((1, 4))}))
    assert np.isnan(terms.stages({"reached": np.array([[1.0, np.nan]])}))
    assert np.isnan(terms.distance({"position": zero * np.nan, "goal": one}))


def test_the_slope_of_a_distance_at_its_goal_is_zero_and_not_nan():
    import jax
    import jax.numpy as jnp

    at = jnp.zeros((1, 2))
    slope = jax.grad(lambda p: terms.distance({"position": p, "goal": at}).sum())(at)
    assert np.asarray(slope).tolist() == [[0.0, 0.0]]
    rs.register_pytrees()
    by_number = jax.grad(lambda r: r({"position": at}).sum())(terms.distance_to(x=3.0, y=4.0)).numbers()
    assert by_number["distance_to.x"] == pytest.approx(0.6)
    near = jax.grad(lambda r: r({"value": jnp.asarray([2.0])}).sum())(terms.tolerance(high=1.0)).numbers()
    assert near["tolerance.high"] == pytest.approx(-2 * 0.1 * math.log(0.1), rel=1e-4)


def test_they_can_be_potentials_and_gates():
    b = {"x": np.array([0.0, 1.0]), "next_x": np.array([1.0, 3.0]), "terminated": np.array([False, True])}
    to_goal = terms.distance_to(position=("x",), x=3.0)
    shaped = 0.0 * terms.alive | rs.Potential(-1.0 * to_goal, discount=1.0)
    assert shaped(b).tolist() == [1.0, 2.0]
    assert rs.gate(terms.alive, when=terms.gap(value="x", target=0.0), above=0.5)(b).tolist() == [0.0, 0.0]
    check_reward(shaped, b)
    with pytest.raises(BadInput, match="one to three"):
        terms.distance_to({"position": np.zeros((2, 4))})


def test_a_scalar_field_where_columns_are_wanted_is_an_error():
    b = {"force": np.ones(4), "terminated": np.zeros(4, bool)}
    for wrong in (
        terms.effort(action="force"),
        terms.distance_to(position="force"),
        terms.stages(reached="force"),
    ):
        with pytest.raises(BadInput, match="a tuple of one"):
            wrong(b)
    assert terms.effort(action=("force",))(b).tolist() == [1.0] * 4
