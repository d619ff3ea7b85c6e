"""What goes over the connection as text: JSON objects, each with a ``type``. Binary frames are sound, int16, mono.

Beside the messages here the client gets the events of its turns, as :func:`edge.events.as_json` has them.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from edge.chunk import RATE

Rate = Annotated[int, Field(ge=8_000, le=48_000)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# -- from the client ---------------------------------------------------------------------------------------------------


class Hello(_Message):
    """The first message of a new talker."""

    type: Literal["hello"]
    area: Annotated[str | None, Field(max_length=200)] = None
    """The room that it talks from."""
    # Its length apart: counted by the pattern, the letters of all scripts 64 times over take pydantic 4 to 10 MB.
    session: Annotated[str | None, Field(max_length=64, pattern=r"^[\w-]+$")] = None
    """The conversation that it goes on with; None: a new one."""
    rate: Rate = RATE
    """Samples a second of the sound that it sends."""
    held: bool = False
    """Whether its utterances end when it says so, as with a key that is held; else when nothing more is said."""
    sound: bool = True
    """Whether it wants to hear the answers; else they are only written."""
    answer_rate: Rate | None = None
    """Samples a second of the sound that it wants; None: those of the voice."""


class Resume(_Message):
    """The first message, instead, of one whose connection dropped."""

    type: Literal["resume"]
    connection: Annotated[str, Field(max_length=64)]
    """From ``ready``."""
    after: Annotated[int, Field(ge=0)]
    """How many frames it has got, text and binary together, but for every ``ready``."""
    hello: Hello | None = None
    """As whom it begins anew where there is nothing to come back to."""


class Start(_Message):
    """An utterance begins: its sound follows. A turn that is going on is cancelled."""

    type: Literal["start"]
    held: bool | None = None
    """For this utterance; None: as ``hello`` said."""


class Stop(_Message):
    """The utterance is over."""

    type: Literal["stop"]


class Cancel(_Message):
    """Whatever it hears, does or says for this client: it stops."""

    type: Literal["cancel"]


class Text(_Message):
    """A command in writing. A turn that is going on is cancelled."""

    type: Literal["text"]
    text: Annotated[str, Field(min_length=1, max_length=1000)]


class Bye(_Message):
    """It won't come back: nothing is kept for it."""

    type: Literal["bye"]


ClientMessage: TypeAlias = Annotated[Hello | Resume | Start | Stop | Cancel | Text | Bye, Field(discriminator="type")]
FROM_CLIENT: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


# -- from the assistant ------------------------------------------------------------------------------------------------


class Ready(_Message):
    """The answer to ``hello`` and ``resume``."""

    type: Literal["ready"] = "ready"
    connection: str
    """With which the talker comes back after its connection dropped."""
    session: str
    """The conversation."""
    kept_s: float
    """Seconds in which it may come back."""
    resumed: bool
    """False where a ``resume`` came too late, or was somebody else's: it is a new talker then."""
    missed: int = 0
    """Frames that were not kept long enough."""


class Sound(_Message):
    """An answer begins to sound: binary frames until the turn's ``speaking_ended`` or ``turn_ended``."""

    type: Literal["sound"] = "sound"
    turn: str
    rate: int
    """Samples a second; int16, mono, little-endian."""


class Invited(_Message):
    """The answer asks something: who talks now answers it. Sound alone is enough, there need be no ``start``."""

    type: Literal["invited"] = "invited"
    turn: str
    """The one that asked."""
    for_s: float
    """Seconds from when the answer was heard to its end."""


class Lost(_Message):
    """The client took too little: something was thrown away."""

    type: Literal["lost"] = "lost"
    sound_s: float
    """Of answers."""
    events: int


class Problem(_Message):
    """Why the connection ends."""

    type: Literal["problem"] = "problem"
    detail: str
    code: str
    remedy: str = ""


ServerMessage: TypeAlias = Annotated[Ready | Sound | Invited | Lost | Problem, Field(discriminator="type")]
