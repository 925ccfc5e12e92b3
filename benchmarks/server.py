"""The reward server under load: requests per second, latency, and answers that are lost or mixed up.

    python benchmarks/server.py [--requests 100000] [--clients 16] [--completions 64]

Starts the real command, sends requests from this process over kept connections, and checks every answer: each
completion has a length of its own, and the reward is that length.  Client and server share the machine.
The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import orjson

REWARD = """
import rewardsmith as rs

@rs.term
def length(completion):
    return [float(len(text)) for text in completion]

reward = 1.0 * length
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--completions", type=int, default=64)
    parser.add_argument("--longest", type=int, default=400, help="characters of the longest completion")
    parser.add_argument("--endpoint", choices=["/v1/score", "/get_reward"], default="/v1/score")
    parser.add_argument("--timeout", type=float, help="the server's --timeout")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "reward.py").write_text(REWARD)
        options = [] if arguments.timeout is None else ["--timeout", str(arguments.timeout)]
        command = [sys.executable, "-m", "rewardsmith", "serve", "reward.py", "--port", "0", "--json", *options]
        server = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())["url"]
        figures = asyncio.run(load(url, arguments))
        server.terminate()
        figures["server_exit"] = server.wait(40)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures["server_cpu_s"] = used.ru_utime + used.ru_stime
    figures["server_mib"] = used.ru_maxrss / 1024
    for name, value in figures.items():
        print(f"{name:>20}  {value:,.3f}" if isinstance(value, float) else f"{name:>20}  {value:,}")
    print(json.dumps(figures))


async def load(url: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """All clients at once, and what they saw."""
    counts = {"lost": 0, "mixed_up": 0}
    latencies: list[float] = []
    left = iter(range(arguments.requests))
    connector = aiohttp.TCPConnector(limit=arguments.clients)
    async with aiohttp.ClientSession(url, connector=connector) as session:
        for i in range(100):
            await one(session, arguments, i, [], {"lost": 0, "mixed_up": 0})  # caches and counters are made
        began = time.perf_counter()

        async def client() -> None:
            for i in left:
                await one(session, arguments, i, latencies, counts)

        await asyncio.gather(*(client() for _ in range(arguments.clients)))
        wall = time.perf_counter() - began
    p50, p99, worst = (1e3 * float(np.quantile(latencies, q)) for q in (0.5, 0.99, 1.0))
    return {
        "requests": len(latencies),
        **counts,
        "requests_per_s": len(latencies) / wall,
        "p50_ms": p50,
        "p99_ms": p99,
        "worst_ms": worst,
        "wall_s": wall,
    }


async def one(
    session: aiohttp.ClientSession, arguments: argparse.Namespace, i: int, latencies: list[float], counts: Any
) -> None:
    # A request of its own for every i, so that an answer to another one would be seen.
    lengths = [(i * 31 + j * 17 + i // 97) % arguments.longest for j in range(arguments.completions)]
    texts = ["x" * length for length in lengths]
    native = arguments.endpoint == "/v1/score"
    body = {"fields": {"completion": texts}} if native else {"query": texts, "prompts": [""] * len(texts)}
    began = time.perf_counter()
    try:
        async with session.post(arguments.endpoint, data=orjson.dumps(body)) as response:
            found = orjson.loads(await response.read())
            good = response.status == 200
    except (aiohttp.ClientError, TimeoutError, ValueError):
        found, good = {}, False
    latencies.append(time.perf_counter() - began)
    if not good:
        counts["lost"] += 1
    elif found["total" if native else "rewards"] != lengths:
        counts["mixed_up"] += 1


if __name__ == "__main__":
    main()
