"""``/asyncapi.json``: what goes over the WebSockets, made from the very types that are sent.

AsyncAPI 3.0: https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, Final, get_args

import anyio.to_thread
from fastapi import APIRouter
from pydantic import BaseModel, TypeAdapter

from edge.api.web import event_messages
from edge.api.web.access import Anybody
from edge.api.web.now import Now
from edge.api.web.voice import messages as voice
from edge.events import AnyEvent, Event, event_type
from edge.field_docs import under_fields

_REFERENCE: Final = "#/components/schemas/{model}"
_REPORT: Final = "ActionReport"

Json = dict[str, Any]


class Action(BaseModel):
    """What became of one command: as :func:`edge.events.as_json` tells a report."""

    device: str
    command: dict[str, Any]
    confirmed: bool
    result: str
    ms: int


def router() -> APIRouter:
    """Its route."""
    routes = APIRouter()

    @routes.get("/asyncapi.json", include_in_schema=False)
    async def described(_: Anybody) -> Json:
        return await anyio.to_thread.run_sync(document)

    return routes


@cache
def document() -> Json:
    """The document."""
    schemas: Json = {}
    events = {event_type(event): _event(event, schemas) for event in get_args(AnyEvent)}
    own = {_name(model): _model(model, schemas) for model in event_messages.FROM_ASSISTANT}
    wish = {"wish": _model(event_messages.Wish, schemas)}
    to_voice = {f"voice_{_name(model)}": _model(model, schemas) for model in _members(voice.ClientMessage)}
    of_voice = {f"voice_{_name(model)}": _model(model, schemas) for model in _members(voice.ServerMessage)}
    sound = {"pcm": _message("pcm", "Sound: int16, mono, little-endian.", {"type": "string", "format": "binary"})}
    sound["pcm"]["contentType"] = "application/octet-stream"
    now = {"now": _model(Now, schemas)}
    schemas[_REPORT] = Action.model_json_schema()
    messages = {**events, **own, **wish, **to_voice, **of_voice, **sound, **now}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Hearthside",
            "version": version("hearthside"),
            "description": "What is told over WebSockets, and how one talks there. The rest: /openapi.json.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "here": {"host": "localhost:8765", "protocol": "ws", "description": "On the machine itself."},
            "network": {
                "host": "{host}:8766",
                "protocol": "wss",
                "variables": {"host": {"description": "The assistant's name or address in the network."}},
                "security": [
                    {"$ref": "#/components/securitySchemes/session"},
                    {"$ref": "#/components/securitySchemes/token"},
                ],
            },
        },
        "channels": {
            "events": _channel(
                "/v1/events",
                _EVENTS,
                [*events, *own, *wish],
                _EVENTS_QUERY,
            ),
            "voice": _channel(
                "/v1/voice", "To talk with the assistant: docs/voice-api.md.", [*events, *to_voice, *of_voice, *sound]
            ),
            "now": _channel("/v1/now", "What it does and hears at this moment, ten times a second at most.", [*now]),
        },
        "operations": {
            "tellEvents": _operation("send", "events", [*own, *events]),
            "hearWish": _operation("receive", "events", [*wish]),
            "tellTalker": _operation("send", "voice", [*of_voice, *events, *sound]),
            "hearTalker": _operation("receive", "voice", [*to_voice, *sound]),
            "tellNow": _operation("send", "now", [*now]),
        },
        "components": {
            "messages": messages,
            "schemas": {name: schemas[name] for name in sorted(_used(messages, schemas))},
            "securitySchemes": {
                "session": {"type": "httpApiKey", "in": "cookie", "name": "__Host-hearthside"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


_EVENTS: Final = "All that happens, as it happens. A text frame holds one message, or several, one a line."
_EVENTS_QUERY: Final[Json] = {
    "type": "object",
    "properties": {
        "after": {"type": "integer", "minimum": 0, "description": "Go on behind the event of that number."},
        "start": {"type": "string", "description": "The start of the assistant that the number is of, from `hello`."},
        "devices": {"type": "boolean", "default": False, "description": "Whether changes of devices are told."},
    },
}


def _channel(address: str, about: str, messages: Sequence[str], query: Json | None = None) -> Json:
    bindings = {"ws": {"method": "GET", **({"query": query} if query else {}), "bindingVersion": "0.1.0"}}
    return {
        "address": address,
        "description": about,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": bindings,
    }


def _operation(action: str, channel: str, messages: Sequence[str]) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages],
    }


def _message(name: str, about: str, payload: Json) -> Json:
    return {"name": name, "summary": about.split("\n\n", maxsplit=1)[0].replace("\n", " "), "payload": payload}


def _members(union: Any) -> Sequence[type[BaseModel]]:
    """Of an annotated union."""
    return get_args(get_args(union)[0])


def _name(model: type[BaseModel]) -> str:
    """Its ``type``."""
    return str(get_args(model.model_fields["type"].annotation)[0])


def _model(model: type[BaseModel], schemas: Json) -> Json:
    schema = model.model_json_schema(ref_template=_REFERENCE, mode="serialization")
    schemas.update(schema.pop("$defs", {}))
    name = _name(model) if "type" in model.model_fields else model.__name__.lower()
    return _message(name, inspect.getdoc(model) or "", schema)


def _event(event: type[Event], schemas: Json) -> Json:
    """As :func:`edge.events.as_json` writes it, with its number."""
    schema = TypeAdapter(event).json_schema(ref_template=_REFERENCE, mode="serialization")
    schemas.update(schema.pop("$defs", {}))
    described = _described(event)
    properties: Json = {
        key: {**of, **({"description": described[key]} if key in described else {})}
        for key, of in schema["properties"].items()
        if key != "report"
    }
    if "report" in schema["properties"]:
        properties |= Action.model_json_schema()["properties"]
    head: Json = {"type": {"const": event_type(event)}, "turn": properties.pop("turn"), "at": properties.pop("at")}
    number = {"type": "integer", "description": "Its number, over /v1/events alone: what to go on from."}
    payload = {"type": "object", "properties": {**head, **properties, "n": number}, "required": [*head, *properties]}
    return _message(event_type(event), inspect.getdoc(event) or "", payload)


def _described(kind: type) -> Mapping[str, str]:
    """What stands under the fields of a dataclass and of those that it comes from."""
    return {name: said for each in reversed(kind.__mro__[:-1]) for name, said in under_fields(each).items()}


def _used(messages: Json, schemas: Json) -> set[str]:
    """Names of the schemas that messages lead to."""
    used: set[str] = set()
    waiting = set(_referred(messages))
    while waiting:
        used |= waiting
        waiting = {name for each in waiting for name in _referred(schemas[each])} - used
    return used


def _referred(part: Any) -> Iterator[str]:
    match part:
        case {"$ref": str(reference)}:
            yield reference.rpartition("/")[2]
        case dict():
            for each in part.values():
                yield from _referred(each)
        case list():
            for each in part:
                yield from _referred(each)
