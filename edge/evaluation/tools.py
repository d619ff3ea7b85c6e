"""How often a tool is found by what a sentence means: ``python -m edge.evaluation.tools``.

The tools of ``tool_questions.yaml`` and what people say to them; the first half of the sentences chose the threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio
import yaml

from edge.engine_thread import EngineThread
from edge.intents import Origin
from edge.ports import Meaning, Offer
from edge.settings import Settings
from edge.understand.semantic import encoder
from edge.understand.semantic.encoder import Encoder
from edge.understand.semantic.meaning import SentenceMeaning
from edge.understand.tool_calls import ToolCalls
from models.store import Store

_TABLE: Final = Path(__file__).with_name("tool_questions.yaml")


@dataclass(frozen=True, slots=True)
class Found:
    """What came of some sentences."""

    right: int
    wrong: int
    """Another tool than the one that was meant."""
    meant: int
    """Sentences that mean a tool."""
    false: int
    """Sentences about anything else that were taken for a tool."""
    others: int


@dataclass(frozen=True, slots=True)
class _Offered:
    given: Sequence[Offer]

    def offers(self) -> Sequence[Offer]:
        """All of them."""
        return self.given


async def found(meaning: Meaning, *, chosen: bool) -> Found:
    """``chosen``: of the sentences that the threshold was chosen on, else of the others."""
    table: dict[str, Any] = yaml.safe_load(_TABLE.read_text("utf-8"))
    offers = [Offer(name, f"{name.replace('_', ' ')}: {tool['about']}") for name, tool in table["tools"].items()]
    calls = ToolCalls([_Offered(offers)], meaning)

    async def tool(text: str) -> str | None:
        understood = await calls.understand(text, Origin(""))
        return understood.intent.name if understood else None

    def half(sentences: Sequence[str]) -> Sequence[str]:
        middle = len(sentences) // 2
        return sentences[:middle] if chosen else sentences[middle:]

    meant = [(name, await tool(text)) for name, each in table["tools"].items() for text in half(each["say"])]
    others = [await tool(text) for text in half(table["others"])]
    return Found(
        sum(name == got for name, got in meant),
        sum(got not in (None, name) for name, got in meant),
        len(meant),
        sum(got is not None for got in others),
        len(others),
    )


async def _print() -> None:
    folder = Store(Settings().models_dir).require(encoder.MODEL)
    async with EngineThread[Encoder]("semantic", lambda: encoder.build(folder)) as thread:
        for chosen in (True, False):
            print("chosen on:" if chosen else "measured on:", await found(SentenceMeaning(thread), chosen=chosen))


if __name__ == "__main__":
    anyio.run(_print)
