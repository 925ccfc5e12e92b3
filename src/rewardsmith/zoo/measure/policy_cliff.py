"""Policy cliff: at ties the smallest change of a reward changes the policy; entropy smooths it, at a price.

Differs from the paper: numbers on random bandits and MDPs with one planted tie instead of theorems; the
constant 1 / (temperature (1 - discount)) is derived here, the paper's own was not seen.  In the multi-reward
part the weight of the second reward is a gate per state (uniform in [0.4, 0.6]), and two actions tie exactly at
the gate of one state.  Tried on seeds from 1000 on; nothing was changed after the first run on those reported.
"""

from __future__ import annotations

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.core.mdp import TabularMDP, performance, q_values, random_mdp
from rewardsmith.core.soft import soft_policy
from rewardsmith.measure.cliff import action_gap, cliff_report, stability_constant
from rewardsmith.zoo.claims import Check, Meter, Verdict, bound, control, share, verdict

PAPER = Paper(
    key="xu2025policy",
    title="The Policy Cliff: A Theoretical Analysis of Reward-Policy Maps in Large Language Models",
    authors="Xu, Xingcheng",
    year=2025,
    where="arXiv",
    arxiv="2507.20150",
)
STATES, ACTIONS, CHANGE = 10, 6, 1e-3
TEMPERATURES = (0.05, 0.2, 1.0)


def build(seed: int = 0, discount: float = 0.9, tie: bool = True) -> TabularMDP:
    """A random MDP (bandits at discount 0) whose two best actions in state 0 tie, up to rounding."""
    mdp = random_mdp(np.random.default_rng(seed), STATES, ACTIONS, discount)
    first, second = np.argsort(-q_values(mdp)[0])[:2]
    return tied(mdp, np.array(mdp.reward), first, second) if tie else mdp


def tied(mdp: TabularMDP, reward: np.ndarray, first: int, second: int) -> TabularMDP:
    """Raise what the second action pays in state 0 until it is worth as much as the first, the best."""
    for _ in range(3):  # the values stay, up to rounding
        q = q_values(mdp.with_reward(reward))[0]
        reward[0, second] += q[first] - q[second]
    return mdp.with_reward(reward)


def jumps(mdp: TabularMDP, rng: np.random.Generator) -> dict[str, float]:
    """Change of the policy (worst state, L1) per change of the reward, greedy and softened."""
    change = CHANGE * rng.choice([-1.0, 1.0], mdp.reward.shape)
    first, second = np.argsort(-q_values(mdp)[0])[:2]
    change[0, first], change[0, second] = -CHANGE, CHANGE
    after = mdp.with_reward(mdp.reward + change)
    before_q, after_q = q_values(mdp), q_values(after)
    flips = np.flatnonzero(before_q.argmax(1) != after_q.argmax(1))
    safe = action_gap(before_q) > 2 * CHANGE / (1 - mdp.discount)
    listed = {cliff.state for cliff in cliff_report(mdp, CHANGE)}
    found = {"greedy": 2.0 * len(flips[:1]) / CHANGE, "safe flips": float(safe[flips].sum())}
    found["unlisted"] = float(len(set(flips.tolist()) - listed))
    values = [performance(mdp, before_q.argmax(1))]
    for t in TEMPERATURES:
        old, new = soft_policy(mdp, mdp.reward, t), soft_policy(mdp, after.reward, t)
        ratio = float(np.abs(old - new).sum(1).max()) / CHANGE
        found |= {f"soft {t}": ratio, f"of bound {t}": ratio / stability_constant(t, mdp.discount)}
        values.append(performance(mdp, old))
    return found | {"least price": float(-np.diff(values).max()), "price": values[0] - values[-1]}


def two_rewards(seed: int) -> tuple[bool, float]:
    """Whether a weight moved by 0.01 flips the greedy policy; how far it moves the soft one, of its bound."""
    rng = np.random.default_rng([seed, 2])
    mdp, gate = random_mdp(rng, STATES, ACTIONS, 0.9), rng.uniform(0.4, 0.6, (STATES, 1))
    one, two = np.array(mdp.reward), rng.normal(size=(STATES, ACTIONS))
    one[0, :2], two[0, :2] = (9.0, 6.0), (6.0, 9.0)  # they want opposite things in state 0
    mixture = (1 - gate) * one + gate * two
    two[0, 1] += (tied(mdp, mixture.copy(), 0, 1).reward - mixture)[0, 1] / gate[0, 0]
    mixed = [(1 - w) * one + w * two for w in (gate - 0.005, gate + 0.005)]
    greedy = [q_values(mdp.with_reward(reward)).argmax(1) for reward in mixed]
    soft = [soft_policy(mdp, reward, 0.2) for reward in mixed]
    change = float(np.abs(mixed[0] - mixed[1]).max())
    ratio = float(np.abs(soft[0] - soft[1]).sum(1).max()) / change
    return bool((greedy[0] != greedy[1]).any()), ratio / stability_constant(0.2, 0.9)


def untied_flips(seed: int) -> float:
    """States that flip without ties, when the reward changes by 99 % of what the smallest gap allows."""
    mdp = build(seed, tie=False)
    size = 0.99 * (1 - mdp.discount) * action_gap(q_values(mdp)).min() / 2
    sign = np.random.default_rng([seed, 3]).choice([-1.0, 1.0], (STATES, ACTIONS))
    after = mdp.with_reward(mdp.reward + size * sign)
    return float((q_values(mdp).argmax(1) != q_values(after).argmax(1)).sum())


def claim(full: bool = False) -> Verdict:
    """Random bandits and MDPs with a planted tie; a control without ties, below what its gaps allow."""
    seeds = range(200 if full else 10)
    checks: list[Check] = []
    figures: dict[str, object] = {}
    with Meter() as meter:
        for kind, discount in (("bandit", 0.0), ("MDP", 0.9)):
            rows = [jumps(build(s, discount), np.random.default_rng([s, 1])) for s in seeds]
            column = {name: [row[name] for row in rows] for name in rows[0]}
            checks.append(bound(f"{kind}: greedy jumps at a tie", [max(column["greedy"])], low=500.0))
            checks.append(bound(f"{kind}: no flip beyond the gap", column["safe flips"], high=0.0))
            checks.append(bound(f"{kind}: every flip is reported", column["unlisted"], high=0.0))
            checks.append(bound(f"{kind}: temperature costs return", column["least price"], low=0.0))
            checks += [bound(f"{kind}: bound at {t}", column[f"of bound {t}"], high=1.0) for t in TEMPERATURES]
            figures[kind] = {name: round(float(np.mean(values)), 4) for name, values in column.items()}
        pairs, flips = [two_rewards(seed) for seed in seeds], [untied_flips(seed) for seed in seeds]
    flipped, none = np.array([flip for flip, _ in pairs]), np.zeros(len(flips))
    checks.append(share("a weight moved by 0.01 flips the greedy policy", flipped, low=0.5))
    checks.append(bound("weights: bound at 0.2", [ratio for _, ratio in pairs], high=1.0))
    checks.append(control("without ties nothing flips below the gap", flips, none, 1e-9, exact=True))
    figures["weights"] = {"flips": float(flipped.mean()), "of bound": max(ratio for _, ratio in pairs)}
    return verdict(checks, seeds, figures=figures, cost=meter.cost)
