"""Moonshine's pieces, found by their hashes, are the tokens that a dictionary of them would give."""

from typing import Final

import pytest

from edge.listen import moonshine_tokens
from edge.listen.moonshine_tokens import MoonshineTokens

BYTES: Final = [bytes([byte]) for byte in range(256)]
TEXTS: Final = ["▁", "o", "n", "▁o", "on", "▁on", "é", "o", "cé"]
PIECES: Final = [b"<unk>", b"<s>", b"</s>", *BYTES, *(text.encode() for text in TEXTS), b"\xff\xfe"]
FIRST: Final = 3 + len(BYTES)


def token(text: str) -> int:
    return FIRST + TEXTS.index(text)


@pytest.fixture(params=["as they are", "all alike"])
def tokens(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> MoonshineTokens:
    """Also where the hashes tell nothing apart."""
    if request.param == "all alike":
        monkeypatch.setattr(moonshine_tokens, "hash", lambda _: 7, raising=False)
    return MoonshineTokens(PIECES)


@pytest.mark.parametrize(
    ("text", "within_word", "expected"),
    [
        pytest.param("on", False, [token("▁on")], id="merged"),
        pytest.param("on", True, [token("on")], id="within a word"),
        pytest.param("o", True, [token("o")], id="the first of two that are the same"),
        pytest.param("é", True, [token("é")], id="two bytes"),
        pytest.param("cé", True, [token("cé")], id="a merge of what is no piece"),
        pytest.param("x", True, [3 + ord("x")], id="a byte"),
        pytest.param("ß", True, [3 + 0xC3, 3 + 0x9F], id="two of them"),
        pytest.param("", True, [], id="nothing"),
    ],
)
def test_a_text_is_spelt(tokens: MoonshineTokens, text: str, within_word: bool, expected: list[int]) -> None:
    assert tokens.encode(text, within_word=within_word) == expected
    assert tokens.decode(expected) == text
