"""What every request passes: names, other origins, headers, roles, limits; attacks as a browser would carry them out."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from edge.api.web.access import Role
from edge.api.web.hosts import machine_names
from edge.api.web.protect import HEADERS
from tests.web.doors import Door, door
from tests.web.people import OWN, PASSWORD

pytestmark = pytest.mark.anyio
HERE = "http://127.0.0.1:8765"
BOARD = "https://192.168.1.5:8766"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Door]:
    async with door(tmp_path, allow_hosts=["Voice.Example.com"]) as opened:
        yield opened


@pytest.mark.parametrize(
    ("address", "host", "right"),
    [
        (HERE, "127.0.0.1:8765", True),
        (HERE, "localhost", True),
        (HERE, "LOCALHOST:9000", True),
        (HERE, "console.localhost:8765", True),
        (HERE, "[::1]:8765", True),
        (HERE, "voice.example.com", True),
        (HERE, "evil.example", False),
        (HERE, "localhost.evil.example", False),
        (HERE, "127.0.0.1.evil.example", False),
        (HERE, "192.168.1.5", False),
        (HERE, "", False),
        (HERE, "[::1", False),
        (HERE, "user@localhost@evil.example", False),
        (BOARD, "192.168.1.5:8766", True),
        (BOARD, machine_names()[0] if machine_names() else "192.168.1.5", True),
        (BOARD, "voice.example.com.", True),
        (BOARD, "[2001:db8::5]:8766", True),
        (BOARD, "evil.example", False),
        (BOARD, "localhost", False),
    ],
)
async def test_only_who_asks_for_us_is_answered(at: Door, address: str, host: str, right: bool) -> None:
    answer = await at.client(address).get("/v1/setup", headers={"Host": host})
    assert answer.status_code == (200 if right else 421), answer.text
    if not right:
        assert answer.json()["code"] == "wrong_host"


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        # A program of this machine.
        ("POST", {}, 200),
        # The page.
        ("POST", {"Origin": HERE, "Sec-Fetch-Site": "same-origin", **OWN}, 200),
        ("POST", {"Origin": HERE, **OWN}, 200),
        # A form, an image, a script of another page.
        ("POST", {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ("POST", {"Origin": "http://evil.example"}, 403),
        ("POST", {"Origin": "null"}, 403),
        ("POST", {"Sec-Fetch-Site": "cross-site", **OWN}, 403),
        ("POST", {"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "same-site", **OWN}, 403),
        ("POST", {"Origin": "http://localhost:8765", **OWN}, 403),
        ("POST", {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}, 403),
        ("POST", {"Cookie": "hearthside=x"}, 403),
        ("GET", {}, 200),
        ("GET", {"Sec-Fetch-Site": "same-origin"}, 200),
        ("GET", {"Sec-Fetch-Site": "none"}, 200),
        ("GET", {"Sec-Fetch-Site": "cross-site"}, 401),
        ("GET", {"Sec-Fetch-Site": "same-site"}, 401),
        ("GET", {"Origin": "http://evil.example"}, 401),
    ],
)
async def test_no_other_page_asks_in_our_name(at: Door, method: str, headers: dict[str, str], status: int) -> None:
    answer = await at.client().request(method, "/v1/guest", headers=headers)
    assert answer.status_code == status, answer.text


async def test_a_login_does_not_help_another_page(at: Door) -> None:
    ada = await at.owner()
    cookie = "; ".join(f"{name}={value}" for name, value in ada.cookies.items())
    foreign = {"Cookie": cookie, "Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    for method, status in (("GET", 401), ("POST", 403)):
        answer = await at.client().request(method, "/v1/guest", headers=foreign)
        assert answer.status_code == status
    assert (await at.client().post("/v1/guest", headers={"Cookie": cookie})).status_code == 403, "without the header"
    own = {"Cookie": cookie, **OWN}
    assert (await at.client().post("/v1/guest", headers=own)).status_code == 200


async def test_no_other_page_logs_a_browser_in(at: Door) -> None:
    await at.owner()
    said = {"name": "Ada", "password": PASSWORD}
    answer = await at.client().post("/v1/login", json=said, headers={"Origin": "http://evil.example"})
    assert (answer.status_code, answer.cookies) == (403, httpx.Cookies())


async def test_another_origin_is_never_told_that_it_may(at: Door) -> None:
    asks = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    answer = await at.client().request("OPTIONS", "/v1/guest", headers=asks)
    assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize(
    ("address", "method", "path", "host", "status"),
    [
        (HERE, "GET", "/v1/guest", None, 200),
        (HERE, "GET", "/nothing", None, 404),
        (HERE, "DELETE", "/v1/guest", None, 405),
        (HERE, "POST", "/v1/login", None, 422),
        (HERE, "GET", "/v1/broken", None, 500),
        (HERE, "GET", "/v1/guest", "evil.example", 421),
        (BOARD, "GET", "/v1/guest", None, 401),
        ("http://192.168.1.5:8765", "GET", "/", None, 307),
        ("http://192.168.1.5:8765", "POST", "/v1/login", None, 403),
    ],
)
async def test_every_answer_has_the_headers(
    at: Door, address: str, method: str, path: str, host: str | None, status: int
) -> None:
    headers = {"Host": host} if host else {}
    answer = await at.client(address).request(method, path, headers=headers)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in HEADERS} == dict(HEADERS)
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "where"),
    [
        ("GET", "/", {}, 307, "https://192.168.1.5:8766/"),
        ("GET", "/v1/turns?limit=3", {}, 307, "https://192.168.1.5:8766/v1/turns?limit=3"),
        ("GET", "http://192.168.1.5:8765//evil.example/x", {}, 307, "https://192.168.1.5:8766//evil.example/x"),
        ("POST", "/v1/login", {}, 403, None),
        ("GET", "/v1/guest", {"Authorization": "Bearer hearth_x"}, 403, None),
        ("GET", "/", {"Host": "evil.example"}, 421, None),
    ],
)
async def test_without_tls_the_network_is_only_told_where_it_is(
    at: Door, method: str, path: str, headers: dict[str, str], status: int, where: str | None
) -> None:
    answer = await at.client("http://192.168.1.5:8765").request(method, path, headers=headers)
    assert (answer.status_code, answer.headers.get("location")) == (status, where)


async def test_without_a_password_the_network_is_nobody(at: Door) -> None:
    code = at.entrance.link()
    stranger = at.browser(BOARD)
    for path in ("/v1/guest", "/v1/owner", "/v1/me", "/v1/people", "/v1/tokens"):
        assert (await stranger.get(path)).status_code == 401
    assert (await stranger.get("/v1/setup")).json() == {
        "owned": False,
        "code": True,
        "secure": True,
        "shortest_password": 10,
    }
    said = {"code": code, "name": "Ada", "password": PASSWORD}
    assert (await stranger.post("/v1/setup", json=said)).status_code == 201
    assert (await stranger.get("/v1/owner")).status_code == 200


async def test_a_stranger_may_not_ask_without_end(at: Door) -> None:
    stranger = at.client(BOARD)
    statuses = [(await stranger.get("/v1/guest")).status_code for _ in range(121)]
    assert statuses == [401] * 120 + [429]
    answer = await stranger.get("/v1/guest")
    assert answer.headers["content-type"] == "application/problem+json"
    assert 0 < int(answer.headers["retry-after"]) <= 60
    for path in ("/openapi.json", "/asyncapi.json", "/metrics"):
        assert (await stranger.get(path)).status_code == 429, f"{path} takes time to make, too"
    assert (await at.client(BOARD, source="192.168.1.78").get("/v1/guest")).status_code == 401, "another one may"


async def test_a_stranger_sends_little(at: Door) -> None:
    ada = await at.owner()
    much = {"name": "Ada", "password": "x" * 20_000}
    answer = await at.browser(BOARD).post("/v1/login", json=much)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert (await ada.post("/v1/guest", content=b"x" * 20_000)).status_code == 200


async def test_what_costs_much_is_limited_for_each_person(at: Door) -> None:
    ada = await at.owner()
    await at.entrance.accounts.add("Bob", Role.GUEST, PASSWORD)
    bob = at.browser()
    await bob.post("/v1/login", json={"name": "Bob", "password": PASSWORD})
    assert [(await ada.get("/v1/costly")).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert (await bob.get("/v1/costly")).status_code == 200


@pytest.mark.parametrize(
    ("said", "status"), [("Bearer {}", 200), ("bearer {}", 200), ("Bearer {}x", 401), ("Basic {}", 401), ("{}", 401)]
)
async def test_a_token_is_shown_as_a_bearer_shows_it(at: Door, said: str, status: int) -> None:
    await at.entrance.accounts.add("Ada", Role.OWNER, PASSWORD)
    _, secret = await at.entrance.logins.make_token("test", Role.GUEST, None)
    answer = await at.client(BOARD).get("/v1/guest", headers={"Authorization": said.format(secret)})
    assert answer.status_code == status
    assert (await at.client(BOARD).get("/v1/guest", params={"token": secret})).status_code == 401, "not in an address"


async def test_a_wrong_token_is_as_good_as_none(at: Door) -> None:
    wrong = {"Authorization": "Bearer sk-unknown"}
    assert (await at.client().get("/v1/guest", headers=wrong)).status_code == 200, "nobody needs one here yet"
    foreign = {**wrong, "Origin": "http://evil.example"}
    for method in ("GET", "POST"):
        assert (await at.client().request(method, "/v1/guest", headers=foreign)).status_code == 401
    assert (await at.client(BOARD).get("/v1/guest", headers=wrong)).status_code == 401
    ada = await at.owner()
    assert (await at.client().get("/v1/guest", headers=wrong)).status_code == 401
    assert (await ada.get("/v1/guest", headers=wrong)).status_code == 401, "who shows a token means the token"
