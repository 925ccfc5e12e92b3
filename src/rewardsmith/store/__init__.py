"""Runs and results on disk: what survives.

``Run`` writes and reads one run, ``list_runs`` lists them; see ``docs/store.md``.
"""

from __future__ import annotations

from rewardsmith.core.errors import MissingExtra

try:
    from rewardsmith.store.canonical import decode, encode, run_id
    from rewardsmith.store.checkpoints import Checkpoint
    from rewardsmith.store.journal import Event
    from rewardsmith.store.listing import RunRecord, find_run, list_runs, runs_folder
    from rewardsmith.store.run import Run
    from rewardsmith.store.trouble import StoreWarning
except ModuleNotFoundError as error:
    if error.name != "sqlalchemy":
        raise
    raise MissingExtra("sqlalchemy", "store", "keeping runs on disk") from error

__all__ = [
    "Checkpoint",
    "Event",
    "Run",
    "RunRecord",
    "StoreWarning",
    "decode",
    "encode",
    "find_run",
    "list_runs",
    "run_id",
    "runs_folder",
]
