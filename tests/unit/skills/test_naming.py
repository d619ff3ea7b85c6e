"""Names and rooms by voice, without a file."""

from dataclasses import dataclass, field

import pytest

from edge.act.skills.naming.skill import Names
from edge.devices import ActionReport, Confirmation, DeviceState
from edge.dialogue import Context, Exchange
from edge.errors import SettingsError
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Tier, Understanding
from tests.asked import Asked, understood
from tests.houses import Rooms

pytestmark = pytest.mark.anyio


@dataclass
class Book:
    """Notes what is to be written."""

    written: list[tuple[str, ...]] = field(default_factory=list)
    broken: bool = False

    async def call(self, device: str, name: str) -> None:
        self._note("call", device, name)

    async def uncall(self, device: str, name: str) -> bool:
        self._note("uncall", device, name)
        return True

    async def place(self, device: str, area: str) -> None:
        self._note("place", device, area)

    async def lift(self, area: str, floor: str) -> None:
        self._note("lift", area, floor)

    def _note(self, *what: str) -> None:
        if self.broken:
            raise SettingsError("the file has a mistake", "correct it")
        self.written.append(what)


@dataclass
class Past:
    """What was said before."""

    exchanges: tuple[Exchange, ...] = ()

    def context(self, session: str) -> Context:
        return Context(self.exchanges)


class OnlyGoodNight:
    """Knows one sentence."""

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        return Understanding(Intent("HearthRoutineRun"), Tier.GRAMMAR, 0.99) if text == "Good night" else None

    async def run(self, text: str, origin: Origin) -> list[Outcome]:
        raise AssertionError


def acted(*devices: str) -> Exchange:
    reports = tuple(
        ActionReport(device, {"state": "ON"}, Confirmation.CONFIRMED, 1, DeviceState("on")) for device in devices
    )
    return Exchange(0.0, "turn it on", (Intent("HassTurnOn"),), OutcomeKind.DONE, reports)


def asked_about(name: str) -> Exchange:
    return Exchange(0.0, f"is the {name} on", (Intent("HassGetState", {"name": name}),), OutcomeKind.DONE)


def asked(book: Book | None, *before: Exchange, area: str | None = None) -> Asked:
    one = Asked("naming", Names(Rooms(), book, Past(before), OnlyGoodNight()))  # type: ignore[arg-type]
    one.origin = Origin("s", area)
    return one


@pytest.mark.parametrize(
    ("said", "intent", "slots"),
    [
        ("call the desk plug Christmas tree", "HearthName", {"name": "Desk Plug", "new": "Christmas tree"}),
        ("call the kitchen light the sun", "HearthName", {"name": "Kitchen Light", "new": "the sun"}),
        ("call the heater in the office Hades", "HearthName", {"name": "Heater", "area": "Office", "new": "Hades"}),
        ("call this lamp Betty", "HearthName", {"this": "light", "new": "Betty"}),
        ("name it Betty", "HearthName", {"this": "any", "new": "Betty"}),
        ("rename Rover to Dusty", "HearthName", {"name": "Rover", "new": "Dusty"}),
        ("the bed lamp is also called Lizzy", "HearthName", {"name": "Bed Lamp", "new": "Lizzy"}),
        ("rename the spots", "HearthName", {"name": "Spots"}),
        ("the desk plug is in the garage", "HearthPlace", {"name": "Desk Plug", "place": "Garage"}),
        ("put the ceiling fan into the office", "HearthPlace", {"name": "Ceiling Fan", "place": "Office"}),
        ("it is in the study", "HearthPlace", {"this": "any", "place": "Office"}),
        ("this plug is in the kitchen", "HearthPlace", {"this": "switch", "place": "Kitchen"}),
        ("the office is upstairs", "HearthFloor", {"area": "Office", "level": "Upstairs"}),
        ("the kitchen is on the ground floor", "HearthFloor", {"area": "Kitchen", "level": "Ground Floor"}),
        ("forget the name Betty", "HearthForgetName", {"old": "Betty"}),
    ],
)  # fmt: skip
def test_what_is_said(said: str, intent: str, slots: dict[str, object]) -> None:
    assert understood("naming", said) == ((intent, slots),)


@pytest.mark.parametrize(
    "said",
    ["call me Betty", "call mom", "call me a taxi", "the light is in the way", "the kitchen is dirty", "put milk on my list",
     "forget Betty", "is the desk plug in the garage", "what is this lamp called", "turn on the light in the garage"],
)  # fmt: skip
def test_what_is_no_naming(said: str) -> None:
    assert not [
        name
        for name, _ in understood("naming", said)
        if name in ("HearthName", "HearthPlace", "HearthFloor", "HearthForgetName")
    ]


@pytest.mark.parametrize(
    ("said", "answer", "written"),
    [
        ("call the desk plug christmas tree", "Desk Plug is also called Christmas tree.", ("call", "switch.desk", "Christmas tree")),
        ("call betty lizzy", "Bed Lamp is also called Lizzy.", ("call", "light.bed", "Lizzy")),
        ("call the bed lamp Betty", "Bed Lamp is called Betty already.", None),
        ("call the desk plug Betty", "Betty is what Bed Lamp in the Bedroom is called. I changed nothing.", None),
        ("call the desk plug spots", "Spots is what Spots in the Kitchen is called. I changed nothing.", None),
        ("call the desk plug study", "Study is a room. I changed nothing.", None),
        ("call the desk plug upstairs", "Upstairs is a room. I changed nothing.", None),
        ("call the desk plug good night", "Good night means something else already. I changed nothing.", None),
        ("call the desk plug " + "x" * 41, "I can't use that as a name.", None),
        ("call the desk plug 7", "I can't use that as a name.", None),
        ("call the heater in the office Hades", "Heater is also called Hades.", ("call", "switch.heater_2", "Hades")),
        ("the desk plug is in the garage", "Desk Plug is in the Garage now.", ("place", "switch.desk", "Garage")),
        ("put the ceiling fan into the study", "Ceiling Fan is in the Office now.", ("place", "fan.ceiling", "Office")),
        ("the desk plug is in the office", "Desk Plug is in the Office already.", None),
        ("the office is downstairs", "Office: Downstairs.", ("lift", "Office", "Downstairs")),
        ("forget the name betty", "Bed Lamp is no longer called Betty.", ("uncall", "light.bed", "Betty")),
        ("forget the name Spots", "Spots is the device's own name. I can't forget it.", None),
        ("forget the name Waldo", "Nothing is called Waldo.", None),
    ],
)  # fmt: skip
async def test_what_becomes_of_it(said: str, answer: str, written: tuple[str, ...] | None) -> None:
    book = Book()
    assert await asked(book).ask(said) == answer
    assert book.written == ([written] if written else [])


@pytest.mark.parametrize(
    ("before", "area", "said", "answer", "written"),
    [
        ((acted("light.spots"),), None, "call this lamp Sparky", "Spots is also called Sparky.", [("call", "light.spots", "Sparky")]),
        ((acted("light.spots"), asked_about("Desk Plug")), None, "call it Sparky", "Desk Plug is also called Sparky.", [("call", "switch.desk", "Sparky")]),
        ((acted("light.spots"),), None, "it is in the garage", "Spots is in the Garage now.", [("place", "light.spots", "Garage")]),
        ((), "Bedroom", "call this lamp Sparky", "Bed Lamp is also called Sparky.", [("call", "light.bed", "Sparky")]),
        ((), None, "call it Sparky", "Which device do you mean?", []),
        ((acted("light.spots"),), None, "call this fan Sparky", "Which device do you mean?", []),
        ((acted("light.spots", "light.kitchen"),), None, "call it Sparky", "Which one: Kitchen Light or Spots?", []),
    ],
)  # fmt: skip
async def test_this_is_what_was_spoken_of(
    before: tuple[Exchange, ...], area: str | None, said: str, answer: str, written: list[tuple[str, ...]]
) -> None:
    book = Book()
    assert await asked(book, *before, area=area).ask(said) == answer
    assert book.written == written


async def test_what_is_not_clear_is_asked() -> None:
    book = Book()
    one = asked(book, acted("light.spots", "light.kitchen"))
    await one.ask("call it Sparky")
    assert await one.answer("Spots") == "Spots is also called Sparky."
    assert await one.ask("call the heater Hades") == "There is more than one Heater: Bedroom or Office?"
    assert await one.answer("Office") == "Heater is also called Hades."
    assert await one.ask("rename the spots") == "What shall Spots be called?"
    assert await one.answer("Glitter") == "Spots is also called Glitter."
    assert book.written == [
        ("call", "light.spots", "Sparky"),
        ("call", "switch.heater_2", "Hades"),
        ("call", "light.spots", "Glitter"),
    ]


async def test_where_nothing_can_be_written_that_is_said() -> None:
    assert await asked(None).ask("call the desk plug Tree") == "Names can't be changed here."
    broken = asked(Book(broken=True))
    assert await broken.ask("call the desk plug Tree") == "There is a mistake in the file of names. I changed nothing."
