"""The sandbox works for root and for an ordinary user; whoever runs the tests is one, and here is the other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import rewardsmith

USER = 1234
PROGRAM = """
import os
from pathlib import Path
import numpy as np
from rewardsmith.sandbox import ArrayJob, Pool, ProgramJob
with Pool(size=1) as pool:
    print(os.getuid())
    print(pool.run(ArrayJob("def f(x):\\n    return 2 * x", "f", {"x": np.ones(2)})).arrays[""].tolist())
    print(pool.run(ProgramJob("import os, json\\nprint(os.getuid())")).text.strip())
    print(pool.run(ProgramJob("import os\\nos.fork()")).reason)
    print(pool.stamp)
"""
# A copy of the mounts in which Python can be reached by everybody, wherever it is installed.
REACHABLE = """
set -e
hold=$(mktemp -d)
mount -t tmpfs tmpfs "$hold"
n=0
for path in $PATHS; do
  n=$((n + 1)); mkdir "$hold/$n"; mount --bind "$path" "$hold/$n"
done
for top in $CLOSED; do
  mount -t tmpfs -o mode=755 tmpfs "$top"
done
n=0
for path in $PATHS; do
  n=$((n + 1)); mkdir -p "$path"; mount --bind "$hold/$n" "$path"
done
exec setpriv --reuid "$OTHER" --regid "$OTHER" --clear-groups "$@"
"""


def closed_above(path: Path) -> list[str]:
    """The topmost directory above a path that others cannot pass."""
    ups = [up for up in reversed(path.parents) if not up.stat().st_mode & 0o001]
    return [str(up) for up in ups[:1]]


def as_another_user(program: str) -> str:
    command = [sys.executable, "-c", program]
    environment = {**os.environ, "HOME": "/tmp", "PYTHONPATH": str(Path(rewardsmith.__file__).parents[1])}
    if os.getuid() == 0:
        needed = {
            Path(sys.base_prefix),
            Path(sys.prefix),
            Path(rewardsmith.__file__).parents[1],
            Path(np.__file__).parents[1],
        }
        closed = {top for path in needed for top in closed_above(path.resolve())}
        below = [path for path in needed if any(path.is_relative_to(top) for top in closed)]
        environment |= {"PATHS": " ".join(map(str, below)), "CLOSED": " ".join(closed), "OTHER": str(USER)}
        command = ["unshare", "--mount", "sh", "-c", REACHABLE, "sh", *command]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_ordinary_user_has_the_same_walls() -> None:
    me, values, inside, fork, stamp = as_another_user(PROGRAM).splitlines()
    assert int(me) == (USER if os.getuid() == 0 else os.getuid())
    assert values == "[2.0, 2.0]"
    assert inside == "65534"
    assert fork.startswith("PermissionError: [Errno 1] Operation not permitted")
    assert stamp.startswith("bubblewrap: namespaces, seccomp")
