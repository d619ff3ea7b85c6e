"""Sessions and tokens: how long they are good, and what ends them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.api.web.access import Role
from edge.api.web.accounts import Account
from edge.api.web.logins import IDLE_S, LIFE_S, Logins
from tests.web.doors import DAY, Door, door
from tests.web.people import PASSWORD

pytestmark = pytest.mark.anyio


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Door]:
    async with door(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ada(at: Door) -> Account:
    return await at.entrance.accounts.add("Ada", Role.OWNER, PASSWORD)


@pytest.fixture
def logins(at: Door) -> Logins:
    return at.entrance.logins


@pytest.mark.parametrize(
    ("uses", "then", "lives"),
    [
        ([], IDLE_S - 1, True),
        ([], IDLE_S, False),
        ([20 * DAY], 20 * DAY + IDLE_S - 1, True),
        ([20 * DAY], 20 * DAY + IDLE_S, False),
        ([each * 20 * DAY for each in range(1, 9)], LIFE_S - 1, True),
        ([each * 20 * DAY for each in range(1, 9)], LIFE_S, False),
    ],
)
async def test_a_session_ends_unused_and_in_any_case(
    at: Door, ada: Account, logins: Logins, uses: list[float], then: float, lives: bool
) -> None:
    begun = at.clock.at
    secret = await logins.begin(ada.id, "Firefox")
    for use in uses:
        at.clock.at = begun + use
        assert await logins.identify("session", secret) is not None
    at.clock.at = begun + then
    assert (await logins.identify("session", secret) is not None) is lives
    assert len(await logins.all("session")) == lives


@pytest.mark.parametrize(("days", "after", "lives"), [(None, 3650, True), (2, 1.99, True), (2, 2, False)])
async def test_a_token_ends_when_it_is_to(
    at: Door, ada: Account, logins: Logins, days: float | None, after: float, lives: bool
) -> None:
    _, secret = await logins.make_token("Grafana", Role.GUEST, ada.id, days)
    at.clock.at += after * DAY
    assert (await logins.identify("token", secret) is not None) is lives


async def test_a_secret_is_good_as_what_it_is_alone(ada: Account, logins: Logins) -> None:
    session = await logins.begin(ada.id, "")
    _, token = await logins.make_token("", None, ada.id)
    assert await logins.identify("token", session) is None
    assert await logins.identify("session", token) is None
    assert await logins.identify("session", session[:-1]) is None
    assert await logins.identify("session", "ä") is None


async def test_nothing_that_is_kept_lets_anybody_in(at: Door, ada: Account, logins: Logins) -> None:
    secrets = [await logins.begin(ada.id, "Firefox"), (await logins.make_token("Grafana", None, ada.id))[1], PASSWORD]
    await at.database.read(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    files = [path.read_bytes() for path in at.file.parent.iterdir() if path.is_file()]
    assert any(b"Grafana" in content for content in files)
    for secret in secrets:
        assert all(secret.encode() not in content for content in files)
    assert at.file.stat().st_mode & 0o777 == 0o600


async def test_whoever_is_disabled_is_nobody_and_then_again_somebody(at: Door, ada: Account, logins: Logins) -> None:
    bob = await at.entrance.accounts.add("Bob", Role.GUEST, PASSWORD)
    session, (_, token) = await logins.begin(bob.id, ""), await logins.make_token("", None, bob.id)
    for disabled in (True, False):
        await at.entrance.accounts.change(bob.id, disabled=disabled)
        found = [await logins.identify("session", session), await logins.identify("token", token)]
        assert [each is None for each in found] == [disabled, disabled]
    await at.entrance.accounts.remove(bob.id)
    assert await logins.identify("session", session) is None
    assert await logins.identify("token", token) is None


async def test_a_new_password_ends_all_sessions_but_one_and_no_token(at: Door, ada: Account, logins: Logins) -> None:
    this, other = await logins.begin(ada.id, ""), await logins.begin(ada.id, "")
    _, token = await logins.make_token("", None, ada.id)
    here = await logins.identify("session", this)
    assert here is not None
    await at.entrance.accounts.set_password(ada.id, "four quite unrelated words", but=here.login)
    assert await logins.identify("session", this) == here
    assert await logins.identify("session", other) is None
    assert await logins.identify("token", token) is not None


@pytest.mark.parametrize(
    ("of_person", "of_token", "found"),
    [
        (Role.OWNER, Role.GUEST, Role.GUEST),
        (Role.GUEST, Role.OWNER, Role.GUEST),
        (Role.MEMBER, None, Role.MEMBER),
        (None, Role.MEMBER, Role.MEMBER),
        (None, None, None),
    ],
)
async def test_a_token_may_what_both_it_and_its_person_may(
    at: Door, ada: Account, logins: Logins, of_person: Role | None, of_token: Role | None, found: Role | None
) -> None:
    whose = (await at.entrance.accounts.add("Bob", of_person, PASSWORD)).id if of_person is not None else None
    _, secret = await logins.make_token("Grafana", of_token, whose)
    who = await logins.identify("token", secret)
    assert (who.role if who is not None else None) == found


async def test_the_eldest_of_too_many_sessions_goes(at: Door, ada: Account, logins: Logins) -> None:
    secrets = []
    for _ in range(21):
        at.clock.at += 1
        secrets.append(await logins.begin(ada.id, ""))
    assert await logins.identify("session", secrets[0]) is None
    assert await logins.identify("session", secrets[1]) is not None


async def test_last_use_is_kept_to_the_hour(at: Door, ada: Account, logins: Logins) -> None:
    secret = await logins.begin(ada.id, "")
    for later, changes in ((3599, 0), (1, 1), (3599, 0)):
        at.clock.at += later
        before = await at.database.read(lambda connection: connection.total_changes())
        await logins.identify("session", secret)
        assert await at.database.read(lambda connection: connection.total_changes()) - before == changes
