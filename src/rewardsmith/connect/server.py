"""A reward over HTTP: ``make_app(reward)`` is what ``rewardsmith serve`` runs."""

from __future__ import annotations

from typing import Any

from ..core.algebra import Reward
from .scoring import Scores
from .server_schema import (
    OpenRLHFRequest,
    OpenRLHFResponse,
    ScoreRequest,
    ScoreResponse,
    parse_openrlhf,
    parse_score,
)
from .service import MOST_LATE, Service
from .service import Settings as Settings
from .single import VERDICT

# service.py has said what to install where one of these is missing
from fastapi import FastAPI, Request, Response  # isort: skip
from prometheus_client import generate_latest  # isort: skip
from starlette.exceptions import HTTPException  # isort: skip


METRICS = "text/plain; version=0.0.4; charset=utf-8"


def make_app(reward: Reward, settings: Settings | None = None) -> FastAPI:
    """The application: OpenRLHF's contract, the native one, health, metrics and a description.

    Raises:
        BadInput: settings that cannot be used.
    """
    service = Service(reward, settings or Settings())
    app = FastAPI(
        title="rewardsmith", description="Scores batches with a reward.", docs_url=None, redoc_url=None
    )

    def described(model: Any) -> dict[str, Any]:
        content = {"application/json": {"schema": model.model_json_schema()}}
        return {"requestBody": {"required": True, "content": content}}

    @app.post("/v1/score", response_model=ScoreResponse, openapi_extra=described(ScoreRequest))
    async def score(request: Request) -> Response:
        return await service.answer(request, parse_score, native)

    @app.post("/get_reward", response_model=OpenRLHFResponse, openapi_extra=described(OpenRLHFRequest))
    async def get_reward(request: Request) -> Response:
        return await service.answer(request, parse_openrlhf, lambda found: openrlhf(found, service.no_verdict))

    @app.get("/v1/reward")
    async def about(request: Request) -> Response:
        return service.plain(request, 200, service.description)

    @app.get("/health")
    async def health() -> Response:
        late = service.late()
        healthy = late < MOST_LATE
        return service.reply(200 if healthy else 503, {"status": "ok" if healthy else "stuck", "late": late})

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        refusal = service.refusal(request)
        return refusal or Response(generate_latest(service.registry), media_type=METRICS)

    @app.exception_handler(HTTPException)
    async def elsewhere(request: Request, error: HTTPException) -> Response:
        return service.reply(error.status_code, {"error": f"{request.url.path}: {error.detail}"})

    del score, get_reward, about, health, metrics, elsewhere  # the application holds them
    return app


def native(scores: Scores) -> dict[str, Any]:
    """What ``/v1/score`` answers."""
    return {"total": scores.total, "terms": scores.terms, "errors": scores.errors}


def openrlhf(scores: Scores, no_verdict: float | None) -> dict[str, Any]:
    """What ``/get_reward`` answers: scores are the rewards, logs the means of parts and the share decided."""
    rewards = [no_verdict if value is None else value for value in scores.total]
    logs = {name: _mean(values, no_verdict) for name, values in scores.terms.items()}
    count = len(scores.total)
    logs[VERDICT] = (count - scores.total.count(None)) / max(count, 1)
    return {"rewards": rewards, "scores": rewards, "extra_logs": logs}


def _mean(values: list[float | None], otherwise: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else otherwise
