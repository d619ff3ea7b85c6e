"""Turns in the log: a line each, without a word of what was said."""

import dataclasses
import logging

from edge.bus import Bus
from edge.events import Fault, Timings, TurnEnded, Woke

_log = logging.getLogger("hearth")


async def log_turns(bus: Bus) -> None:
    """What happens on ``bus``, until it is cancelled."""
    with bus.subscribe(listener="log") as events:
        while True:
            match await events.next():
                case Fault() as fault:
                    where = {"stage": fault.stage, "code": fault.code, "turn": fault.turn or None}
                    _log.warning("%s", fault.message, extra=where)
                case TurnEnded() as turn:
                    tier = turn.tier.value if turn.tier else None
                    how = {"turn": turn.turn, "outcome": turn.outcome.value, "tier": tier}
                    _log.info("turn ended", extra={**how, **_spent(turn.timings)})
                case Woke() as woke:
                    _log.info("woken", extra={"turn": woke.turn, "word": woke.word, "score": round(woke.score, 3)})


def _spent(timings: Timings) -> dict[str, float]:
    return {name: round(ms, 1) for name, ms in dataclasses.asdict(timings).items() if ms is not None}
