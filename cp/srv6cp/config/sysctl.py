# SPDX-License-Identifier: Apache-2.0
"""``sysctl``: the words with which Linux is made an SRv6 router, for what they mean here.

``net.ipv6.seg6_flowlabel``         flow label of policies that give none: -1 is 0, 0 copies, 1 is a hash
``net.ipv6.conf.X.seg6_enabled``    own addresses are SRv6 endpoints (RFC 8754 4.3.1), End with USD; X is a port,
                                    ``all`` or ``default``, and both ``all`` and the port must say 1
``net.ipv4.conf.X.rp_filter``       uRPF of IPv4 (RFC 3704): 0 off, 1 strict, 2 loose; the greater of ``all`` and the
                                    port counts, a VLAN is as its port, and a port that has ``urpf`` has said it
``net.ipv6.conf.X.seg6_require_hmac``
                                    ``tlv`` of a port: -1 off, 0 verify, 1 require; the greater of ``all`` and the
                                    port counts, a VLAN is as its port, and a port that has ``tlv`` has said it
``forwarding`` and a few others are accepted with the value that this router has.

``seg6_flowlabel`` alone is short for the first, ``seg6_enabled`` alone for all ports at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import IPv6Network
from typing import Any, NamedTuple

from srv6cp import values
from srv6cp.config.context import Context
from srv6cp.model import Flavour, FlowLabel, Interface, InterfaceId, OwnAddress, Sid, TlvPolicy, Urpf
from srv6cp.problems import InvalidError

FLOW_LABEL = "net.ipv6.seg6_flowlabel"
ENABLED = "seg6_enabled"
RP_FILTER = "rp_filter"
REQUIRE_HMAC = "seg6_require_hmac"
_SHORT = {"seg6_flowlabel": FLOW_LABEL}
_FLOW_LABELS = {-1: FlowLabel.ZERO, 0: FlowLabel.COPY, 1: FlowLabel.HASH}
_OF_INTERFACE = re.compile(r"net\.(ipv[46])\.conf\.(.+)\.([a-z0-9_]+)")
_EVERY = ("all", "default")
_URPF = (Urpf.OFF, Urpf.STRICT, Urpf.LOOSE)
_HMAC = {-1: TlvPolicy.OFF, 0: TlvPolicy.VERIFY, 1: TlvPolicy.REQUIRE}


class _Fixed(NamedTuple):
    """A word that has one value here, and why."""

    value: int
    reason: str


_FIXED_OF_INTERFACE = {
    ("ipv6", "forwarding"): _Fixed(1, "a router forwards"),
    ("ipv4", "forwarding"): _Fixed(1, "a router forwards"),
}
_FIXED = {
    "net.ipv4.ip_forward": _Fixed(1, "a router forwards"),
    "net.vrf.strict_mode": _Fixed(1, "a VRF has one table of its own"),
}


class Settings(NamedTuple):
    """What is set: ``flow_label`` None where it is not, the interfaces on which own addresses are endpoints, and
    rp_filter and seg6_require_hmac by ``all``, ``default`` and interface."""

    flow_label: FlowLabel | None = None
    endpoints: frozenset[InterfaceId] = frozenset()
    rp_filter: Mapping[str | InterfaceId, int] = {}
    require_hmac: Mapping[str | InterfaceId, int] = {}


def known(ports: Iterable[Any]) -> dict[str, int]:
    """Every word with the value that it has when nothing is set, for these ports."""
    names = [*_EVERY, *map(str, ports)]
    result = {FLOW_LABEL: 1}
    for name in names:
        result[f"net.ipv6.conf.{name}.{ENABLED}"] = 0
        result[f"net.ipv4.conf.{name}.{RP_FILTER}"] = 0
        result[f"net.ipv6.conf.{name}.{REQUIRE_HMAC}"] = -1
        for (family, word), fixed in _FIXED_OF_INTERFACE.items():
            result[f"net.{family}.conf.{name}.{word}"] = fixed.value
    return dict(sorted({**result, **{word: fixed.value for word, fixed in _FIXED.items()}}.items()))


def rp_filters(interfaces: Iterable[Interface]) -> dict[str, int]:
    """The words for uRPF of IPv4, with what these interfaces have."""
    return {f"net.ipv4.conf.{each.id}.{RP_FILTER}": _URPF.index(each.urpf4) for each in interfaces}


def require_hmacs(interfaces: Iterable[Interface]) -> dict[str, int]:
    """The words for HMACs, with what these interfaces have."""
    words = {policy: number for number, policy in _HMAC.items()}
    return {f"net.ipv6.conf.{each.id}.{REQUIRE_HMAC}": words[each.tlv] for each in interfaces if each.tlv in words}


def canonical(word: str) -> str:
    """A word as the kernel's documentation writes it: ``net/ipv6/...``, where dots are part of names, as well."""
    place = re.search(r"[./]", word)
    if place is not None and place[0] == "/":
        word = word.translate(str.maketrans("./", "/."))
    return _SHORT.get(word, word)


def of_interface(word: str) -> tuple[str, str, str] | None:
    """(family, interface, name) of ``net.ipv6.conf.INTERFACE.NAME``, None for other words."""
    match = _OF_INTERFACE.fullmatch(word)
    return (match[1], match[2], match[3]) if match else None


def read_sysctl(value: Any, context: Context) -> Settings:
    """What ``sysctl`` says; call it when the ports are known."""
    flow_label: FlowLabel | None = None
    enabled: dict[str | InterfaceId, bool] = {}
    rp_filter: dict[str | InterfaceId, int] = {}
    require_hmac: dict[str | InterfaceId, int] = {}
    seen: set[str] = set()
    with context.at("sysctl"):
        for key, setting in values.mapping({} if value is None else value, "sysctl").items():
            with context.at("sysctl", key):
                word = canonical(str(key))
                if word in seen:
                    raise InvalidError(f"{word} is given twice")
                seen.add(word)
                family, interface, name = of_interface(word) or ("", "", "")
                if word == FLOW_LABEL:
                    flow_label = _FLOW_LABELS[_number(word, setting, _FLOW_LABELS)]
                elif word == ENABLED:
                    enabled |= dict.fromkeys((*_EVERY, *context.interfaces), bool(_number(word, setting, (0, 1))))
                elif word in _FIXED:
                    _check_fixed(word, setting, _FIXED[word])
                elif (family, name) == ("ipv6", ENABLED):
                    enabled[_interface(interface, context)] = bool(_number(word, setting, (0, 1)))
                elif (family, name) == ("ipv4", RP_FILTER):
                    place = _interface(interface, context)
                    rp_filter[place] = _number(word, setting, range(len(_URPF)))
                    said = context.interfaces[place].urpf4 if place in context.urpf_said else None
                    if said not in (None, _URPF[rp_filter[place]]):
                        raise InvalidError(f"port {place} has urpf: {said.value}; change it there")
                elif (family, name) == ("ipv6", REQUIRE_HMAC):
                    place = _interface(interface, context)
                    require_hmac[place] = _number(word, setting, _HMAC)
                    if place in context.tlv_said and context.interfaces[place].tlv is not _HMAC[require_hmac[place]]:
                        raise InvalidError(
                            f"port {place} has tlv: {context.interfaces[place].tlv.value}; change it there"
                        )
                elif (family, name) in _FIXED_OF_INTERFACE:
                    _interface(interface, context)
                    _check_fixed(word, setting, _FIXED_OF_INTERFACE[family, name])
                else:
                    valid = [*_FIXED, FLOW_LABEL, f"net.ipv6.conf.PORT.{ENABLED}", f"net.ipv4.conf.PORT.{RP_FILTER}"]
                    valid += [f"net.ipv6.conf.PORT.{REQUIRE_HMAC}"]
                    valid += [f"net.{family}.conf.PORT.{word}" for family, word in _FIXED_OF_INTERFACE]
                    raise InvalidError(f"{word} means nothing here; valid: {', '.join(sorted(valid))}")
    endpoints = {place for place in context.interfaces if enabled.get(place, enabled.get("default", False))}
    return Settings(flow_label, frozenset(endpoints if enabled.get("all") else ()), rp_filter, require_hmac)


def set_of_interfaces(settings: Settings, context: Context) -> None:
    """What rp_filter and seg6_require_hmac say, into those interfaces that say nothing of it themselves."""
    if not settings.rp_filter and not settings.require_hmac:
        return
    for port in context.ports.values():
        filtered = [_filtered(each, settings.rp_filter, context) for each in port.interfaces]
        interfaces = tuple(_verifying(each, settings.require_hmac, context) for each in filtered)
        context.ports[port.number] = replace(port, interfaces=interfaces)
        context.interfaces.update((each.id, each) for each in interfaces)


def _filtered(interface: Interface, rp_filter: Mapping[str | InterfaceId, int], context: Context) -> Interface:
    if interface.id in context.urpf_said or not rp_filter:
        return interface
    return replace(interface, urpf4=_URPF[_of(interface, rp_filter, 0)])


def _verifying(interface: Interface, require_hmac: Mapping[str | InterfaceId, int], context: Context) -> Interface:
    if interface.id in context.tlv_said or not require_hmac:
        return interface
    return replace(interface, tlv=_HMAC[_of(interface, require_hmac, -1)])


def _of(interface: Interface, said: Mapping[str | InterfaceId, int], least: int) -> int:
    """The greater of what is said of all interfaces and of this one, of its port or by default."""
    places = (interface.id, InterfaceId(interface.id.port), "default")
    return max(next((said[place] for place in places if place in said), least), said.get("all", least))


def endpoint_sids(settings: Settings, own: Iterable[OwnAddress], sids: Iterable[Sid], context: Context) -> list[Sid]:
    """The SIDs that own IPv6 addresses become: those of the interfaces, and the node's own in the same VRFs.

    What ``sids`` says of such an address stands.
    """
    taken = {(sid.in_vrf, sid.prefix) for sid in sids}
    interfaces = [context.interfaces[place] for place in sorted(settings.endpoints)]
    places = [(interface.vrf, address.ip) for interface in interfaces for address in interface.addresses]
    vrfs = {interface.vrf for interface in interfaces}
    places += [(each.vrf, each.address) for each in own if each.vrf in vrfs]
    prefixes = dict.fromkeys(
        (vrf, IPv6Network(address)) for vrf, address in places if address.version == 6 and not address.is_link_local
    )
    return [Sid(prefix, "End", Flavour.USD, in_vrf=vrf) for vrf, prefix in prefixes if (vrf, prefix) not in taken]


def _number(word: str, value: Any, valid: Iterable[int]) -> int:
    text = str(value)
    if text not in map(str, valid):
        raise InvalidError(f"{word} must be one of {', '.join(map(str, valid))}, not {values.show(value)}")
    return int(text)


def _check_fixed(word: str, value: Any, fixed: _Fixed) -> None:
    if str(value) != str(fixed.value):
        raise InvalidError(f"{word} is always {fixed.value} here: {fixed.reason}")


def _interface(name: str, context: Context) -> str | InterfaceId:
    """``all``, ``default``, a port (``1.100`` or ``1/100`` for a VLAN), or the host interface behind one."""
    if name in (*_EVERY, "lo"):
        return name
    name = name.replace("/", ".")
    for port in context.ports.values():
        if port.device == name and not port.is_l2:
            return InterfaceId(port.number)
    return context.interface(name).id
