"""``/v1/wake``: wake words with their curves, recordings of one's own, training."""

from http import HTTPStatus
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import FileResponse
from pydantic import Field

from edge.api.web.access import Owner
from edge.api.web.bodies import Body
from edge.api.web.problems import Refusal, not_found
from edge.assistant import Assistant
from edge.errors import AudioError, SettingsError
from edge.wake.own_words import TAKE, WORD, word_of
from edge.wake_desk import Busy, Choice, Take, Takes, Training, WakeDesk, missing_packages

Word = Annotated[str, Path(pattern=f"^{WORD.pattern}$", max_length=40)]
TakeId = Annotated[str, Path(pattern=f"^{TAKE.pattern}$")]


class Wake(Body):
    """What it wakes for, and could."""

    engine: str
    words: list[Choice]
    verify: bool
    """Whether a second model confirms."""
    others: list[str]
    """Words of the settings that are none of these: files, or words of another engine."""
    recorded: list[str]
    """Words that there are recordings of."""
    training_needs: str
    """What has to be installed before a word can be trained here; empty where all is."""


class ToTrain(Body):
    """A phrase."""

    phrase: Annotated[str, Field(min_length=3, max_length=40, examples=["hey lantern"])]


class TrainingState(Body):
    """The training that goes on, or the last one."""

    training: Training | None
    command: list[str]
    """What to type to do the same by hand, here or on a faster machine."""


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/wake", tags=["wake"])
    desk = WakeDesk(assistant)

    @routes.get("", summary="Wake words that can be chosen, with what their thresholds give")
    async def wake(_: Owner) -> Wake:
        """A curve is measured: of words that come with the program on recordings of other people, of one's own on what
        was held back of their training. Chosen is by ``PATCH /v1/settings``: ``wake.words``, ``wake.thresholds``.
        """
        settings = assistant.settings.wake
        choices = await anyio.to_thread.run_sync(desk.choices)
        known = {choice.setting for choice in choices if choice.engine == settings.engine}
        return Wake(
            engine=settings.engine,
            words=list(choices),
            verify=settings.verify,
            others=[word for word in settings.words if word not in known],
            recorded=list(await anyio.to_thread.run_sync(desk.own.recorded)),
            training_needs=missing_packages(),
        )

    @routes.get("/recordings/{word}", summary="Recordings of a word, and what its model makes of them")
    async def takes(word: Word, _: Owner) -> Takes:
        """Each with the highest score of the word's model, where there is one; and the threshold they speak for."""
        return await anyio.to_thread.run_sync(desk.judged, word)

    @routes.post("/recordings/{word}", status_code=HTTPStatus.CREATED, summary="Record one more")
    async def record(word: Word, request: Request, _: Owner) -> Take:
        """The body is a WAV file (FLAC and OGG do, too) of the word alone, up to 10 s and 2 MiB."""
        try:
            return await anyio.to_thread.run_sync(desk.keep, word, await request.body())
        except AudioError as error:
            what = error.what.replace(str(desk.own.folder(word)), "").lstrip("/")
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, what, code=error.code, remedy=error.remedy) from None

    @routes.get("/recordings/{word}/{take}", response_class=FileResponse, summary="Hear one")
    async def hear(word: Word, take: TakeId, _: Owner) -> Response:
        """As it was recorded."""
        path = desk.own.path(word, take)
        if not path.is_file():
            raise not_found("such recording")
        return FileResponse(path, media_type="audio/wav", headers={"Cache-Control": "no-store"})

    @routes.delete("/recordings/{word}/{take}", status_code=HTTPStatus.NO_CONTENT, summary="Delete one")
    async def delete(word: Word, take: TakeId, _: Owner) -> None:
        """For good."""
        if take not in desk.own.takes(word):
            raise not_found("such recording")
        await anyio.to_thread.run_sync(desk.own.delete, word, take)

    @routes.get("/training", summary="The training that goes on, or the last one")
    async def training(_: Owner, phrase: Annotated[str, Field(max_length=40)] = "") -> TrainingState:
        """``phrase``: the one that ``command`` shall be for."""
        named = phrase or (desk.training.phrase if desk.training is not None else "")
        command = list(desk.command(word_of(named), named)) if word_of(named) else []
        return TrainingState(training=desk.training, command=command)

    @routes.post("/training", status_code=HTTPStatus.ACCEPTED, summary="Train a word of one's own")
    async def train(wish: ToTrain, _: Owner) -> TrainingState:
        """From its phrase and what was recorded of it. Takes some minutes, in which the assistant goes on listening.
        409 where another one is trained, or where what training needs is not installed.
        """
        phrase = " ".join(wish.phrase.split())
        # Nor may it look like an option to the command that it is handed to.
        if not (word := word_of(phrase)) or phrase.startswith("-"):
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "the phrase has no letters", code="malformed")
        try:
            begun = desk.train(word, phrase)
        except (Busy, SettingsError) as error:
            raise Refusal(HTTPStatus.CONFLICT, error.what, code=error.code, remedy=error.remedy) from None
        return TrainingState(training=begun, command=list(desk.command(word, phrase)))

    @routes.delete("/training", status_code=HTTPStatus.NO_CONTENT, summary="Cancel the training")
    async def cancel(_: Owner) -> None:
        """Nothing of it stays. Answers when its process has ended, or after two seconds."""
        await desk.cancel()

    return routes
