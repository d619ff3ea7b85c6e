"""Passwords: what they cost whoever guesses, and what is guessed at once."""

import time

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from edge.api.web.passwords import Passwords, check
from edge.api.web.problems import Refusal
from tests.web.doors import cheap

pytestmark = pytest.mark.anyio
_OWASP = {(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)}
"""KiB and passes, on one lane: Password Storage Cheat Sheet."""


async def test_a_guess_costs_what_it_should() -> None:
    kept = extract_parameters(await Passwords().hash("three unrelated words"))
    assert (kept.type, kept.parallelism) == (Type.ID, 1)
    assert (kept.memory_cost, kept.time_cost) in _OWASP
    assert (kept.salt_len, kept.hash_len) == (16, 32)


async def test_nobodys_password_takes_as_long_as_a_wrong_one() -> None:
    passwords = Passwords()
    kept = await passwords.hash("three unrelated words")
    took: dict[str | None, list[float]] = {None: [], kept: []}
    await passwords.matches(None, "warm")
    # In turn, and the quickest of each: what slows the others is the machine.
    for _ in range(9):
        for each, times in took.items():
            begun = time.process_time()
            assert not await passwords.matches(each, "three unrelated birds")
            times.append(time.process_time() - begun)
    assert 0.7 < min(took[None]) / min(took[kept]) < 1.4


@pytest.mark.parametrize(
    ("password", "weak"),
    [
        ("three unrelated words", False),
        ("tr0ub4dor&3", False),
        ("short", True),
        ("123456789", True),
        ("aaaaaaaaaaaa", True),
        ("abababababab", True),
        ("hearthside", True),
        ("hearthsideAda", True),
        ("Ada Lovelace", True),
        ("ada lovelace 1", True),
        ("ästhetik über öl", False),
    ],
)
def test_what_is_guessed_at_once_is_refused(password: str, weak: bool) -> None:
    if weak:
        with pytest.raises(Refusal, match=r"password|characters"):
            check(password, "Ada Lovelace" if "ovelace" in password else "Ada")
    else:
        check(password, "Ada")


async def test_accents_may_be_typed_either_way() -> None:
    passwords = cheap()
    kept = await passwords.hash("caf\u00e9 au lait noir")
    assert await passwords.matches(kept, "cafe\u0301 au lait noir")
    assert not await passwords.matches(kept, "cafe au lait noir")


async def test_a_cost_of_before_is_noticed() -> None:
    kept = await cheap().hash("three unrelated words")
    assert Passwords().outdated(kept)
    assert not cheap().outdated(kept)
    assert await Passwords().matches(kept, "three unrelated words")
