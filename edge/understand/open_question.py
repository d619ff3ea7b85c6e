"""The last step: a question that nothing on the board understands, and that a larger model may know the answer to.

It costs nothing and asks nobody: it only says that this is a question. Whether and when it is asked is decided where
it would be done.
"""

from edge.asking import Kind, kind_of
from edge.dialogue import ASK_CLOUD, UNSURE, Context
from edge.intents import Intent, Origin, Tier, Understanding

_CONFIDENCE = 0.5
"""It is a question; whether the right words were heard, nobody knows."""
_FEWEST = 3
"""Words. "What?" and "is it" lean on something that was not found."""


async def open_question(text: str, origin: Origin, context: Context) -> Understanding | None:
    """``text`` as something to be asked; None where it is no question for sure, or was perhaps not meant for us."""
    if len(text.split()) < _FEWEST or kind_of(text, origin.language) is not Kind.QUESTION:
        return None
    if not (origin.addressed or _goes_on(context)):
        return None
    return Understanding(Intent(ASK_CLOUD, {"question": text}, form=UNSURE), Tier.CLOUD, _CONFIDENCE)


def _goes_on(context: Context) -> bool:
    """Whether the last thing that was spoken of was such a question, too."""
    return context.last is not None and any(intent.name == ASK_CLOUD for intent in context.last.intents)
