"""Times in other languages, as the English reader gets them."""

import datetime
from zoneinfo import ZoneInfo

import pytest

from edge.act.calendar import when
from edge.act.later import parted
from edge.act.moments import lasting, read
from edge.act.times_in import in_english
from edge.intents import Intent, Origin, OutcomeKind
from tests.unit.act.conftest import Machine

NOW = datetime.datetime(2026, 3, 4, 17, 30, tzinfo=ZoneInfo("Europe/Berlin"))
"""A Wednesday."""


@pytest.mark.parametrize(
    ("language", "said", "then"),
    [
        ("de", "morgen um halb acht", "2026-03-05 07:30"),
        ("de", "heute Abend um acht", "2026-03-04 20:00"),
        ("de", "um Viertel vor sechs", "2026-03-04 17:45"),
        ("de", "in anderthalb Stunden", "2026-03-04 19:00"),
        ("de", "um 22 Uhr 15", "2026-03-04 22:15"),
        ("de", "übermorgen früh um sechs", "2026-03-06 06:00"),
        ("de", "am Montag um 9 Uhr", "2026-03-09 09:00"),
        ("de", "zehn nach sechs", "2026-03-04 18:10"),
        ("de", "sieben", "2026-03-04 19:00"),
        ("fr", "demain matin à sept heures et demie", "2026-03-05 07:30"),
        ("fr", "à vingt-deux heures quinze", "2026-03-04 22:15"),
        ("fr", "à six heures moins le quart", "2026-03-04 17:45"),
        ("fr", "ce soir à 20 h 30", "2026-03-04 20:30"),
        ("fr", "dans une demi-heure", "2026-03-04 18:00"),
        ("fr", "lundi à 9 heures", "2026-03-09 09:00"),
        ("es", "mañana a las siete y media", "2026-03-05 07:30"),
        ("es", "a las seis menos cuarto", "2026-03-04 17:45"),
        ("es", "a las ocho de la tarde", "2026-03-04 20:00"),
        ("es", "dentro de media hora", "2026-03-04 18:00"),
        ("es", "a las veintidós y quince", "2026-03-04 22:15"),
        ("it", "domani alle sette e mezza", "2026-03-05 07:30"),
        ("it", "alle sei meno un quarto", "2026-03-04 17:45"),
        ("it", "stasera alle otto", "2026-03-04 20:00"),
        ("it", "tra mezz'ora", "2026-03-04 18:00"),
        ("it", "tra un'ora", "2026-03-04 18:30"),
        ("nl", "morgenochtend om half acht", "2026-03-05 07:30"),
        ("nl", "om kwart voor zes", "2026-03-04 17:45"),
        ("nl", "vanavond om acht uur", "2026-03-04 20:00"),
        ("nl", "over een half uur", "2026-03-04 18:00"),
        ("nl", "over tien minuten", "2026-03-04 17:40"),
    ],
)
def test_when_it_is(language: str, said: str, then: str) -> None:
    found = when(read(in_english(said, language), bare=True).said, NOW, awake=True, usual=True)
    assert found is not None
    assert f"{found.at:%Y-%m-%d %H:%M}" == then


@pytest.mark.parametrize(
    ("language", "said", "rule"),
    [
        ("de", "jeden Montag um sieben Uhr", "FREQ=WEEKLY;BYDAY=MO"),
        ("de", "täglich um 7 Uhr", "FREQ=DAILY"),
        ("fr", "tous les jours à sept heures", "FREQ=DAILY"),
        ("es", "todos los días a las siete", "FREQ=DAILY"),
        ("it", "ogni giorno alle sette", "FREQ=DAILY"),
        ("nl", "elke maandag om zeven uur", "FREQ=WEEKLY;BYDAY=MO"),
    ],
)
def test_how_it_recurs(language: str, said: str, rule: str) -> None:
    found = when(read(in_english(said, language), bare=True).said, NOW, awake=True, usual=True)
    assert found is not None
    assert found.rule == rule


@pytest.mark.parametrize(
    ("language", "said", "command", "slots"),
    [
        ("de", "schalte das Licht um sieben Uhr aus", "schalte das Licht aus", {"when"}),
        ("de", "um sieben öffne die Rollläden", "öffne die Rollläden", {"when"}),
        ("de", "schalte die Heizung für eine halbe Stunde ein", "schalte die Heizung ein", {"for_s"}),
        ("de", "schalte die Heizung bis sieben Uhr ein", "schalte die Heizung ein", {"until"}),
        ("fr", "à sept heures ouvre les volets", "ouvre les volets", {"when"}),
        ("fr", "allume le chauffage pendant dix minutes", "allume le chauffage", {"for_s"}),
        ("es", "abre las persianas a las siete", "abre las persianas", {"when"}),
        ("es", "enciende la luz durante una hora", "enciende la luz", {"for_s"}),
        ("it", "apri le tapparelle alle sette", "apri le tapparelle", {"when"}),
        ("it", "accendi la luce per dieci minuti", "accendi la luce", {"for_s"}),
        ("nl", "doe het licht om zeven uur uit", "doe het licht uit", {"when"}),
        ("nl", "zet de verwarming een half uur aan", "zet de verwarming aan", {"for_s"}),
    ],
)
def test_a_command_for_later_is_taken_apart(language: str, said: str, command: str, slots: set[str]) -> None:
    found = parted(said, language)
    assert found is not None
    assert found.command == command
    assert set(found.slots) == slots


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "don't talk"), ("en", "please do not respond"),
        ("de", "stelle die Lampe auf 20 Prozent"), ("de", "schalte das Licht ein"), ("de", "stelle die Heizung auf 20 Grad"),
        ("fr", "règle la lampe à 20 %"), ("fr", "allume la lumière"), ("es", "pon la luz al 20 por ciento"),
        ("it", "imposta la luce al 20 percento"), ("nl", "zet de lamp op 20 procent"), ("pl", "o siódmej"),
        ("de", ""), ("de", "🙂"), ("de", "9" * 199), ("fr", "99 heures"),
    ],
)  # fmt: skip
def test_what_is_no_time_stays(language: str, said: str) -> None:
    assert parted(said, language) is None
    assert lasting(in_english(said, language)).span_s is None


@pytest.mark.anyio
async def test_alarms_and_reminders_take_them(machine: Machine) -> None:
    origin = Origin("test", None, "de")
    async with machine.on() as running:
        done = await running.run(Intent("HearthSetAlarm", {"when": "morgen um halb acht"}), origin)
        assert done.kind is OutcomeKind.DONE
        assert machine.wording.say(done.say) == "Alarm set for 7:30 AM tomorrow."
        task = {"task": "morgen um acht Uhr an den Zahnarzt"}
        done = await running.run(Intent("HearthSetReminder", task), origin)
        assert machine.wording.say(done.say) == "I'll remind you at 8:00 AM tomorrow."
        assert await running.say("what reminders are there") == "an den Zahnarzt, at 8:00 AM tomorrow."
