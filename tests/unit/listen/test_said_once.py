"""Whisper's decoder starts over at the end of a short window; what it says again is not said twice."""

import pytest

from edge.listen.stt_whisper import said_once


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("Turn on the kitchen light. Turn on the kitchen", "Turn on the kitchen light."),
        ("Is the sliding door closed? is the sliding door closed", "Is the sliding door closed?"),
        ("Open the blinds in the office. Open the blind", "Open the blinds in the office."),
        ("Arrêtez la radio. Arrête", "Arrêtez la radio."),
        ("Stop. Stop", "Stop."),
        ("turn off the light and turn off the fan", "turn off the light and turn off the fan"),
        ("no no no", "no no no"),
        ("", ""),
    ],
)
def test_said_once(text: str, once: str) -> None:
    assert said_once(text) == once
