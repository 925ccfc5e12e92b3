"""A search that was stopped between two events goes on as if it had not been, in this process."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rewardsmith.design import Design, design, load_method

PPO = (("envs", 4), ("hidden", (8,)), ("minibatches", 2), ("rollout", 32))


class Stop(Exception):
    pass


class Stopping:
    def event(self, kind, data):
        if kind == "round" and data["round"] == 1:
            raise Stop


def test_parts_are_answered_in_their_own_order_also_when_the_journal_gave_them_back(tmp_path):
    """The journal has names in the order of the alphabet; the grammar answers the first part that is idle.

    With this seed the best of the first round has idle parts in another order, so the order shows.
    """
    method = replace(load_method("eureka"), rounds=2)
    config = Design("cartpole", method, trainings=8, steps=512, ppo=PPO, controls=False, seed=2)
    with pytest.raises(Stop):
        design(config, tmp_path / "stopped", Stopping())
    with design(config, tmp_path / "whole") as whole, design(config, tmp_path / "stopped") as stopped:
        assert stopped.fingerprint() == whole.fingerprint()
