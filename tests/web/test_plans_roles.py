"""Who may see and change what is kept: members what the house shares, the owner what is known about people."""

import pytest

from edge.api.web.access import Role
from tests.web.conftest import Served
from tests.web.people import owner, somebody

pytestmark = pytest.mark.anyio

MEMBERS = (
    "/v1/timers",
    "/v1/alarms",
    "/v1/reminders",
    "/v1/later",
    "/v1/lists",
    "/v1/lists/shopping/items",
    "/v1/routines",
    "/v1/memory",
    "/v1/sync",
)
OWNERS = ("/v1/privacy", "/v1/privacy/conversations", "/v1/privacy/export", "/v1/privacy/receipts", "/v1/sync/usage")


async def test_guests_see_none_of_it_and_members_no_privacy(served: Served) -> None:
    async with owner(served) as ada, somebody(served, Role.GUEST) as guest, somebody(served, Role.MEMBER) as member:
        for path in (*MEMBERS, *OWNERS):
            answer = await guest.get(path)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
            assert (await served.client.get(path)).status_code == 401, path
        for path in MEMBERS:
            assert (await member.get(path)).status_code == 200, path
        for path in OWNERS:
            assert (await member.get(path)).status_code == 403, path
        assert (await guest.post("/v1/timers", json={"seconds": 60})).status_code == 403
        erase = {"what": "everything", "confirm": "erase"}
        assert (await member.post("/v1/privacy/erase", json=erase)).status_code == 403
        assert (await member.put("/v1/privacy/consents/history", json={"allowed": True})).status_code == 403
        assert (await member.post("/v1/timers", json={"seconds": 60})).status_code == 201
        assert (await ada.post("/v1/privacy/erase", json=erase)).status_code == 200
        # Who may log in is not forgotten with it.
        assert (await ada.get("/v1/timers")).json()["items"] == []
