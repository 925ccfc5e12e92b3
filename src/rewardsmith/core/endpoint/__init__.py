"""Language models over any endpoint that speaks the protocol of OpenAI: asked, paid and remembered once.

Every reply is kept on disk under a key of all that it depends on before anybody uses it, so a second run asks
nothing.  What was spent is counted, and a budget is a hard stop.
"""

from __future__ import annotations

from .budget import Budget as Budget
from .budget import BudgetSpent as BudgetSpent
from .cache import Cache as Cache
from .cache import Reply as Reply
from .cache import cache_file as cache_file
from .cache import key_of as key_of
from .client import EndpointError as EndpointError
from .endpoint import Endpoint as Endpoint
from .endpoint import Request as Request
from .prompt import fence as fence
from .prompt import render as render
from .prompt import slots as slots
from .usage import Usage as Usage
from .usage import usage as usage

__all__ = [
    "Budget",
    "BudgetSpent",
    "Cache",
    "Endpoint",
    "EndpointError",
    "Reply",
    "Request",
    "Usage",
    "cache_file",
    "fence",
    "key_of",
    "render",
    "slots",
    "usage",
]
