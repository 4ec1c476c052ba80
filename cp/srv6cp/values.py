# SPDX-License-Identifier: Apache-2.0
"""Readers of single values. Each takes what YAML gave and returns a typed value or raises ``InvalidError``
with a message that says what would be valid."""

from __future__ import annotations

import difflib
import re
import reprlib
import socket
from collections.abc import Collection, Iterable, Mapping
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_interface,
    ip_network,
)
from typing import Any

from srv6cp.model import InterfaceId, IPAddress, IPInterface, IPNetwork
from srv6cp.problems import Fields, InvalidError

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_INTERFACE = re.compile(r"([0-9]+)(?:\.([0-9]+))?")
_DECIMAL = re.compile(r"[0-9]{1,40}")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,32}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,254}")
_MASK_128 = (1 << 128) - 1
_PROTOCOLS = {
    "icmp": 1,
    "ipv4": 4,
    "tcp": 6,
    "udp": 17,
    "ipv6": 41,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmpv6": 58,
    "ipv6-icmp": 58,
    "ospf": 89,
    "sctp": 132,
    "ethernet": 143,
}
_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxother, _SHORT.maxlong = 2, 60, 60, 60
# To suggest a key takes comparing it with all; more than these were not typed by hand.
_MOST_UNKNOWN = 20
_LONGEST_NAME = 60
MAX_PORT = 508  # 509 to 511: recirculation, CPU and drop port of the program
MAX_VLAN = 4094
MIN_MTU = 1280
MAX_MTU = 65535


def show(value: Any) -> str:
    """A value as quoted in messages; short."""
    if value is None:
        return "nothing"
    return _SHORT.repr(value)


def suggest(word: str, valid: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` or nothing."""
    near = difflib.get_close_matches(str(word), list(valid), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def check_keys(mapping: Mapping[Any, Any], allowed: Collection[str], required: Collection[str] = ()) -> None:
    """Raise for the keys that are not in ``allowed`` and for those of ``required`` that are missing."""
    fields = Fields(mapping)
    unknown = [key for key in mapping if key not in allowed]
    for key in unknown[:_MOST_UNKNOWN]:
        hint = suggest(str(key)[:_LONGEST_NAME], allowed)
        with fields.at(str(key)):
            raise InvalidError(f"unknown key {show(key)}{hint or '; valid: ' + ', '.join(sorted(allowed))}")
    if len(unknown) > _MOST_UNKNOWN:
        with fields.at():
            raise InvalidError(f"{len(unknown) - _MOST_UNKNOWN} more unknown keys")
    for key in required:
        if mapping.get(key) is None:
            with fields.at():
                raise InvalidError(f"{key!r} is missing")
    fields.finish()


def mapping(value: Any, what: str) -> dict[Any, Any]:
    """A mapping; ``what`` says what it describes."""
    if not isinstance(value, dict):
        raise InvalidError(f"{what} must be a mapping of keys, not {show(value)}")
    return value


def listing(value: Any, what: str) -> list[Any]:
    """A list; nothing at all counts as empty."""
    if value is None:
        return []
    if not isinstance(value, (list, tuple)):
        raise InvalidError(f"{what} must be a list, not {show(value)}")
    return list(value)


def one_or_more(value: Any) -> list[Any]:
    """A list as it is; anything else as the only element."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def name(value: Any, what: str) -> str:
    """A name of a VRF, policy or node; a number is taken as its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise InvalidError(f"{what} must be letters, digits and any of _ . : -, not {show(value)}")
    return value


def reference(value: Any, known: Collection[str], what: str) -> str:
    """The name of something declared elsewhere in the file."""
    text = name(value, what)
    if text not in known:
        valid = ", ".join(sorted(map(str, known))) or "none is declared"
        raise InvalidError(f"unknown {what} {show(text)}{suggest(text, known) or '; valid: ' + valid}")
    return text


def decimal(text: str) -> int | None:
    """The number that ASCII digits write; None for other text, and for more digits than any number here has."""
    return int(text) if _DECIMAL.fullmatch(text) else None


def integer(value: Any, what: str, low: int, high: int) -> int:
    """An integer in ``low..high``."""
    if isinstance(value, str):
        number = int(value, 16) if _HEXADECIMAL.fullmatch(value) else decimal(value)
        value = value if number is None else number
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidError(f"{what} must be a number from {low} to {high}, not {show(value)}")
    return value


def boolean(value: Any, what: str) -> bool:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        raise InvalidError(f"{what} must be true or false, not {show(value)}")
    return value


def choice(value: Any, valid: Collection[str], what: str) -> str:
    """One word out of ``valid``."""
    text = str(value).lower()
    if text not in valid:
        raise InvalidError(f"{what} must be one of {', '.join(valid)}, not {show(value)}{suggest(text, valid)}")
    return text


def mac_address(value: Any) -> str:
    """A unicast MAC address in lower case with colons."""
    text = str(value).lower().replace("-", ":")
    if not isinstance(value, str) or not _MAC.fullmatch(text):
        raise InvalidError(f"bad MAC address {show(value)}; write six octets such as 02:00:00:00:01:01")
    if int(text[:2], 16) & 1 or text == "00:00:00:00:00:00":
        raise InvalidError(f"MAC address {text} is not a unicast address")
    return text


def interface_id(value: Any) -> InterfaceId:
    """``1`` or ``"1.100"`` (VLAN 100 of port 1)."""
    if isinstance(value, InterfaceId):
        return value
    match = _INTERFACE.fullmatch(str(value))
    if match is None or isinstance(value, bool):
        raise InvalidError(f"bad port {show(value)}; write 1, or 1.100 for VLAN 100 of port 1")
    port, vlan = decimal(match[1]), decimal(match[2] or "0")
    if port is None or vlan is None:
        raise InvalidError(f"bad port {show(value)}; there are none of so many digits")
    return InterfaceId(port, vlan)


def ipv6_address(value: Any, what: str = "address") -> IPv6Address:
    """An IPv6 address."""
    try:
        return IPv6Address(int.from_bytes(socket.inet_pton(socket.AF_INET6, value), "big"))
    except (OSError, TypeError, ValueError):
        raise InvalidError(f"{what} must be an IPv6 address, not {show(value)}") from None


def ip_address(value: Any, what: str = "address") -> IPAddress:
    """An IPv6 or IPv4 address."""
    try:
        if ":" in value:
            return IPv6Address(int.from_bytes(socket.inet_pton(socket.AF_INET6, value), "big"))
        return IPv4Address(value)
    except (OSError, TypeError, ValueError):
        raise InvalidError(f"{what} must be an IPv6 or IPv4 address, not {show(value)}") from None


def ipv6_prefix(value: Any, what: str = "prefix") -> IPv6Network:
    """An IPv6 prefix without host bits; a bare address is a /128."""
    try:
        text, slash, length = value.partition("/")
        bits = int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big")
        size = int(length) if slash else 128
        if not (0 <= size <= 128 and (not slash or length.isdecimal())):
            raise ValueError
    except (OSError, TypeError, ValueError, AttributeError):
        raise InvalidError(f"{what} must be an IPv6 prefix such as 2001:db8::/32, not {show(value)}") from None
    if bits & (_MASK_128 >> size):
        raise InvalidError(_host_bits(value, what))
    return IPv6Network((bits, size))


def ip_prefix(value: Any, what: str = "prefix") -> IPNetwork:
    """An IPv6 or IPv4 prefix without host bits; a bare address is a host prefix."""
    if not isinstance(value, str):
        raise InvalidError(f"{what} must be an IPv6 or IPv4 prefix, not {show(value)}")
    if ":" in value:
        return ipv6_prefix(value, what)
    if value == "default":
        raise InvalidError(f"{what} 'default' has no family; write ::/0 or 0.0.0.0/0")
    try:
        return IPv4Network(value)
    except (TypeError, ValueError):
        pass
    try:
        IPv4Network(value, strict=False)
    except (TypeError, ValueError):
        raise InvalidError(f"{what} must be an IPv6 or IPv4 prefix, not {show(value)}") from None
    raise InvalidError(_host_bits(value, what))


def _host_bits(value: str, what: str) -> str:
    return f"{what} {value} has host bits set; the prefix is {ip_network(value, strict=False)}"


def interface_address(value: Any) -> IPInterface:
    """An own address with the length of its connected prefix; a bare address is a host address."""
    try:
        if not isinstance(value, str):
            raise ValueError
        address: IPv4Interface | IPv6Interface = ip_interface(value)
    except ValueError:
        raise InvalidError(
            f"bad address {show(value)}; write an address with its prefix length, such as 2001:db8:12::1/64"
        ) from None
    own_address(address.ip)
    return address


# What no router forwards from or to (p4src/core/addresses.p4), and what it is called.
_NOT_FORWARDED: dict[int, tuple[tuple[IPNetwork, str], ...]] = {
    6: (
        (IPv6Network("ff00::/8"), "multicast"),
        (IPv6Network("fe80::/10"), "link-local"),
        (IPv6Network("::1/128"), "loopback"),
        (IPv6Network("::/128"), "unspecified"),
        (IPv6Network("::ffff:0:0/96"), "IPv4-mapped"),
    ),
    4: (
        (IPv4Network("224.0.0.0/4"), "multicast"),
        (IPv4Network("240.0.0.0/4"), "reserved"),
        (IPv4Network("169.254.0.0/16"), "link-local"),
        (IPv4Network("127.0.0.0/8"), "loopback"),
        (IPv4Network("0.0.0.0/8"), "unspecified"),
    ),
}
_FIRST_OCTETS = {6: frozenset((0x00, 0xFE, 0xFF)), 4: frozenset((0, 127, 169, *range(224, 256)))}


def not_forwarded(what: IPAddress | IPNetwork) -> str | None:
    """What kind of address, or prefix of nothing else, this is where no router forwards it; else None.

    Multicast, link-local, loopback, unspecified (all of 0/8), IPv4-mapped, reserved (class E).
    """
    first = what if isinstance(what, (IPv4Address, IPv6Address)) else what.network_address
    if first.packed[0] not in _FIRST_OCTETS[what.version]:
        return None
    length = first.max_prefixlen if what is first else what.prefixlen  # type: ignore[union-attr]
    for network, kind in _NOT_FORWARDED[what.version]:
        if length >= network.prefixlen and first in network:
            return kind
    return None


def own_address(address: IPAddress) -> None:
    """Refuse what no interface can own."""
    kind = not_forwarded(address)
    if kind is not None:
        article = "an" if kind[0] in "uI" else "a"
        raise InvalidError(f"{address} is {article} {kind} address and cannot be assigned")


def protocol(value: Any) -> int:
    """An IP protocol or next header by number or name."""
    if isinstance(value, str) and value.lower() in _PROTOCOLS:
        return _PROTOCOLS[value.lower()]
    try:
        return integer(value, "protocol", 0, 255)
    except InvalidError:
        valid = ", ".join(_PROTOCOLS)
        raise InvalidError(f"protocol must be 0 to 255 or one of {valid}, not {show(value)}") from None


def protocol_name(number: int) -> str:
    """The name of an IP protocol, else its number: what :func:`protocol` reads."""
    return next((name for name, known in _PROTOCOLS.items() if known == number), str(number))
