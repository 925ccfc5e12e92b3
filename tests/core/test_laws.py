"""The laws of the algebra, on random trees and on every class that the package exports."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rewardsmith as rs
import strategies as own
from rewardsmith import transforms
from rewardsmith.core import algebra, nodes
from rewardsmith.core.fields import with_twins
from rewardsmith.program import Grammar, random_program
from rewardsmith.testing import check_reward, check_transform

REWARDS = own.exported_classes(algebra.Reward)
TRANSFORMS = own.exported_classes(algebra.Transform)


def test_every_exported_transform_is_discovered():
    exported = {getattr(transforms, name) for name in transforms.__all__}
    classes = {each for each in exported if isinstance(each, type) and issubclass(each, algebra.Transform)}
    assert classes | {nodes.Chain} == set(TRANSFORMS)


def test_every_reward_class_is_discovered():
    core = {"AtNext", "Constant", "Gate", "Lexicographic", "Maximum", "Minimum", "Piped", "Product", "Sum"}
    exported = {getattr(transforms, name) for name in transforms.__all__}
    added = {e.__name__ for e in exported if isinstance(e, type) and issubclass(e, algebra.Reward)}
    assert {kind.__name__ for kind in REWARDS} == core | added | {"Term"}


@pytest.mark.parametrize("kind", REWARDS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_laws_hold_for_every_reward_class(kind, data):
    if kind is nodes.Piped:
        reward = data.draw(
            st.tuples(st.sampled_from(own.TERMS), own.transforms()).map(lambda rt: rt[0] | rt[1])
        )
    else:
        reward = data.draw(own.instances(kind, st.sampled_from(own.TERMS)))
    check_reward(reward, data.draw(own.batches()), own.TERMS)


@pytest.mark.parametrize("kind", TRANSFORMS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_laws_hold_for_every_transform_class(kind, data):
    transform = data.draw(own.instances(kind, st.sampled_from(own.TERMS)))
    check_transform(transform, data.draw(own.batches()), data.draw(st.sampled_from(own.TERMS)))


@given(reward=own.rewards(), batch=own.batches())
@settings(max_examples=150, deadline=None)
def test_laws_hold_for_random_trees(reward, batch):
    check_reward(reward, batch, own.TERMS)


@given(data=st.data(), batch=own.batches(verdicts=False))
@settings(max_examples=40, deadline=None)
def test_laws_hold_for_programs_inside_larger_rewards(data, batch):
    fields = [rs.Field(name, low=-3, high=3) for name in ("position", "velocity")]
    fields.append(rs.Field("terminated", kind="flag"))
    grammar = Grammar.from_fields(with_twins(fields))
    program = random_program(grammar, np.random.default_rng(data.draw(st.integers(0, 10_000))))
    transform = data.draw(own.transforms())
    pair = rs.minimum(program, own.effort)
    for reward in (program | transform, 2.0 * program - own.effort, pair | transform):
        check_reward(reward, batch, own.TERMS)


@given(a=own.rewards(), b=own.rewards(), c=own.rewards())
@settings(max_examples=50, deadline=None)
def test_addition_associates_as_values(a, b, c):
    assert (a + b) + c == a + (b + c)


@given(reward=own.rewards(), f=own.transforms(), g=own.transforms())
@settings(max_examples=50, deadline=None)
def test_pipes_associate_as_values(reward, f, g):
    assert (reward | f) | g == reward | (f | g)


@given(batch=own.batches(verdicts=False), w=own.numbers)
def test_scaling_is_linear(batch, w):
    a, b = own.effort, own.bump
    np.testing.assert_allclose((w * (a + b))(batch), w * a(batch) + w * b(batch), atol=1e-12)
    np.testing.assert_allclose((a - b)(batch), a(batch) - b(batch))


@given(batch=own.batches(), above=own.numbers)
def test_a_missing_verdict_spreads_and_is_never_zero(batch, above):
    missing = np.isnan(batch["verdict"])
    for reward in (
        own.judged + own.effort,
        own.judged * own.effort,
        rs.minimum(own.judged, own.effort),
        rs.minimum(own.effort, own.judged),
        rs.maximum(own.judged, own.effort),
        rs.maximum(own.effort, own.judged),
        rs.gate(own.effort, when=own.judged, above=above),
        rs.lexicographic(own.judged, own.effort),
        own.judged | rs.Clip(-1, 1) | rs.Scale(0.0),
    ):
        assert np.isnan(reward(batch)[missing]).all(), str(reward)
        assert not np.isnan(reward(batch)[~missing]).any(), str(reward)


@given(reward=own.rewards(), batch=own.batches(shapes=own.FEW))
@settings(max_examples=60, deadline=None)
def test_torch_and_jax_agree_with_numpy(reward, batch):
    import jax
    import jax.numpy as jnp
    import torch

    expected = reward(batch)
    on_torch = reward({name: torch.as_tensor(value) for name, value in batch.items()})
    np.testing.assert_allclose(on_torch.numpy(), expected, rtol=1e-9, atol=1e-9)
    with jax.enable_x64():
        on_jax = reward({name: jnp.asarray(value) for name, value in batch.items()})
        np.testing.assert_allclose(np.asarray(on_jax), expected, rtol=1e-9, atol=1e-9)


@given(reward=own.rewards(), batch=own.batches(verdicts=False, shapes=own.FEW))
@settings(max_examples=20, deadline=None)
def test_jax_differentiates_in_the_numbers(reward, batch):
    """Oracle: central differences in float64, where the reward is smooth in its numbers."""
    import jax
    import jax.numpy as jnp

    rs.register_pytrees()
    smooth = 2.0 * own.bump(centre=0.3, width=0.8) + 0.5 * own.effort | rs.Potential(own.height, discount=0.9)
    with jax.enable_x64():
        on_jax = {name: jnp.asarray(value) for name, value in batch.items()}
        gradient = jax.grad(lambda r: r(on_jax).sum())(smooth).numbers()
        for name, value in smooth.numbers().items():
            up = smooth.with_numbers({name: value + 1e-6})(batch).sum()
            down = smooth.with_numbers({name: value - 1e-6})(batch).sum()
            assert abs(float(gradient[name]) - (up - down) / 2e-6) < 1e-5
        leaves, shape = jax.tree_util.tree_flatten(reward)
        assert jax.tree_util.tree_unflatten(shape, leaves) == reward
        assert len(leaves) == len(reward.numbers())
