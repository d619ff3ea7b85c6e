"""The assistant on the house's broker: a device with states and controls, and topics to ask it and let it speak.

docs/mqtt.md lists all topics.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import anyio

from edge.api.mqtt import entities
from edge.api.mqtt.ask import Asked
from edge.api.mqtt.board import Board
from edge.api.mqtt.controls import Controls
from edge.api.mqtt.hermes import Hermes
from edge.api.mqtt.inbox import keep_reading
from edge.api.mqtt.presence import Presence
from edge.api.mqtt.say import Saying
from edge.api.mqtt.stream import tell_events
from edge.assistant import Assistant


@asynccontextmanager
async def serve(assistant: Assistant) -> AsyncIterator[None]:
    """Show what it does, and take messages, until the block ends. The broker may come and go."""
    mqtt, post = assistant.settings.mqtt, assistant.house.post
    base = f"hearthside/{mqtt.site}"
    board = Board(post)
    for topic, config in entities.announcements(
        mqtt.site,
        assistant.settings.area,
        mqtt.discovery_prefix,
        version("hearthside"),
        with_words=mqtt.words != "none",
    ).items():
        board.put(topic, config)
    presence = Presence(assistant, board, base, mqtt.words)
    asked, saying = Asked(assistant, f"{base}/answer"), Saying(assistant)
    controls = Controls(assistant, board, base, presence.look)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(board.keep_told)
        tasks.start_soon(presence.follow)
        for source in assistant.countdowns:
            tasks.start_soon(presence.follow_countdowns, source)
        tasks.start_soon(tell_events, assistant.bus, post, f"{base}/event", mqtt.words != "none")
        tasks.start_soon(keep_reading, post, [f"{base}/ask"], asked.take)
        tasks.start_soon(keep_reading, post, [f"{base}/say", "hearthside/all/say"], saying.take)
        tasks.start_soon(keep_reading, post, controls.topics, controls.take)
        tasks.start_soon(keep_reading, post, [f"{mqtt.discovery_prefix}/status"], controls.take_status)
        if mqtt.hermes:
            hermes = Hermes(assistant, mqtt.site)
            tasks.start_soon(hermes.tell)
            tasks.start_soon(keep_reading, post, hermes.topics, hermes.take)
        yield
        tasks.cancel_scope.cancel()
