"""The policy that a finished run ended with."""

from __future__ import annotations

from ..core.errors import BadInput
from ..optimize.control import Policy
from ..optimize.control.networks import Networks
from ..optimize.control.observation import appended
from ..store import Run
from ..tasks import Task


def final_policy(run: Run, task: Task) -> Policy:
    """The best of the final policies of a finished run.

    Raises:
        BadInput: the run has not come to its end.
    """
    if run.done("final") is None:
        raise BadInput("run", f"{run.id}, which has no policy yet", "a finished run", f"it is {run.status}")
    arrays = run.arrays("final")
    chosen = "observation" in (run.done("final") or {})  # the method chooses what agents see
    hidden = tuple(run.config["ppo"]["hidden"])
    networks = Networks(task.observation_size, task.actions, hidden, appended(task) if chosen else ())
    return Policy(networks, arrays["policy/params"], arrays["policy/mean"], arrays["policy/variance"])
