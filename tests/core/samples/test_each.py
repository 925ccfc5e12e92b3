"""``@term(each=True)``: real functions that hang, die, raise and wait, each at the cost of its own verdict."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput, CompositionError, MissingExtra
from rewardsmith.core.samples import loop, pool
from rewardsmith.core.samples.each import SampleError
from rewardsmith.testing import check_reward

FORTY = [str(number) for number in range(40)]


@rs.term(each=True, timeout=0.5, concurrency=4)
def awkward(completion, *, scale=2.0, mode="plain"):
    """Two times a number; some texts are trouble."""
    if completion == "hang":
        while True:
            pass
    if completion == "deaf":  # neither signals nor exceptions end it
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            with contextlib.suppress(BaseException):
                time.sleep(1000)
    if completion == "exit":
        os._exit(3)
    if completion == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if completion == "quit":
        sys.exit("no")
    if completion == "raise":
        raise ValueError(f"bad\ntext in mode {mode}")
    if completion == "none":
        return None
    if completion == "text":
        return "0.5"
    return scale * float(completion)


@rs.term(each=True, timeout=0.3, concurrency=8)
async def waiting(completion, *, scale=1.0):
    if completion == "hang":
        await asyncio.sleep(1000)
    if completion == "deaf":
        while True:
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                await asyncio.sleep(0.01)
                if completion == "deaf":
                    continue
    if completion == "raise":
        raise ValueError("bad")
    if completion == "none":
        return None
    await asyncio.sleep(0.001)
    return scale * float(completion)


@rs.term(each=True, concurrency=2)
def where_am_i(x):
    return float(os.getpid())


@rs.term(each=True)
def column_sum(x, weights):
    return x + float(np.sum(weights))


@rs.term(each=True)
def misused(completion):
    raise BadInput("pattern", "(", "a regular expression")


@rs.term(each=True)
async def misused_async(completion):
    raise MissingExtra("nothing", "none", "this")


@rs.term(each=True, concurrency=3)
def slow(x):
    time.sleep(0.02)
    return x


@pytest.mark.parametrize("trouble", ["hang", "deaf", "exit", "die", "quit", "raise", "text"])
def test_trouble_costs_only_its_own_verdict(trouble, caplog):
    texts = [*FORTY]
    texts[5] = texts[6] = texts[31] = trouble
    started = time.monotonic()
    values = awkward({"completion": texts})
    assert time.monotonic() - started < 5
    expected = 2.0 * np.arange(40.0)
    expected[[5, 6, 31]] = np.nan
    np.testing.assert_array_equal(values, expected)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "rewardsmith.each"]
    assert line.startswith("term awkward: 3 of 40 samples failed; first, sample 5: ")
    said = {"hang": "no verdict within 0.5 s", "deaf": "no verdict within 0.5 s", "exit": "exit code 3"}
    said |= {"die": "SIGSEGV", "quit": "SystemExit: no", "raise": "ValueError: bad text in mode plain"}
    assert said.get(trouble, "returned '0.5'; allowed: a number") in line


@pytest.mark.parametrize("trouble", ["hang", "deaf", "raise"])
def test_async_trouble_costs_only_its_own_verdict(trouble, caplog):
    texts = [*FORTY]
    texts[5] = texts[31] = trouble
    started = time.monotonic()
    values = waiting({"completion": texts})
    assert time.monotonic() - started < 2
    expected = np.arange(40.0)
    expected[[5, 31]] = np.nan
    np.testing.assert_array_equal(values, expected)
    assert "2 of 40 samples failed; first, sample 5" in caplog.text


@pytest.mark.parametrize("term", [awkward, waiting])
def test_none_is_no_verdict_and_no_failure(term, caplog):
    assert np.isnan(term({"completion": ["none", "1"]})).tolist() == [True, False]
    assert caplog.text == ""


@pytest.mark.parametrize("term", [awkward, waiting])
def test_what_an_error_is_worth(term):
    batch = {"completion": ["1", "raise", "none", "hang"]}
    scale = term.numbers()[f"{term.label}.scale"]
    np.testing.assert_array_equal(term(on_error=-1.0)(batch), [scale, -1.0, np.nan, -1.0])
    started = time.monotonic()
    with pytest.raises(SampleError, match=rf"term {term.label}, sample 1: ValueError: bad") as caught:
        term(on_error="raise", timeout=30.0)(batch)
    assert time.monotonic() - started < 5  # what still hangs is ended, not waited for
    assert caught.value.number == 1
    assert pickle.loads(pickle.dumps(caught.value)).number == 1


def test_errors_of_ours_are_always_raised():
    with pytest.raises(BadInput, match="a regular expression"):
        misused({"completion": ["a"] * 3})
    with pytest.raises(MissingExtra, match="pip install"):
        misused_async({"completion": ["a"] * 3})


def test_it_is_a_value():
    assert str(awkward) == ("awkward(scale=2.0, mode='plain', timeout=0.5, concurrency=4, on_error='abstain')")
    assert awkward.numbers() == {"awkward.scale": 2.0}  # a search does not touch the timeout
    assert awkward(timeout=1) != awkward == awkward(timeout=0.5)
    assert awkward(timeout=1).options[1] == ("timeout", 1)
    table = {"awkward": awkward}
    assert rs.parse(str(2.0 * awkward(timeout=9.0)), table) == 2.0 * awkward(timeout=9.0)
    assert rs.from_json(rs.to_json(awkward(on_error="raise")), table) == awkward(on_error="raise")
    assert pickle.loads(pickle.dumps(awkward(mode="b"))) == awkward(mode="b")
    for term in (awkward, waiting):
        check_reward(term, {"completion": FORTY[:5]}, [term])


def test_bad_settings():
    for wrong in ({"timeout": 0}, {"timeout": float("inf")}, {"concurrency": 0}, {"concurrency": 1.5}):
        with pytest.raises(BadInput, match=next(iter(wrong))):
            awkward(**wrong)
        with pytest.raises(BadInput, match=next(iter(wrong))):
            rs.term(each=True, **wrong)(slow.function)
    with pytest.raises(BadInput, match="'raise', 'abstain'"):
        awkward(on_error="ignore")
    with pytest.raises(BadInput, match="timeout, concurrency, on_error"):
        rs.term(each=True, workers=3)(slow.function)
    with pytest.raises(CompositionError, match="timeout needs each=True"):
        rs.term(timeout=3)(slow.function)
    with pytest.raises(CompositionError, match="rename the parameter"):

        @rs.term(each=True)
        async def clash(completion, *, timeout=1.0):
            return 1


def test_closures_are_refused_unless_async():
    with pytest.raises(CompositionError, match="top level of a module, or an 'async def' anywhere"):

        @rs.term(each=True)
        def inner(completion):
            return 1

    with pytest.raises(CompositionError, match="top level"):
        rs.term(each=True)(lambda completion: 1)
    bonus = 3.0

    @rs.term(each=True)
    async def closure(completion):
        return bonus

    assert closure({"completion": ["a", "b"]}).tolist() == [3.0, 3.0]


def test_leading_shapes_and_extra_axes():
    x = np.arange(6.0).reshape(2, 3)
    weights = np.arange(24.0).reshape(2, 3, 4)
    values = column_sum({"x": x, "weights": weights})
    np.testing.assert_array_equal(values, x + weights.sum(-1))
    ragged = [[[1, 2], [3], []], [[], [4], [5, 6, 7]]]
    np.testing.assert_array_equal(
        column_sum({"x": x, "weights": ragged, "terminated": np.zeros((2, 3), bool)}),
        x + np.array([[3, 3, 0], [0, 4, 18]]),
    )
    assert column_sum({"x": x[:0], "weights": weights[:0]}).shape == (0, 3)
    assert awkward({"completion": []}).shape == (0,)
    with pytest.raises(BadInput, match="one entry per sample"):
        column_sum({"x": x, "weights": [1.0, 2.0], "terminated": np.zeros((2, 3), bool)})


def test_other_array_libraries():
    import jax
    import jax.numpy as jnp
    import torch

    @rs.term
    def plain(x):
        return x

    both = slow + plain
    x = np.arange(4.0, dtype=np.float32)
    assert both({"x": torch.as_tensor(x)}).tolist() == [0.0, 2.0, 4.0, 6.0]
    on_jax = both({"x": jnp.asarray(x)})
    assert np.asarray(on_jax).tolist() == [0.0, 2.0, 4.0, 6.0]
    with pytest.raises(BadInput, match="jit cannot run it"):
        jax.jit(lambda x: slow({"x": x}))(x)


def test_many_at_once_and_inside_a_running_loop():
    async def outside():
        await asyncio.sleep(0)
        return waiting({"completion": FORTY})

    np.testing.assert_array_equal(asyncio.run(outside()), np.arange(40.0))

    @rs.term(each=True, concurrency=100)
    async def tenth(x):
        await asyncio.sleep(0.1)
        return x

    started = time.monotonic()
    np.testing.assert_array_equal(tenth({"x": np.arange(200.0)}), np.arange(200.0))
    assert 0.2 <= time.monotonic() - started < 1.0


def test_the_limit_of_concurrency_holds():
    now, most = 0, 0

    @rs.term(each=True, concurrency=5)
    async def counted(x):
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.002)
        now -= 1
        return x

    counted({"x": np.arange(50.0)})
    assert most == 5
    assert len(set(where_am_i({"x": np.arange(64.0)}))) == 2


def test_an_async_function_that_blocks_its_loop_is_named(monkeypatch):
    monkeypatch.setattr(loop, "_PATIENCE", 0.2)

    @rs.term(each=True, timeout=0.2)
    async def blocking(x):
        time.sleep(3.0)
        return x

    started = time.monotonic()
    with pytest.raises(CompositionError, match="blocked its event loop"):
        blocking({"x": np.arange(2.0)})
    assert time.monotonic() - started < 2.5
    assert waiting({"completion": ["1"]}).tolist() == [1.0]  # a new loop

    @rs.term(each=True, on_error="raise")
    async def itself(x):
        return float(waiting({"completion": ["1"]})[0])

    with pytest.raises(CompositionError, match="waits for itself"):
        itself({"x": np.arange(1.0)})


def test_threads_evaluate_side_by_side():
    results = {}

    def evaluate(number):
        results[number] = awkward({"completion": [str(number)] * 20})

    threads = [threading.Thread(target=evaluate, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(6):
        assert (results[number] == 2.0 * number).all()


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


def _gone(pids, seconds=5.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until and any(map(_alive, pids)):
        time.sleep(0.02)
    return not any(map(_alive, pids))


def test_workers_are_kept_and_killed_ones_replaced():
    first = set(where_am_i({"x": np.arange(32.0)}))
    assert set(where_am_i({"x": np.arange(32.0)})) == first
    for pid in first:
        os.kill(int(pid), signal.SIGKILL)
    values = where_am_i({"x": np.arange(32.0)})
    assert not set(values) & first
    assert not np.isnan(values).any()  # one that died idle costs nothing


def test_a_killed_template_is_replaced():
    where_am_i({"x": np.arange(4.0)})
    template = pool._clean[0]
    pids = {int(pid) for pid in where_am_i({"x": np.arange(32.0)})}
    template.control.close()
    assert _gone(pids)  # workers die with their template
    found = where_am_i({"x": np.arange(4.0)})
    if np.isnan(found).any():  # the call that meets the dead workers may lose verdicts, the next may not
        found = where_am_i({"x": np.arange(4.0)})
    values = {int(pid) for pid in found}
    assert not values & pids


def test_workers_can_be_ended():
    pids = {int(pid) for pid in where_am_i({"x": np.arange(32.0)})}
    pool.close_workers()
    assert _gone(pids)


SCRIPT = """
import logging, os, sys, time
import numpy as np
import rewardsmith as rs
logging.basicConfig(stream=sys.stderr, format="%(message)s")
print("started")          # a script that was run again would print it twice

@rs.term(each=True, timeout=0.5, concurrency=2)
def pids(x):
    if x == 3:
        time.sleep(1000)
    if x == 4:
        os._exit(1)
    return os.getpid()

values = pids({"x": np.arange(6.0)})
print([float(v) if v != v else int(v) for v in values], flush=True)
"""


def _run(script: str, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *options.pop("arguments", ["-W", "error", "-X", "dev", "-c", script])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def _pids(line: str) -> set[int]:
    return {int(word) for word in line.strip("[]\n").split(", ") if word != "nan"}


@pytest.mark.parametrize("as_file", [True, False])
def test_a_script_without_a_guard(as_file, tmp_path):
    """A function of the script itself: it runs once, and leaves no process behind."""
    file = tmp_path / "script.py"
    file.write_text(SCRIPT)
    arguments = ["-W", "error", "-X", "dev", *([str(file)] if as_file else ["-c", SCRIPT])]
    process = _run("", arguments=arguments)
    out, err = process.communicate(timeout=60)
    lines = out.splitlines()
    assert lines[0] == "started"
    assert len(lines) == 2, out + err
    assert lines[1].count("nan") == 2
    assert "2 of 6 samples failed" in err
    assert len(err.splitlines()) == 1, err  # no leak is reported at exit
    assert _gone(_pids(lines[1]))


def test_workers_die_with_a_killed_parent(tmp_path):
    script = SCRIPT.replace("os._exit(1)", "pass").replace("x == 3", "x == 99") + (
        "pids(timeout=500.0)({'x': np.full(2, 3.0) + 96})"
    )
    process = _run(script)
    process.stdout.readline()
    line = process.stdout.readline()
    time.sleep(0.3)  # the workers hang in a sample now
    assert all(map(_alive, _pids(line)))
    process.kill()
    process.communicate()
    assert _gone(_pids(line))


def test_a_fork_of_the_parent_does_not_keep_workers_alive():
    pids = {int(pid) for pid in where_am_i({"x": np.arange(32.0)})}
    child = os.fork()
    if child == 0:
        time.sleep(30)
        os._exit(0)
    try:
        pool.close_workers()
        assert _gone(pids)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_an_interrupt_ends_the_evaluation():
    script = (
        "import os, sys, time\nimport numpy as np\nimport rewardsmith as rs\n"
        "@rs.term(each=True, timeout=500.0, concurrency=2)\ndef pids(x):\n"
        "    print(os.getpid(), flush=True)\n    time.sleep(1000)\n"
        "pids({'x': np.arange(2.0)})\n"
    )
    process = _run(script, start_new_session=True)
    pids = {int(process.stdout.readline()) for _ in range(2)}
    os.killpg(process.pid, signal.SIGINT)  # as the terminal does
    _, err = process.communicate(timeout=20)
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert _gone(pids)


def test_modules_are_found_by_file(tmp_path):
    """Trainers load a reward from a path, under a name that cannot be imported."""
    file = tmp_path / "my_reward.py"
    file.write_text(
        "import rewardsmith as rs\n@rs.term(each=True)\ndef half(x):\n    return x / 2\n"
        "other = rs.term(each=True)(half.function)\n"
    )
    import importlib.util

    spec = importlib.util.spec_from_file_location("custom_module", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules["custom_module"] = module
    spec.loader.exec_module(module)
    assert module.half({"x": np.arange(3.0)}).tolist() == [0.0, 0.5, 1.0]
    assert module.other({"x": np.arange(3.0)}).tolist() == [0.0, 0.5, 1.0]
    file.write_text("raise OSError('moved away')\n")
    module.__name__ = "second"
    sys.modules["second"] = module
    module.half.function.__module__ = "second"
    with pytest.raises(CompositionError, match="workers cannot load half from second: OSError: moved away"):
        module.half({"x": np.arange(3.0)})


def test_a_wide_crew_does_the_work_side_by_side():
    slow(concurrency=16)({"x": np.arange(16.0)})  # start them
    started = time.monotonic()
    slow(concurrency=16)({"x": np.arange(160.0)})
    assert 0.2 <= time.monotonic() - started < 0.6


def test_the_log_says_it_once(caplog):
    caplog.set_level(logging.DEBUG)
    awkward({"completion": ["raise"] * 500})
    assert len([record for record in caplog.records if record.name == "rewardsmith.each"]) == 1
