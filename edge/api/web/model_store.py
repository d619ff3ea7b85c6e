"""``/v1/system/models``: what is there, what uses it, fetching and deleting; and the voices and languages among it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from io import BytesIO
from typing import Final

import anyio
import anyio.to_thread
import soundfile
from fastapi import APIRouter, Response

from edge.api.web.access import Owner
from edge.api.web.bodies import Body
from edge.api.web.problems import Refusal, not_found
from edge.assistant import Assistant
from edge.engines import local_tts, stt_model, used_for
from edge.errors import AssistantError, ModelError, SettingsError
from edge.sections import SttSettings
from edge.settings import Settings
from edge.settings_change import as_written
from edge.understand.sources import languages
from models import commands
from models.commands import Row
from models.downloads import download_size
from models.fetching import Fetching, FetchState
from models.manifest import Kind
from models.store import Condition, Store

_SAMPLE: Final = {
    "de": "So klinge ich. Das Licht in der Küche ist an.",
    "en": "This is how I sound. The kitchen light is on.",
    "es": "Así sueno. La luz de la cocina está encendida.",
    "fr": "Voilà ma voix. La lumière de la cuisine est allumée.",
    "it": "Questa è la mia voce. La luce della cucina è accesa.",
    "nl": "Zo klink ik. Het licht in de keuken is aan.",
}


class Model(Body):
    """One model."""

    id: str
    kind: Kind
    languages: list[str]
    licence: str
    description: str
    size: int
    """Bytes on the disk."""
    download: int
    """Bytes that come over the network for it."""
    ram_mb: int
    condition: Condition
    detail: str
    """What is wrong, in words."""
    bundled: bool
    """Whether it comes with the program, and is neither fetched nor deleted."""
    used_for: str | None
    """The setting that needs it; null: nothing does."""


class Models(Body):
    """All known ones."""

    folder: str
    free: int
    """Bytes on that disk."""
    fetching: FetchState | None
    """The last fetch, be it over; null: there was none since the start."""
    items: list[Model]


class Voice(Body):
    """A voice that can be chosen: ``speak.voice``."""

    id: str
    languages: list[str]
    licence: str
    installed: bool
    in_use: bool


class Language(Body):
    """A language that can be chosen: ``understand.language``."""

    code: str
    hears_by: str
    """The model that it is heard by, unless the settings say another one."""
    hears: bool
    """Whether that is there."""
    voices: list[str]
    """Models of voices that speak it."""
    in_use: bool


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/system", tags=["system"])
    store = Store(assistant.settings.models_dir)
    fetching = Fetching(store)
    sampling = anyio.Lock()

    async def row(model_id: str, work: Callable[[str], Row]) -> Model:
        if model_id not in [model.id for model in store.manifest.models]:
            raise not_found("such model")

        def done() -> Model:
            return _as_model(work(model_id), _used(assistant.settings), store)

        return await anyio.to_thread.run_sync(done)

    @routes.get("/models", summary="All known models, and the fetch that is going on")
    async def models(_: Owner) -> Models:
        """While ``fetching.stage`` is ``running``, look again every second."""
        return await anyio.to_thread.run_sync(_models, assistant.settings, store, fetching.state)

    @routes.post("/models/{model_id}/fetch", status_code=HTTPStatus.ACCEPTED, summary="Fetch one, or go on with it")
    async def fetch(model_id: str, _: Owner) -> FetchState:
        """409 while another one is fetched. What is damaged is fetched anew, what was cancelled is gone on with."""
        if model_id not in [model.id for model in store.manifest.models]:
            raise not_found("such model")
        with _conflicts():
            fetching.begin(model_id)
        assert fetching.state is not None
        return fetching.state

    @routes.delete("/models/{model_id}/fetch", status_code=HTTPStatus.NO_CONTENT, summary="Cancel its fetch")
    async def cancel(model_id: str, _: Owner) -> None:
        """What is here by then is kept for the next time."""
        if fetching.state is None or fetching.state.model != model_id:
            raise not_found("fetch of that model")
        fetching.cancel()

    @routes.post("/models/{model_id}/verify", summary="Compare every byte with the manifest")
    async def verify(model_id: str, _: Owner) -> Model:
        """Takes a second for each 100 MB or so."""
        return await row(model_id, lambda name: commands.verify([name], store)[0])

    @routes.delete("/models/{model_id}", summary="Delete one that nothing uses")
    async def delete(model_id: str, _: Owner) -> Model:
        """409 for one that the settings need, now or after a restart, and for one that comes with the program."""
        used = await anyio.to_thread.run_sync(_used, assistant.settings)
        if (key := used.get(model_id)) is not None:
            raise Refusal(
                HTTPStatus.CONFLICT, f"{model_id} is used: {key}", code="in_use", remedy="choose another first"
            )
        with _conflicts():
            return await row(model_id, lambda name: commands.remove(name, store))

    @routes.get("/voices", summary="Voices that can be chosen")
    async def voices(_: Owner) -> list[Voice]:
        """Those of this machine; one that is not installed is fetched like any model."""
        return await anyio.to_thread.run_sync(_voices, assistant.settings, store)

    @routes.get("/voices/{voice_id}/sample", response_class=Response, responses={200: {"content": {"audio/wav": {}}}})
    async def sample(voice_id: str, _: Owner) -> Response:
        """Two sentences of an installed voice, WAV."""
        found = await anyio.to_thread.run_sync(_voices, assistant.settings, store)
        voice = next((each for each in found if each.id == voice_id), None)
        if voice is None or not voice.installed:
            raise not_found("such voice here")
        text = _SAMPLE.get(voice.languages[0], _SAMPLE["en"])
        async with sampling:  # each loads a voice for itself
            wav = await anyio.to_thread.run_sync(_spoken, assistant.settings, store, voice_id, text)
        return Response(wav, media_type="audio/wav", headers={"Cache-Control": "private, max-age=3600"})

    @routes.get("/languages", summary="Languages that can be chosen")
    async def all_languages(_: Owner) -> list[Language]:
        """Those that there are sentences for."""
        return await anyio.to_thread.run_sync(_languages, assistant.settings, store)

    return routes


@contextmanager
def _conflicts() -> Iterator[None]:
    """A ModelError within comes out as 409."""
    try:
        yield
    except ModelError as error:
        raise Refusal(HTTPStatus.CONFLICT, error.what, code=error.code, remedy=error.remedy) from None


def _models(settings: Settings, store: Store, fetching: FetchState | None) -> Models:
    there = next(path for path in (store.root, *store.root.parents) if path.exists())
    used = _used(settings)
    return Models(
        folder=str(store.root),
        free=shutil.disk_usage(there).free,
        fetching=fetching,
        items=[_as_model(row, used, store) for row in commands.list_models(store)],
    )


def _as_model(row: Row, used: dict[str, str], store: Store) -> Model:
    model = row.model
    return Model(
        id=model.id,
        kind=model.kind,
        languages=list(model.languages),
        licence=model.licence,
        description=model.description,
        size=model.size,
        download=0 if model.bundled else download_size(model, store.manifest),
        ram_mb=model.ram_mb,
        condition=row.condition,
        detail=row.detail,
        bundled=model.bundled,
        used_for=used.get(model.id),
    )


def _used(settings: Settings) -> dict[str, str]:
    """Now, and after a restart."""
    used = used_for(settings)
    if settings.file is not None:
        try:
            used = used_for(as_written(settings.file)) | used
        except SettingsError:
            return used  # from such a file it would not start
    return used


def _voices(settings: Settings, store: Store) -> list[Voice]:
    return [
        Voice(
            id=row.model.id,
            languages=list(row.model.languages),
            licence=row.model.licence,
            installed=row.condition is Condition.OK,
            in_use=row.model.id == settings.speak.voice,
        )
        for row in commands.list_models(store)
        if row.model.kind is Kind.TTS
    ]


def _spoken(settings: Settings, store: Store, voice: str, text: str) -> bytes:
    speak = settings.speak.model_copy(update={"engine": "piper", "voice": voice, "volume": 1.0})
    engine = local_tts(settings.model_copy(update={"speak": speak}), store)()
    try:
        wav = BytesIO()
        soundfile.write(wav, engine.synthesize(text), engine.rate, format="WAV")
        return wav.getvalue()
    finally:
        engine.close()


def _languages(settings: Settings, store: Store) -> list[Language]:
    found = []
    for code in languages():
        alone = settings.model_copy(
            update={"stt": SttSettings(), "understand": settings.understand.model_copy(update={"language": code})}
        )
        model = stt_model(alone)
        try:
            store.require(model)
            hears = True
        except AssistantError:
            hears = False
        voices = [each.id for each in store.manifest.models if each.kind is Kind.TTS and code in each.languages]
        in_use = settings.understand.language.startswith(code)
        found.append(Language(code=code, hears_by=model, hears=hears, voices=voices, in_use=in_use))
    return found
