"""What is said to the assistant whose page is tested."""

from edge.events import TurnEnded
from tests.web.conftest import Served


async def said(served: Served, text: str, session: str | None = None) -> str:
    """The answer."""
    ended = (await served.assistant.ask(text, session=session))[-1]
    assert isinstance(ended, TurnEnded)
    return ended.reply.text
