"""Logging in and out, over HTTP."""

import itertools
import logging
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from edge.api.web.access import Role
from tests.web.doors import Door, door
from tests.web.people import PASSWORD

pytestmark = pytest.mark.anyio
BOARD = "https://192.168.1.5:8766"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Door]:
    async with door(tmp_path) as opened:
        yield opened


async def log_in(client: httpx.AsyncClient, name: str = "Ada", password: str = PASSWORD) -> httpx.Response:
    return await client.post("/v1/login", json={"name": name, "password": password})


@pytest.mark.parametrize(
    ("address", "name", "secure"),
    [("http://127.0.0.1:8765", "hearthside", False), (BOARD, "__Host-hearthside", True)],
)
async def test_the_cookie_is_for_us_alone(at: Door, address: str, name: str, secure: bool) -> None:
    await at.owner()
    answer = await log_in(at.browser(address))
    cookie = SimpleCookie(answer.headers["set-cookie"])[name]
    assert len(cookie.value) >= 43
    assert (cookie["httponly"], bool(cookie["secure"]), cookie["samesite"].lower()) == (True, secure, "strict")
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert cookie.value not in answer.text


async def test_a_login_that_was_planted_is_not_the_one_that_one_gets(at: Door) -> None:
    await at.owner()
    mallory = at.browser(BOARD)
    await log_in(mallory)
    planted = mallory.cookies["__Host-hearthside"]
    victim = at.browser(BOARD)
    victim.cookies.set("__Host-hearthside", planted, domain="192.168.1.5")
    await log_in(victim)
    assert victim.cookies["__Host-hearthside"] != planted
    assert (await mallory.get("/v1/me")).status_code == 401, "what the browser had before has ended"


async def test_a_stranger_learns_nothing_from_being_refused(at: Door) -> None:
    await at.owner()
    await at.entrance.accounts.add("Gone", Role.GUEST, PASSWORD)
    gone = await at.entrance.accounts.named("gone")
    assert gone is not None
    await at.entrance.accounts.change(gone.id, disabled=True)
    answers = [
        await log_in(at.browser(BOARD), "Ada", "wrong password"),
        await log_in(at.browser(BOARD), "Nobody", PASSWORD),
        await log_in(at.browser(BOARD), "Gone", PASSWORD),
    ]
    assert {answer.text for answer in answers} == {answers[0].text}
    assert {answer.status_code for answer in answers} == {401}
    assert not any("set-cookie" in answer.headers for answer in answers)


async def test_guessing_waits_and_the_wait_ends(at: Door) -> None:
    await at.owner()
    mallory = at.browser(BOARD)
    assert [(await log_in(mallory, password="a wrong one")).status_code for _ in range(6)] == [401] * 5 + [429]
    answer = await log_in(mallory)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2"), "not even with the right one"
    assert (await log_in(at.browser(BOARD, source="192.168.1.78"))).status_code == 200, "whom it belongs to still can"
    at.elapsed.at += 2
    assert (await log_in(mallory)).status_code == 200
    assert (await log_in(mallory, password="a wrong one")).status_code == 401


@pytest.mark.parametrize(
    "written", [("Ada",), ("Ada", "ADA", " ada", "Ada  ", "\uff21da", "Ad\uff41", "\u2003A\uff44a")]
)
async def test_guessing_from_many_places_waits_too_but_not_on_the_machine_itself(
    at: Door, written: tuple[str, ...]
) -> None:
    await at.owner()
    names = itertools.cycle(written)
    statuses = [
        (await log_in(at.browser(BOARD, source=f"192.168.2.{each}"), next(names), "a wrong one")).status_code
        for each in range(51)
    ]
    assert statuses == [401] * 50 + [429]
    assert (await log_in(at.browser(BOARD, source="192.168.3.1"))).status_code == 429
    assert (await log_in(at.browser())).status_code == 200


async def test_guessing_from_many_places_keeps_nobody_out_where_they_have_logged_in_before(at: Door) -> None:
    await at.owner()
    home = "192.168.1.20"
    assert (await log_in(at.browser(BOARD, source=home))).status_code == 200
    for each in range(50):
        assert (await log_in(at.browser(BOARD, source=f"192.168.2.{each}"), "ada", "a wrong one")).status_code == 401
    assert (await log_in(at.browser(BOARD, source="192.168.3.1"))).status_code == 429
    assert (await log_in(at.browser(BOARD, source=home))).status_code == 200
    # Nor does that address guess on: what is tried there counts as anywhere.
    statuses = [(await log_in(at.browser(BOARD, source=home), "Ada", "a wrong one")).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]


async def test_a_code_is_not_guessed_either(at: Door) -> None:
    code = at.entrance.link()
    said = {"name": "Ada", "password": PASSWORD}
    for each in range(5):
        guess = {**said, "code": f"0000-000{each}"}
        answer = await at.browser(BOARD, source=f"192.168.2.{each}").post("/v1/setup", json=guess)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_code")
    answer = await at.browser(BOARD).post("/v1/setup", json={**said, "code": code})
    assert answer.status_code == 403, "the code is void by now"
    assert not await at.entrance.accounts.all()


async def test_a_weak_password_costs_no_try(at: Door) -> None:
    code = at.entrance.link()
    client = at.browser()
    for _ in range(4):
        answer = await client.post("/v1/setup", json={"code": code, "name": "Ada", "password": "short"})
        assert (answer.status_code, answer.json()["code"]) == (422, "weak_password")
    answer = await client.post("/v1/setup", json={"code": code, "name": "Ada", "password": PASSWORD})
    assert answer.status_code == 201


async def test_there_is_one_first_owner(at: Door) -> None:
    await at.owner()
    said = {"code": at.entrance.code.new(), "name": "Mallory", "password": PASSWORD}
    answer = await at.browser().post("/v1/setup", json=said)
    assert (answer.status_code, answer.json()["code"]) == (409, "owned")


async def test_one_logs_out(at: Door) -> None:
    ada = await at.owner()
    cookie = dict(ada.cookies)
    assert (await ada.post("/v1/logout")).status_code == 204
    assert not ada.cookies
    ada.cookies.update(cookie)
    assert (await ada.get("/v1/me")).status_code == 401, "the device has forgotten it, too"


async def test_one_logs_out_everywhere_else(at: Door) -> None:
    ada, phone = await at.owner(), at.browser(BOARD)
    await log_in(phone)
    shown = (await ada.get("/v1/sessions")).json()["items"]
    assert sorted(session["this"] for session in shown) == [False, True]
    assert (await ada.delete("/v1/sessions")).status_code == 204
    assert [(await each.get("/v1/me")).status_code for each in (ada, phone)] == [200, 401]


async def test_a_new_password_logs_out_everywhere_else(at: Door) -> None:
    ada, phone = await at.owner(), at.browser(BOARD)
    await log_in(phone)
    before = ada.cookies["hearthside"]
    wrong = await ada.post("/v1/me/password", json={"old": "not this one", "new": "four quite unrelated words"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_login")
    weak = await ada.post("/v1/me/password", json={"old": PASSWORD, "new": "short"})
    assert weak.status_code == 422
    changed = await ada.post("/v1/me/password", json={"old": PASSWORD, "new": "four quite unrelated words"})
    assert changed.status_code == 204
    assert ada.cookies["hearthside"] != before
    assert [(await each.get("/v1/me")).status_code for each in (ada, phone)] == [200, 401]
    assert (await log_in(at.browser())).status_code == 401
    assert (await log_in(at.browser(), password="four quite unrelated words")).status_code == 200


async def test_nobody_ends_anybody_elses_sessions_but_an_owner(at: Door) -> None:
    ada, bob = await at.owner(), at.browser()
    await ada.post("/v1/people", json={"name": "Bob", "role": "member", "password": PASSWORD})
    await log_in(bob, "bob")
    everybody = (await ada.get("/v1/sessions", params={"everybody": True})).json()["items"]
    of = {session["name"]: session["id"] for session in everybody}
    assert {session["name"] for session in (await bob.get("/v1/sessions?everybody=true")).json()["items"]} == {"Bob"}
    assert (await bob.delete(f"/v1/sessions/{of['Ada']}")).status_code == 404
    assert (await ada.get("/v1/me")).status_code == 200
    assert (await ada.delete(f"/v1/sessions/{of['Bob']}")).status_code == 204
    assert (await bob.get("/v1/me")).status_code == 401


async def test_an_owner_stays(at: Door) -> None:
    ada = await at.owner()
    (me,) = (await ada.get("/v1/people")).json()["items"]
    for change in ({"role": "member"}, {"disabled": True}):
        answer = await ada.patch(f"/v1/people/{me['id']}", json=change)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    await ada.post("/v1/people", json={"name": "Bob", "role": "member", "password": PASSWORD})
    assert (await ada.delete(f"/v1/people/{me['id']}")).json()["code"] == "last_owner"
    assert (await ada.get("/v1/people")).json()["items"][0]["role"] == "owner"


@pytest.mark.parametrize("name", ["ada", " ADA ", "\uff21da"])
async def test_no_two_people_have_one_name(at: Door, name: str) -> None:
    ada = await at.owner()
    answer = await ada.post("/v1/people", json={"name": name, "role": "guest"})
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


async def test_a_token_makes_no_token_and_no_people(at: Door) -> None:
    ada = await at.owner()
    made = (await ada.post("/v1/tokens", json={"label": "test", "role": "owner"})).json()
    program = at.client(BOARD, Authorization=f"Bearer {made['token']}")
    assert (await program.get("/v1/owner")).status_code == 200
    for path, body in (("/v1/tokens", {"label": "more"}), ("/v1/people", {"name": "Mallory", "role": "owner"})):
        answer = await program.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await ada.get("/v1/tokens")).json()["items"][0].keys() == made.keys() - {"token"}
    assert (await ada.delete(f"/v1/tokens/{made['id']}")).status_code == 204
    assert (await program.get("/v1/owner")).status_code == 401


async def test_nobody_gives_more_than_they_have(at: Door) -> None:
    ada, bob = await at.owner(), at.browser()
    await ada.post("/v1/people", json={"name": "Bob", "role": "member", "password": PASSWORD})
    await log_in(bob, "Bob")
    assert (await bob.post("/v1/tokens", json={"label": "x", "role": "owner"})).status_code == 403
    token = (await bob.post("/v1/tokens", json={"label": "x", "role": "member"})).json()["token"]
    ident = next(each["id"] for each in (await ada.get("/v1/people")).json()["items"] if each["name"] == "Bob")
    await ada.patch(f"/v1/people/{ident}", json={"role": "guest"})
    program = at.client(BOARD, Authorization=f"Bearer {token}")
    assert [(await program.get(f"/v1/{path}")).status_code for path in ("guest", "member")] == [200, 403]


async def test_no_secret_is_logged(at: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    code = at.entrance.link()
    client = at.browser()
    await client.post("/v1/setup", json={"code": code, "name": "Ada", "password": PASSWORD})
    token = (await client.post("/v1/tokens", json={"label": "test"})).json()["token"]
    ticket = (await client.post("/v1/tickets")).json()["ticket"]
    await log_in(client, password="a wrong password")
    malformed = await client.post("/v1/login", json={"name": ["Ada"], "password": PASSWORD})
    for secret in (PASSWORD, code, token, ticket, client.cookies["hearthside"], "a wrong password"):
        assert secret not in caplog.text
        assert secret not in malformed.text
