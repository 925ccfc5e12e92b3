"""Novelty bonuses against loops, closed forms and direct inversion; pieces, missing values, other libraries."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput
from rewardsmith.testing import check_reward, sample_batch
from rewardsmith.transforms import CountBonus, EllipticalBonus, Normalize, RNDBonus
from transforms.pieces import episodes

KINDS = [
    *CountBonus.examples(),
    CountBonus(("cell", "position"), "both", 0.7),
    *EllipticalBonus.examples(),
    *RNDBonus.examples(),
    CountBonus("cell", "episodic", first_only=True) * RNDBonus("position"),
]


def world(seed: int, rows: int = 3, length: int = 9) -> dict:
    rng = np.random.default_rng(seed)
    batch = episodes(seed, rows, length)
    batch["cell"] = rng.integers(0, 4, (rows, length))
    batch["position"], batch["velocity"] = rng.normal(size=(2, rows, length))
    return batch


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("memory", ["global", "episodic", "both"])
@pytest.mark.parametrize("first_only", [False, True])
def test_counts_against_a_loop(seed: int, memory: str, first_only: bool) -> None:
    batch = world(seed)
    found = CountBonus(("cell", "position"), memory, 0.8, first_only)(batch)
    ever, here = Counter(), Counter()
    for t in range(9):
        for row in range(3):
            if batch["first"][row, t]:
                here = Counter({k: v for k, v in here.items() if k[0] != row})
            cell = (np.floor(batch["cell"][row, t] / 0.8), np.floor(batch["position"][row, t] / 0.8))
            ever[cell] += 1
            here[(row, cell)] += 1
            n = here[(row, cell)]
            now = float(n == 1) if first_only else n**-0.5
            expected = {"global": ever[cell] ** -0.5, "episodic": now, "both": now * ever[cell] ** -0.5}[memory]
            assert found[row, t] == pytest.approx(expected)


@pytest.mark.parametrize("reward", KINDS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_pieces_give_what_the_whole_gives(reward, seed: int) -> None:
    batch = world(seed)
    whole, _ = reward.apply(batch, reward.init(batch))
    for cut in range(1, 9):
        state, found = None, []
        for piece in (slice(0, cut), slice(cut, None)):
            part = {name: values[:, piece] for name, values in batch.items()}
            state = reward.init(part) if state is None else pickle.loads(pickle.dumps(state))
            out, state = reward.apply(part, state)
            found.append(out)
        np.testing.assert_allclose(np.concatenate(found, 1), whole, atol=1e-10)


@pytest.mark.parametrize("reward", KINDS, ids=str)
def test_laws_of_rewards(reward) -> None:
    rng = np.random.default_rng(0)
    check_reward(reward, sample_batch(reward.fields, rng))
    check_reward(
        rs.success + 0.1 * (reward | Normalize(center=False)), sample_batch(reward.fields | {"success"}, rng)
    )


@pytest.mark.parametrize("reward", KINDS[:-1], ids=str)
def test_a_field_without_value_gives_no_verdict_and_leaves_no_trace(reward) -> None:
    batch = world(1)
    field = "position" if "position" in reward.fields else "cell"
    batch[field] = np.where(np.arange(9) == 4, np.nan, batch[field].astype(float))
    found = reward(batch)
    assert (np.isnan(found) == np.isnan(batch[field])).all()
    kept = np.arange(9) != 4
    without = {name: values[:, kept] for name, values in batch.items()}
    without["first"] = without["first"] | (np.arange(8) == 4) & batch["first"][:, 4:5]
    np.testing.assert_allclose(reward(without), found[:, kept], atol=1e-12)


@pytest.mark.parametrize("reward", KINDS, ids=str)
def test_other_libraries(reward) -> None:
    import jax
    import jax.numpy as jnp
    import torch

    batch = world(2)
    expected = reward(batch)
    found = reward({name: torch.as_tensor(value) for name, value in batch.items()})
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)
    with jax.enable_x64():
        found = reward({name: jnp.asarray(value) for name, value in batch.items()})
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5)


def test_the_elliptical_bonus_against_direct_inversion() -> None:
    batch = world(4)
    phi = np.stack([batch["position"], batch["velocity"]], -1)
    found = EllipticalBonus(("position", "velocity"), 0.3)(batch)
    for row in range(3):
        for t in range(9):
            start = max(np.flatnonzero(batch["first"][row, : t + 1]))
            seen = phi[row, start:t]
            matrix = 0.3 * np.eye(2) + seen.T @ seen
            assert found[row, t] == pytest.approx(phi[row, t] @ np.linalg.inv(matrix) @ phi[row, t])


def test_the_elliptical_bonus_of_one_hot_features_is_a_count() -> None:
    cells = np.random.default_rng(0).integers(0, 3, 20)
    found = EllipticalBonus("code", 0.5)({"code": np.eye(3)[cells], "terminated": np.zeros(20, bool)})
    before = [(cells[:t] == cells[t]).sum() for t in range(20)]
    np.testing.assert_allclose(found, 1 / (np.array(before) + 0.5))


def test_the_inverse_does_not_drift() -> None:
    rng = np.random.default_rng(0)
    phi = rng.normal(size=(1, 5000, 4))
    reward = EllipticalBonus("phi", 0.1)
    batch = {"phi": phi, "terminated": np.zeros((1, 5000), bool)}
    _, (inverse,) = reward.apply(batch, reward.init(batch))
    np.testing.assert_allclose(
        inverse[0], np.linalg.inv(0.1 * np.eye(4) + phi[0].T @ phi[0]), rtol=1e-8, atol=1e-12
    )
    assert (inverse[0] == inverse[0].T).all()


def test_distillation_learns_by_the_gradient_and_fades_where_it_has_been() -> None:
    """Oracle: central differences of half the squared error; and a region seen 300 times against a new one."""
    reward = RNDBonus(("x", "y"), learning_rate=0.4, hidden=5, outputs=3, seed=2)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 1, 2))
    batch = {"x": x[..., 0], "y": x[..., 1]}
    weights = rng.normal(size=(6, 3))
    target, features = reward.networks(x[:, 0])

    def loss(w: np.ndarray) -> float:
        return 0.5 * ((target - features @ w) ** 2).sum(-1).mean()

    gradient = np.zeros_like(weights)
    for place in np.ndindex(*weights.shape):
        step = np.zeros_like(weights)
        step[place] = 1e-6
        gradient[place] = (loss(weights + step) - loss(weights - step)) / 2e-6
    paid, (after,) = reward.apply(batch, (weights,))
    np.testing.assert_allclose(after - weights, -0.4 / (features**2).sum(-1).mean() * gradient, atol=1e-8)
    np.testing.assert_allclose(paid[:, 0], np.linalg.norm(target - features @ weights, axis=-1))

    wide = RNDBonus(("x", "y"))
    here = {"x": rng.normal(size=(4, 300)) * 0.2, "y": rng.normal(size=(4, 300)) * 0.2}
    seen, state = wide.apply(here, wide.init(here))
    there, _ = wide.apply({"x": np.full((1, 1), 3.0), "y": np.full((1, 1), -3.0)}, state)
    assert seen[:, -50:].mean() < 0.2 * seen[:, 0].mean()
    assert there[0, 0] > 5 * seen[:, -50:].mean()
    assert RNDBonus(("x", "y"), seed=1)(here)[0, 0] != seen[0, 0]


def test_entropy_tells_a_useless_cell() -> None:
    reward = CountBonus("x", width=1e-6)
    batch = {"x": np.random.default_rng(0).random(64)}
    _, state = reward.apply(batch, reward.init(batch))
    assert reward.entropy(state) == pytest.approx(6.0)  # every visit is a new cell
    with pytest.raises(BadInput, match="no visits"):
        reward.entropy(reward.init(batch))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: CountBonus("x", "always"), "global, episodic or both"),
        (lambda: CountBonus("x", width=0.0), "above 0"),
        (lambda: EllipticalBonus("x", ridge=0.0), "above 0"),
        (lambda: RNDBonus("x", learning_rate=2.0), "diverges"),
        (lambda: RNDBonus("x", hidden=0), "1 or more"),
        (lambda: CountBonus(()), "one or more names"),
    ],
)
def test_bad_settings(make, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        make()
