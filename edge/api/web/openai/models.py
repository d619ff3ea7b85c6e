"""``/v1/models``: which there are."""

from http import HTTPStatus
from typing import Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from edge.api.web.access import Guest
from edge.api.web.openai.errors import RESPONSES, Invalid, OpenAiRoute
from edge.assistant import Assistant
from edge.engines import stt_model

ASSISTANT: Final = "hearthside"
"""The assistant itself: understands, and acts. Its ears and its voice are known by their own names, too."""


class Model(BaseModel):
    """One."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = ASSISTANT


class Models(BaseModel):
    """All."""

    object: Literal["list"] = "list"
    data: list[Model]


def names(assistant: Assistant) -> list[str]:
    """Of all models."""
    settings = assistant.settings
    return [ASSISTANT, stt_model(settings), settings.speak.voice]


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAiRoute, responses=RESPONSES)

    @routes.get("/models", summary="The models, as OpenAI lists them")
    async def models(_: Guest) -> Models:
        return Models(data=[Model(id=name) for name in names(assistant)])

    @routes.get("/models/{model}", summary="One of them")
    async def model(model: str, _: Guest) -> Model:
        if model not in names(assistant):
            raise Invalid(f"the model {model!r} does not exist", "model", HTTPStatus.NOT_FOUND)
        return Model(id=model)

    return routes
