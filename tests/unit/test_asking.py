"""Questions, commands, and what is neither for sure."""

import pytest

from edge.asking import Kind, kind_of

QUESTION, COMMAND, OTHER = Kind.QUESTION, Kind.COMMAND, Kind.OTHER


@pytest.mark.parametrize(
    ("language", "text", "kind"),
    [
        ("en", "what is the tallest mountain in Africa", QUESTION),
        ("en", "What's a quasar?", QUESTION),
        ("en", "and why is that", QUESTION),
        ("en", "do you know who painted the ceiling", QUESTION),
        ("en", "could you explain how a fridge works", QUESTION),
        ("en", "tell me something about otters", QUESTION),
        ("en", "how do I turn on the oven", QUESTION),
        ("en", "when does the pharmacy open", QUESTION),
        ("en", "can you turn on the light", COMMAND),
        ("en", "please open the window", COMMAND),
        ("en", "would you be so kind and lock the door?", COMMAND),
        ("en", "play some jazz", COMMAND),
        ("en", "unlock it?", COMMAND),
        ("en", "the soup is too salty", OTHER),
        ("en", "lights off", OTHER),
        ("en", "", OTHER),
        ("en-GB", "who was Ada Lovelace", QUESTION),
        ("de", "wie hoch ist der Fernsehturm", QUESTION),
        ("de", "kannst du mir erklären warum der Himmel blau ist", QUESTION),
        ("de", "kannst du mir bitte das Licht anmachen", COMMAND),
        ("de", "mach die Tür zu", COMMAND),
        ("fr", "qu'est-ce que la photosynthèse", QUESTION),
        ("fr", "peux-tu allumer la lampe", COMMAND),
        ("fr", "éteins tout", COMMAND),
        ("es", "¿quién descubrió la penicilina?", QUESTION),
        ("es", "puedes encender la luz", COMMAND),
        ("nl", "waarom is de lucht blauw", QUESTION),
        ("nl", "kun je het licht aanzetten", COMMAND),
        ("it", "perché il cielo è blu", QUESTION),
        ("it", "puoi accendere la luce", COMMAND),
        ("pl", "Dlaczego niebo jest niebieskie?", QUESTION),
        ("pl", "zapal światło", OTHER),
    ],
)
def test_what_a_sentence_is(language: str, text: str, kind: Kind) -> None:
    assert kind_of(text, language) is kind
