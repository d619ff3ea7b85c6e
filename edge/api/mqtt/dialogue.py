"""Our events in the words of the Hermes protocol, which Snips began and Rhasspy went on with. Pure.

One of our turns is one Hermes session, of the turn's id.

Source: https://rhasspy.readthedocs.io/en/latest/reference/#mqtt-api
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from edge.events import AnyEvent, FollowUp, Transcribed, TurnEnded, Understood, Woke
from edge.intents import Intent, OutcomeKind, SlotValue

Message: TypeAlias = tuple[str, Mapping[str, Any]]
"""Topic, payload."""
_ENDS: Final[Mapping[OutcomeKind, str]] = {
    OutcomeKind.NOT_UNDERSTOOD: "intentNotRecognized",
    OutcomeKind.SILENCE: "timeout",
    OutcomeKind.CANCELLED: "abortedByUser",
    OutcomeKind.FAILED: "error",
}
_NUMBER: Final = "Number"
_CUSTOM: Final = "Custom"


class Dialogue:
    """Remembers of the turns that go on what one message needs of an earlier event."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._heard: dict[str, str] = {}
        """By turn, what was transcribed; empty before."""
        self._told: set[str] = set()
        """Turns whose intents were told already."""

    def of(self, event: AnyEvent) -> Iterator[Message]:
        """The messages that tell of ``event``."""
        match event:
            case Woke():
                yield from self._woke(event)
            case FollowUp():
                yield self._begun(event.turn)
            case Transcribed():
                self._heard[event.turn] = event.text
                yield (
                    "hermes/asr/textCaptured",
                    {
                        "text": event.text,
                        "likelihood": event.confidence,
                        "seconds": 0.0,
                        "lang": event.language,
                        **self._session(event.turn),
                    },
                )
            case Understood() if self._heard.get(event.turn):
                self._told.add(event.turn)
                for intent in (event.intent, *event.further):
                    yield self._intent(intent, self._heard[event.turn], event.confidence, event.turn)
            case TurnEnded():
                yield from self._ended(event)

    def _woke(self, event: Woke) -> Iterator[Message]:
        yield (
            f"hermes/hotword/{event.word}/detected",
            {
                "modelId": event.word,
                "modelVersion": "",
                "modelType": "universal",
                "currentSensitivity": 1.0,
                "siteId": self._site,
                "sessionId": event.turn,
            },
        )
        yield self._begun(event.turn)

    def _begun(self, turn: str) -> Message:
        self._heard[turn] = ""
        return "hermes/dialogueManager/sessionStarted", {**self._session(turn), "customData": None}

    def _ended(self, event: TurnEnded) -> Iterator[Message]:
        if event.turn not in self._told and event.text:
            # A written turn: nothing was transcribed, and only now it is known what it said.
            if event.intent is not None:
                for intent in (event.intent, *event.further):
                    yield self._intent(intent, event.text, event.confidence, event.turn)
            else:
                unknown = {"input": event.text, "id": event.turn, **self._session(event.turn)}
                yield "hermes/nlu/intentNotRecognized", unknown
        self._told.discard(event.turn)
        if self._heard.pop(event.turn, None) is not None:
            yield (
                "hermes/dialogueManager/sessionEnded",
                {
                    "termination": {"reason": _ENDS.get(event.outcome, "nominal")},
                    **self._session(event.turn),
                    "customData": None,
                },
            )

    def _intent(self, intent: Intent, text: str, confidence: float, turn: str) -> Message:
        return f"hermes/intent/{intent.name}", {
            "input": text,
            "rawInput": text,
            "intent": {"intentName": intent.name, "confidenceScore": round(confidence, 3)},
            "slots": [_slot(name, value) for name, value in intent.slots.items()],
            "id": turn,
            "customData": None,
            **self._session(turn),
        }

    def _session(self, turn: str) -> dict[str, str]:
        return {"siteId": self._site, "sessionId": turn}


def _slot(name: str, value: SlotValue) -> dict[str, Any]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        "entity": name,
        "slotName": name,
        "rawValue": str(value),
        "value": {"kind": _NUMBER if number else _CUSTOM, "value": value},
        "confidence": 1.0,
        "range": None,
    }
