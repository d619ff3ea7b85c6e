"""What is said in each language, as tables: the same phrases everywhere, all of which can be said, and home by eye."""

import datetime
import re
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final

import pytest
from jinja2 import Environment, nodes

from edge import plugins
from edge.intents import Phrase
from edge.speak import wording as module
from edge.speak.wording import Wording

LANGUAGES: Final = ("de", "fr", "es", "nl", "it")
SHARED: Final = Path(module.__file__).parent / "phrases"
UNTRANSLATED: Final = {"calculator"}
"""Its sentences are English, and so is the number that it is given."""
SKILLS: Final = [
    folder / "phrases"
    for name in plugins.names("skills")
    if (folder := plugins.folder("skills", name)) and name not in UNTRANSLATED and (folder / "phrases").exists()
]
INNER: Final = {"changed", "missing"}
"""Macros that take ``p``, but are parts of phrases."""

MONDAY: Final = datetime.datetime(2026, 3, 2, 7, 0)
DAILY: Final = SimpleNamespace(unit="day", interval=1, days=[])
ALARM: Final[dict[str, Any]] = {"at": MONDAY, "days": 1, "every": None, "text": "work"}
ALARMS: Final[list[dict[str, Any]]] = [ALARM, *({**ALARM, "days": days, "text": None} for days in (0, 3, 20))]
RECURRING: Final[list[dict[str, Any]]] = [
    {**ALARM, "every": SimpleNamespace(unit=unit, interval=interval, days=days)}
    for unit, interval, days in [
        ("day", 1, []), ("week", 2, []), ("month", 3, []), ("year", 1, []),
        ("week", 1, [0, 1, 2, 3, 4]), ("week", 1, [5, 6]), ("week", 2, [0]), ("week", 1, [0, 2, 4]),
    ]
]  # fmt: skip
REMINDER: Final[dict[str, Any]] = {**ALARM, "span": None}
REMINDERS: Final[list[dict[str, Any]]] = [REMINDER, {**REMINDER, "span": 90061}, {**REMINDER, "every": DAILY}]
PLANNED: Final[list[dict[str, Any]]] = [
    {**REMINDER, "said": "turn it off", "undoes": undoes, "for_s": for_s, "span": span, "every": every}
    for undoes, for_s, span, every in ((False, None, None, None), (True, None, 600, None), (False, 3600, None, DAILY))
]
TIMER: Final[dict[str, Any]] = {"name": None, "length": 600, "left": 61, "paused": False}
TIMERS: Final[list[dict[str, Any]]] = [TIMER, {**TIMER, "name": "pizza", "paused": True}]
STATE: Final[dict[str, Any]] = {
    "name": "Lamp",
    "domain": "light",
    "device_class": None,
    "value": "on",
    "unit": None,
    "attributes": {},
    "matched": None,
}
ACTED: Final[dict[str, Any]] = {
    "done": [], "domain": "light", "device_class": None, "change": {"state": "ON"}, "alike": True, "trend": None,
    "value": "on", "unit": None, "color": None, "silent": [], "sent": [], "away": [], "unable": [],
}  # fmt: skip
FATE: Final[dict[str, list[str]]] = {"heard": [], "lost": [], "waits": [], "refused": [], "missing": []}
COUNT: Final[dict[str, Any]] = {
    "state": "on",
    "domain": "light",
    "device_class": None,
    "matched": ["A"],
    "unmatched": ["B"],
    "unknown": [],
}
READING: Final[dict[str, Any]] = {"name": "Sensor", "area": "Office", "reading": "21.5", "unit": "°C"}
TURN: Final[dict[str, Any]] = {"at": MONDAY, "text": "hello", "reply": "Hello."}
NAMES: Final[dict[str, Any]] = {"names": ["A", "B"]}
UNSURE: Final[dict[str, Any]] = dict.fromkeys(("name", "new", "place", "area", "level"))

FOUND: Final[list[dict[str, Any]]] = [
    {"question": "Why?", "bare": "Why", "text": text, "rest": rest}
    for text, rest in (("So.", False), ("So.", True), (None, False))
]

SAMPLES: Final[MappingProxyType[str, list[dict[str, Any]]]] = MappingProxyType({
    "cloud_late": FOUND,
    "update_undone": [{"version": "0.2.0"}],
    "cloud_news": [{"found": found, "waiting": waiting} for found in ([], FOUND) for waiting in (0, 1, 2)],
    "time": [{"now": MONDAY}], "date": [{"now": MONDAY}], "which_one": [{"name": "Heater", "places": ["A", "B", "C"]}],
    "which_device": [NAMES], **{f"confirm_{risk}": [NAMES] for risk in ("unlock", "open_garage", "open_valve", "disarm", "siren", "install")},
    "acted": [
        {**ACTED, "done": ["A"], "silent": ["B"], "sent": ["C"], "away": ["D"], "unable": ["E"]},
        *({**ACTED, "done": ["A"], "change": change, "unit": "°C"} for change in (
            {"color": (0, 0, 255)}, {"brightness": 40}, {"color_temperature": 2700}, {"position": 30}, {"tilt": 50}, {"percentage": 66.0},
            {"temperature": 21.5}, {"humidity": 45}, {"mode": "fan_only"}, {"option": "Eco"}, {"value": 3.5})),
        *({**ACTED, "done": ["A"], "change": change} for change in (
            {"effect": "color_loop"}, {"white": 100}, {"oscillation": "on"}, {"oscillation": "off"}, {"swing": "on"}, {"swing": "vertical"},
            {"direction": "reverse"}, {"preset": "turbo"}, {"fan_mode": "low"}, {"fan_speed": "max"}, {"segment": "1"}, {"text": "hello"},
            {"state": "ARM_HOME"}, {"state": "ARM_AWAY"}, {"state": "ARM_NIGHT"}, {"state": "ARM_VACATION"}, {"state": "DISARM"}, {"state": "INSTALL"})),
        {**ACTED, "done": ["A"], "change": {"state": "ARM_AWAY"}, "value": "arming"}, {**ACTED, "failed": ["A", "B"]},
        *({**ACTED, "done": ["A"], "change": {"state": verb}} for verb in (
            "OFF", "OPEN", "CLOSE", "LOCK", "UNLOCK", "START", "RETURN_TO_BASE", "STOP", "PAUSE")),
        *({**ACTED, "done": ["A"], "change": {"state": "OPEN"}, "value": value} for value in ("opening", "closing", "unlocking", "locking")),
        *({**ACTED, "done": list("ABC"), "alike": False, "trend": trend} for trend in ("brightness_up", "temperature_down", None)),
    ],
    "triggered": [{"done": ["A"], "silent": ["B"], "away": ["C"]}],
    **{key: [NAMES] for key in ("cannot", "is_off", "away", "unsaid", "up_to_date", "needs_code")},
    "beyond": [{**NAMES, "low": 7, "high": 35.5, "unit": "°C"}],
    "relapsed": [{key: value for key, value in STATE.items() if key != "matched"}],
    "no_such_device": [{"slots": slots} for slots in (
        {"name": "Foo", "area": "Attic"}, {"domain": "light", "floor": "Upstairs"}, {"device_class": "garage", "domain": "cover"}, {})],
    "state": [
        {**STATE, "matched": True}, {**STATE, "matched": False, "domain": "cover", "value": "open", "attributes": {"position": 40}},
        {**STATE, "domain": "binary_sensor", "device_class": "door"}, {**STATE, "domain": "sensor", "value": "12.5", "unit": "°C"},
        {**STATE, "domain": "climate", "value": "heat_cool"}, {**STATE, "domain": "vacuum", "value": "returning"},
        *({**STATE, "domain": "alarm_control_panel", "value": value} for value in ("armed_away", "disarmed", "triggered", "arming", "pending")),
        *({**STATE, "domain": "update", "value": value, "attributes": {"latest_version": "2.1"}} for value in ("on", "off", "installing")),
        *({**STATE, "domain": "device_tracker", "value": value} for value in ("home", "not_home", "Office")),
        {**STATE, "domain": "water_heater", "value": "eco"},
    ],
    "attribute": [{**STATE, "attribute": key, "value": value} for key, value in (
        ("brightness", 40), ("color", "blue"), ("color_temperature", 2700), ("position", 0), ("position", 30), ("tilt", 20), ("percentage", 66.0),
        ("temperature", 21.5), ("current_temperature", 20.5), ("humidity", 40), ("current_humidity", 41), ("mode", "heat"), ("mode", "off"))],
    "attribute_unknown": [{"name": "Lamp", "attribute": key} for key in ("color", "battery", "percentage")],
    "count": [
        *({**COUNT, "form": form} for form in ("exist", "how_many", "which", "any", "all", "are")),
        *({**COUNT, "form": form, "matched": list("ABCDE")} for form in ("how_many", "which", "any", "all", "are")),
        *({**COUNT, "form": form, "matched": []} for form in ("exist", "how_many", "which", "any", "all", "are")),
        {**COUNT, "form": "all", "unmatched": [], "unknown": ["C"]}, {**COUNT, "form": "all", "matched": [], "unmatched": []},
    ],
    "measured": [{"measure": measure, "slots": slots, "readings": [READING] * n}
                 for measure in ("temperature", "humidity") for slots in ({"area": "Office"}, {}) for n in (1, 2, 5)],
    "not_measured": [{"measure": "humidity", "slots": {}}, {"measure": "light", "slots": {"area": "Office"}}],
    "clock_time_there": [{"now": MONDAY, "same_day": False, "place": "tokyo"}, {"now": MONDAY, "same_day": True, "place": None}],
    "clock_unknown_place": [{"place": "atlantis"}], "clock_week": [{"week": 12}], "clock_date_and_time": [{"now": MONDAY}],
    "clock_day": [{"day": MONDAY}],
    "clock_days_until": [{"days": days, "unit": unit, "day": MONDAY} for days in (0, 1, 2, 7, 15) for unit in ("days", "weeks")],
    "clock_difference": [{"hours": hours, "place": "tokyo"} for hours in (0, 1, -5.5)],
    "clock_converted": [{"there": MONDAY, "at": MONDAY - datetime.timedelta(days=1), "place": "tokyo"}],
    **dict.fromkeys(("timers_set", "timers_cancelled", "timers_paused", "timers_resumed", "timers_changed"), TIMERS),
    "timers_too_many": [{"count": 50}], "timers_all_cancelled": [{"count": 1, "area": None}, {"count": 3, "area": "Kitchen"}],
    "timers_none": [{"slots": slots} for slots in ({}, {"name": "pizza"}, {"area": "Kitchen"})], "timers_which": [{"timers": TIMERS}],
    "timers_left": [{"timers": TIMERS}, {"timers": [TIMER]}], "timers_over": [{**TIMER, "ago": 0}, {**TIMER, "ago": 3600}],
    "ringing_snoozed": [{"seconds": None}, {"seconds": 540}],
    "alarms_set": [{"alarms": [alarm]} for alarm in (*ALARMS, *RECURRING)], "alarms_too_many": [{"count": 50}], "alarms_which": [{"alarms": ALARMS}],
    "alarms_cancelled": [{"alarms": ALARMS}, {"alarms": [ALARM]}], "alarms_listed": [{"alarms": ALARMS}, {"alarms": [ALARM]}],
    "alarms_none": [{"others": 0}, {"others": 2}], "alarms_due": ALARMS, "alarms_missed": ALARMS,
    "reminders_set": [{"reminders": [reminder]} for reminder in REMINDERS], "reminders_too_many": [{"count": 50}],
    "reminders_which": [{"reminders": REMINDERS}], "reminders_cancelled": [{"reminders": REMINDERS}, {"reminders": [REMINDER]}],
    "reminders_listed": [{"reminders": REMINDERS}, {"reminders": [REMINDER]}], "reminders_due": [REMINDER], "reminders_missed": [REMINDER],
    "lists_added": [{"items": ["milk"], "new": new, "list": "shopping"} for new in (True, False)],
    **{key: [{"items": ["milk"], "missing": ["eggs", "tea"], "list": "to do"}] for key in ("lists_completed", "lists_removed")},
    "lists_items": [{"items": ["milk"], "list": "x"}, {"items": [], "list": "x"}],
    "lists_count": [{"count": count, "first": ["milk"], "list": "x"} for count in (0, 1, 5000)],
    **{key: [{"item": "milk", "list": "x"}] for key in ("lists_has", "lists_has_not")},
    "lists_names": [{"names": names} for names in ([], ["shopping"], ["x", "y"], ["x"] * 11)],
    **{key: [{"list": "x", "count": 1}, {"list": "x", "count": 5}] for key in ("lists_clear", "lists_delete")},
    **{f"lists_{key}": [{"list": "x"}] for key in ("cleared", "deleted", "created", "is_there", "make_it", "no_such")},
    "volume_set": [{"changed": changed, "percent": percent} for changed in (True, False) for percent in (5, 40, 100)],
    "microphone_off": [{"button": button} for button in (True, False)],
    **{f"privacy_{key}": [{"purposes": ["answers"]}, {"purposes": ["history", "memory", "audio"]}] for key in ("really", "allowed", "forbidden")},
    "privacy_shared": [{"purposes": []}, {"purposes": ["telemetry"]}],
    "volume_is": [{"muted": True, "percent": 40}], "volume_elsewhere": [{"name": "TV"}],
    "talk_commands": [{"examples": []}, {"examples": ["a", "b"]}], "talk_again": [{"said": "Hello."}],
    "restored": [{"done": ["A"], "silent": ["B"]}], "broadcast_message": [{"message": "tea"}],
    "broadcast_plain": [{"message": "tea"}],
    "naming_sure": [{**UNSURE, **slots} for slots in (
        {"name": "Lamp", "new": "Betty"}, {"new": "Betty"}, {"name": "Lamp", "place": "Office"}, {"place": "Office"},
        {"area": "Office", "level": "Upstairs"}, {"name": "Lamp"}, {})],
    "naming_what": [{"device": "Lamp"}], "naming_lifted": [{"area": "Office", "floor": "Upstairs"}],
    "naming_taken": [{"name": "Betty", "other": "Lamp", "area": area} for area in (None, "Office")],
    **{f"naming_{key}": [{"device": "Lamp", "name": "Betty"}] for key in ("called", "has_it", "forgotten")},
    **{f"naming_{key}": [{"device": "Lamp", "area": "Office"}] for key in ("placed", "there")},
    **{f"naming_{key}": [{"name": "Betty"}] for key in ("is_room", "means", "own", "unknown")},
    "broadcast_sent": [{"here": here, "reached": reached, "missing": []} for here in (True, False) for reached in ([], ["A", "B"])],
    "broadcast_partly": [{"here": True, "reached": ["A"], "missing": ["B", "C"]}, {"here": False, "reached": [], "missing": ["B"]}],
    "broadcast_nobody": [{"area": "Office"}],
    "intercom_from": [{"area": "Office"}, {"area": None}], "intercom_nobody": [{"area": "Office"}, {"area": None}],
    "intercom_sent": [
        *({**FATE, key: names} for key in FATE for names in (["A"], ["A", "B"])),
        {"heard": ["A"], "lost": ["B"], "waits": ["C"], "refused": ["D"], "missing": ["E"]},
    ],
    "timers_owner_away": [{**TIMER, "area": "Office"}, {"name": None, "length": 0, "area": None}],
    "routines_done": [{"name": "bedtime", "failed": failed, "count": 2} for failed in ([], ["a"], ["a", "b"])],
    "routines_taught": [{"name": "bedtime", "count": 1}, {"name": "bedtime", "count": 2}],
    "routines_does": [{"name": "bedtime", "sentences": ["a", "b"], "count": count} for count in (2, 9)],
    "routines_names": [{"names": names, "count": count} for names, count in (([], 0), (["a"], 1), (["a", "b"], 2), (["a", "b"], 9))],
    "schedule_set": [{"entries": [entry]} for entry in PLANNED], "schedule_until": [{**entry, "now": "On."} for entry in PLANNED],
    "schedule_stays": [{"now": "On."}], "schedule_too_many": [{"count": 200}],
    **{f"schedule_{key}": [{"entries": PLANNED[:count], "count": count} for count in (1, 3)] for key in ("which", "listed", "cancelled")},
    "schedule_failed": [{"said": "x", "undoes": undoes, "why": "No."} for undoes in (False, True)],
    "schedule_missed": [{**PLANNED[0], "begun": begun} for begun in (False, True)],
    "routines_from_elsewhere": [{"name": "bedtime", "sentences": ["a", "b"]}],
    "routines_written": [{"name": "bedtime", "file": "routines.toml"}],
    **{f"routines_{key}": [{"name": "bedtime"}] for key in ("unknown", "forget", "forgotten", "replace", "name_taken", "what_to_do")},
    "memory_name_kept": [{"name": "Ada"}], "memory_name": [{"name": "Ada"}, {"name": None}],
    "memory_recalled": [{"facts": ["a"]}, {"facts": []}], "memory_all": [{"facts": ["a"], "count": count} for count in (0, 1, 9)],
    "memory_turns": [{"turns": [TURN] * n} for n in (0, 1, 2)], "memory_forget_this": [{"fact": "a"}],
    "memory_forget_turns": [{"count": 1}, {"count": 3}], "memory_forgotten": [{"count": 0}, {"count": 1}],
    "stopwatch_stopped": [{"seconds": 61}], "stopwatch_resumed": [{"seconds": 61}], "stopwatch_lap": [{"lap": 5, "seconds": 61}],
    "stopwatch_shows": [{"seconds": 61, "running": False}],
    "tools_said": [{"text": "ok"}, {"text": ""}], "tools_refused": [{"text": ""}, {"text": "no"}], "tools_away": [{"server": "my_tools"}],
    "tools_which": [{"slot": "city"}], "tools_confirm": [{"tool": "send_mail", "arguments": ["Ada"]}],
})  # fmt: skip
"""By phrase key, values that take each branch. Keys that are not here need none."""


def _phrases(file: Path) -> dict[str, list[str]]:
    """The macros of ``file`` that are phrases (they take ``p``), with their parameters."""
    macros = Environment().parse(file.read_text()).find_all(nodes.Macro)
    named = {macro.name: [argument.name for argument in macro.args] for macro in macros}
    return {name: arguments for name, arguments in named.items() if "p" in arguments and name not in INNER}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("folder", [SHARED, *SKILLS], ids=lambda folder: folder.parent.name)
def test_each_language_has_the_phrases_of_english(folder: Path, language: str) -> None:
    assert _phrases(folder / f"{language}.jinja") == _phrases(folder / "en.jinja")


@pytest.fixture(scope="module")
def wordings() -> dict[str, Wording]:
    return {language: Wording(language, SKILLS) for language in ("en", *LANGUAGES)}


@pytest.mark.parametrize("key", sorted({key for folder in (SHARED, *SKILLS) for key in _phrases(folder / "en.jinja")}))
def test_each_phrase_can_be_said_in_each_language(wordings: dict[str, Wording], key: str) -> None:
    for values in SAMPLES.get(key, [{}]):
        english = wordings["en"].say(Phrase(key, values))
        for language in LANGUAGES:
            said = wordings[language].say(Phrase(key, values))
            assert bool(said) == bool(english), language
            assert not re.search(r"None|:[^\W\d]|%", said), said


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        (Phrase("acted", {**ACTED, "done": ["Spot"]}), {
            "de": "Spot: an.",
            "fr": "Spot : allumé.",
            "es": "Spot: encendido.",
            "nl": "Spot: aan.",
            "it": "Spot: acceso.",
        }),
        (Phrase("acted", {**ACTED, "done": ["Spot"], "silent": ["Bad"]}), {
            "de": "Spot: an. Keine Antwort von Bad.",
            "fr": "Spot : allumé. Pas de réponse : Bad.",
            "es": "Spot: encendido. Sin respuesta: Bad.",
            "nl": "Spot: aan. Geen antwoord van Bad.",
            "it": "Spot: acceso. Nessuna risposta: Bad.",
        }),
        (Phrase("acted", {**ACTED, "away": ["Bad"], "sent": ["Spot"]}), {
            "de": "Gesendet an Spot, eine Bestätigung gibt es dort nicht. Nicht erreichbar: Bad.",
            "fr": "Envoyé à Spot, sans confirmation possible. Impossible de joindre : Bad.",
            "es": "Enviado a Spot, sin confirmación posible. Sin conexión: Bad.",
            "nl": "Verstuurd naar Spot, dat kan het niet bevestigen. Niet bereikbaar: Bad.",
            "it": "Inviato a Spot, senza conferma possibile. Non raggiungibile: Bad.",
        }),
        (Phrase("acted", {**ACTED, "done": list("ABC"), "domain": "cover", "device_class": "blind", "change": {"state": "CLOSE"}}), {
            "de": "3 Jalousien: geschlossen.",
            "fr": "3 stores : fermé.",
            "es": "3 persianas: cerrado.",
            "nl": "3 jaloezieën: dicht.",
            "it": "3 veneziane: chiuso.",
        }),
        (Phrase("acted", {**ACTED, "done": ["Nest"], "change": {"temperature": 21.5}, "unit": "°C"}), {
            "de": "Nest: eingestellt auf 21,5 Grad.",
            "fr": "Nest : réglé sur 21,5 degrés.",
            "es": "Nest: ajustado a 21,5 grados.",
            "nl": "Nest: ingesteld op 21,5 graden.",
            "it": "Nest: impostato su 21,5 gradi.",
        }),
        (Phrase("state", {**STATE, "domain": "binary_sensor", "device_class": "door", "matched": True}), {
            "de": "Ja, Lamp: offen.",
            "fr": "Oui, Lamp : ouvert.",
            "es": "Sí, Lamp: abierto.",
            "nl": "Ja, Lamp: open.",
            "it": "Sì, Lamp: aperto.",
        }),
        (Phrase("state", {**STATE, "domain": "lock", "value": "unlocked", "matched": False}), {
            "de": "Nein, Lamp: aufgeschlossen.",
            "fr": "Non, Lamp : déverrouillé.",
            "es": "No, Lamp: desbloqueado.",
            "nl": "Nee, Lamp: van het slot.",
            "it": "No, Lamp: sbloccato.",
        }),
        (Phrase("count", {**COUNT, "form": "how_many", "matched": ["A", "B"]}), {
            "de": "An: 2 Lichter, A und B.",
            "fr": "Allumé : 2 lumières, A et B.",
            "es": "Encendido: 2 luces, A y B.",
            "nl": "Aan: 2 lampen, A en B.",
            "it": "Acceso: 2 luci, A e B.",
        }),
        (Phrase("count", {**COUNT, "form": "any", "matched": [], "domain": "cover", "device_class": "window", "state": "open"}), {
            "de": "Nein, offen: kein Fenster.",
            "fr": "Non, ouvert : aucune fenêtre.",
            "es": "No, abierto: ninguna ventana.",
            "nl": "Nee, open: geen raam.",
            "it": "No, aperto: nessuna finestra.",
        }),
        (Phrase("count", {**COUNT, "form": "all", "unmatched": [], "unknown": ["C"]}), {
            "de": "An: A. Keine Auskunft von C.",
            "fr": "Allumé : A. Aucune nouvelle : C.",
            "es": "Encendido: A. Sin datos: C.",
            "nl": "Aan: A. Geen bericht van C.",
            "it": "Acceso: A. Nessuna notizia: C.",
        }),
        (Phrase("measured", {"measure": "humidity", "slots": {"area": "Bad"}, "readings": [{**READING, "unit": "%"}]}), {
            "de": "Bad, Luftfeuchtigkeit: 21,5 Prozent.",
            "fr": "Bad, humidité : 21,5 pour cent.",
            "es": "Bad, humedad: 21,5 por ciento.",
            "nl": "Bad, luchtvochtigheid: 21,5 procent.",
            "it": "Bad, umidità: 21,5 per cento.",
        }),
        (Phrase("no_such_device", {"slots": {"domain": "light", "area": "Bad"}}), {
            "de": "Bad: kein Licht bekannt.",
            "fr": "Bad : je ne connais aucune lumière.",
            "es": "Bad: no conozco ninguna luz.",
            "nl": "Bad: geen lamp bekend.",
            "it": "Bad: non conosco nessuna luce.",
        }),
        (Phrase("unsaid", {"names": ["Spot"]}), {
            "de": "Zustand unbekannt: Spot.",
            "fr": "État inconnu : Spot.",
            "es": "Estado desconocido: Spot.",
            "nl": "Toestand onbekend: Spot.",
            "it": "Stato sconosciuto: Spot.",
        }),
    ],
)  # fmt: skip
def test_what_the_house_answers(wordings: dict[str, Wording], phrase: Phrase, said: dict[str, str]) -> None:
    assert {language: wordings[language].say(phrase) for language in LANGUAGES} == said


@pytest.mark.parametrize("value", ["12.5", "-0.5", "40", "1.2.3", "v1.5", "nan"])
def test_only_numbers_get_the_decimal_point_of_a_language(wordings: dict[str, Wording], value: str) -> None:
    said = wordings["de"].say(Phrase("state", {**STATE, "domain": "sensor", "value": value}))
    assert said == {"12.5": "Lamp: 12,5.", "-0.5": "Lamp: -0,5."}.get(value, f"Lamp: {value}.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_name_is_only_ever_text(wordings: dict[str, Wording], language: str) -> None:
    name = "{{ 7 * 7 }} 100 %s {0}"
    assert name in wordings[language].say(Phrase("acted", {**ACTED, "silent": [name]}))
    assert name in wordings[language].say(Phrase("attribute_unknown", {"name": name, "attribute": "color"}))
