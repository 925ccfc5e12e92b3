"""Bubblewrap: Linux namespaces around a zygote, seccomp, Landlock and limits around every job in it.

In there: no network, no other processes, no environment, no devices, and of the file system only what Python
and NumPy need, read-only.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path, PurePath

import numpy as np

from .backend import NoSandbox, Reason
from .jobs import Limits, Tier
from .worker import ZygoteWorker, guarded, opens, other_machine, start

_PROGRAM = "bwrap"
_NAME = "bubblewrap"
_USER = "65534"
_HERE = Path(__file__).parent
_LIBRARIES = ("/lib", "/lib64", "/usr/lib64")
# The whole environment inside.  bwrap itself gets none: a job could read its (security: /proc/1/environ).
ENVIRONMENT = {
    "LD_LIBRARY_PATH": "/py/lib",
    "PYTHONHASHSEED": "0",  # the same order of sets in every worker
    "PYTHONPATH": "/site",
    "PYTHONUTF8": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_REMEDY = (
    "it needs bubblewrap 0.8 or later and user namespaces, or root with CAP_SYS_ADMIN; for a container: "
    "--cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined"
)


class Bubblewrap:
    """The default back-end, for both tiers."""

    name = _NAME
    tiers: frozenset[Tier] = frozenset({"T1", "T2"})
    isolated = True

    def available(self) -> Reason | None:
        """None where a worker really started here and its walls were seen to hold."""
        return opens(Bubblewrap)

    def open(self, limits: Limits) -> ZygoteWorker:
        """Start a worker.

        Raises:
            NoSandbox: bwrap is missing or refused, or the walls do not hold.
        """
        missing = _missing()
        if missing:
            raise NoSandbox("T1", [(_NAME, missing)])
        started = start(command(), {}, _NAME, _REMEDY)
        landlock = started.hello["landlock"]
        wall = f"Landlock {landlock}" if landlock else "no Landlock"
        return guarded(started, _NAME, f"{_NAME}: namespaces, seccomp, {wall}", limits)


def _missing() -> Reason | None:
    if (reason := other_machine()) is not None:
        return reason
    if shutil.which(_PROGRAM) is None:
        return Reason("the program bwrap is not installed", "apt-get install bubblewrap")
    return None


def command() -> list[str]:
    """The command line of a worker."""
    program = shutil.which(_PROGRAM) or _PROGRAM
    return [program, *_namespaces(), *_files(), *_environment(), "--", *_python()]


def _namespaces() -> list[str]:
    names = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    common = [*names, "--hostname", "sandbox", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if os.geteuid() == 0:
        # A user namespace would map root to root: limits on processes would not count, files of root would
        # be readable.  Instead the zygote really becomes another user, and then has no capability left.
        return [*common, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return [*common, "--unshare-user", "--disable-userns", "--uid", _USER, "--gid", _USER]


def _files() -> list[str]:
    binds = list(_binds())
    words: list[str] = []
    # bwrap makes what is missing above a bind readable for root alone
    for folder in dict.fromkeys(str(up) for _, place in binds for up in reversed(PurePath(place).parents[:-1])):
        words += ["--dir", folder]
    for source, place in binds:
        words += ["--ro-bind", str(source), place]
    packages = f"/py/{sys.platlibdir}/{Path(sysconfig.get_path('stdlib')).name}/site-packages"
    if (Path(sysconfig.get_path("stdlib")) / "site-packages").is_dir():
        words += ["--tmpfs", packages, "--remount-ro", packages]
    for path in _LIBRARIES:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
    return [*words, "--remount-ro", "/", "--chdir", "/app"]


def _binds() -> Iterator[tuple[Path, str]]:
    """What is seen inside: (path here, path there)."""
    base = Path(sys.base_prefix)
    standard = Path(sysconfig.get_path("stdlib"))
    site = Path(np.__file__).resolve().parent
    yield Path(sys.executable).resolve(), "/py/bin/python3"
    yield standard.resolve(), f"/py/{sys.platlibdir}/{standard.name}"
    if base != Path("/usr"):
        for library in sorted((base / "lib").glob("lib*.so*")):
            yield library.resolve(), f"/py/lib/{library.name}"
    yield site, "/site/numpy"
    if (site.parent / "numpy.libs").is_dir():
        yield site.parent / "numpy.libs", "/site/numpy.libs"
    for path in _shared():
        yield Path(path), path
    yield _HERE / "inside", "/app/inside"


def _shared() -> list[str]:
    """Directories of the system's shared libraries, where they really are."""
    triplet = sysconfig.get_config_var("MULTIARCH") or f"{platform.machine()}-linux-gnu"
    places = [f"/usr/lib/{triplet}", f"/lib/{triplet}", "/lib64", "/usr/lib64"]
    return list(dict.fromkeys(os.path.realpath(path) for path in places if os.path.isdir(path)))


def _environment() -> list[str]:
    return [word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)]


def _python() -> list[str]:
    readable = ["/py", "/site", *_shared()]
    return ["/py/bin/python3", "-s", "-S", "-B", "-m", "inside.zygote", "closed", *readable]
