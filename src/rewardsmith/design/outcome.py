"""The outcome of a run as one JSON object: what ``rewardsmith design --json`` prints last."""

from __future__ import annotations

from typing import Any

from ..store import Run


def outcome(run: Run) -> dict[str, Any]:
    """What a run found and what it cost.

    Keys: ``run``, ``task``, ``method``, ``status``, ``reward`` (text), ``words``, ``success`` (mean, low, high,
    seeds, per_seed), ``selected_on``, ``shrinkage``, ``failed_seeds``, ``controls`` (zero, sparse, native),
    ``gymnasium``, ``env_steps``, ``trainings``, ``programs``, ``screened``, ``wall_s``, ``folder``.  What is
    not there yet is None.
    """
    final, controls, finished = (run.done(key) or {} for key in ("final", "controls", "finished"))
    spent, config = run.spent(), run.config
    names = ("selected_on", "shrinkage", "failed_seeds", "gymnasium")
    kept = ("mean", "low", "high", "seeds", "per_seed")
    success = final.get("success")
    return {
        "run": run.id,
        "task": config.get("task"),
        "method": (config.get("method") or {}).get("name"),
        "status": run.status,
        "reward": final.get("reward"),
        "words": final.get("words"),
        "success": {name: success[name] for name in kept} if success else None,
        **{name: final.get(name) for name in names},
        "controls": {name: _control(controls.get(name)) for name in ("zero", "sparse", "native")},
        "env_steps": int(spent.get("env_steps", 0)),
        "trainings": int(spent.get("trainings", 0)),
        "programs": finished.get("programs"),
        "screened": finished.get("screened"),
        "wall_s": round(float(spent.get("wall_s", 0.0)), 3),
        "folder": str(run.folder),
    }


def _control(entry: dict[str, Any] | None) -> dict[str, Any] | None:
    return (
        None
        if entry is None
        else {name: entry["success"][name] for name in ("mean", "low", "high", "per_seed")}
    )
