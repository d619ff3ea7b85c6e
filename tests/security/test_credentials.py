"""What a board makes for itself when it is new: nothing that another one has, and nothing that lets anybody in."""

from pathlib import Path

import pytest

from cloud_sync.client.keys import device_key, public_of
from cloud_sync.server.certificate import self_made
from cloud_sync.server.identity.signing import signer
from edge import at_rest
from edge.api.web.accounts import Accounts
from edge.api.web.logins import Logins
from edge.api.web.tls import Certificate
from edge.database import Database
from edge.identity import identity
from edge.sections import ApiSettings
from tests.web.doors import cheap

pytestmark = pytest.mark.anyio


async def new_board(folder: Path) -> dict[str, object]:
    """All that it makes, by what it is."""
    key = at_rest.prepare(folder)
    assert key is not None
    certificate = Certificate.of(ApiSettings(), folder)
    await certificate.context()
    bridge = folder / "bridge"
    bridge.mkdir()
    return {
        "identity": identity(folder),
        "key of what is kept": key.secret,
        "key of the device": public_of(device_key(folder)),
        "certificate of the page": certificate.fingerprint(),
        "key of the bridge": signer(bridge).public,
        "certificate of the bridge": self_made(bridge / "tls", ["localhost"]).fingerprint(),
    }


async def test_two_boards_have_no_secret_in_common(tmp_path: Path) -> None:
    one, other = await new_board(tmp_path / "one"), await new_board(tmp_path / "other")
    assert [what for what in one if one[what] == other[what]] == []
    for made in (one, other):
        assert len(set(map(str, made.values()))) == len(made)


async def test_nothing_is_let_in_by_what_was_installed(tmp_path: Path) -> None:
    at_rest.prepare(tmp_path)
    async with Database(tmp_path / "hearthside.db") as database:
        accounts, logins = Accounts(database, cheap()), Logins(database)
        await accounts.prepare()
        assert await accounts.all() == []
        assert not await accounts.claimed()
        for guess in ("", "admin", "hearth", "password"):
            assert await accounts.named(guess) is None
            for kind in ("session", "token"):
                assert await logins.identify(kind, guess) is None  # type: ignore[arg-type]
