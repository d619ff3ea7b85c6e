"""The OpenAPI document, and what the assistant makes of requests that are made from it."""

import functools
from collections import Counter
from typing import Any

import anyio.to_thread
import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.web.conftest import Served
from tests.web.fuzzed import fuzz

pytestmark = pytest.mark.anyio
_EXAMPLES = 3
"""Of each kind, for each operation: a few hundred requests in all. For more: tests/web/fuzzed.py."""


async def test_the_document_is_whole(served: Served) -> None:
    document = (await served.client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    operations = [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert [name for name, count in Counter(each["operationId"] for _, each in operations).items() if count > 1] == []
    described = {tag["name"] for tag in document["tags"]}
    for name, operation in operations:
        assert operation.get("summary"), name
        assert set(operation["tags"]) <= described, name
        assert operation["tags"], name
    unguarded = {name for name, operation in operations if not operation.get("security")}
    assert unguarded == {"get /healthz", "get /metrics", "post /v1/login", "get /v1/setup", "post /v1/setup"}
    for scheme in ("session", "token"):
        assert scheme in document["components"]["securitySchemes"]
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


async def test_errors_of_openai_s_shape_are_told_beside_those_that_refuse_before(served: Served) -> None:
    document = (await served.client.get("/openapi.json")).json()
    responses = document["paths"]["/v1/models/{model}"]["get"]["responses"]
    for status in ("4XX", "5XX"):
        assert {
            kind: body["schema"]["$ref"].rsplit("/", 1)[1] for kind, body in responses[status]["content"].items()
        } == {
            "application/json": "Failure",
            "application/problem+json": "Problem",
        }
    assert document["paths"]["/v1/devices"]["get"]["responses"]["4XX"] == {"$ref": "#/components/responses/problem_4XX"}
    unknown = await served.client.get("/v1/models/nobody")
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/json")
    jsonschema.validate(
        unknown.json(), {**document["components"]["schemas"]["Failure"], "components": document["components"]}
    )


async def test_every_reference_leads_somewhere(served: Served) -> None:
    document = (await served.client.get("/openapi.json")).json()

    def follow(part: Any) -> None:
        match part:
            case {"$ref": str(reference)}:
                found = functools.reduce(
                    lambda inner, key: inner[key], reference.removeprefix("#/").split("/"), document
                )
                assert isinstance(found, dict)
            case dict():
                for each in part.values():
                    follow(each)
            case list():
                for each in part:
                    follow(each)

    follow(document)


async def test_requests_that_nobody_thought_of_are_answered_as_the_document_says(served: Served) -> None:
    came = await anyio.to_thread.run_sync(functools.partial(fuzz, served.address, _EXAMPLES))
    assert came[200] > 0
    assert came[422] > 0
    assert not [status for status in came if status >= 500 and status != 503], came
    assert (await served.client.get("/v1/devices")).status_code == 200
