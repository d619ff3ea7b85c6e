"""Seams between the turn and the engines behind it.

Engines are synchronous. Each lives in a thread of its own that builds, calls and closes it
(:mod:`edge.engine_thread`), so none of them needs to be thread-safe.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt
from apsw import Connection

from edge.chunk import AudioChunk, Pcm
from edge.devices import ActionReport, Command, Device, DeviceState
from edge.dialogue import Context
from edge.events import TurnEnded
from edge.intents import Intent, Origin, Outcome, Phrase, Transcript, Understanding
from edge.panel import Showing

R = TypeVar("R")
Vector: TypeAlias = npt.NDArray[np.float32]
"""The meaning of a text, of length 1; the nearer two texts are in meaning, the larger the product."""


class Closeable(Protocol):
    """Something that holds native memory."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class WakeWord:
    """What is known of one wake word's model."""

    threshold: float
    """The probability that it was tuned for, 0–1."""
    lag_s: float = 0.15
    """How long after the word's end the model is sure of it, in seconds."""


class WakeEngine(Closeable, Protocol):
    """Scores a stream of sound against wake words."""

    @property
    def words(self) -> Mapping[str, WakeWord]:
        """The words it listens for."""

    def score(self, pcm: Pcm) -> Mapping[str, float]:
        """Take the next ``pcm`` (int16, any length, 16 kHz); returns each word's highest probability in it, 0–1."""

    def reset(self) -> None:
        """Forget the stream, as if it began anew."""


class Denoiser(Closeable, Protocol):
    """Takes noise out of a stream of sound."""

    @property
    def delay(self) -> int:
        """Samples by which what comes out is later than what went in."""

    def denoise(self, pcm: Pcm) -> Pcm:
        """Take the next ``pcm`` (int16, 16 kHz, a multiple of 160 samples); returns as many samples."""

    def reset(self) -> None:
        """Forget the stream, as if it began anew."""


class VadEngine(Closeable, Protocol):
    """Tells speech from everything else."""

    @property
    def window(self) -> int:
        """Samples that one call takes."""

    def probability(self, pcm: Pcm) -> float:
        """``pcm``: int16, shape (window,), 16 kHz. Returns the probability of speech, 0–1."""

    def reset(self) -> None:
        """Forget the stream, as if it began anew."""


class Sayable(Protocol):
    """Somewhere in a sentence that can be said in this house: before it, within it, or at its end.

    Walked by one thread at a time.
    """

    @property
    def following(self) -> "Mapping[str, Sayable]":
        """Each word that may come next, and where it leads. Numbers are in digits."""

    @property
    def complete(self) -> bool:
        """Whether the sentence may end here."""

    @property
    def longest(self) -> int:
        """The most words that may still follow."""


class SttEngine(Closeable, Protocol):
    """Speech to text."""

    def transcribe(self, pcm: Pcm, language: str | None, sayable: Sayable | None = None) -> Transcript:
        """``pcm``: int16, 16 kHz, one utterance; ``language`` None to detect it.

        ``sayable``, the start of every sentence that means something here, helps to hear right: the text is one of
        those sentences where the sound bears it out, and what was heard without that knowledge otherwise.
        """

    def prepare(self, sayable: Sayable) -> None:
        """Do ahead what recognising with ``sayable`` costs the first time."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a language model wrote."""

    text: str
    probability: float
    """How likely the model alone, without the grammar, would have written just this, 0–1."""


class LlmEngine(Closeable, Protocol):
    """A language model that writes only what a grammar allows."""

    def prepare(self, front: str, folder: Path) -> None:
        """Spare prompts that begin with ``front`` the cost of reading it: what is made of it the first time is kept in
        ``folder``, and taken from there from then on.
        """

    def complete(self, prompt: str, grammar: str, max_tokens: int) -> Completion:
        """``grammar`` in GBNF. Returns the completion of ``prompt``."""


class TtsEngine(Closeable, Protocol):
    """Text to speech."""

    @property
    def rate(self) -> int:
        """Samples per second of what it speaks."""

    def synthesize(self, sentence: str) -> Pcm:
        """Returns the spoken sentence: int16, mono, at ``rate``."""


class Journal(Protocol):
    """Where turns are kept."""

    async def write(self, ended: TurnEnded) -> None:
        """Returns when the turn would survive a power cut. Raises StorageError."""


class AudioSink(Protocol):
    """Where answers are heard."""

    async def play(self, pcm: Pcm, rate: int) -> None:
        """Returns when it has been played, but for a tail of at most 50 ms. Cancelling stops the sound within 50 ms.

        Raises AudioError.
        """

    async def finish(self) -> str | None:
        """The answer is complete: returns when its last sample was heard.

        Gives the path of its recording, where this sink makes one.
        """


class SoundReader(Protocol):
    """A cursor over the incoming sound, of its own."""

    @property
    def lost(self) -> int:
        """Chunks that were overwritten before this reader came to them."""

    def read(self, timeout: float | None) -> AudioChunk:
        """The next chunk; blocks, so it belongs in a thread. Raises EndOfSound when there is no more, and SoundCut when
        what comes does not follow on what came before; iterating does, too.
        """

    def read_some(self, count: int) -> list[AudioChunk]:
        """The next ``count`` chunks together, fewer before the end; blocks until they are all there, and so wakes the
        thread once for all of them. Raises EndOfSound and SoundCut as :meth:`read` does.
        """

    def __aiter__(self) -> AsyncIterator[AudioChunk]: ...

    def close(self) -> None:
        """Stop reading; a blocked :meth:`read` ends with EndOfSound."""


class Sound(Protocol):
    """The incoming sound, of which some seconds are kept."""

    def reader(self, start: float | None = None) -> SoundReader:
        """A cursor from the time ``start`` in seconds, or from now. From any thread, at once."""


class ListeningSwitch(Protocol):
    """Whether sound may come in."""

    @property
    def on(self) -> bool: ...

    @property
    def button(self) -> bool:
        """Whether there is a button or a switch on the device that turns it on."""

    def set(self, on: bool) -> None:
        """Throw it; call from the event loop's thread. On is refused while the device's own switch is off."""

    async def becomes(self, on: bool) -> None:
        """Returns once it is so."""


class Panel(Closeable, Protocol):
    """Lights, buttons and switches of the device.

    It is built with a function that it tells of every :class:`edge.panel.Control`, from any thread.
    """

    @property
    def found(self) -> Sequence[str]:
        """What there is, in words, for whoever sets it up: ``light on GPIO 17``."""

    def show(self, showing: Showing) -> None:
        """Until the next one. Raises HardwareError when it is gone."""


class Inventory(Protocol):
    """What the house consists of: all that understanding a sentence needs to know."""

    @property
    def revision(self) -> int:
        """Rises whenever the set of devices, their names or areas change."""

    def devices(self) -> Sequence[Device]:
        """All devices, ordered by id."""

    def areas(self) -> Mapping[str, Sequence[str]]:
        """Area name → further names of it."""

    def floors(self) -> Sequence[str]:
        """Names of floors."""


class House(Inventory, Protocol):
    """The devices on the broker, to be read and commanded."""

    @property
    def online(self) -> bool:
        """Whether the broker is connected now."""

    def state(self, device: str) -> DeviceState:
        """The last word of the device with that id; an empty state when it has said nothing."""

    async def command(self, commands: Sequence[Command], deadline_s: float) -> Sequence[ActionReport]:
        """Carry out all in parallel and wait for each device's own word.

        One report per command, in order. Raises BrokerOffline at once when the broker is away.
        """

    @property
    def site(self) -> str:
        """Name of this assistant in topics."""

    async def tell(self, topic: str, payload: str, site: str | None = None) -> None:
        """Publish for whoever listens, under the topics of ``site``, or this assistant's own; returns when the broker
        has it. Raises BrokerOffline.
        """


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that came in."""

    topic: str
    payload: bytes
    retained: bool
    """The broker had kept it: it is older than our subscription."""


class Post(Protocol):
    """Messages to and from other programs on the house's broker."""

    @property
    def online(self) -> bool:
        """Whether the broker is connected now."""

    async def publish(self, topic: str, payload: str | bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Returns when the broker has it (quality of service 0: when it is sent). Raises BrokerOffline."""

    async def listen(self, filters: Sequence[str], take: Callable[[Taken], None]) -> None:
        """Hand all that comes on ``filters`` to ``take``, from now and in every later connection; it must not block.

        Returns when the broker has acknowledged that, or at once while it is away.
        """

    async def next_connection(self, after: int) -> int:
        """The number of the present connection, once it is a later one than ``after``; the first is 1."""


class Delegate(Protocol):
    """Another program that takes spoken commands in the assistant's place, as long as it is there."""

    @property
    def here(self) -> bool:
        """Whether it takes the next one."""

    async def take(self, turn: str, word: str, at: float, sound: AsyncIterator[AudioChunk], origin: Origin) -> None:
        """One command, for which ``word`` woke at ``at`` and which begins ``sound``; returns after the answer.

        The turn's events are its own to tell, to the TurnEnded.
        """


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An assistant of the house."""

    id: str
    site: str
    """Its name in topics."""
    area: str | None = None
    """The room it stands in."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one assistant answered another."""

    by: Neighbour
    body: Mapping[str, object]
    """As it came over the network: every value is to be checked."""


Respond = Callable[[Neighbour, Mapping[str, object]], Awaitable[Mapping[str, object] | None]]
"""Who asks, and what; returns the answer, None for none. What comes in is to be checked."""


class Neighbours(Protocol):
    """The other assistants of the house."""

    @property
    def me(self) -> Neighbour:
        """This one."""

    def known(self) -> Sequence[Neighbour]:
        """Those that are there now, as far as is known."""

    async def ask(
        self, kind: str, body: Mapping[str, object], wait_s: float, *, to: Sequence[Neighbour] | None = None
    ) -> Sequence[Answer]:
        """Ask all, or those in ``to``. Returns what they answer once all have, at the latest after ``wait_s``.

        Raises BrokerOffline.
        """

    def respond(self, kind: str, respond: Respond) -> None:
        """``respond`` answers what others ask of that ``kind``. To be called before the assistant runs."""


class Skill(Protocol):
    """Something the assistant can do."""

    @property
    def intents(self) -> frozenset[str]:
        """Names of the intents it takes."""

    @property
    def deadline_s(self) -> float:
        """Seconds after which its work is abandoned."""

    async def run(self, intent: Intent, origin: Origin) -> Outcome: ...


@runtime_checkable
class Foresight(Protocol):
    """A skill that knows beforehand why it can't do something."""

    def objection(self, intent: Intent, origin: Origin) -> Outcome | None:
        """What running ``intent`` would ask or say no to; None where it would be tried."""


@runtime_checkable
class Service(Protocol):
    """A skill that also does something unasked, such as ringing when a timer is over."""

    async def serve(self) -> None:
        """Runs as long as the assistant, beside its turns; cancelled at the end."""


@runtime_checkable
class Prepared(Protocol):
    """A skill that has something to read before it is asked."""

    async def load(self) -> None:
        """Called once, before the first sentence. Raises StorageError, SettingsError."""


@runtime_checkable
class Vocabulary(Protocol):
    """A skill whose sentences hold names that people give, of lists or of routines."""

    @property
    def revision(self) -> int:
        """Rises whenever the names change."""

    def names(self) -> Mapping[str, Sequence[str]]:
        """By list of its sentence files: the names that there are now."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that a tool is told."""

    name: str
    kind: str
    """The JSON type."""
    required: bool = False
    choices: tuple[str, ...] = ()
    """The only values there are; empty: any."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be done for whoever means it. All of its text is data from outside."""

    intent: str
    """What is understood where it is meant."""
    about: str
    """What it is for."""
    examples: tuple[str, ...] = ()
    """What a person says for it."""
    parameters: tuple[Parameter, ...] = ()


@runtime_checkable
class Catalogue(Protocol):
    """A skill with things to offer that nobody has written sentences for."""

    def offers(self) -> Sequence[Offer]:
        """What there is now."""


class CountdownState(StrEnum):
    """What a countdown does."""

    RUNNING = "running"
    PAUSED = "paused"
    RINGING = "ringing"


@dataclass(frozen=True, slots=True)
class Countdown:
    """Something that rings when its time is over."""

    id: str
    name: str | None
    """As it was said."""
    area: str | None
    """The room it was started from."""
    ends_at: float | None
    """Seconds since the epoch; None while it is paused."""
    left_s: float
    """Seconds until it is over, when this was asked."""
    state: CountdownState


@runtime_checkable
class Countdowns(Protocol):
    """A skill that counts time down, for displays."""

    async def countdowns(self, after: int) -> tuple[int, Sequence[Countdown]]:
        """All of them, the next to end first and paused ones last, once they have changed; and that change's number.

        ``after``: the number of the change that is known, -1 for none. Raises StorageError.
        """


class Naming(Protocol):
    """What people call things, and where these are. Every change is on disk, and in force, when a method returns.

    All raise SettingsError where the file that keeps it has a mistake, and StorageError where it can't be written.
    """

    async def call(self, device: str, name: str) -> None:
        """The device of that id is called ``name``, too."""

    async def uncall(self, device: str, name: str) -> bool:
        """It is no longer; False where it was not given that name here."""

    async def place(self, device: str, area: str) -> None:
        """It is in ``area``, which begins to exist if need be."""

    async def lift(self, area: str, floor: str) -> None:
        """The room ``area`` is on ``floor``."""


class History(Protocol):
    """What was said in each session."""

    def context(self, session: str) -> Context:
        """What is still in mind of ``session``; empty when nothing is."""


class Interpreter(Protocol):
    """Carries out sentences as if somebody had said them."""

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        """What the sentence means by itself to the grammar, which takes milliseconds; None when nothing."""

    async def run(self, text: str, origin: Origin) -> Sequence[Outcome]:
        """Understand ``text`` and do all that it asks for, in order, as whatever guards a spoken command allows.

        One outcome for each command; one that is not understood when nothing is. Raises AssistantError.
        """

    def objection(self, intent: Intent, origin: Origin) -> Outcome | None:
        """What would be asked before ``intent`` is done, clear as it may be, or why it can't be done; None: neither."""

    async def perform(self, intents: Sequence[Intent], origin: Origin) -> Sequence[Outcome]:
        """Do what was understood before, likewise; after a question, no more. Raises AssistantError."""


class Meaning(Protocol):
    """Compares texts by what they mean."""

    async def vector(self, text: str) -> Vector | None:
        """The meaning of ``text``; None where it can't be told. Raises ModelError."""


class Loudness(Protocol):
    """How loud the assistant's own voice is."""

    @property
    def volume(self) -> float:
        """0–1 of what the settings allow."""

    @property
    def muted(self) -> bool:
        """Whether it is silent, whatever the volume."""

    def set(self, volume: float, *, muted: bool) -> None:
        """From the next sentence on."""


class Storage(Protocol):
    """What is kept on disk."""

    async def migrate(self, part: str, steps: Sequence[str]) -> None:
        """Bring the tables of ``part`` up to date: runs the ``steps`` (SQL) that were not run yet, all or none. Steps
        are only ever added at the end. Raises StorageError.
        """

    async def read(self, work: Callable[["Connection"], R]) -> R:
        """The result of ``work``, which only reads. Raises StorageError."""

    async def write(self, work: Callable[["Connection"], R]) -> R:
        """Run ``work`` in one transaction. When this returns, what it wrote survives a power cut; when it raises,
        nothing of it was written. Raises StorageError.
        """


class RingingEnd(StrEnum):
    """How something stopped to ring."""

    STOPPED = "stopped"
    SNOOZED = "snoozed"
    UNHEARD = "unheard"
    """Nobody came for ten minutes."""


@dataclass(frozen=True, slots=True)
class Silenced:
    """What a person said to something that rings."""

    how: RingingEnd
    snooze_s: float | None = None
    """In how many seconds it shall ring again; None: as long as is usual for what rings."""


class Announcer(Protocol):
    """Is heard without having been asked: never while a person is listened to or answered, one thing at a time."""

    @property
    def ringing(self) -> Phrase | None:
        """What rings now, be it that a turn has hushed it."""

    @property
    def audible(self) -> bool:
        """Whether there is a loudspeaker: without one, all of it goes out as events alone."""

    async def announce(self, phrase: Phrase, area: str | None = None) -> None:
        """Say ``phrase`` once; returns when it was heard. ``area``: the room that it is for; None: for all."""

    async def ring(self, phrase: Phrase, over: Callable[[Silenced], Awaitable[None]]) -> None:
        """Play a sound, and say ``phrase``, again and again, until a person ends it or ten minutes are over.

        ``over`` is told how it ended, and done before the person hears so: here belongs what must be kept of it.
        """

    async def silence(self, silenced: Silenced) -> Phrase | None:
        """End what rings now and return its phrase; None when nothing does."""


@dataclass(frozen=True, slots=True)
class SkillContext:
    """What a skill is built with."""

    house: House
    confirm_s: float
    """How long a device has to show that it did what it was told, in seconds."""
    storage: Storage
    """Where it keeps what must survive a restart, in tables of its own."""
    announcer: Announcer
    """How it is heard unasked."""
    history: History
    """What was said before."""
    interpreter: Interpreter
    """For whatever does several things at one word."""
    loudness: Loudness
    """Its voice, where it has one."""
    listening: ListeningSwitch
    """Its microphone, where it has one."""
    data_dir: Path
    """Where files lie that a person writes for it."""
    meaning: Meaning | None = None
    """Where there is a model that knows the language."""
    naming: Naming | None = None
    """What devices and rooms are called; None where that can't be changed."""
    post: Post | None = None
    """Messages to and from other programs; None where there is no broker at all."""
    neighbours: Neighbours | None = None
    """The other assistants of the house; None likewise."""
    language: str = "en"
    """ISO 639-1."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Its section of the configuration, ``[skills.<name>]``, as the file has it."""
