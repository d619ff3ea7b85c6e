"""Requests that nobody thought of, made from the OpenAPI document of a running assistant: valid ones, and others.

``python -m tests.web.fuzzed http://127.0.0.1:8765 --examples 200`` for a long run against an assistant of one's own.
It changes what that assistant keeps.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode, checks

CHECKS: Final = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
OWN: Final = {"X-Hearthside": "1"}
ELSEWHERE: Final = (
    "/v1/audio/", "/v1/chat/", "/v1/login", "/v1/setup", "/v1/settings", "/v1/system", "/v1/restart", "/v1/model",
    "/v1/wake",
)  # fmt: skip
"""Where a request takes seconds of an engine, changes how all others are answered, or is only allowed now and then:
tested by themselves.
"""
_TIMEOUT_S: Final = 30.0
_NOT_NOW: Final = (502, 503, 504)
"""An honest answer where something outside is missing, such as the microphone."""


def fuzz(
    address: str, examples: int, first: int = 0, only: str = "", elsewhere: tuple[str, ...] = ELSEWHERE
) -> Counter[int]:
    """Send ``examples`` valid requests and as many others to each operation whose path begins with ``only``, and not
    with any of ``elsewhere``.

    Raises what schemathesis raises for an answer that the document doesn't allow. Returns how often each status came.
    """
    counted: Counter[int] = Counter()
    with requests.Session() as session:
        session.headers.update(OWN)
        for operation, mode in _operations(address, only, elsewhere):
            _try(operation, mode, examples, first, session, address, counted)
    return counted


def _operations(address: str, only: str, elsewhere: tuple[str, ...]) -> Iterator[tuple[Any, GenerationMode]]:
    document = requests.get(f"{address}/openapi.json", timeout=_TIMEOUT_S).json()
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an error would be a document that can't be read
        if operation.path.startswith(elsewhere) or not operation.path.startswith(only):
            continue
        yield operation, GenerationMode.POSITIVE
        if operation.path_parameters or operation.query or operation.body:
            yield operation, GenerationMode.NEGATIVE


def _try(
    operation: Any,
    mode: GenerationMode,
    examples: int,
    first: int,
    session: requests.Session,
    address: str,
    counted: Counter[int],
) -> None:
    @seed(first)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        response = case.call(base_url=address, session=session, timeout=_TIMEOUT_S)
        counted[response.status_code] += 1
        wanted = [each for each in CHECKS if response.status_code not in _NOT_NOW or each is not CHECKS[0]]
        case.validate_response(response, checks=wanted)

    one()


def _main() -> None:
    parser = argparse.ArgumentParser(description="Send an assistant requests that nobody thought of.")
    parser.add_argument("address", help="such as http://127.0.0.1:8765")
    parser.add_argument("--examples", type=int, default=100, help="for each operation, of valid ones and of others")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="the beginning of the paths that are tried")
    asked = parser.parse_args()
    print(sorted(fuzz(asked.address.rstrip("/"), asked.examples, asked.seed, asked.only).items()))


if __name__ == "__main__":
    _main()
