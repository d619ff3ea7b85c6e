"""Who may connect, and who is told where."""

import ipaddress

import pytest
from pydantic import ValidationError
from zeroconf.asyncio import AsyncZeroconf

from edge.api.wyoming.announce import _all, announced
from edge.api.wyoming.server import _Door
from edge.sections import MqttSettings, WyomingSettings
from edge.settings import Settings
from tests.brokers import free_port


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({}, None),
        ({"serve": True}, None),
        ({"serve": True, "host": "::1"}, None),
        ({"serve": True, "host": "localhost"}, None),
        ({"host": "0.0.0.0"}, None),
        ({"serve": True, "host": "0.0.0.0"}, "lets everybody in"),
        ({"satellite": True, "host": "192.168.1.2"}, "lets everybody in"),
        ({"serve": True, "host": "my-own-name"}, "lets everybody in"),
        ({"serve": True, "host": "0.0.0.0", "allow": ["192.168.1.10"]}, None),
        ({"serve": True, "allow": ["192.168.1.300"]}, "not a valid"),
        ({"serve": True, "satellite": True, "satellite_port": 10300}, "must differ"),
    ],
)
def test_nobody_is_let_in_by_accident(settings: dict[str, object], wrong: str | None) -> None:
    if wrong is None:
        WyomingSettings.model_validate(settings)
    else:
        with pytest.raises(ValidationError, match=wrong):
            WyomingSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("192.168.1.10", True),
        ("::ffff:192.168.1.10", True),
        ("192.168.1.11", False),
        ("10.0.3.7", True),
        ("fe80::1%eth0", False),
        ("fd00::5", True),
    ],
)
def test_only_addresses_that_are_allowed_are_let_in(address: str, may: bool) -> None:
    allowed = WyomingSettings.model_validate({"allow": ["192.168.1.10", "10.0.0.0/16", "fd00::/64"]})
    assert _Door(allowed)._knows(address) is may


@pytest.mark.anyio
async def test_the_network_is_told_and_loopback_alone_is_not() -> None:
    cards = [address for address in _all() if not address.is_loopback]
    assert cards, "this test needs a network card"
    port = free_port()
    for host, told in (("0.0.0.0", True), ("127.0.0.1", False)):
        wyoming = WyomingSettings.model_validate({"serve": True, "host": host, "port": port, "allow": ["192.168.1.10"]})
        settings = Settings(wyoming=wyoming, mqtt=MqttSettings(site=f"test{port}"))
        asking = AsyncZeroconf(interfaces=[str(card) for card in cards])
        async with announced(settings):
            name = f"hearthside-test{port}._wyoming._tcp.local."
            found = await asking.async_get_service_info("_wyoming._tcp.local.", name, timeout=30_000 if told else 500)
        await asking.async_close()
        assert (found is not None) is told
        if found is not None:
            assert found.port == port
            assert {ipaddress.IPv4Address(packed) for packed in found.addresses} == set(cards)
