"""Sentences that nobody says now: steps of a routine."""

from collections.abc import Sequence

from edge.act.dispatch import Dispatch
from edge.dialogue import Context
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Transcript, Understanding
from edge.understand.router import Router, SyncTier

_NOT_UNDERSTOOD = Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("not_understood"))


class TurnlessInterpreter:
    """The one :class:`edge.ports.Interpreter`: what a turn does between hearing and answering.

    Skills are built with it before there is anything that understands, so it is told of that later.
    """

    def __init__(self) -> None:
        self._stages: tuple[SyncTier, Router, Dispatch] | None = None

    def begin(self, grammar: SyncTier, router: Router, dispatch: Dispatch) -> None:
        """From now on sentences are understood and done."""
        self._stages = grammar, router, dispatch

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        """What the sentence means by itself to the grammar, which takes milliseconds; None when nothing."""
        assert self._stages is not None
        grammar, _, _ = self._stages
        return grammar.understand(text, origin)

    async def run(self, text: str, origin: Origin) -> Sequence[Outcome]:
        """Understand ``text`` and do all that it asks for, in order; after a question, no more.

        Raises AssistantError.
        """
        assert self._stages is not None
        _, router, dispatch = self._stages
        found = (await router.understand(Transcript(text, origin.language), origin, Context())).understanding
        if found is None:
            return [_NOT_UNDERSTOOD]
        return await _done(found.intents, origin, dispatch, found.confidence)

    def objection(self, intent: Intent, origin: Origin) -> Outcome | None:
        """What would be asked before ``intent`` is done, clear as it may be, or why it can't be done; None: neither."""
        assert self._stages is not None
        _, _, dispatch = self._stages
        return dispatch.objection(intent, origin)

    async def perform(self, intents: Sequence[Intent], origin: Origin) -> Sequence[Outcome]:
        """Do what was understood before, in order; after a question, no more. Raises AssistantError."""
        assert self._stages is not None
        _, _, dispatch = self._stages
        return await _done(intents, origin, dispatch)


async def _done(
    intents: Sequence[Intent], origin: Origin, dispatch: Dispatch, confidence: float = 1.0
) -> Sequence[Outcome]:
    outcomes: list[Outcome] = []
    for intent in intents:
        outcomes.append(await dispatch.run(intent, origin, confidence))
        if outcomes[-1].question is not None:
            break
    return outcomes
