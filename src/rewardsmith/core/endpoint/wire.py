"""What is taken from an endpoint: so many bytes, in so many seconds, from that address alone.

The other side may be anybody's server.  Timeouts of HTTP clients hold for each piece that arrives, so that a
server which sends one byte a second would never be left; and a compressed answer may be a thousand times
larger than what was sent.
"""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncIterator
from typing import Any

MOST = 16 << 20  # bytes of one answer; the longest replies of models have some hundred thousand
SECRET = "[key]"
_SHORTEST_SECRET = 8


def client(openai: Any, base_url: str, secret: str, timeout: float, retries: int) -> Any:
    """A client that follows no redirect and reads no answer beyond ``MOST`` bytes or ``timeout`` seconds.

    Args:
        openai: the package.
        secret: the key; it goes to ``base_url`` and nowhere else.
        timeout: seconds for each try, from the answer's first line to its last byte.
    """
    httpx = _library(openai)

    class Bounded(httpx.AsyncByteStream):
        """An answer's body, as far as it is taken."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            try:
                async with asyncio.timeout(timeout):
                    async for piece in self._inner:
                        size += len(piece)
                        if size > MOST:
                            raise httpx.ReadError(f"an answer of more than {MOST >> 20} MiB")
                        yield piece
            except TimeoutError:
                raise httpx.ReadTimeout(f"the answer did not end within {timeout:g} s") from None

        async def aclose(self) -> None:
            await self._inner.aclose()

    async def asked(request: Any) -> None:
        request.headers["accept-encoding"] = "identity"

    async def answered(response: Any) -> None:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise httpx.DecodingError("a compressed answer, which was not asked for")
        response.stream = Bounded(response.stream)
        if response.status_code == 429 and spent_out(await response.aread()):
            response.headers["x-should-retry"] = "false"  # which the client obeys

    hooks = {"request": [asked], "response": [answered]}
    http = openai.DefaultAsyncHttpxClient(timeout=timeout, follow_redirects=False, event_hooks=hooks)
    return openai.AsyncOpenAI(
        base_url=base_url, api_key=secret, timeout=timeout, max_retries=retries, http_client=http
    )


def spent_out(body: bytes) -> bool:
    """True where a refusal says that the account has no money left, which no waiting changes.

    Example:
        >>> spent_out(b'{"error": {"code": "insufficient_quota"}}'), spent_out(b'{"error": {"code": "busy"}}')
        (True, False)
    """
    try:
        error = json.loads(body)["error"]
        return "insufficient_quota" in (error.get("code"), error.get("type"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def _library(openai: Any) -> Any:
    """The HTTP library that this version of the package is built on: httpx, or its successor."""
    (base,) = (each for each in openai.DefaultAsyncHttpxClient.__mro__ if each.__name__ == "AsyncClient")
    return importlib.import_module(base.__module__.partition(".")[0])


def without_secret(text: str, secret: str) -> str:
    """A text that a server sent, without the key that it was sent.

    Example:
        >>> without_secret("Incorrect API key: sk-123456789", "sk-123456789")
        'Incorrect API key: [key]'
    """
    return text.replace(secret, SECRET) if len(secret) >= _SHORTEST_SECRET else text
