"""One JAX device per core, and a compile cache that outlives the process.

XLA runs small networks on one core.  Several virtual CPU devices, each with its share of the
population, keep all cores busy; they must be asked for before JAX starts its backend.
"""

from __future__ import annotations

import contextlib
import os
from functools import cache
from pathlib import Path
from typing import Any

from ...core.errors import BadInput, MissingExtra

CACHE = "REWARDSMITH_CACHE"
CORES = "REWARDSMITH_CORES"
# XLA compiles a program for one device in another way, with other last digits; from two on the number of
# devices makes no difference.  So one core is shared by two, and a training has one result everywhere.
FEWEST = 2


def cache_folder() -> Path:
    """Where compiled programs are kept: ``$REWARDSMITH_CACHE``, else the user's cache folder."""
    chosen = os.environ.get(CACHE)
    if chosen:
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "rewardsmith"


def cores() -> int:
    """Cores to use: ``$REWARDSMITH_CORES``, else those that this process may run on."""
    chosen = os.environ.get(CORES)
    if chosen is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not chosen.isdigit() or int(chosen) < 1:
        raise BadInput(CORES, repr(chosen), "a whole number, at least 1")
    return int(chosen)


@cache
def prepare() -> None:
    """Configure JAX once; without effect on the number of devices where the backend already runs."""
    try:
        import jax
    except ImportError:
        raise MissingExtra("jax", "control", "training control policies") from None
    if "xla_force_host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):
        with contextlib.suppress(RuntimeError):  # the backend runs already: use the devices it has
            jax.config.update("jax_num_cpu_devices", max(FEWEST, cores()))
    if jax.config.values["jax_compilation_cache_dir"] is None:  # a folder that the user chose stays
        folder = cache_folder() / "xla"
        folder.mkdir(parents=True, exist_ok=True)
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


@cache
def mesh() -> Any:
    """All devices in a row, axis ``members``."""
    prepare()
    import jax
    import numpy as np

    return jax.sharding.Mesh(np.asarray(jax.devices()), ("members",))
