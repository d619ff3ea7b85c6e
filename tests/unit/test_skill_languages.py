"""Timers, lists, alarms, reminders and the volume in German, French, Spanish, Italian and Dutch, as tables: what Home
Assistant's sentences know, and what ours add. And what ends something that rings.
"""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from edge import plugins
from edge.intents import Origin
from edge.understand.grammar import Grammar
from edge.understand.while_ringing import while_ringing
from tests.unit.test_languages import HOUSES

NAMES: Final = ("timers", "lists", "alarms", "reminders", "volume")
SAID: Final[Mapping[str, tuple[tuple[str, str, dict[str, Any]], ...]]] = {
    "de": (
        ("stelle einen Timer auf zehn Minuten", "HassStartTimer", {"minutes": 10}),
        ("stell einen Pizza Timer auf 12 Minuten", "HassStartTimer", {"name": "Pizza", "minutes": 12}),
        ("brich den Timer ab", "HassCancelTimer", {}),
        ("brich alle Timer ab", "HassCancelAllTimers", {}),
        ("pausiere den Timer", "HassPauseTimer", {}),
        ("setze den Timer fort", "HassUnpauseTimer", {}),
        ("verlängere den Timer um 5 Minuten", "HassIncreaseTimer", {"minutes": 5}),
        ("wie lange läuft der Timer noch", "HassTimerStatus", {}),
        ("setze Milch auf die Einkaufsliste", "HassShoppingListAddItem", {"item": "Milch"}),
        ("streiche Milch von der Einkaufsliste", "HassShoppingListCompleteItem", {"item": "Milch"}),
        ("was steht auf der Einkaufsliste", "HearthListItems", {}),
        ("stell einen Wecker auf sieben Uhr", "HearthSetAlarm", {"when": "sieben Uhr"}),
        ("weck mich um halb sieben", "HearthSetAlarm", {"when": "um halb sieben"}),
        ("lösche den Wecker", "HearthCancelAlarm", {}),
        ("lösche alle Wecker", "HearthCancelAlarm", {"all": True}),
        ("welche Wecker sind gestellt", "HearthAlarmStatus", {}),
        ("erinnere mich morgen um acht an den Zahnarzt", "HearthSetReminder", {"task": "morgen um acht an den Zahnarzt"}),
        ("welche Erinnerungen gibt es", "HearthReminderStatus", {}),
        ("lauter", "HassSetVolumeRelative", {"volume_step": "up"}),
        ("stell die Lautstärke auf 50 Prozent", "HassSetVolume", {"volume_level": 50}),
    ),
    "fr": (
        ("mets un minuteur de dix minutes", "HassStartTimer", {"minutes": 10}),
        ("mets un minuteur de 5 minutes pour les pâtes", "HassStartTimer", {"minutes": 5, "name": "pâtes"}),
        ("annule le minuteur", "HassCancelTimer", {}),
        ("annule tous les minuteurs", "HassCancelAllTimers", {}),
        ("combien de temps reste-t-il sur le minuteur", "HassTimerStatus", {}),
        ("ajoute du lait à la liste de courses", "HassShoppingListAddItem", {"item": "lait"}),
        ("enlève lait de la liste de courses", "HassShoppingListCompleteItem", {"item": "lait"}),
        ("qu'y a-t-il sur la liste de courses", "HearthListItems", {}),
        ("mets une alarme à sept heures", "HearthSetAlarm", {"when": "sept heures"}),
        ("réveille-moi à sept heures et demie", "HearthSetAlarm", {"when": "à sept heures et demie"}),
        ("annule l'alarme", "HearthCancelAlarm", {}),
        ("rappelle-moi demain à huit heures d'appeler le dentiste", "HearthSetReminder", {"task": "demain à huit heures d'appeler le dentiste"}),
        ("plus fort", "HassSetVolumeRelative", {"volume_step": "up"}),
        ("mets le volume à 50 %", "HassSetVolume", {"volume_level": 50}),
    ),
    "es": (
        ("pon un temporizador de diez minutos", "HassStartTimer", {"minutes": 10}),
        ("cancela el temporizador", "HassCancelTimer", {}),
        ("cuánto queda del temporizador", "HassTimerStatus", {}),
        ("añade leche a la lista de la compra", "HassShoppingListAddItem", {"item": "leche"}),
        ("quita leche de la lista de la compra", "HassShoppingListCompleteItem", {"item": "leche"}),
        ("qué hay en la lista de la compra", "HearthListItems", {}),
        ("pon una alarma a las siete", "HearthSetAlarm", {"when": "las siete"}),
        ("despiértame a las siete y media", "HearthSetAlarm", {"when": "a las siete y media"}),
        ("cancela la alarma", "HearthCancelAlarm", {}),
        ("recuérdame mañana a las ocho llamar al dentista", "HearthSetReminder", {"task": "mañana a las ocho llamar al dentista"}),
        ("más alto", "HassSetVolumeRelative", {"volume_step": "up"}),
        ("pon el volumen al 50 por ciento", "HassSetVolume", {"volume_level": 50}),
    ),
    "it": (
        ("imposta un timer di dieci minuti", "HassStartTimer", {"minutes": 10}),
        ("imposta un timer di 5 minuti per la pasta", "HassStartTimer", {"minutes": 5, "name": "pasta"}),
        ("annulla il timer", "HassCancelTimer", {}),
        ("quanto manca al timer", "HassTimerStatus", {}),
        ("aggiungi latte alla lista della spesa", "HassShoppingListAddItem", {"item": "latte"}),
        ("togli latte dalla lista della spesa", "HassShoppingListCompleteItem", {"item": "latte"}),
        ("cosa c'è nella lista della spesa", "HearthListItems", {}),
        ("imposta una sveglia alle sette", "HearthSetAlarm", {"when": "alle sette"}),
        ("svegliami alle sette e mezza", "HearthSetAlarm", {"when": "alle sette e mezza"}),
        ("annulla la sveglia", "HearthCancelAlarm", {}),
        ("ricordami domani alle otto di chiamare il dentista", "HearthSetReminder", {"task": "domani alle otto di chiamare il dentista"}),
        ("più forte", "HassSetVolumeRelative", {"volume_step": "up"}),
        ("imposta il volume al 50 percento", "HassSetVolume", {"volume_level": 50}),
    ),
    "nl": (
        ("zet een timer op tien minuten", "HassStartTimer", {"minutes": 10}),
        ("zet een timer van 5 minuten voor de pasta", "HassStartTimer", {"minutes": 5, "name": "pasta"}),
        ("annuleer de timer", "HassCancelTimer", {}),
        ("hoe lang nog op de timer", "HassTimerStatus", {}),
        ("zet melk op de boodschappenlijst", "HassShoppingListAddItem", {"item": "melk"}),
        ("haal melk van de boodschappenlijst", "HassShoppingListCompleteItem", {"item": "melk"}),
        ("vink melk af op de boodschappenlijst", "HassShoppingListCompleteItem", {"item": "melk"}),
        ("wat staat er op de boodschappenlijst", "HearthListItems", {}),
        ("zet een wekker om zeven uur", "HearthSetAlarm", {"when": "om zeven uur"}),
        ("maak me wakker om half acht", "HearthSetAlarm", {"when": "om half acht"}),
        ("annuleer de wekker", "HearthCancelAlarm", {}),
        ("herinner me morgen om acht uur aan de tandarts", "HearthSetReminder", {"task": "morgen om acht uur aan de tandarts"}),
        ("harder", "HassSetVolumeRelative", {"volume_step": "up"}),
        ("zet het volume op 50 procent", "HassSetVolume", {"volume_level": 50}),
    ),
}  # fmt: skip
ROWS: Final = [(language, *row) for language, rows in SAID.items() for row in rows]


@pytest.fixture(scope="module")
def grammars() -> dict[str, Grammar]:
    folders = {name: plugins.folder("skills", name) for name in NAMES}
    return {
        language: Grammar(
            house,
            language,
            None,
            skills=[
                file
                for folder in folders.values()
                if folder is not None and (file := folder / "sentences" / f"{language}.yaml").exists()
            ],
        )
        for language, house in HOUSES.items()
    }


@pytest.mark.parametrize(("language", "text", "intent", "slots"), ROWS)
def test_it_is_understood(
    grammars: dict[str, Grammar], language: str, text: str, intent: str, slots: dict[str, Any]
) -> None:
    found = grammars[language].understand(text, Origin("test", None, language))
    assert found is not None
    assert (found.intent.name, dict(found.intent.slots)) == (intent, slots)


@pytest.mark.parametrize(
    ("language", "text", "intent", "slots"),
    [
        ("de", "stopp", "HearthSilence", {}), ("de", "schalte den Wecker aus", "HearthSilence", {}),
        ("de", "noch 5 Minuten", "HearthSnooze", {"minutes": 5}), ("de", "schlummern", "HearthSnooze", {}),
        ("fr", "stop", "HearthSilence", {}), ("fr", "arrête le réveil", "HearthSilence", {}),
        ("fr", "encore 5 minutes", "HearthSnooze", {"minutes": 5}), ("fr", "plus tard", "HearthSnooze", {}),
        ("es", "para", "HearthSilence", {}), ("es", "apaga la alarma", "HearthSilence", {}),
        ("es", "5 minutos más", "HearthSnooze", {"minutes": 5}), ("es", "más tarde", "HearthSnooze", {}),
        ("it", "basta", "HearthSilence", {}), ("it", "spegni la sveglia", "HearthSilence", {}),
        ("it", "altri 5 minuti", "HearthSnooze", {"minutes": 5}), ("it", "posponi", "HearthSnooze", {}),
        ("nl", "stop", "HearthSilence", {}), ("nl", "zet de wekker uit", "HearthSilence", {}),
        ("nl", "nog 5 minuten", "HearthSnooze", {"minutes": 5}), ("nl", "sluimeren", "HearthSnooze", {}),
    ],
)  # fmt: skip
def test_what_rings_is_ended_or_put_off(language: str, text: str, intent: str, slots: dict[str, Any]) -> None:
    found = while_ringing(HOUSES[language], language).understand(text, Origin("test", None, language))
    assert found is not None
    assert (found.intent.name, dict(found.intent.slots)) == (intent, slots)
