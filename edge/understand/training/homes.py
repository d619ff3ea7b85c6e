"""Random homes to speak about, of our own words."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from edge.devices import Ability, Device, DeviceState, Value

AREAS: Final = (
    "Kitchen;Living Room;Bedroom;Master Bedroom;Guest Room;Kids Room;Nursery;Office;Study;Hallway;Bathroom;Attic;"
    "Basement;Garage;Garden;Patio;Porch;Dining Room;Laundry Room;Pantry;Workshop;Conservatory;Library;Gym;Den;"
    "Balcony;Driveway;Shed;Utility Room;Closet;Playroom;Terrace;Loft;Cellar;Studio;Greenhouse;Entrance;Front Yard;"
    "Back Yard;Bedroom 2;Upstairs Bathroom;Emma's Room;Lounge;Family Room;Landing;Stairs;Hobby Room;Guest Bathroom"
).split(";")
UNSEEN_AREAS: Final = (
    "Orangery;Music Room;Boot Room;Observatory;Games Room;Snug;Mezzanine;Darkroom;Sauna;Veranda;Granny Flat;Wine Cellar"
).split(";")
"""Never in homes to learn from."""
_PEOPLE: Final = "Anna Ben Clara David Emma Felix Grace Henry Iris Jack Kate Leo Mia Noah Olivia Paul Rose Sam".split()
_NAMES: Final[Mapping[str, str]] = {
    "light": "Light;Lamp;Ceiling Light;Floor Lamp;Reading Lamp;Spots;Spotlight;Chandelier;Desk Lamp;Night Light;"
    "LED Strip;Fairy Lights;Pendant;Sconce;Counter Light;Bulb;Lantern;Bedside Lamp;Table Lamp;Wall Light;Main Light;"
    "Mood Light;Overhead Light;Strip Lights;Downlights;String Lights;Picture Light;Mirror Light;Globe;Torch Lamp",
    "switch": "Coffee Machine;Kettle;Heater;Plug;Christmas Tree;Washing Machine;Dehumidifier;Radio;Aquarium Pump;"
    "Sprinkler;Electric Blanket;Diffuser;Amplifier;Game Console;Printer;Router;Freezer;Boiler;Towel Rail;Outlet;"
    "TV;Toaster;Rice Cooker;Charger;Water Heater;Fountain;Record Player;Computer;Monitor;Pump;Lava Lamp;Oven",
    "fan": "Fan;Ceiling Fan;Desk Fan;Extractor;Tower Fan;Range Hood;Air Purifier;Ventilation;Exhaust Fan;Standing Fan",
    "lock": "Front Door;Back Door;Side Door;Gate Lock;Smart Lock;Cellar Door;Safe;Lock;Garage Side Door;Deadbolt;"
    "Patio Door;Shed Lock;Main Door",
    "climate": "Thermostat;Radiator;Heating;Air Conditioner;Floor Heating;Heat Pump;AC;Climate;Central Heating",
    "vacuum": "Robo;Dusty;Vacuum;Hoover;Rover;Robot Vacuum;Sweeper;Mister Clean;Floor Cleaner;Rosie",
    "valve": "Valve;Water Main;Irrigation;Sprinkler Valve;Garden Tap;Water Valve;Drip Line;Hose",
    "scene": "Movie Night;Good Morning;Dinner;Bedtime;Party;Reading;Away;Relax;Romantic;Sunset;Focus;Good Night",
    "button": "Doorbell;Restart Router;Feed the Cat;Garage Remote;Reset Alarm;Panic Button",
}
_COVERS: Final = (
    ("blind", "Blinds;Left Blind;Right Blind;Roller Blind;Venetian Blind;Blind"),
    ("curtain", "Curtain;Curtains;Drapes;Left Curtain;Velvet Curtain"),
    ("shade", "Shade;Roller Shade;Shades;Window Shade"),
    ("shutter", "Shutters;Shutter;Roller Shutter"),
    ("awning", "Awning;Sun Sail"),
    ("garage", "Garage Door;Big Garage Door;Garage"),
    ("gate", "Gate;Driveway Gate;Garden Gate"),
    ("window", "Skylight;Roof Window;Window"),
)
_SENSORS: Final = (
    ("sensor", "temperature", "Temperature;Thermometer;Outside Temperature", "°C"),
    ("sensor", "humidity", "Humidity;Hygrometer", "%"),
    ("sensor", "battery", "Battery;Phone Battery", "%"),
    ("sensor", "power", "Power Meter;Solar Power;Energy", "W"),
    ("sensor", "carbon_dioxide", "Air Quality;CO2", "ppm"),
    ("binary_sensor", "window", "Window;Left Window;Window Contact", None),
    ("binary_sensor", "door", "Door;Door Contact;Fridge Door;Balcony Door", None),
    ("binary_sensor", "motion", "Motion;Motion Sensor", None),
    ("binary_sensor", "smoke", "Smoke Detector", None),
    ("binary_sensor", "moisture", "Leak Sensor;Water Leak", None),
)
_SYLLABLES: Final = (
    "ba be bo da di du fa fi ga go ka ki ko la le li lo ma mi mo na ni no pa po ra ri ro sa si ta to va vi zo".split()
)
_WEIGHTS: Final = {
    "light": 30, "switch": 13, "fan": 8, "cover": 12, "lock": 7, "climate": 7, "vacuum": 4, "valve": 3, "scene": 4,
    "button": 1, "sensor": 11,
}  # fmt: skip


@dataclass(frozen=True)
class Home:
    """A house that is nowhere: an Inventory, with states."""

    known: tuple[Device, ...]
    states: Mapping[str, DeviceState]
    revision: int = 1
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def devices(self) -> Sequence[Device]:
        """All devices, ordered by id."""
        return self.known

    def areas(self) -> Mapping[str, Sequence[str]]:
        """Area name → further names of it."""
        return {device.area: () for device in self.known if device.area} | dict(self.names)

    def floors(self) -> Sequence[str]:
        """Names of floors."""
        return sorted({device.floor for device in self.known if device.floor})

    def state(self, device: str) -> DeviceState:
        """What the device with that id last said."""
        return self.states.get(device, DeviceState())


def random_home(chance: random.Random, *, unseen: bool = False, first: Sequence[Device] = ()) -> Home:
    """3–7 rooms and 6–24 devices, besides those given ``first``. ``unseen``: of rooms and names kept for measuring."""
    areas = chance.sample(UNSEEN_AREAS if unseen else AREAS, chance.randint(3, 7))
    devices = {device.id: device for device in first}
    taken = {(device.name.casefold(), device.area) for device in first}
    for _ in range(chance.randint(6, 24)):
        device = _device(chance, areas, len(devices), unseen)
        if (device.name.casefold(), device.area) not in taken:
            taken.add((device.name.casefold(), device.area))
            devices[device.id] = device
    known = tuple(sorted(devices.values(), key=lambda device: device.id))
    return Home(known, {device.id: random_state(chance, device) for device in known})


def made_up_word(chance: random.Random) -> str:
    """A word that nobody knows: names are to be copied, not guessed."""
    return "".join(chance.choice(_SYLLABLES) for _ in range(chance.randint(2, 3))).capitalize()


def _device(chance: random.Random, areas: Sequence[str], number: int, unseen: bool) -> Device:
    domain = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    area: str | None = chance.choice(areas) if chance.random() < 0.93 else None
    device_class, unit = None, None
    if domain == "cover":
        device_class, names = chance.choice(_COVERS)
    elif domain == "sensor":
        domain, device_class, names, unit = chance.choice(_SENSORS)
    else:
        names = _NAMES[domain]
    name = _named(chance, chance.choice(names.split(";")), area, unseen)
    aliases = (f"{made_up_word(chance)}",) if chance.random() < 0.06 else ()
    return Device(
        id=f"{domain}.d{number}",
        name=name,
        domain=domain,
        area=area,
        aliases=aliases,
        abilities=abilities_of(domain, chance),
        device_class=device_class,
        unit=unit or ("°C" if domain == "climate" else None),
    )


def _named(chance: random.Random, word: str, area: str | None, unseen: bool) -> str:
    kind = chance.random()
    if area and kind < 0.4 and area.split()[-1] not in word:
        return f"{area} {word}"
    if kind < 0.5:
        return f"{chance.choice(_PEOPLE)}'s {word}"
    if kind < (0.9 if unseen else 0.62):
        return f"{made_up_word(chance)} {word}"
    if kind < 0.66:
        return f"{word} {chance.randint(1, 4)}"
    return made_up_word(chance) if kind > 0.97 else word


def abilities_of(domain: str, chance: random.Random) -> frozenset[Ability]:
    """What a device of ``domain`` can do; some lamps only switch."""
    if domain in ("sensor", "binary_sensor"):
        return frozenset({Ability.READ})
    further: set[Ability] = set()
    if domain == "light" and (rank := chance.random()) < 0.85:
        further = {Ability.BRIGHTNESS}
        if rank < 0.6:
            further |= {Ability.COLOR, Ability.COLOR_TEMPERATURE}
    elif domain == "cover" and chance.random() < 0.75:
        further = {Ability.POSITION}
    elif domain == "fan" and chance.random() < 0.8:
        further = {Ability.PERCENTAGE}
    elif domain == "climate":
        further = {Ability.TEMPERATURE, Ability.MODE}
    return frozenset({Ability.STATE, *further})


_READINGS: Final = {"temperature": (-5, 30), "humidity": (30, 80), "battery": (5, 100), "power": (0, 4000)}
_STATES: Final[Mapping[str, Sequence[str]]] = {
    "light": ("on", "off", "off"),
    "switch": ("on", "off"),
    "fan": ("on", "off"),
    "cover": ("open", "closed"),
    "valve": ("open", "closed"),
    "lock": ("locked", "unlocked"),
    "climate": ("heat", "off", "cool", "auto"),
    "vacuum": ("docked", "cleaning", "idle"),
    "binary_sensor": ("on", "off"),
}


def random_state(chance: random.Random, device: Device) -> DeviceState:
    """What ``device`` may have said last."""
    if device.domain == "sensor":
        low, high = _READINGS.get(device.device_class or "", (400, 1200))
        return DeviceState(str(chance.randint(low, high)))
    value = chance.choice(_STATES.get(device.domain, ("",))) or None
    attributes: dict[str, Value] = {}
    if value == "on" and Ability.BRIGHTNESS in device.abilities:
        attributes["brightness"] = chance.randint(1, 20) * 5
    if value == "on" and Ability.PERCENTAGE in device.abilities:
        attributes["percentage"] = chance.choice((25, 33, 50, 66, 75, 100))
    if Ability.POSITION in device.abilities:
        attributes["position"] = {"closed": 0}.get(str(value), chance.choice((100, 100, 100, 30, 50, 70)))
    if Ability.TEMPERATURE in device.abilities:
        attributes |= {"temperature": chance.randint(16, 25), "current_temperature": chance.randint(15, 27)}
    return DeviceState(value, attributes, available=chance.random() > 0.02)
