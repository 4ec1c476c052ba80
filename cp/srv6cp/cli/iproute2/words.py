# SPDX-License-Identifier: Apache-2.0
"""Single words as ``ip`` reads them: abbreviations, prefixes, devices, tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_network

from srv6cp.cli.exitcodes import UsageError
from srv6cp.model import DEFAULT_VRF

_ALL = ("default", "any", "all")
_MAIN = ("main", "254")
_EVERYTHING = {4: "0.0.0.0/0", 6: "::/0"}


def pick(word: str, candidates: Iterable[str]) -> str | None:
    """The first candidate that ``word`` is, or is the beginning of: ``ip r a`` is ``ip route add``."""
    return next((each for each in candidates if each == word or (word and each.startswith(word))), None)


def prefix(text: str, family: int | None, hint: int | None = None) -> str:
    """A prefix as the node file writes it: ``default`` and ``10/8`` as in iproute2.

    ``family`` is what ``-4`` or ``-6`` asks for, ``hint`` that of the next hop, for ``default`` alone.

    Raises:
        UsageError: it is no prefix, or of the other family.
    """
    if text in _ALL:
        return _EVERYTHING[family or hint or 4]
    short = re.fullmatch(r"(\d+(?:\.\d+){0,2})(/\d+)", text)
    if short:
        text = f"{short[1]}{'.0' * (3 - short[1].count('.'))}{short[2]}"
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        kind = {4: "an inet", 6: "an inet6", None: "a"}[family]
        raise UsageError(f"{kind} prefix is expected rather than {text!r}") from None
    if family is not None and network.version != family:
        raise UsageError(f"{'an inet6' if family == 6 else 'an inet'} prefix is expected rather than {text!r}")
    return text


def vrf_of_table(text: str) -> str | None:
    """The VRF behind a routing table, None for the main one. Raises UsageError for tables that Linux keeps itself."""
    if text in (*_MAIN, DEFAULT_VRF):
        return None
    if text in ("local", "255"):
        raise UsageError("table local is kept by the router: own addresses are 'addresses' of the node file")
    if text in ("253", "unspec", "0"):
        raise UsageError(f"table {text} has no counterpart here; valid: main, or the name or id of a VRF")
    return text


class Devices:
    """Ports and VRFs by the names that people use for them.

    A port is its number, ``PORT.VLAN`` or the host interface behind it (``interfaces``: to ports), a VRF its name or
    the number of its table (``tables``: to names).
    """

    def __init__(
        self,
        interfaces: Mapping[str, str | int] | None = None,
        ports: Iterable[str | int] = (),
        tables: Mapping[str, str] | None = None,
    ) -> None:
        self._interfaces = dict(interfaces or {})
        self._ports = tuple(map(str, ports))
        self._tables = dict(tables or {})

    @classmethod
    def of(cls, data: Mapping[str, object]) -> Devices:
        """Of the values of a node file."""
        ports = data.get("ports")
        items = ports.items() if isinstance(ports, dict) else ()
        names = {
            str(item["interface"]): number for number, item in items if isinstance(item, dict) and "interface" in item
        }
        vrfs = data.get("vrfs")
        tables = {
            str(vrf["id"]): str(vrf.get("name"))
            for vrf in (vrfs if isinstance(vrfs, list) else ())
            if isinstance(vrf, dict) and "id" in vrf
        }
        return cls(names, (number for number, _ in items), tables)

    def vrf(self, name: str | None) -> str | None:
        """The name of a VRF that is given by name or table, None for the main table."""
        return None if name is None else self._tables.get(name, name)

    def port(self, name: str) -> str | int:
        """The port. Raises UsageError when there is none of this name."""
        if name.isdecimal():
            return int(name)
        if re.fullmatch(r"\d+\.\d+", name):
            return name
        if name in self._interfaces:
            return self._interfaces[name]
        host, _, vlan = name.rpartition(".")
        if host in self._interfaces and vlan.isdecimal():
            return f"{self._interfaces[host]}.{vlan}"
        valid = ", ".join((*self._ports, *self._interfaces)) or "a port of the node, such as 1 or 1.100"
        raise UsageError(f"cannot find device {name!r}; valid: {valid}")
