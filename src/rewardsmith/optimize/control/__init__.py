"""Population PPO in JAX: rollout, reward and update as three separate steps."""

from __future__ import annotations

from .devices import prepare

prepare()  # before any module below touches JAX: the number of devices is fixed at its first use

from .config import PPO as PPO  # noqa: E402
from .curves import Curves as Curves  # noqa: E402
from .evaluate import Evaluation as Evaluation  # noqa: E402
from .evaluate import Trajectory as Trajectory  # noqa: E402
from .evaluate import evaluate as evaluate  # noqa: E402
from .evaluate import evaluate_in_gymnasium as evaluate_in_gymnasium  # noqa: E402
from .policy import Policy as Policy  # noqa: E402
from .population import Population as Population  # noqa: E402
from .train import Training as Training  # noqa: E402
from .train import train as train  # noqa: E402

__all__ = [
    "PPO",
    "Curves",
    "Evaluation",
    "Policy",
    "Population",
    "Training",
    "Trajectory",
    "evaluate",
    "evaluate_in_gymnasium",
    "train",
]
