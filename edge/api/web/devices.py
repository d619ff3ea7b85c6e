"""``/v1/devices``: the things of the house; to see, to command, to name."""

from http import HTTPStatus
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field, model_validator

from edge.act.confirm import Policy, Risk
from edge.act.skills.naming import objection
from edge.api.web.access import Guest, Member, Person, Role
from edge.api.web.bodies import Body
from edge.api.web.feed import told
from edge.api.web.house import Name, changed, names_of
from edge.api.web.listing import Listed, Page, cut
from edge.api.web.problems import Refusal, not_found
from edge.api.web.sentences import sayable
from edge.assistant import Assistant
from edge.devices import ActionReport, Command, Confirmation, Device, DeviceState, Value, Verb, as_row
from edge.home.house_words import Part, Word

Percent = Annotated[float, Field(ge=0, le=100)]
Finite = Annotated[float, Field(ge=-1e9, le=1e9)]
Term = Annotated[str, Field(min_length=1, max_length=255)]
Shade = Annotated[int, Field(ge=0, le=255)]

_RISKS = {
    Risk.UNLOCK: "unlocks",
    Risk.OPEN_GARAGE: "opens",
    Risk.OPEN_VALVE: "opens",
    Risk.DISARM: "disarms",
    Risk.SIREN: "sounds",
    Risk.INSTALL: "installs an update that can't be taken back on",
}


class Condition(Body):
    """How a device is, by its own word."""

    state: Annotated[str | None, Field(examples=["on"])]
    """Its main value; null while it has said nothing."""
    attributes: Annotated[dict[str, Any], Field(examples=[{"brightness": 40.0}])]
    """What else it says: by ability, and `current_temperature` and the like."""
    available: bool
    """False when it says, or its convention says of it, that it is away."""


class Bounds(Body):
    """How far a number goes, in the device's own unit."""

    low: float
    high: float
    step: float
    """0 where anything between goes."""


class DeviceView(Condition):
    """A device."""

    id: Annotated[str, Field(examples=["light.kitchen_light"])]
    name: Annotated[str, Field(examples=["Kitchen Light"])]
    domain: Annotated[str, Field(examples=["light"])]
    area: Annotated[str | None, Field(examples=["Kitchen"])]
    floor: str | None
    aliases: list[str]
    """Further names that it is known by."""
    nicknames: list[str]
    """Those of them that were given here, and can be taken back here."""
    abilities: Annotated[list[str], Field(examples=[["brightness", "state"]])]
    """The keys of a change that it takes; `read`: none."""
    device_class: str | None
    unit: str | None
    options: list[str]
    """What `mode` or `option` may be."""
    choices: dict[str, list[str]]
    """By ability, the words that it takes."""
    limits: dict[str, Bounds]
    category: str | None
    """`config` or `diagnostic` for what is beside the point of the device that it belongs to."""
    coded: list[str]
    """Verbs that it only obeys with a code of its own, and so not from here."""
    source: Annotated[str, Field(examples=["homeassistant"])]
    """The convention that announced it."""
    word: int
    """Rises with each word of a device: of two of its conditions, the one with the higher number is the newer."""


class DeviceChange(Body):
    """What is wanted of a device: at least one of its abilities."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})
    state: Verb | None = None
    brightness: Percent | None = None
    color: tuple[Shade, Shade, Shade] | None = None
    """Red, green, blue."""
    color_temperature: Annotated[float | None, Field(ge=500, le=20_000)] = None
    """Kelvin."""
    position: Percent | None = None
    tilt: Percent | None = None
    percentage: Percent | None = None
    temperature: Finite | None = None
    temperature_low: Finite | None = None
    temperature_high: Finite | None = None
    humidity: Percent | None = None
    mode: Term | None = None
    option: Term | None = None
    value: Finite | None = None
    white: Percent | None = None
    effect: Term | None = None
    preset: Term | None = None
    oscillation: Term | None = None
    direction: Term | None = None
    fan_mode: Term | None = None
    swing: Term | None = None
    fan_speed: Term | None = None
    segment: Term | None = None
    tone: Term | None = None
    duration: Annotated[int | None, Field(ge=0, le=86_400)] = None
    volume: Percent | None = None
    text: Annotated[str | None, Field(max_length=255)] = None

    def values(self) -> dict[str, Value]:
        """What was asked for."""
        return self.model_dump(exclude_none=True)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.values():
            raise ValueError("nothing is asked for")
        return self


class Wish(Body):
    """A command."""

    model_config = ConfigDict(extra="forbid")
    change: Annotated[DeviceChange, Field(examples=[{"state": "ON", "brightness": 40}])]
    confirmed: bool = False
    """Whether the person was asked if this is really meant: what could let somebody in is not done without."""
    pin: Annotated[str | None, Field(pattern=r"^[0-9]{3,12}$")] = None
    """Where it is asked for."""


class Report(Body):
    """What became of a command: what the device itself has shown, and nothing that it has not."""

    device: str
    command: dict[str, Any]
    confirmed: bool
    """Whether the device's own state shows it."""
    result: Confirmation
    """`assumed`: delivered, and this kind of device shows no state; `unconfirmed`: it did not answer in time; `failed`:
    it shows that it did not do it; `unavailable`, `unsupported`: nothing was sent."""
    ms: int
    """From sending to the device's own word, or to giving up."""
    after: Condition


class DeviceNames(Body):
    """What people say of a device. What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})
    nicknames: Annotated[list[Name], Field(max_length=20)] = Field(default_factory=list)
    area: Name | None = None
    """The room that it is in; null: the one that it says itself."""


class Sentences(Body):
    """What may be said."""

    items: Annotated[list[str], Field(examples=[["turn on Kitchen Light"]])]
    """Each was put to the grammar, which takes it to mean this device."""
    language: str


Id = Annotated[str, Path(max_length=200, examples=["light.kitchen_light"])]


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/devices", tags=["house"])
    house = assistant.house

    def view(device: Device) -> DeviceView:
        row = as_row(device, house.state(device.id))
        limits = {ability: Bounds(low=of.low, high=of.high, step=of.step) for ability, of in device.limits.items()}
        return DeviceView.model_validate(
            {
                **row,
                "nicknames": list(house.entry(device.id).names),
                "limits": limits,
                "category": device.category,
                "coded": sorted(device.coded),
                "word": house.last_word(device.id),
            }
        )

    def found(ident: str) -> Device:
        for device in house.devices():
            if device.id == ident:
                return device
        raise not_found("such device")

    @routes.get("", summary="The devices of the house")
    async def devices(
        _: Guest,
        asked: Listed,
        area: Annotated[str | None, Query(max_length=200, description="Of that room; empty: of none.")] = None,
        domain: Annotated[str | None, Query(max_length=60, description="Of that kind: light, cover, …")] = None,
        source: Annotated[str | None, Query(max_length=60, description="Announced by that convention.")] = None,
    ) -> Page[DeviceView]:
        """In order of their ids."""
        wanted = [
            device
            for device in house.devices()
            if (area is None or (device.area or "").casefold() == area.casefold())
            and domain in (None, device.domain)
            and source in (None, device.source)
        ]
        items, following = cut(wanted, lambda device: device.id, asked)
        return Page(items=[view(device) for device in items], next=following)

    @routes.get("/{ident}", summary="One device")
    async def device(ident: Id, _: Guest) -> DeviceView:
        """With its present condition."""
        return view(found(ident))

    @routes.post("/{ident}/commands", summary="Command a device")
    async def command(ident: Id, wish: Wish, who: Guest) -> Report:
        """Answers when the device has shown that it did it, or when the time that it has for that is over.

        What could let somebody in, or can't be taken back, takes `confirmed`, and where the house is set so, or of a
        guest, the PIN.
        """
        known, change = found(ident), wish.change.values()
        _allow(assistant, known, change, wish, who)
        (report,) = await house.command([Command(known.id, change)], assistant.settings.mqtt.confirm_s)
        return _told(report)

    @routes.get("/{ident}/sentences", summary="What may be said to a device")
    async def sentences(ident: Id, _: Guest) -> Sentences:
        """A few sentences that mean it; none where nobody wrote any in the language of the house."""
        said = await sayable(assistant, found(ident))
        return Sentences(items=said, language=assistant.settings.understand.language)

    @routes.patch("/{ident}", summary="Name a device, and say where it is")
    async def name(ident: Id, names: DeviceNames, _: Member) -> DeviceView:
        """Kept in `house.toml`; in force, and known to the grammar, at once."""
        known, said = found(ident), names.model_fields_set
        before = house.entry(known.id)
        put_in: list[Word] = []
        strike_out: list[Word] = []
        if "nicknames" in said:
            put_in, strike_out = changed(Part.NAME, known.id, before.names, names.nicknames)
            for word in put_in:
                if (refused := objection(word.name, known, house, assistant.grammar)) is not None:
                    raise Refusal(HTTPStatus.CONFLICT, assistant.wording.say(refused.say), code="name_taken")
        if "area" in said and names.area != before.area:
            if names.area is not None:
                put_in.append(Word(Part.AREA, known.id, names.area))
            elif before.area is not None:
                strike_out.append(Word(Part.AREA, known.id, before.area))
        await names_of(assistant).rewrite(put_in, strike_out)
        return view(found(known.id))

    return routes


def _allow(assistant: Assistant, device: Device, change: dict[str, Value], wish: Wish, who: Person) -> None:
    """Raises Refusal where it may not be done, or not like that."""
    guard, guest = assistant.guard, who.role < Role.MEMBER
    if (care := guard.care(device, change, guest=guest)) is None:
        return
    risk, policy = care
    what = f"this {_RISKS[risk]} {device.name}"
    if policy is not Policy.PIN:
        if not wish.confirmed:
            raise Refusal(HTTPStatus.CONFLICT, what, code="confirm", remedy="say that it is confirmed")
        return
    if not guard.has_pin:
        raise Refusal(HTTPStatus.FORBIDDEN, what, code="guest_refused", remedy="ask somebody who lives here")
    if wish.pin is None:
        raise Refusal(HTTPStatus.FORBIDDEN, what, code="pin_wanted", remedy="give the PIN")
    if not guard.knows_pin(wish.pin):
        raise Refusal(HTTPStatus.FORBIDDEN, "that is not the PIN", code="pin_wrong", remedy="wait a minute after three")


def _told(report: ActionReport) -> Report:
    return Report(
        device=report.device,
        command=dict(report.command),
        confirmed=report.confirmation is Confirmation.CONFIRMED,
        result=report.confirmation,
        ms=report.ms,
        after=_condition(report.state),
    )


def _condition(state: DeviceState) -> Condition:
    return Condition.model_validate(told(state))
