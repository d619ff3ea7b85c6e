"""Frames from and to bytes, however those arrive, and whoever sends them."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wyoming.event import Event

from edge.wyoming.frames import Frames, Limits, Malformed, encoded
from edge.wyoming.messages import Detect, Said, SoundFormat, Spoken, Transcribe, message

BUSY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The machine may have other things to do."""

SMALL = Limits(line=200, data=100, payload=50)


def read(frames: Frames, data: bytes) -> list[Event]:
    frames.feed(data)
    events = []
    while (event := frames.next()) is not None:
        events.append(event)
    return events


EVENTS = [
    Event("describe"),
    Event("audio-chunk", {"rate": 16000, "width": 2, "channels": 1}, b"\n\x00{}\xff"),
    Event("transcript", {"text": "Öffne\ndie Tür"}),
    Event("ping", {"text": None}),
]


@BUSY
@given(st.lists(st.integers(1, 40), min_size=1, max_size=60))
def test_how_the_bytes_are_cut_does_not_matter(cuts: list[int]) -> None:
    data, frames, events = b"".join(encoded(event) for event in EVENTS), Frames(), []
    at = 0
    for cut in [*cuts, len(data)]:
        events += read(frames, data[at : at + cut])
        at += cut
    assert events == EVENTS
    assert not frames.amid


def test_data_may_be_in_the_header_after_it_or_in_both() -> None:
    more = b'{"b": 2}'
    line = json.dumps({"type": "x", "data": {"a": 1, "b": 1}, "data_length": len(more)}).encode() + b"\n"
    assert read(Frames(), line + more) == [Event("x", {"a": 1, "b": 2})]


def test_a_frame_that_has_begun_is_told_from_none() -> None:
    frames = Frames()
    read(frames, b'{"type": "audio-chunk", "payload_length": 4}\nab')
    assert frames.amid


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"x\n",
        b"[]\n",
        b"null\n",
        b"\xff\xfe\n",
        b'{"type": 1}\n',
        b'{"data": {}}\n',
        b'{"type": "x", "data": []}\n',
        b'{"type": "x", "data_length": -1}\n',
        b'{"type": "x", "data_length": 1.5}\n',
        b'{"type": "x", "data_length": true}\n',
        b'{"type": "x", "data_length": "3"}\n',
        b'{"type": "x", "data_length": 101}\n',
        b'{"type": "x", "payload_length": 51}\n',
        b'{"type": "x", "data_length": 2}\n[]',
        b'{"type": "x", "data_length": 1}\n{',
        b"[" * 199 + b"\n",
        b" " * 201,
        b" " * 250 + b"\n",
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        read(Frames(SMALL), data)


def test_json_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(Malformed):
        read(Frames(), b"[" * 10_000 + b"\n")


@BUSY
@given(st.binary(max_size=400))
def test_any_bytes_are_events_or_malformed_and_never_kept_beyond_the_limits(data: bytes) -> None:
    frames = Frames(SMALL)
    try:
        events = read(frames, data)
    except Malformed:
        return
    assert all(isinstance(event.type, str) and isinstance(event.data, dict) for event in events)


SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = SCALAR | st.lists(SCALAR, max_size=3) | st.dictionaries(st.text(max_size=8), SCALAR, max_size=3)
FIELDS = st.sampled_from(["rate", "width", "channels", "text", "language", "names", "context", "voice"])


@BUSY
@given(st.dictionaries(FIELDS, JSON), st.sampled_from([SoundFormat, Transcribe, Detect, Spoken, Said]))
def test_any_data_is_a_message_or_malformed(data: dict[str, object], kind: type[SoundFormat]) -> None:
    try:
        found = message(kind, Event("x", data))
    except Malformed:
        return
    assert isinstance(found, kind)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (SoundFormat, {"rate": 16000, "width": 3, "channels": 1}),
        (SoundFormat, {"rate": 16000.0, "width": 2, "channels": 1}),
        (SoundFormat, {"rate": 1, "width": 2, "channels": 1}),
        (SoundFormat, {"rate": 16000, "width": 2, "channels": 0}),
        (SoundFormat, {"rate": 16000, "width": 2}),
        (Spoken, {"text": "x" * 4001}),
        (Spoken, {"text": None}),
        (Detect, {"names": "alexa"}),
        (Detect, {"names": [1]}),
        (Said, {"text": "x", "context": "y"}),
    ],
)
def test_a_field_of_another_type_is_refused(kind: type[SoundFormat], data: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        message(kind, Event("x", data))


@pytest.mark.parametrize(
    ("context", "session"),
    [
        (None, None),
        ({}, None),
        ({"conversation_id": "a"}, "a"),
        ({"conversation_id": 7}, None),
        ({"conversation_id": "x" * 65}, None),
    ],
)
def test_the_conversation_is_the_one_home_assistant_names(
    context: dict[str, object] | None, session: str | None
) -> None:
    assert message(Said, Event("transcript", {"text": "x", "context": context})).session == session
