"""Telling the network where the assistant is, so that Home Assistant finds it by itself (RFC 6763)."""

import ipaddress
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import ifaddr
from zeroconf import IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from edge.settings import Settings

_log = logging.getLogger(__name__)
_KIND: Final = "_wyoming._tcp.local."


@asynccontextmanager
async def announced(settings: Settings) -> AsyncIterator[None]:
    """Until the block ends, where other machines may connect at all."""
    addresses = [address for address in _addresses(settings.wyoming.host) if not address.is_loopback]
    services = [_service(name, port, addresses) for name, port in _ports(settings)]
    if not services or not addresses:
        yield
        return
    try:
        zeroconf = AsyncZeroconf(ip_version=IPVersion.V4Only, interfaces=[str(address) for address in addresses])
    except OSError as error:
        _log.warning("the network is not told of the assistant: %s", error)
        yield
        return
    try:
        for service in services:
            await zeroconf.async_register_service(service, allow_name_change=True)
        yield
    finally:
        # Says good-bye to those who know it.
        await zeroconf.async_close()


def _ports(settings: Settings) -> list[tuple[str, int]]:
    wyoming, site = settings.wyoming, settings.mqtt.site
    served = [(f"hearthside-{site}", wyoming.port)] if wyoming.serve else []
    return served + ([(f"hearthside-{site}-satellite", wyoming.satellite_port)] if wyoming.satellite else [])


def _service(name: str, port: int, addresses: list[ipaddress.IPv4Address]) -> ServiceInfo:
    packed = [address.packed for address in addresses]
    return ServiceInfo(_KIND, f"{name}.{_KIND}", addresses=packed, port=port, server=f"{name}.local.")


def _addresses(host: str) -> list[ipaddress.IPv4Address]:
    """Those that ``host`` stands for; a name is taken for what it says, and not announced."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return []
    if not isinstance(address, ipaddress.IPv4Address):
        return [] if not address.is_unspecified else _all()
    return _all() if address.is_unspecified else [address]


def _all() -> list[ipaddress.IPv4Address]:
    cards = (card for adapter in ifaddr.get_adapters() for card in adapter.ips)
    return [ipaddress.IPv4Address(str(card.ip)) for card in cards if card.is_IPv4]
