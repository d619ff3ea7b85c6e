"""The AsyncAPI document tells what is sent, and all of it."""

import functools
import json
from typing import Any, get_args

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.api.web.asyncapi import document
from edge.events import AnyEvent, Event, as_json, event_type
from tests.web.conftest import Served
from tests.web.test_events import connected, next_message, until


def _validator(message: str) -> jsonschema.Draft202012Validator:
    whole = document()
    schema = {**whole["components"]["messages"][message]["payload"], "components": whole["components"]}
    return jsonschema.Draft202012Validator(schema)


def _follow(part: Any, root: Any) -> None:
    match part:
        case {"$ref": str(reference)}:
            found = functools.reduce(lambda inner, key: inner[key], reference.removeprefix("#/").split("/"), root)
            assert found
        case dict():
            for each in part.values():
                _follow(each, root)
        case list():
            for each in part:
                _follow(each, root)


def test_it_has_the_shape_of_asyncapi_3_and_every_reference_leads_somewhere() -> None:
    whole = document()
    assert whole["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= whole["info"].keys()
    _follow(whole, whole)
    for operation in whole["operations"].values():
        assert operation["action"] in ("send", "receive")
        channel = operation["channel"]["$ref"]
        assert all(message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"])
    for message in whole["components"]["messages"].values():
        assert message["summary"]
        jsonschema.Draft202012Validator.check_schema(message["payload"])
    for schema in whole["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(whole)) == whole


def test_every_event_is_in_it() -> None:
    told = document()["channels"]["events"]["messages"].keys()
    assert {event_type(kind) for kind in get_args(AnyEvent)} <= told


@pytest.mark.parametrize("kind", get_args(AnyEvent), ids=event_type)
def test_every_event_is_as_it_says(kind: type[Event]) -> None:
    validator = _validator(event_type(kind))

    @settings(max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(event=st.builds(kind))
    def told(event: Event) -> None:
        body = as_json(event)
        validator.validate({**body, "n": 1})
        assert validator.schema["properties"].keys() == body.keys() | {"n"}

    told()


@pytest.mark.anyio
async def test_what_is_really_sent_is_as_it_says(served: Served) -> None:
    async with connected(served, "?devices=true") as socket:
        messages = [await next_message(socket)]
        await served.client.post("/v1/ask", json={"text": "turn on the kitchen light"})
        messages += await until(socket, lambda message: message["type"] == "turn_ended")
        await socket.send('{"devices": true}')
        messages += await until(socket, lambda message: message["type"] == "watching")
        await served.home.leave("bedroom_fan")
        messages += await until(socket, lambda message: message["type"] == "device" and not message["available"])
    for message in messages:
        _validator(message["type"]).validate(message)
    assert {"hello", "understood", "turn_ended", "device", "watching"} <= {message["type"] for message in messages}
    assert (await served.client.get("/asyncapi.json")).json() == document()
