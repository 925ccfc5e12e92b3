"""The rubric of verifiers up to 0.3, for single rollouts and for groups."""

import asyncio

import verifiers as vf
from sums import CASES, reward

import rewardsmith as rs
from rewardsmith.connect import verifiers


@rs.term(scope=rs.Scope.GROUP)
def shortest(completion, group):
    sizes = list(zip(map(len, completion), group, strict=True))
    return [float(size == min(n for n, h in sizes if h == g)) for size, g in sizes]


@rs.term
def level_of(level):
    return level


def state(text, answer, **more):
    question, reply = {"role": "user", "content": "1+1"}, {"role": "assistant", "content": text}
    row = {"prompt": [question], "answer": answer, "level": 3.0, **more}
    return vf.State(input=row, prompt=[question], completion=[reply], answer=answer, trajectory=[], info={})


async def main():
    one = verifiers.legacy(reward, name="sums", no_verdict=-0.5)
    level = verifiers.legacy(level_of, name="level", no_verdict="raise")
    for text, answer, total, _ in CASES:
        scored = state(text, answer)
        await vf.Rubric(funcs=[one, level], weights=[1.0, 0.0]).score_rollout(scored)
        expected = -0.5 if total is None else total
        assert abs(scored["reward"] - expected) < 1e-12, (text, scored["reward"])
        assert scored["metrics"] == {"sums": scored["reward"], "level": 3.0}, scored["metrics"]
    group = [state(text, "2") for text in ("2", "222", "2")]
    rubric = vf.Rubric(funcs=[verifiers.legacy(shortest, name="shortest", no_verdict=0.0), one])
    assert rubric.has_group_rewards
    await rubric.score_group(group)
    assert [s["metrics"]["shortest"] for s in group] == [1.0, 0.0, 1.0]
    assert [s["reward"] for s in group] == [2.25, 0.0, 2.25]


asyncio.run(main())
