"""What a model writes becomes sentences that a voice can say, however it comes in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.sentences import Sentences, split
from edge.speakable import speakable

WHOLE = [
    ("en", "Dr. Smith came at 5 p.m. on Monday. He left.", ["Dr. Smith came at 5 p.m. on Monday.", "He left."]),
    ("en", "It costs 3.50 dollars. Cheap!", ["It costs 3.50 dollars.", "Cheap!"]),
    ("en", "The U.S. has 50 states. It is big.", ["The U.S. has 50 states.", "It is big."]),
    ("en", "Really? Yes! Good.", ["Really?", "Yes!", "Good."]),
    ("en", "1. Heat the oven.\n2. Mix it.", ["1, Heat the oven.", "2, Mix it."]),
    ("en", "- **Salt**\n- Pepper\n", ["Salt", "Pepper"]),
    ("en", "# Otters\nThey swim 🦦. They dive.", ["Otters", "They swim.", "They dive."]),
    ("de", "Am 3. Oktober kam Dr. Müller z.B. nach Ulm. Gut.", ["Am 3. Oktober kam Dr. Müller z.B. nach Ulm.", "Gut."]),
    ("fr", "Il pèse 80,5 kg ! Vraiment ? Oui.", ["Il pèse 80,5 kg !", "Vraiment ?", "Oui."]),
    ("fr", "M. Dupont arrive. MM. Roux et Noir, aussi.", ["M. Dupont arrive.", "MM. Roux et Noir, aussi."]),
    ("es", "El Sr. López llegó. ¿Qué hora es? ¡Bien!", ["El Sr. López llegó.", "¿Qué hora es?", "¡Bien!"]),
    ("nl", "Dhr. Jansen komt bijv. om 5 uur. Goed zo.", ["Dhr. Jansen komt bijv. om 5 uur.", "Goed zo."]),
    ("it", "Il sig. Rossi è qui. Costa 3,50 euro.", ["Il sig. Rossi è qui.", "Costa 3,50 euro."]),
    ("en", "", []),
    ("en", "🎉 ***", []),
]


@pytest.mark.parametrize(("language", "text", "expected"), WHOLE)
def test_sentences_of_a_text(language: str, text: str, expected: list[str]) -> None:
    assert split(text, language) == expected


@settings(deadline=None)
@given(st.sampled_from(WHOLE), st.lists(st.integers(1, 9), min_size=60, max_size=60))
def test_however_it_comes_in_it_is_the_same(whole: tuple[str, str, list[str]], sizes: list[int]) -> None:
    language, text, expected = whole
    cut, said, at = Sentences(language), [], 0
    for size in sizes:
        said += cut.push(text[at : at + size])
        at += size
    said += cut.push(text[at:])
    assert [*said, *cut.end()] == expected


def test_a_sentence_is_given_out_as_soon_as_the_next_begins() -> None:
    cut = Sentences("en")
    assert cut.push("It is Paris") == []
    assert cut.push(".") == []
    assert cut.push(" It") == []
    assert cut.push(" lies") == ["It is Paris."]
    assert cut.push(" there! W") == ["It lies there!"]


def test_what_never_ends_is_cut_where_it_may_be() -> None:
    said = Sentences("en").push("and so on, " * 80)
    assert said
    assert all(each.endswith(",") for each in said)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("**Paris** is _the_ capital of `France`.", "Paris is the capital of France."),
        ("See [the page](https://example.org/a_b?c=d).", "See the page."),
        ("Look at https://www.example.org/some/page?x=1.", "Look at example.org."),
        ("## Title", "Title"),
        ("> quoted", "quoted"),
        ("- [x] done", "done"),
        ("| a | b |", "a, b"),
        ("|---|---|", ""),
        ("```python", ""),
        ("snake_case and 3 * 4 = 12", "snake_case and 3 * 4 = 12"),
        ("It is 20 °C 👨‍👩‍👧 now.", "It is 20 °C now."),
        ("<b>bold</b> & <br> so", "bold & so"),
        ("Keep [name 1] here.", "Keep [name 1] here."),
        ("It costs €5.", "It costs €5."),
    ],
)
def test_what_a_voice_says(written: str, said: str) -> None:
    assert speakable(written) == said
