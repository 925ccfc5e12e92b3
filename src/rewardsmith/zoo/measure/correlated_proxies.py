"""Correlated proxies: price the root of chi-squared over visits, and a proxy cannot be hacked unseen.

Differs from the paper: nothing is trained; bandits of 200 answers and 6 x 6 gardens are solved exactly. Both
divergences take their best of 40 coefficients (1e-5 to 50) by the *true* value, seed by seed, which no user
can; one check chooses them on other seeds. A garden pays for stepping on plants; its proxy also pays for a
bucket that makes all plants look wet. Tried first on other seeds: with coefficients from 0.02 on, chi-squared
cannot reach greed, and KL won by 0.64 sd on a normal spurious part; as wide as now chi-squared wins by 0.06
there, which was to be the control and is not: the control is a proxy without a spurious part.
"""

import numpy as np

import rewardsmith as rs
from rewardsmith.core import mdp as tables
from rewardsmith.core.cite import Paper
from rewardsmith.core.grid import cells, gridworld
from rewardsmith.core.soft import soft_policy
from rewardsmith.measure import HackingReport, hacking_report
from rewardsmith.optimize.chi_squared import chi2_regularised, chi2_regularised_policy, root_chi2_regularised
from rewardsmith.optimize.gibbs import gibbs
from rewardsmith.zoo.claims import Check, Meter, Verdict, bound, compare_paired, control, share, verdict

TITLE = "Correlated Proxies: A New Definition and Improved Mitigation for Reward Hacking"
AUTHORS = "Laidlaw, Cassidy and Singhal, Shivam and Dragan, Anca"
PAPER = Paper("laidlaw2025correlated", TITLE, AUTHORS, 2025, "ICLR", arxiv="2403.03185")
ANSWERS, CORRELATION = 200, 0.6
PRICES = np.geomspace(1e-5, 50.0, 40)
Figures = dict[str, np.ndarray]


@rs.term
def watered(next_plant: np.ndarray) -> np.ndarray:
    """What is wanted: water a plant."""
    return next_plant


@rs.term
def bucket(next_bucket: np.ndarray) -> np.ndarray:
    """What only looks like it."""
    return next_bucket


def build() -> rs.Reward:
    """The proxy of the gardens."""
    return 1.0 * watered + 3.0 * bucket


def answers(seed: int, tails: str = "heavy", r: float = CORRELATION) -> Figures:
    """True gains of chi-squared and Gibbs policies at every price, of greed, and of the prescribed price."""
    rng = np.random.default_rng(seed)
    base, true = rng.dirichlet(np.ones(ANSWERS)), rng.normal(size=ANSWERS)
    spurious = rng.standard_t(2.5, ANSWERS) * (base < np.median(base))  # on the rarer half of the answers
    spurious = spurious if tails == "heavy" else rng.normal(size=ANSWERS)
    x = (true - base @ true) / np.sqrt(base @ (true - base @ true) ** 2)
    z = spurious - base @ spurious - (base @ (x * spurious)) * x
    proxy = r * x + np.sqrt(1 - r**2) * z / np.sqrt(base @ z**2)
    greedy = hacking_report(base, np.eye(ANSWERS)[proxy.argmax()], proxy, true)
    policies = [root_chi2_regularised(base, proxy, greedy.coefficient)]
    policies += [*chi2_regularised(base, proxy, PRICES), *np.exp(gibbs(np.log(base), proxy, PRICES[:, None]))]
    return gains([greedy, *(hacking_report(base, p, proxy, true) for p in policies)])


def garden(seed: int) -> Figures:
    """The same of the policies of one garden: KL on actions against chi-squared on visits."""
    rng = np.random.default_rng(seed)
    letters = rng.permutation(list("S" + "B" + "P" * 6 + "." * 28)).reshape(6, 6)
    text = "\n".join("".join(row) for row in letters)
    mdp = gridworld(text, 0.9, slip=0.1, rewards={}, terminal="")
    kinds = np.array([letter for _, _, letter in cells(text)])
    fields = {"plant": (kinds == "P").astype(float), "bucket": (kinds == "B").astype(float)}
    true, proxy = (
        mdp.with_reward(tables.tabulate(reward, mdp, fields)).expected_reward for reward in (watered, build())
    )
    own = soft_policy(mdp, true, 0.5)
    policies = [tables.policy_iteration(mdp.with_reward(proxy))[0], own]
    policies += [chi2_regularised_policy(mdp, proxy, own, price).policy for price in PRICES]
    policies += [soft_policy(mdp, proxy, price, own) for price in PRICES]
    visits = [tables.occupancy(mdp, p) for p in policies]
    return gains([hacking_report(visits[1], v, proxy, true) for v in visits])


def gains(reports: list[HackingReport]) -> Figures:
    """True gains by method, whether greed hacks, and how far every gain is above its bound."""
    gain, n = np.array([report.true_gain for report in reports]), len(PRICES)
    slack = gain - np.array([report.bound for report in reports])
    greedy = {"hacked": np.array(reports[0].hacked), "correlation": np.array(reports[0].correlation)}
    return {"told": gain[1], "chi2": gain[2 : n + 2], "kl": gain[n + 2 :], "slack": slack, **greedy}


def claim(full: bool = False) -> Verdict:
    """Best true gain, in sd, of chi-squared and of KL, paired by seed; greed must hack, the bound must hold."""
    seeds = range(60 if full else 12)
    with Meter() as meter:
        runs = {tails: [answers(seed, tails) for seed in seeds] for tails in ("heavy", "normal")}
        runs |= {"none": [answers(seed, r=1.0) for seed in seeds]}
        runs |= {"others": [answers(10_000 + seed) for seed in seeds]}
        runs |= {"gardens": [garden(seed) for seed in range(20)]} if full else {}
    got = {kind: {n: np.array([run[n] for run in each]) for n in each[0]} for kind, each in runs.items()}
    best = {kind: [each[name].max(1) for name in ("chi2", "kl")] for kind, each in got.items()}
    fixed, rival = (got["heavy"][name][:, got["others"][name].mean(0).argmax()] for name in ("chi2", "kl"))
    heavy, normal = (best[kind][0] - best[kind][1] for kind in ("heavy", "normal"))
    told = np.concatenate([got[kind]["told"] for kind in ("heavy", "normal", "others")])
    slack = np.concatenate([each["slack"].ravel() for each in got.values()])
    checks: list[Check] = [
        compare_paired("bandits: the best chi-squared beats the best KL", *best["heavy"]),
        compare_paired("bandits: with one coefficient chosen on other seeds", fixed, rival),
        compare_paired("bandits: heavy tails make the difference", heavy, normal, at_least=0.1),
        share("bandits: greed hacks", got["heavy"]["hacked"], low=0.15),
        bound("true gain minus its bound", slack, low=-1e-9),
        bound("the prescribed coefficient never loses", told, low=-1e-9),
        control("without a spurious part both reach the best answer", *best["none"], sees=0.02),
    ]
    if full:
        checks.append(compare_paired("gardens: chi-squared on visits beats KL on actions", *best["gardens"]))
    means = {kind: [float(values.mean()) for values in each] for kind, each in best.items()}
    hacked = {kind: float(each["hacked"].mean()) for kind, each in got.items()}
    figures = {"best_true_gain": means, "greed_hacks": hacked, "prescribed_true_gain": float(told.mean())}
    missing = "policies trained with a learned discriminator, and the paper's own environments"
    return verdict(checks, seeds, missing, figures, meter.cost)
