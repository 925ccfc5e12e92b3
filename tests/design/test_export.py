"""An exported file, imported, gives exactly the values of the reward it was written from."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput, StoreError
from rewardsmith.design.export import export, source
from rewardsmith.design.source import Sources
from rewardsmith.program import parse
from rewardsmith.tasks import load

ABOUT = {
    "run": "7f3a12",
    "success": {"mean": 0.91, "low": 0.83, "high": 0.97, "seeds": 8},
    "selected_on": 0.96,
    "version": "0.1.0",
}
SWINGUP = [
    "1.3 * exp(-1.2 * (energy - 1.0) ** 2) + 2.0 * upright - 5.0 * terminated",
    "-abs(x / 2.4) - (x_velocity - 1.0) * 0.1 + (0.5 - upright)",
    "-(upright - 1.0) ** 2",
    "where(upright > 0.9 and abs(x) < 0.5, 1.0, -0.1) + 0.2",
    "0.5 * (upright > 0.9) + (x < 0.1) * (1.0 - 0.4 < angular_velocity <= 3.0)",
    "norm(obs) * 0.1 - mean(next_obs) + dot(obs, next_obs) / max(obs) + sum(obs[:, 1:4]) + min(next_obs)",
    "sigmoid(3.0 * energy) * tanh(x) - 2.0 ** -upright % 0.7 + clip(angular_velocity, -1, 2) ** 3",
    "(not terminated) * 1.0 + (not upright) * 0.5 - where(terminated, 2.0, upright) + round(x) + floor(x) + pi",
    "next_energy - energy + minimum(upright, 0.3) - -hypot(x, x_velocity) * arctan2(upright, angle_sin)",
    "-0.1 + upright",
    """
def reward(energy, upright, x, terminated, next_obs):
    gap = energy - 1.0
    high = upright > 0.5
    close = exp(-gap ** 2)
    return {"energy": close, "held": high * close, "x": -0.3 * abs(x), "living": 0.1,
            "np": sqrt(norm(next_obs)), "fell": -terminated}
""",
]


def batch_of(task: Any, n: int = 4000, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    size = task.observation_size
    width = task.actions.width
    action = rng.integers(0, task.actions.n, n) if width == 0 else rng.uniform(-1.5, 1.5, (n, width))
    obs, after = rng.normal(size=(2, n, size)) * 2
    return task.batch(obs, action, after, rng.random(n) < 0.1, rng.normal(size=n))


def loaded(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"exported_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("text", SWINGUP)
def test_exactly_the_values_of_the_program(text: str, tmp_path: Path) -> None:
    task = load("cartpole_swingup")
    program = parse(text, task)
    module = loaded(export(program, task, tmp_path / "r.py", ABOUT))
    batch = batch_of(task)
    np.testing.assert_array_equal(module.reward(batch), program(batch))
    wide = {name: value.reshape(40, 100, *value.shape[1:]) for name, value in batch.items()}
    np.testing.assert_array_equal(module.reward(wide), program(wide))
    if text.startswith("\ndef"):
        ours, theirs = module.reward.terms(batch), program.terms(batch)
        # a part called 'np' would hide NumPy, and one called like a field is still a part
        assert list(ours) == ["energy", "held", "x", "living", "np_2", "fell"]
        for mine, part in zip(ours.values(), theirs.values(), strict=True):
            np.testing.assert_array_equal(mine, part)


@pytest.mark.parametrize("name", ["acrobot", "cartpole", "pendulum_hold", "Reacher-v5", "mountain_car"])
def test_fields_of_the_file_are_the_fields_of_the_task(name: str, tmp_path: Path) -> None:
    task = load(name)
    scalars = [field.name for field in task.fields]
    program = parse(" + ".join(f"{i + 1}.5 * {field}" for i, field in enumerate(scalars)), task)
    module = loaded(export(program, task, tmp_path / "r.py"))
    batch = batch_of(task)
    assert [field.name for field in module.FIELDS] == scalars
    for mine, theirs in zip(module.FIELDS, task.fields, strict=True):
        whole = batch["action" if mine.kind == "action" else "obs"]
        np.testing.assert_array_equal(mine.of(whole), theirs.of(whole))
        assert (mine.unit, mine.low, mine.high, mine.meaning) == (
            theirs.unit,
            theirs.low,
            theirs.high,
            theirs.meaning,
        )
    np.testing.assert_array_equal(module.reward(batch), program(batch))


def test_needs_nothing_of_ours_but_the_import(tmp_path: Path) -> None:
    task = load("cartpole_swingup")
    text = source(parse(SWINGUP[0], task), task, ABOUT)
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert {alias.name for node in imports for alias in node.names} == {"annotations", "numpy", "rewardsmith"}
    assert "reward = 1.3 * energy + 2.0 * upright - 5.0 * terminated" in text
    assert "run 7f3a12" in text
    assert "Success 0.91 [0.83, 0.97] on 8 fresh training seeds; selected at 0.96." in text
    assert max(len(line) for line in text.splitlines()) <= 112
    module = loaded(export(parse(SWINGUP[0], task), task, tmp_path / "r.py"))
    assert module.reward.numbers() == {"energy.weight": 1.3, "upright.weight": 2.0, "terminated.weight": -5.0}
    assert all(node.function.__doc__ for node in (module.energy, module.upright, module.terminated))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cartpole", "1.0 - 0.5 * abs(next_angle) - 0.01 * abs(force) - 2.0 * terminated + 0.1 * action"),
        ("Reacher-v5", "exp(-20.0 * next_distance) - 0.05 * effort + distance - next_distance"),
    ],
)
def test_drives_a_real_environment(name: str, text: str, tmp_path: Path) -> None:
    task = load(name)
    program = parse(text, task)
    module = loaded(export(program, task, tmp_path / "r.py", ABOUT))
    env = module.make_env()
    env.action_space.seed(0)
    obs, _ = env.reset(seed=0)
    seen = 0
    for _ in range(60):
        action = env.action_space.sample()
        after, paid, ended, cut, info = env.step(action)
        one = task.batch(*(np.asarray(v, float)[None] for v in (obs, action, after)), np.array([ended]))
        assert paid == pytest.approx(float(program(one)[0]), abs=1e-12)
        assert sum(info["reward_terms"].values()) == pytest.approx(paid, abs=1e-12)
        obs, seen = after, seen + 1
        if ended or cut:
            break
    assert seen > 5
    env.close()


def test_trees_of_terms_are_written_with_their_sources(tmp_path: Path) -> None:
    task = load("acrobot_high")
    from rewardsmith.tasks.control.acrobot import height, tip_above_line

    reward = rs.gate(2.0 * height, when=tip_above_line(line=0.5)) + 0.5 * tip_above_line | rs.Clip(-1.0, 1.0)
    module = loaded(export(reward, task, tmp_path / "r.py"))
    batch = batch_of(task)
    np.testing.assert_array_equal(module.reward(batch), reward(batch))
    assert str(module.reward) == str(reward)


@rs.term
def time_constant(upright, *, tau=1.0):
    """How upright it is, in 0..1, by a time constant."""
    return upright / tau


def test_names_that_hold_names_of_the_library_stay_whole(tmp_path: Path) -> None:
    task = load("cartpole_swingup")
    reward = 2.0 * time_constant(tau=3.0) + rs.Constant(0.5)
    path = export(reward, task, tmp_path / "r.py", {"words": "a share in 0..1"})
    np.testing.assert_array_equal(loaded(path).reward(batch_of(task)), reward(batch_of(task)))
    assert "a share in 0..1." in path.read_text()


def recursive(obs: Any, times: int = 2) -> Any:
    """Calls itself."""
    return obs[..., 0] if times == 0 else recursive(obs, times - 1)


def test_a_function_that_calls_itself_is_written_once() -> None:
    sources = Sources()
    sources.add(recursive)
    assert sources.text().count("def recursive") == 1


def test_a_folder_gets_reward_py_and_bad_input_one_line(tmp_path: Path) -> None:
    task = load("cartpole_swingup")
    program = parse("upright", task)
    assert export(program, task, tmp_path) == tmp_path / "reward.py"
    with pytest.raises(BadInput, match="a program inside"):
        export(program | rs.Clip(-1, 1), task, tmp_path)
    with pytest.raises(BadInput, match="reads 'upright'"):
        export(program, load("Reacher-v5"), tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        export(program, task, tmp_path / "file" / "reward.py")
