"""This PC's networks, and magic packets that wake a neighbour's network card."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

import psutil

from wizhelper.protocol.device import MAX_NETWORKS, Network
from wizhelper.protocol.errors import RemoteProtocolError

PORT = 9
REPEATS = 16
MAC_BYTES = 6


def networks() -> tuple[Network, ...]:
    """Every network card with a MAC and an IPv4 network, loopback left aside."""
    found = []
    for _, addresses in sorted(psutil.net_if_addrs().items()):
        macs = [a.address.replace("-", ":").lower() for a in addresses if a.family == psutil.AF_LINK]
        for each in addresses:
            if each.family == socket.AF_INET and each.netmask and macs and _is_mac(macs[0]):
                net = ipaddress.IPv4Network(f"{each.address}/{each.netmask}", strict=False)
                if not net.is_loopback and net.prefixlen < 31:
                    found.append(Network(macs[0], str(net), str(net.broadcast_address)))
    return tuple(found[:MAX_NETWORKS])


def _is_mac(text: str) -> bool:
    parts = text.split(":")
    hexes = all(len(p) == 2 and all(c in "0123456789abcdef" for c in p) for p in parts)
    return len(parts) == MAC_BYTES and hexes and set(text) - {"0", ":"} != set()


def magic_packet(mac: str) -> bytes:
    """Raises RemoteProtocolError("BAD_DEVICE")."""
    if not _is_mac(mac):
        raise RemoteProtocolError("BAD_DEVICE", "no MAC")
    return b"\xff" * MAC_BYTES + bytes.fromhex(mac.replace(":", "")) * REPEATS


def wake(targets: Iterable[Network], own: Iterable[Network], port: int = PORT) -> int:
    """Sends a packet for each target in a network that is this PC's own, by its own broadcast address: nobody uses this PC to
    send elsewhere. -> how many were sent. Raises OSError, RemoteProtocolError."""
    places = {each.network: each.broadcast for each in own}
    wanted = [(magic_packet(each.mac), places[each.network]) for each in targets if each.network in places]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for packet, broadcast in wanted:
            out.sendto(packet, (broadcast, port))
    return len(wanted)
