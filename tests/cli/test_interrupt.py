"""Ctrl-C and SIGTERM: at the next safe point, or soon wherever the work is."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from rewardsmith.cli.interrupt import PATIENCE_SECONDS, STOPPED

WORK = """
import sys, time
from rewardsmith.cli.interrupt import Stopper

with Stopper(farewell=lambda: "go on like this", clean_up=lambda: print("cleaned up", flush=True)) as stopper:
    print("ready", flush=True)
    {work}
"""
ATTENTIVE = "[(time.sleep(0.01), stopper.check()) for _ in range(6000)]"
DEAF = "time.sleep(60)"  # the handlers raise nothing, so this goes on, like compiled code


def _stopped(work: str, number: signal.Signals, times: int = 1) -> tuple[int, str, str, float]:
    command = [sys.executable, "-c", WORK.format(work=work)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    start = time.perf_counter()
    for _ in range(times):
        process.send_signal(number)
        time.sleep(0.2)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err, time.perf_counter() - start


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_work_that_looks_stops_by_itself(number: signal.Signals) -> None:
    code, out, err, _ = _stopped(ATTENTIVE, number)
    assert code != 0
    assert err.splitlines()[-1] == "KeyboardInterrupt: go on like this"
    assert out == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_work_that_does_not_look_is_ended(number: signal.Signals) -> None:
    code, out, err, took = _stopped(DEAF, number)
    assert code == STOPPED
    assert out == "cleaned up\n"
    assert err.splitlines()[-1] == "go on like this"
    assert took > 0.9 * PATIENCE_SECONDS


def test_a_second_signal_ends_it_at_once() -> None:
    code, out, _, took = _stopped(DEAF, signal.SIGINT, times=2)
    assert code == STOPPED
    assert out == "cleaned up\n"
    assert took < PATIENCE_SECONDS


def test_afterwards_signals_work_as_before() -> None:
    again = "pass\nprint('after', flush=True)\nimport signal\nsignal.raise_signal(signal.SIGINT)"
    run = subprocess.run(
        [sys.executable, "-c", WORK.format(work=again)], capture_output=True, text=True, timeout=30
    )
    assert run.stdout == "ready\nafter\n"
    assert run.stderr.splitlines()[-1] == "KeyboardInterrupt"
