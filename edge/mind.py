"""The part of the composition root without ears: from words to deeds, and to the words that tell of them."""

import functools
import importlib.util
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from edge import plugins
from edge.act.confirm import Guard, Policy, Risk, Rules
from edge.act.dispatch import Dispatch
from edge.act.later import DEFERRABLE, parted
from edge.act.skills.handover import Handover
from edge.at_rest import DATABASE
from edge.bus import Bus
from edge.dialogue import Context
from edge.engine_thread import EngineThread
from edge.errors import ModelError
from edge.explained import FILE, Explained
from edge.intents import Origin, Tier, Understanding
from edge.ports import (
    Catalogue,
    Cloud,
    Consents,
    Erasures,
    House,
    Inventory,
    LlmEngine,
    Naming,
    Neighbours,
    Post,
    Prepared,
    Skill,
    SkillContext,
    Storage,
    Vocabulary,
)
from edge.privacy.glance import Glance
from edge.session.announce import Announcements
from edge.session.conversation import Conversations
from edge.session.floor import Floor
from edge.session.interpreter import TurnlessInterpreter
from edge.session.listening import Listening
from edge.settings import Settings
from edge.speak.loudness import VoiceLoudness
from edge.speak.speak import Voice
from edge.speak.wording import Wording
from edge.understand.answer import Answers
from edge.understand.explained import AsExplained
from edge.understand.followup import FollowUps
from edge.understand.grammar import Grammar
from edge.understand.languages import Grammars
from edge.understand.later import Later
from edge.understand.llm import LocalModel
from edge.understand.llm_prompt import FIXED
from edge.understand.open_question import open_question
from edge.understand.router import AsyncTier, Router, Step
from edge.understand.semantic import encoder
from edge.understand.semantic.head import read as read_head
from edge.understand.semantic.meaning import SentenceMeaning
from edge.understand.semantic.tier import HEAD, SemanticTier
from edge.understand.tool_calls import ToolCalls
from edge.understand.while_ringing import WhileRinging, while_ringing
from models.store import Store

_log = logging.getLogger(__name__)
_SEMANTIC_S: Final = 1.0
_LLM_S: Final = 3.0
_CLOUD_S: Final = 1.0
"""It asks nobody."""
SEMANTIC: Final = "semantic"
"""Name of the engine that turns sentences into vectors."""


@dataclass(frozen=True, slots=True)
class Mind:
    """From words to deeds and to the words that tell of them: of the assistant, and of whoever measures it."""

    grammar: Grammars
    router: Router
    dispatch: Dispatch
    guard: Guard
    wording: Wording
    skills: Sequence[Skill]
    floor: Floor
    conversations: Conversations
    announcer: Announcements
    engines: Sequence[EngineThread[Any]] = ()
    """Those that understand, beside the grammar; the one first that is asked last."""


async def build_mind(
    settings: Settings,
    house: House,
    storage: Storage,
    stack: AsyncExitStack,
    *,
    bus: Bus | None = None,
    voice: Voice | None = None,
    loudness: VoiceLoudness | None = None,
    listening: Listening | None = None,
    naming: Naming | None = None,
    post: Post | None = None,
    neighbours: Neighbours | None = None,
    cloud: Cloud | None = None,
    erasures: Erasures | None = None,
    consents: Consents | None = None,
) -> Mind:
    """Understanding and skills in ``house``; what they load is closed with ``stack``. Without ``voice`` nothing of what
    skills say unasked is heard. Raises SettingsError.
    """
    language = settings.understand.language
    wording = Wording(language, _of_skills("phrases"), settings.cache)
    floor, conversations, interpreter = Floor(), Conversations(), TurnlessInterpreter()
    announcer = Announcements(floor, wording, bus or Bus(), voice, settings.area)
    store = Store(settings.models_dir)
    sentences = await sentence_encoder(settings, store, stack)
    everybody = SkillContext(
        house=house,
        confirm_s=settings.mqtt.confirm_s,
        storage=storage,
        announcer=announcer,
        history=conversations,
        interpreter=interpreter,
        loudness=loudness or VoiceLoudness(),
        meaning=SentenceMeaning(sentences) if sentences is not None else None,
        listening=listening or Listening(bus or Bus()),
        post=post,
        neighbours=neighbours,
        erasures=erasures,
        consents=consents,
        language=language,
        data_dir=settings.data_dir,
        naming=naming,
        cloud=cloud,
    )
    skills = [_skill(name, everybody, settings) for name in plugins.names("skills")]
    for prepared in (skill for skill in skills if isinstance(skill, Prepared)):
        await prepared.load()
    vocabularies = [skill for skill in skills if isinstance(skill, Vocabulary)]
    guard = Guard(confirmed(settings), house)
    dispatch = Dispatch(skills, Handover(house), guard)
    grammars = Grammars(functools.partial(_grammar, settings, house, dispatch, vocabularies), language)
    glance = Glance(settings.data_dir / DATABASE)
    stack.callback(glance.close)
    explained = Explained(settings.data_dir / FILE, glance)
    semantic = semantic_tier(house, dispatch.intents, sentences, explained) if sentences is not None else None
    catalogues = [skill for skill in skills if isinstance(skill, Catalogue)]
    tools = ToolCalls(catalogues, everybody.meaning) if everybody.meaning is not None and catalogues else None
    model = await _local_model(settings, store, house, dispatch, stack)
    engines: list[EngineThread[Any]] = [*([model.engine] if model else ()), *([sentences] if sentences else ())]
    router = Router(
        WhileRinging(announcer, while_ringing(house, language), AsExplained(explained, grammars, dispatch.intents)),
        list(_further_tiers(semantic, tools, model, cloud)),
        answers=Answers(grammars.of, guard.knows_pin),
        follow_ups=FollowUps(house, grammars.of),
        later=Later(parted, DEFERRABLE),
    )
    interpreter.begin(grammars, router, dispatch)
    return Mind(grammars, router, dispatch, guard, wording, skills, floor, conversations, announcer, engines)


async def sentence_encoder(
    settings: Settings, store: Store, stack: AsyncExitStack
) -> EngineThread[encoder.Encoder] | None:
    """Sentences as vectors; None where that is not wanted, does not know the language, or has no model."""
    if not has_semantic(settings):
        return None
    try:
        folder = store.require(encoder.MODEL)
    except ModelError as error:
        _log.warning("the semantic tier is off: %s", error)
        return None
    build = functools.partial(encoder.build, folder)
    return await stack.enter_async_context(EngineThread[encoder.Encoder](SEMANTIC, build))


def semantic_tier(
    house: Inventory, intents: Collection[str], sentences: EngineThread[encoder.Encoder], explained: Explained
) -> SemanticTier:
    """Compares by meaning, as the head in the package has learnt to. Raises ModelError where that is damaged."""
    return SemanticTier(house, sentences, read_head(HEAD), intents, explained)


async def _local_model(
    settings: Settings, store: Store, house: House, dispatch: Dispatch, stack: AsyncExitStack
) -> LocalModel | None:
    if settings.understand.llm == "none":
        return None
    if not installed("llama_cpp"):
        _log.warning("the small language model is off: llama-cpp-python is not installed")
        return None
    try:
        folder = store.require(settings.understand.llm_model)
        adapter = _adapter(settings, store)
    except ModelError as error:
        # The assistant does its work without; what only this tier would have understood, it says it did not.
        _log.warning("the small language model is off: %s", error)
        return None
    path = next(folder.glob("*.gguf"))
    build = functools.partial(_language_model, settings, path, adapter)
    thread = await stack.enter_async_context(EngineThread[LlmEngine]("llm", build))
    return LocalModel(house, thread, dispatch.intents, settings.understand.llm_confidence)


def _language_model(settings: Settings, path: Path, adapter: Path | None) -> LlmEngine:
    """The engine, which need not read the fixed part of the prompt again."""
    understand = settings.understand
    engine: LlmEngine = plugins.load("llm", understand.llm)(path, understand.llm_threads, adapter)
    engine.prepare(FIXED, settings.data_dir / "llm")
    return engine


def _adapter(settings: Settings, store: Store) -> Path | None:
    if (name := settings.understand.llm_adapter) == "none":
        return None
    return next(store.require(name).glob(f"{name}.gguf"))


def _further_tiers(
    semantic: SemanticTier | None, tools: ToolCalls | None, model: LocalModel | None, cloud: Cloud | None
) -> Iterator[Step]:
    """Those that there are, in the order in which they are asked after the grammar, each with its patience."""
    if semantic is not None:
        yield Step(Tier.SEMANTIC, _expecting(model, semantic.understand), _SEMANTIC_S)
    if tools is not None:
        yield Step(Tier.SEMANTIC, _without_context(tools.understand), _SEMANTIC_S)
    if model is not None:
        yield Step(Tier.LLM, model.understand, _LLM_S)
    if cloud is not None and cloud.settings.ask == "questions":
        yield Step(Tier.CLOUD, open_question, _CLOUD_S)


def _without_context(understand: Callable[[str, Origin], Awaitable[Understanding | None]]) -> AsyncTier:
    """A tier that takes each sentence by itself."""

    async def alone(text: str, origin: Origin, _: Context) -> Understanding | None:
        return await understand(text, origin)

    return alone


def _expecting(
    model: LocalModel | None, understand: Callable[[str, Origin], Awaitable[Understanding | None]]
) -> AsyncTier:
    """A tier that takes each sentence by itself, while ``model``, which is asked next, is made ready."""
    alone = _without_context(understand)

    async def before(text: str, origin: Origin, context: Context) -> Understanding | None:
        if model is not None:
            model.engine.recall()
        return await alone(text, origin, context)

    return before


def _skill(name: str, everybody: SkillContext, settings: Settings) -> Skill:
    skill: Skill = plugins.load("skills", name)(replace(everybody, settings=settings.skills.get(name, {})))
    return skill


def _grammar(
    settings: Settings, house: House, dispatch: Dispatch, vocabularies: Sequence[Vocabulary], language: str
) -> Grammar:
    skills = _of_skills("sentences", f"{language[:2]}.yaml")
    return Grammar(
        house,
        language,
        dispatch.intents,
        sentence_files(settings),
        skills=skills,
        vocabularies=vocabularies,
        kept=settings.cache,
    )


def _of_skills(*path: str) -> list[Path]:
    """What there is at ``path`` in the folders of the skills."""
    folders = filter(None, (plugins.folder("skills", name) for name in plugins.names("skills")))
    return [found for folder in folders if (found := folder.joinpath(*path)).exists()]


def sentence_files(settings: Settings) -> list[Path]:
    """The person's own sentences."""
    return sorted((settings.understand.sentences or settings.data_dir / "sentences").glob("*.yaml"))


def confirmed(settings: Settings) -> Rules:
    """What is asked about before it is done."""
    confirm = settings.confirm
    policies = {risk: Policy(getattr(confirm, risk)) for risk in Risk}
    return Rules(policies, confirm.pin.get_secret_value() if confirm.pin else None)


def has_semantic(settings: Settings) -> bool:
    """Whether sentences that no grammar knows are compared by meaning; there are examples in English alone."""
    return settings.understand.semantic and settings.understand.language.startswith("en")


def installed(package: str) -> bool:
    """Whether the Python package is there."""
    return importlib.util.find_spec(package) is not None
