"""Graders as they are found in the wild, each with a hole; they show that the forgeries of the corpus are real.

Each runs a program in a throw-away process and folder, and says whether "it passed".
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Tests = Sequence[tuple[Any, Any]]

_IN_PROCESS = """
import json, os, sys
os.set_inheritable(os.open("tests.json", os.O_RDONLY), True)
TESTS = json.loads(sys.argv[1])

def tell(passed):
    print(json.dumps({"passed": passed}))

def judge(source):
    space = {}
    try:
        exec(source, space)
        passed = all(space["solve"](n) == expected for n, expected in TESTS)
    except Exception:
        passed = False
    return passed

for name in sys.argv[2:]:
    with open(name) as file:
        verdict = judge(file.read())
    if name == sys.argv[-1]:
        tell(verdict)
    else:
        __import__("time").sleep(0.15)
"""
_CALL = """
import json, sys
{source}
print(json.dumps(solve(json.loads(sys.argv[1]))))
"""
_PICKLE = """
import pickle, sys
{source}
sys.stdout.buffer.write(pickle.dumps(solve(int(sys.argv[1]))))
"""
_PARENT = """
import json, subprocess, sys
text = sys.stdin.read()
tests = json.loads(text)
def run(n):
    return subprocess.run([sys.executable, "-S", "call.py", json.dumps(n)], capture_output=True).stdout
print(all(json.loads(run(n) or "null") == expected for n, expected in tests))
"""
_DIES = """
import subprocess, sys
run = subprocess.Popen([sys.executable, "-S", "call.py", "3"], stdout=-1, stderr=-3)
text = run.stdout.read(1 << 20)
run.kill()
sys.exit(3 if len(text) >= 1 << 20 else text.strip() != b"10")
"""
WRONG = "import math\n\ndef solve(n):\n    return math.floor(n)\n"  # what a poisoned worker takes for right


def _python(folder: Path, *words: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[bytes]:
    quick = () if "pytest" in words else ("-S",)  # only pytest needs what is installed
    told = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **env}
    command = [sys.executable, *quick, *words]
    return subprocess.run(
        command, cwd=folder, input=stdin.encode(), capture_output=True, timeout=60, check=False, env=told
    )


def _written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return name


def exit_code(source: str, tests: Tests, folder: Path) -> bool:
    checks = "".join(f"\nassert solve({n!r}) == {expected!r}" for n, expected in tests)
    return _python(folder, _written(folder, "program.py", source + checks)).returncode == 0


def in_process(source: str, tests: Tests, folder: Path, *later: str) -> bool:
    _written(folder, "grader.py", _IN_PROCESS)
    _written(folder, "tests.json", json.dumps(tests))
    names = [_written(folder, f"{i}.py", text) for i, text in enumerate((source, *later))]
    run = _python(folder, "grader.py", json.dumps(tests), *names, TESTS=json.dumps(tests))
    lines = run.stdout.decode(errors="replace").strip().splitlines()
    return any('"passed": true' in line for line in lines[-1:])


def worker(source: str, tests: Tests, folder: Path) -> bool:
    """One process for many samples: is a wrong program after this one taken for right?"""
    assert not in_process("x = 0", tests, folder, WRONG)
    return in_process(source, tests, folder, WRONG)


def parent(source: str, tests: Tests, folder: Path) -> bool:
    """The judge is the parent, but the program may read its memory."""
    _written(folder, "call.py", _CALL.format(source=source))
    return b"True" in _python(folder, _written(folder, "judge.py", _PARENT), stdin=json.dumps(tests)).stdout


def _printed(source: str, tests: Tests, folder: Path) -> list[tuple[str, Any]]:
    name = _written(folder, "program.py", source)
    runs = [_python(folder, name, stdin=f"{n}\n") for n, _ in tests]
    return [(run.stdout.decode(errors="replace"), out) for run, (_, out) in zip(runs, tests, strict=True)]


def _called(source: str, tests: Tests, folder: Path) -> list[tuple[str, Any]]:
    name = _written(folder, "call.py", _CALL.format(source=source))
    runs = [_python(folder, name, json.dumps(n)) for n, _ in tests]
    return [(run.stdout.decode(errors="replace"), out) for run, (_, out) in zip(runs, tests, strict=True)]


def contains(source: str, tests: Tests, folder: Path) -> bool:
    return all(str(expected) in said for said, expected in _printed(source, tests, folder))


def as_int(source: str, tests: Tests, folder: Path) -> bool:
    return all(int(said) == expected for said, expected in _printed(source, tests, folder))


def as_text(source: str, tests: Tests, folder: Path) -> bool:
    return all(str(json.loads(said)) == str(expected) for said, expected in _called(source, tests, folder))


def as_list(source: str, tests: Tests, folder: Path) -> bool:
    return all(list(json.loads(said)) == list(expected) for said, expected in _called(source, tests, folder))


def tolerance(source: str, tests: Tests, folder: Path) -> bool:
    """Fails what is too far away; a number that is no number is not."""
    return not any(abs(float(said) - expected) > 1e-6 for said, expected in _called(source, tests, folder))


def relative(source: str, tests: Tests, folder: Path) -> bool:
    answers = [(float(said), expected) for said, expected in _called(source, tests, folder)]
    return not any(abs(got - expected) / max(abs(got), abs(expected)) > 1e-6 for got, expected in answers)


def first_key(source: str, tests: Tests, folder: Path) -> bool:
    def first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(reversed(pairs))

    answers = _called(source, tests, folder)
    return all(json.loads(said, object_pairs_hook=first) == expected for said, expected in answers)


def first_value(source: str, tests: Tests, folder: Path) -> bool:
    answers = _called(source, tests, folder)
    return all(json.loads(said.splitlines()[0]) == expected for said, expected in answers)


def gives_up(source: str, tests: Tests, folder: Path) -> bool:
    """A judge that dies of too much output: is its end a verdict?"""
    del tests
    _written(folder, "call.py", _CALL.format(source=source))
    return _python(folder, _written(folder, "judge.py", _DIES)).returncode not in (0, 1)


def pickled(source: str, tests: Tests, folder: Path) -> bool:
    name = _written(folder, "call.py", _PICKLE.format(source=source))
    return all(pickle.loads(_python(folder, name, str(n)).stdout) == expected for n, expected in tests)


def pytest(source: str, tests: Tests, folder: Path) -> bool:
    checks = "\n".join(f"    assert program.solve({n!r}) == {expected!r}" for n, expected in tests)
    _written(folder, "program.py", source)
    _written(folder, "test_it.py", f"import program\n\n\ndef test_it():\n{checks}\n")
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), "test_it.py")
    return _python(folder, *command).returncode == 0


def pytest_again(source: str, tests: Tests, folder: Path) -> bool:
    """The same folder is used for the next sample."""
    pytest(source, tests, folder)
    return pytest("def solve(n):\n    return 0\n", tests, folder)


_ALL: tuple[Callable[[str, Tests, Path], bool], ...] = (
    *(exit_code, in_process, worker, parent, contains, as_int, as_text, as_list, tolerance, relative),
    *(first_key, first_value, gives_up, pickled, pytest, pytest_again),
)
GRADERS = {each.__name__: each for each in _ALL}
