"""Tools of other programs, by the Model Context Protocol: what a sentence file calls ``weather.forecast`` is the tool
``forecast`` of the server ``weather``, where the configuration allows it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import anyio

from edge.act.skills.tools.server import Server, Tool, ToolServerAway, argument
from edge.act.skills.tools.settings import ServerSettings, ToolsSettings
from edge.dialogue import GUESSED
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question
from edge.plugins import skill_settings
from edge.ports import Offer, Parameter, SkillContext

_LONGEST: Final = 400
"""Characters of an answer that are read out: half a minute."""


class Tools:
    """Calls the tools that the person allowed, and reads their answers out."""

    def __init__(self, servers: Mapping[str, ServerSettings]) -> None:
        self._servers = {name: Server(name, settings) for name, settings in servers.items()}
        self._settings = servers
        self.deadline_s = max((settings.timeout_s for settings in servers.values()), default=0.0) + 1.0

    @property
    def intents(self) -> frozenset[str]:
        """``<server>.<tool>`` for all that are allowed."""
        return frozenset(f"{name}.{tool}" for name, settings in self._settings.items() for tool in settings.tools)

    def offers(self) -> Sequence[Offer]:
        """What the connected servers can be asked for by meaning."""
        return [
            _offer(name, tool, self._settings[name].examples.get(tool.name, ()))
            for name, server in self._servers.items()
            if self._settings[name].by_meaning
            for tool in server.tools.values()
        ]

    async def serve(self) -> None:
        """Keep every server connected."""
        async with anyio.create_task_group() as tasks:
            for server in self._servers.values():
                tasks.start_soon(server.run)

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Call the tool, after asking where it may change something, or for an argument that is missing."""
        name, _, wanted = intent.name.partition(".")
        server = self._servers[name]
        tool = server.tools.get(wanted)
        if tool is None:
            return Outcome(OutcomeKind.FAILED, Phrase("tools_away", {"server": name}))
        if missing := next((slot for slot in tool.required if slot not in intent.slots), None):
            question = Question(intent, missing, tool.choices.get(missing, ()))
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("tools_which", {"slot": missing}), question=question)
        try:
            arguments = {slot: argument(value, tool.types[slot]) for slot, value in _known(tool, intent).items()}
        except ValueError:
            return Outcome(OutcomeKind.FAILED, Phrase("tools_refused", {"text": ""}))
        if self._asks(name, tool, intent) and not intent.confirmed:
            say = Phrase("tools_confirm", {"tool": wanted, "arguments": list(arguments.values())})
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=Question(intent, None))
        try:
            answer = await server.call(tool, arguments)
        except ToolServerAway:
            return Outcome(OutcomeKind.FAILED, Phrase("tools_away", {"server": name}))
        kind = OutcomeKind.FAILED if answer.failed else OutcomeKind.DONE
        return Outcome(
            kind, Phrase("tools_refused" if answer.failed else "tools_said", {"text": speakable(answer.text)})
        )

    def _asks(self, server: str, tool: Tool, intent: Intent) -> bool:
        """What was only guessed at, and may change something, is always asked about."""
        rule = self._settings[server].confirm
        return rule == "always" or (not tool.reads and (rule == "auto" or intent.form == GUESSED))


def _offer(server: str, tool: Tool, examples: Sequence[str]) -> Offer:
    parameters = tuple(
        Parameter(name, kind, name in tool.required, tool.choices.get(name, ())) for name, kind in tool.types.items()
    )
    about = f"{tool.name.replace('_', ' ')}: {tool.about}"
    return Offer(f"{server}.{tool.name}", about, tuple(examples), parameters)


def speakable(text: str) -> str:
    """``text`` as one can read it out: no markup, no control characters, not for more than half a minute."""
    plain = re.sub(r"[*_`#|<>\\]+|[^\S ]+|[^\w\s.,;:!?%°€$£'’()+/&=-]", " ", text)
    plain = " ".join(plain.split())
    if len(plain) <= _LONGEST:
        return plain
    cut = plain[:_LONGEST]
    end = max(cut.rfind(mark) for mark in ".!?")
    return cut[: end + 1] if end > 0 else f"{cut.rsplit(' ', 1)[0]} …"


def _known(tool: Tool, intent: Intent) -> Mapping[str, object]:
    return {slot: value for slot, value in intent.slots.items() if slot in tool.types}


SETTINGS = ToolsSettings


def build(context: SkillContext) -> Tools:
    """The skill for the servers of ``[skills.tools]``. Raises SettingsError."""
    settings = skill_settings("tools", ToolsSettings, context.settings, "docs/tools.md has an example")
    return Tools(settings.servers)
