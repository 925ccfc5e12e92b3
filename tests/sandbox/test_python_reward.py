"""A reward in Python is a reward: its values against NumPy in this process, its laws, and its failures."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput, CompositionError, MissingField, NonFiniteError, ProgramError
from rewardsmith.core.serial import from_json, to_json
from rewardsmith.sandbox import ArrayJob, Limits, Pool, parse_python, using
from rewardsmith.testing import check_reward

TABLE = (
    rs.Field("angle", "rad", meaning="of the pole"),
    rs.Field("obs", width=3),
    rs.Field("action", kind="action"),
    rs.Field("terminated", kind="flag"),
)
SOURCE = '''
import math

WEIGHT = 0.1

def positive(x):
    return np.where(x > 0, x, 0.0)

def reward(angle, obs, action):
    """Upright, cheap, and far out."""
    far = 0.0
    for column in range(obs.shape[1]):
        far = far + positive(obs[:, column]) / math.pi
    return {"upright": np.cos(angle), "effort": -WEIGHT * action**2, "far": far}
'''
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module", autouse=True)
def pool() -> Iterator[Pool]:
    with Pool(limits=Limits(wall=20.0, cpu=5.0), size=1) as opened, using(opened):
        yield opened


def batch(*shape: int, dtype: type = np.float64) -> dict[str, np.ndarray]:
    flat = {"angle": RNG.normal(size=shape), "action": RNG.normal(size=shape), "terminated": np.zeros(shape)}
    return {name: value.astype(dtype) for name, value in {**flat, "obs": RNG.normal(size=(*shape, 3))}.items()}


def by_hand(rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    far = np.maximum(rows["obs"], 0).sum(-1) / np.pi
    return {"upright": np.cos(rows["angle"]), "effort": -0.1 * rows["action"] ** 2, "far": far}


class TestValues:
    @pytest.mark.parametrize("shape", [(7,), (1,), (4, 5), (2, 3, 2), ()])
    def test_are_those_of_the_same_code_here(self, shape: tuple[int, ...]) -> None:
        rows = batch(*shape)
        found = parse_python(SOURCE, TABLE).terms(rows)
        expected = by_hand(rows)
        assert list(found) == list(expected)
        for name, value in expected.items():
            assert found[name].shape == shape
            np.testing.assert_allclose(found[name], value, rtol=1e-14)
        np.testing.assert_allclose(parse_python(SOURCE, TABLE)(rows), sum(expected.values()), rtol=1e-12)

    def test_of_no_rows_are_none(self) -> None:
        assert parse_python(SOURCE, TABLE)(batch(0, 4)).shape == (0, 4)

    def test_numbers_are_the_same_for_every_row(self) -> None:
        reward = parse_python("def reward(angle):\n    return {'alive': 1, 'flag': True}", TABLE)
        assert reward(batch(3)).tolist() == [2.0, 2.0, 2.0]

    def test_whole_numbers_and_truth_are_numbers(self) -> None:
        reward = parse_python("def reward(angle):\n    return angle > 0", TABLE)
        rows = batch(5)
        assert reward(rows).tolist() == (rows["angle"] > 0).astype(float).tolist()

    def test_a_total_beside_its_parts(self) -> None:
        source = "def reward(angle, action):\n    up = np.cos(angle)\n    return up * 2 - action, {'up': up}"
        rows, reward = batch(6), parse_python(source, TABLE)
        assert reward.names == ("up", "rest")
        np.testing.assert_allclose(reward(rows), 2 * np.cos(rows["angle"]) - rows["action"], rtol=1e-12)
        np.testing.assert_allclose(
            reward.terms(rows)["rest"], np.cos(rows["angle"]) - rows["action"], rtol=1e-12
        )

    def test_an_infinite_total_is_an_error_whatever_its_parts_are(self) -> None:
        source = "def reward(angle):\n    part = np.log(angle)\n    return part, {'part': part}"
        reward = parse_python(source, TABLE)
        with pytest.raises(NonFiniteError, match="infinite at 1 of 2 steps"):
            reward({"angle": np.array([1.0, 0.0])})

    def test_nan_is_no_verdict_and_infinity_an_error(self) -> None:
        reward = parse_python("def reward(angle):\n    return np.log(angle)", TABLE)
        found = reward({"angle": np.array([1.0, -1.0])})
        assert found[0] == 0.0
        assert np.isnan(found[1])
        with pytest.raises(NonFiniteError, match="infinite at 1 of 2 steps"):
            reward({"angle": np.array([1.0, 0.0])})

    def test_the_fields_may_be_written_to_inside_and_stay_as_they_are_here(self) -> None:
        rows = batch(4)
        before = rows["angle"].copy()
        reward = parse_python("def reward(angle):\n    angle[:] = 7.0\n    return angle", TABLE)
        assert reward(rows).tolist() == [7.0] * 4
        np.testing.assert_array_equal(rows["angle"], before)

    def test_the_type_and_library_of_the_fields_are_kept(self) -> None:
        import jax.numpy as jnp
        import torch

        reward, rows = parse_python(SOURCE, TABLE), batch(4, dtype=np.float32)
        expected = sum(by_hand(rows).values())
        assert reward(rows).dtype == np.float32
        on_torch = reward({name: torch.as_tensor(value) for name, value in rows.items()})
        assert isinstance(on_torch, torch.Tensor)
        assert on_torch.dtype == torch.float32
        on_jax = reward({name: jnp.asarray(value) for name, value in rows.items()})
        assert isinstance(on_jax, jnp.ndarray)
        for found in (on_torch.numpy(), np.asarray(on_jax)):
            np.testing.assert_allclose(found, expected, rtol=1e-5)

    def test_large_batches_come_through(self) -> None:
        rows = batch(100_000)
        np.testing.assert_allclose(parse_python(SOURCE, TABLE)(rows), sum(by_hand(rows).values()), rtol=1e-12)


class TestEveryEvaluationIsTheSame:
    def test_state_is_lost(self) -> None:
        source = (
            "seen = []\ndef reward(angle):\n    seen.append(1)\n    np.e = 3.0 + len(seen)\n    return np.e"
        )
        reward = parse_python(source, TABLE)
        assert [reward(batch(1)).item() for _ in range(3)] == [4.0, 4.0, 4.0]

    def test_random_numbers_repeat_in_every_worker(self, pool: Pool) -> None:
        source = "import random\ndef reward(x):\n    return np.random.normal(size=3) + random.random()"
        job = ArrayJob(source, "reward", {"x": np.zeros(3)})
        with Pool(size=1) as other:
            first, *rest = [each.run(job).arrays[""].tolist() for each in (pool, pool, other, other)]
        assert rest == [first] * 3

    def test_the_order_of_sets_repeats_in_every_worker(self) -> None:
        source = "def reward(angle):\n    return np.array([hash(w) % 1000 for w in ('a', 'b', 'c')])"
        reward = parse_python(source, TABLE)
        with Pool(size=1) as other:
            values = [reward(batch(3)).tolist()]
            with using(other):
                values.append(reward(batch(3)).tolist())
        assert values[0] == values[1]


class TestItIsAReward:
    def test_the_laws_hold(self) -> None:
        rows, reward = batch(3, 4), parse_python(SOURCE, TABLE)
        for each in (reward, 2.0 * reward - 1.0, reward | rs.Clip(-1, 1)):
            check_reward(each, rows, [])

    def test_it_is_a_value(self) -> None:
        reward = parse_python(SOURCE, TABLE)
        assert str(reward) == SOURCE
        assert reward == parse_python(SOURCE, [*reversed(TABLE)])
        assert reward != parse_python(SOURCE.replace("0.1", "0.2"), TABLE)
        assert pickle.loads(pickle.dumps(reward)) == reward
        assert from_json(to_json(reward)) == reward
        assert len({reward, parse_python(SOURCE, TABLE)}) == 1
        assert reward.numbers() == {}
        assert (reward.fields, reward.scope) == ({"angle", "obs", "action"}, rs.Scope.STEP)
        larger = 2.0 * reward | rs.Clip(-1.0, 1.0)
        assert rs.parse(str(larger), fields=TABLE) == larger

    def test_the_function_is_found(self) -> None:
        assert parse_python("def helper(x): return x\ndef f(angle): return angle", TABLE).function == "f"
        assert (
            parse_python("def reward(angle): return angle\ndef f(angle): return angle", TABLE).function
            == "reward"
        )

    def test_wrong_input_is_refused(self) -> None:
        reward = parse_python(SOURCE, TABLE)
        with pytest.raises(MissingField, match="'obs'"):
            reward({"angle": np.zeros(3), "action": np.zeros(3)})
        with pytest.raises(ProgramError, match=r"Y_SHAPE.*'obs' of shape \(3, 2\)"):
            reward({"angle": np.zeros(3), "action": np.zeros(3), "obs": np.zeros((3, 2))})
        with pytest.raises(ProgramError, match=r"Y_SHAPE.*\(4, 3\)|Y_SHAPE.*\(4,\)"):
            reward({"angle": np.zeros(3), "action": np.zeros(3), "obs": np.zeros((4, 3))})
        with pytest.raises(BadInput, match="source of a reward: received int"):
            parse_python(1, TABLE)

    def test_jax_cannot_trace_it(self) -> None:
        import jax

        reward = parse_python("def reward(angle): return angle", TABLE)
        with pytest.raises(CompositionError, match="cannot be traced"):
            jax.jit(lambda x: reward({"angle": x}))(np.zeros(3))


class TestFailures:
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("return angle / missing", r"Y_RAISES at 2:20: NameError: name 'missing' is not defined"),
            ("x = 1\n    raise ValueError('so')\n    return angle", r"Y_RAISES at 3:5: ValueError: so"),
            ("return helper(angle)\ndef helper(x):\n    return x.no", r"Y_RAISES at 4:12: AttributeError"),
            ("return angle[:, None]", r"Y_SHAPE at 1:1: .* has shape \(3, 1\); allowed: \(3,\)"),
            ("return angle[:2]", r"Y_SHAPE"),
            ("return 'text'", r"Y_RAISES at 1:1: TypeError: .*str.* not an array of numbers"),
            ("return None", r"Y_RAISES .*NoneType"),
            ("return angle + 1j", r"Y_RAISES .*complex"),
            (
                "p = {'a': 1.0}\n    p.update(b=2.0)\n    return p",
                r"Y_RETURN .*returned a, b; the source shows a",
            ),
            ("p = {'a': 1.0}\n    return (lambda: p)()", r"Y_RETURN .*it returned a; the source shows reward"),
            ("while True:\n        pass\n    return angle", r"Y_TIME .*more than 0.3 s of processor time"),
            ("import itertools\n    return np.ones(10**10)", r"Y_MEMORY .*more than 1,024 MiB"),
            ("return open('/etc/passwd')", r"Y_RAISES .*PermissionError"),
            ("return (lambda f: f(f))(lambda f: f(f))", r"Y_RAISES .*RecursionError"),
            ("return np.lib.stride_tricks.as_strided(angle, (10**7,), (0,))", r"Y_OUTPUT|Y_SHAPE"),
            ("return exit()", r"Y_RAISES .*NameError"),
            ("raise SystemExit(0)\n    return angle", r"Y_RAISES .*SystemExit"),
            ("return np.frombuffer(memoryview(angle), dtype='O')", r"Y_RAISES|Y_CRASHED"),
        ],
    )
    def test_of_the_code_are_told_with_their_place(self, pool: Pool, body: str, said: str) -> None:
        reward = parse_python(f"def reward(angle):\n    {body}", TABLE)
        with Pool(limits=Limits(wall=20.0, cpu=0.3), size=1, backend=pool.backend) as hasty, using(hasty):
            with pytest.raises(ProgramError, match=said):
                reward(batch(3))
            assert hasty.failures == 0

    def test_syntax_that_only_the_compiler_refuses(self) -> None:
        with pytest.raises(ProgramError, match=r"Y_RAISES at 3:5: SyntaxError"):
            parse_python("def reward(angle):\n    return angle\n    break", TABLE)(batch(2))

    def test_of_the_sandbox_are_no_verdict_and_counted(self, pool: Pool) -> None:
        """Killed from outside in the middle of a job, twice: that says nothing about the reward."""
        with Pool(size=1, backend=Dying()) as dying, using(dying):
            reward = parse_python(SOURCE, TABLE)
            found = reward.terms(batch(2, 2))
            assert dying.failures == 1
            assert dying.restarts >= 1
            assert list(found) == ["upright", "effort", "far"]
            assert all(np.isnan(part).all() and part.shape == (2, 2) for part in found.values())
            assert reward.run(batch(2)).status == "infrastructure"

    def test_one_failure_of_the_sandbox_is_not_noticed(self) -> None:
        with Pool(size=1, backend=Dying(times=1)) as dying, using(dying):
            rows = batch(5)
            np.testing.assert_allclose(
                parse_python(SOURCE, TABLE)(rows), sum(by_hand(rows).values()), rtol=1e-12
            )
            assert (dying.failures, dying.restarts) == (0, 1)


class Dying:
    """The real back-end, whose first workers are killed before their first job ends."""

    name, isolated = "dying", True
    tiers = frozenset({"T1", "T2"})

    def __init__(self, times: int = 100) -> None:
        self.left = times

    def available(self) -> None:
        return None

    def open(self, limits: Limits):
        from rewardsmith.sandbox import get_backend

        worker = get_backend("bubblewrap").open(limits)
        self.left -= 1
        if self.left >= 0:
            import os
            import signal

            os.kill(worker.pid, signal.SIGKILL)
        return worker
