"""Where a language model is, from what a user typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import BadInput

if TYPE_CHECKING:
    from ..core.endpoint import Endpoint


def endpoint_of(
    url: str | None, model: str | None, key: str, prices: tuple[float, float], resume: str | None
) -> Endpoint | None:
    """The endpoint, or None where no model was asked for.

    Args:
        resume: a run that is continued knows its model; only the address may be given anew.

    Raises:
        BadInput: a model without an address, or the other way round.
    """
    from ..core.endpoint import Endpoint

    if url is None and model is None:
        return None
    if url is None:
        raise BadInput("--model", repr(model), "with --llm URL, such as http://localhost:8000/v1")
    if model is None and resume is None:
        raise BadInput("--llm", repr(url), "with --model NAME, the name that the endpoint knows")
    return Endpoint(model or "of the run", url, key, price_in=prices[0], price_out=prices[1])
