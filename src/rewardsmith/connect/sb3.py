"""Stable-Baselines3: environments are wrapped by ``connect.gymnasium.wrap``, and ``LogTerms`` logs the parts.

envs = make_vec_env(lambda: wrap(gymnasium.make("CartPole-v1"), reward, fields), n_envs=8)
PPO("MlpPolicy", envs).learn(100_000, callback=LogTerms())
"""

from __future__ import annotations

from ..core.errors import MissingExtra

try:
    from stable_baselines3.common.callbacks import BaseCallback
except ModuleNotFoundError as error:
    raise MissingExtra(error.name or "stable-baselines3", "sb3", "rewards in Stable-Baselines3") from error


class LogTerms(BaseCallback):
    """Logs what each part of the reward paid in an episode, as a mean over the episodes since the last log.

    Names: ``reward_terms/<part>``, and ``reward_terms/native`` for the environment's own reward.  Their sum
    (without native) is ``rollout/ep_rew_mean`` of the same episodes.  A step without verdict (NaN) makes the
    sums of its episode NaN.
    """

    def __init__(self, verbose: int = 0) -> None:
        super().__init__(verbose)
        self._sums: dict[int, dict[str, float]] = {}

    def _on_step(self) -> bool:
        for copy, (info, done) in enumerate(zip(self.locals["infos"], self.locals["dones"], strict=True)):
            paid = {**info.get("reward_terms", {}), "native": info.get("native_reward", 0.0)}
            sums = self._sums.setdefault(copy, {})
            for name, value in paid.items():
                sums[name] = sums.get(name, 0.0) + value
            if done:
                for name, value in self._sums.pop(copy).items():
                    self.logger.record_mean(f"reward_terms/{name}", value)
        return True
