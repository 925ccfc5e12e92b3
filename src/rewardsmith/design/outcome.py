"""The outcome of a run as one JSON object: what ``rewardsmith design --json`` prints last."""

from __future__ import annotations

from typing import Any

from ..store import Run


def outcome(run: Run) -> dict[str, Any]:
    """What a run found and what it cost.

    Keys: ``run``, ``task``, ``method``, ``status``, ``reward`` (text), ``words``, ``observation`` (the fields
    that agents see, where the method chooses them), ``success`` (mean, low, high, seeds, per_seed),
    ``writer`` (who wrote the programs), ``person`` (who answered), ``spent`` (replies, tokens, money),
    ``sandbox`` (what held Python), ``selected_on``, ``shrinkage``, ``failed_seeds``, ``controls`` (zero,
    sparse, native), ``gymnasium``, ``env_steps``, ``trainings``, ``programs``, ``screened``, ``wall_s``,
    ``folder``. What is not there yet is None.  Where the method plans, also ``planned``: success as carried
    out by the planner, and its model steps per decision.
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
        "observation": final.get("observation"),
        "success": {name: success[name] for name in kept} if success else None,
        **_authors(run),
        **{name: final.get(name) for name in names},
        **({"planned": final["planned"]} if "planned" in final else {}),
        "controls": {name: _control(controls.get(name)) for name in ("zero", "sparse", "native")},
        "env_steps": int(spent.get("env_steps", 0)),
        "trainings": int(spent.get("trainings", 0)),
        "programs": finished.get("programs"),
        "screened": finished.get("screened"),
        "wall_s": round(float(spent.get("wall_s", 0.0)), 3),
        "folder": str(run.folder),
    }


def _authors(run: Run) -> dict[str, Any]:
    """Who wrote, who answered, and what held the code; a stand-in says that it is one."""
    written = [event.payload for event in run.events("proposed") if "writer" in event.payload]
    answers = run.events("answer")
    sandbox = run.event("sandbox")
    return {
        "writer": written[-1]["writer"] if written else None,
        "person": answers[-1].payload["person"] if answers else None,
        "spent": written[-1].get("spent") if written else None,
        "sandbox": None if sandbox is None else sandbox.timing["stamp"],
    }


def _control(entry: dict[str, Any] | None) -> dict[str, Any] | None:
    return (
        None
        if entry is None
        else {name: entry["success"][name] for name in ("mean", "low", "high", "per_seed")}
    )
