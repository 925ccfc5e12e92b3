"""verifiers' own scoring of a task, with a file that `rewardsmith export --for verifiers` wrote."""

import asyncio
import sys

import verifiers.v1 as vf
from sums import CASES, NAMES

from rewardsmith.connect import verifiers


class Sum(vf.TaskData):
    answer: str | None


def trace_of(data, text):
    question = vf.MessageNode(message=vf.UserMessage(content=data.prompt))
    reply = vf.MessageNode(message=vf.AssistantMessage(content=text), parent=0, sampled=True)
    agent = vf.trace.AgentInfo(config=vf.AgentConfig())
    return vf.Trace(task=vf.TraceTask(type="Task", data=data), agent=agent, nodes=[question, reply])


async def scored(path, weight=1.0):
    for text, answer, total, _ in CASES:
        data = Sum(prompt="1+1", answer=answer)
        config = vf.TaskConfig(rewards={"sums": vf.RewardFunctionConfig(fn=path, weight=weight)})
        trace = trace_of(data, text)
        failed = ""
        try:
            await vf.Task(data, config).score(trace)
        except vf.TaskError as error:
            failed = str(error)
        assert (failed != "") == (total is None), (text, failed)
        if total is None:
            assert trace.rewards == {"sums": None}  # not scored, and not 0
        else:
            assert abs(trace.reward - weight * total) < 1e-12, trace.rewards


async def by_part(path):
    """A method of a task, whose parts verifiers adds up by itself."""
    from sums import reward

    function = verifiers.reward(reward, by_part=True)

    class Summing(vf.Task[Sum, vf.State, vf.TaskConfig]):
        @vf.reward
        async def sums(self, trace):
            return await function(self.data, trace)

    text, answer, total, parts = CASES[0]
    data = Sum(prompt="1+1", answer=answer)
    trace = trace_of(data, text)
    await Summing(data).score(trace)
    assert {name: trace.rewards[name].value for name in trace.rewards} == dict(zip(NAMES, parts, strict=True))
    assert trace.reward == total


path = f"{sys.argv[1]}:score"
asyncio.run(scored(path))
asyncio.run(scored(path, weight=2.0))
asyncio.run(by_part(path))
