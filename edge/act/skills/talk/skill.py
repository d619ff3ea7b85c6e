"""Small talk that touches no device: hello, what can I say, say that again, never mind."""

import itertools
from collections.abc import Iterator, Sequence

from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.ports import History, House, Interpreter

_EXAMPLES = 3


class Talk:
    """Answers what a newcomer tries."""

    intents = frozenset({"HassRespond", "HassNevermind", "HearthRepeat"})
    deadline_s = 5.0

    def __init__(self, house: House, history: History, interpreter: Interpreter, examples: Sequence[str]) -> None:
        """``examples``: sentences for the installed skills, ``{light}`` in them for a light of the house."""
        self._house, self._history, self._interpreter = house, history, interpreter
        self._examples = examples
        self._next = 0

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """A phrase for each of the grammar's answers."""
        match intent.name:
            case "HassNevermind":
                return Outcome(OutcomeKind.CANCELLED, Phrase("nothing"))
            case "HearthRepeat":
                return self._again(origin)
        if intent.form == "commands":
            examples = self._understood(origin)
            return Outcome(OutcomeKind.DONE, Phrase("talk_commands", {"examples": examples}), next_actions=examples)
        return Outcome(OutcomeKind.DONE, Phrase(f"talk_{intent.form}"))

    def _again(self, origin: Origin) -> Outcome:
        said = (exchange.reply for exchange in reversed(self._history.context(origin.session).exchanges))
        last = next(filter(None, said), None)
        if last is None:
            return Outcome(OutcomeKind.DONE, Phrase("talk_nothing_said"))
        return Outcome(OutcomeKind.DONE, Phrase("talk_again", {"said": last}))

    def _understood(self, origin: Origin) -> tuple[str, ...]:
        """A few sentences that mean something in this house, others each time."""
        found: list[str] = []
        for sentence in itertools.islice(self._candidates(), len(self._examples)):
            if self._interpreter.understand(sentence, origin) is not None:
                found.append(sentence)
            if len(found) == _EXAMPLES:
                break
        return tuple(found)

    def _candidates(self) -> Iterator[str]:
        lights = [device.name for device in self._house.devices() if device.domain in ("light", "switch")]
        while self._examples:
            example = self._examples[self._next % len(self._examples)]
            self._next += 1
            if "{light}" not in example:
                yield example
            elif lights:
                yield example.replace("{light}", lights[self._next % len(lights)])
            else:
                yield ""
