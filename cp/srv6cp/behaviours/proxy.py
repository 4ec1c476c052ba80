# SPDX-License-Identifier: Apache-2.0
"""Service programming: proxies of functions that know nothing of SRv6, End.AN, and the services themselves.

A service is a way out (IFACE-OUT: a next hop, or a port for frames) and a way back (IFACE-IN). What its proxy does with
what comes back is said there; a SID names the service. Sources: draft-ietf-spring-sr-service-programming,
draft-xuclad-spring-sr-service-programming-01, srext, VPP (see docs/services.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv6Address
from typing import Any

from srv6cp import values
from srv6cp.behaviours.interfaces import Binder, Entry, Names, Scope
from srv6cp.behaviours.itemwords import literal, pairs, put
from srv6cp.behaviours.operands import ADDRESS, HOPS, INTERFACE, Via, item
from srv6cp.behaviours.record import Endpoint
from srv6cp.behaviours.section import Section
from srv6cp.model import Flavour, InterfaceId, NextHop, Sid
from srv6cp.model.numbers import EncapFlag, ServiceOption
from srv6cp.problems import Fields, InvalidError, with_path

KEY = "services"
CACHES, CHECKS, FLOWS = "service_cache_table", "service_check_table", "service_flow_table"
MOST_BLOCKS = 16
#: Of flows: the number of a cache is that of its service, and this many bits behind it.
SLOT_BITS = 16

_NUMBER = "service_id"
_OUT, _IN = "service_out_table", "service_in_table"
_LONGEST_AGE = 1_000_000
_MOST_FLOWS = 8192
_HASH, _KEEP = "hash", "keep"
_DEFAULT_HOP_LIMIT = 64
_NO_MAC = "00:00:00:00:00:00"
_VIA = Via("via", "", "", version=4)


class Proxy(Enum):
    """How a service gets back its packets' headers."""

    STATIC = "static"  # End.AS: configured
    DYNAMIC = "dynamic"  # End.AD, End.EAD: of the last packet that went there
    PER_FLOW = "per-flow"  # End.AD.FLOW: of the last packet of its flow
    MASQUERADING = "masquerading"  # End.AM: they were never taken off


_TYPES = {
    "ip": ServiceOption.TAKES_IPV4 | ServiceOption.TAKES_IPV6,
    "ipv4": ServiceOption.TAKES_IPV4,
    "ipv6": ServiceOption.TAKES_IPV6,
    "ethernet": ServiceOption.TAKES_FRAMES,
}
_ETHERNET = "ethernet"
_SL_AT = ("masquerade", "de-masquerade")


@dataclass(frozen=True)
class Service:
    """A service. ``via`` is where packets go, ``out`` where frames go; ``back`` is the interface they come back by.

    ``segments``, ``source``, ``hop_limit``, ``traffic_class`` are the headers of a static proxy, the first segment
    first. ``margin``: by how much a hop limit may differ from the cached one; ``age``: seconds after which a cache that
    nothing goes by is forgotten, 0: never; ``limit``: of flows.
    """

    proxy: Proxy
    type: str
    via: tuple[NextHop, ...]
    out: InterfaceId | None
    back: InterfaceId
    vrf: str
    segments: tuple[IPv6Address, ...] = ()
    source: IPv6Address | None = None
    hop_limit: int = _DEFAULT_HOP_LIMIT
    traffic_class: int = 0
    hashes: bool = False
    margin: int = 4
    age: int = 300
    limit: int = 1024
    sl_at: str = _SL_AT[0]
    nat: bool = False
    psp: bool = False

    @property
    def takes_frames(self) -> bool:
        """Ethernet, not IP."""
        return self.type == _ETHERNET

    @property
    def options(self) -> int:
        """Of both directions."""
        if self.proxy is not Proxy.MASQUERADING:
            return int(_TYPES[self.type])
        options = ServiceOption.MASQUERADES
        if self.sl_at == _SL_AT[1]:
            options |= ServiceOption.MOVES_ON_BACK
        if self.nat:
            options |= ServiceOption.NAT
        if self.psp:
            options |= ServiceOption.PSP
        return int(options)

    @property
    def flags(self) -> int:
        """How headers are pushed."""
        return int(EncapFlag.FLOW_LABEL_HASH) if self.hashes else 0


def services_of(sections: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Service]:
    """The services of a node (``Node.sections``) by name, without those that are wrong."""
    return {name: each for name, each in sections.get(KEY, {}).items() if each is not None}


def circuits_of(sections: Mapping[str, Mapping[str, Any]]) -> frozenset[tuple[int, int]]:
    """(Port, VLAN) by which frames come back."""
    found = services_of(sections).values()
    return frozenset((each.back.port, each.back.vlan) for each in found if each.takes_frames)


def interfaces_of(sections: Mapping[str, Mapping[str, Any]]) -> Mapping[InterfaceId, str]:
    """Routed interfaces by which packets come back, each with the service."""
    return {each.back: name for name, each in services_of(sections).items() if not each.takes_frames}


def _read(given: dict[Any, Any], scope: Scope) -> Service:
    fields = Fields(given)
    proxy = Proxy(fields.read("proxy", values.choice, tuple(each.value for each in Proxy), "proxy", default="dynamic"))
    kind = fields.read("type", values.choice, tuple(_TYPES), "type", default="ip")
    segments = fields.read("segments", _read_segments, default=())
    source = fields.read("source", values.ipv6_address, default=None)
    hop_limit = fields.read("hop-limit", values.integer, "hop-limit", 1, 255, default=_DEFAULT_HOP_LIMIT)
    traffic_class = fields.read("traffic-class", values.integer, "traffic-class", 0, 255, default=0)
    label = fields.read("flow-label", values.choice, (_HASH, _KEEP), "flow-label", default=None)
    margin = fields.read("hop-limit-margin", values.integer, "hop-limit-margin", 0, 255, default=4)
    age = fields.read("age", values.integer, "age (seconds; 0: never)", 0, _LONGEST_AGE, default=300)
    limit = fields.read("limit", values.integer, "limit of flows", 1, _MOST_FLOWS, default=1024)
    sl_at = fields.read("sl-at", values.choice, _SL_AT, "sl-at", default=_SL_AT[0])
    nat = fields.read("nat", _boolean, default=False)
    psp = fields.read("psp", _boolean, default=False)
    fields.finish()
    vrf = scope.vrf(given)
    frames = kind == _ETHERNET
    via: tuple[NextHop, ...] = ()
    out: InterfaceId | None = None
    if frames:
        if "via" in given or "out" not in given:
            raise InvalidError("a service of type ethernet needs 'out', the port that frames leave by, and no 'via'")
        out = with_path("out", _interface, given["out"], scope)
        back = with_path("in", _interface, given["in"], scope) if given.get("in") is not None else out
    else:
        if "out" in given or given.get("via") is None:
            raise InvalidError("a service of IP needs 'via', the address of its next hop, and no 'out'")
        via = _VIA.read({key: given[key] for key in ("via", "vrf") if key in given}, scope, "a service")["via"]
        back = with_path("in", _interface, given["in"], scope) if given.get("in") is not None else via[0].interface
    _check_back(back, frames, scope, "in" if given.get("in") is not None else "out" if frames else "via")
    masquerading = proxy is Proxy.MASQUERADING
    static = proxy is Proxy.STATIC
    if static is not bool(segments):
        raise InvalidError("a static proxy needs 'segments', the rest of the path, and no other has them", "segments")
    if static and source is None:
        raise InvalidError("a static proxy needs 'source', the address that its headers come from", "source")
    if masquerading and kind not in ("ip", "ipv6"):
        raise InvalidError("a masquerading proxy takes IPv6 (PX-4)", "type")
    if proxy is Proxy.PER_FLOW and frames:
        raise InvalidError("flows are told apart by IP: not of type ethernet", "type")
    for key, fits in (("nat", masquerading), ("psp", masquerading and sl_at == _SL_AT[1]), ("sl-at", masquerading)):
        if key in given and given[key] not in (False, None, _SL_AT[0]) and not fits:
            what = "a masquerading proxy" + (" with sl-at: de-masquerade" if key == "psp" else "")
            raise InvalidError(f"{key!r} is of {what}", key)
    hashes = label == _HASH or (label is None and static)
    return Service(proxy, kind, via, out, back, vrf, segments, source, hop_limit, traffic_class, hashes, margin, age,
                   limit, sl_at, nat, psp)  # fmt: skip


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidError(f"true or false, not {values.show(value)}")
    return value


def _read_segments(value: Any) -> tuple[IPv6Address, ...]:
    """1 to 16 segments, the first one first, as a list or joined by commas. Raises ``InvalidError``."""
    listed = value.split(",") if isinstance(value, str) else values.one_or_more(value)
    if not 0 < len(listed) <= MOST_BLOCKS:
        raise InvalidError(f"1 to {MOST_BLOCKS} segments, not {len(listed)}")
    return tuple(values.ipv6_address(each.strip() if isinstance(each, str) else each, "segment") for each in listed)


def _interface(value: Any, scope: Scope) -> InterfaceId:
    """``3``, or ``"3.100"`` for VLAN 100 of port 3. Raises ``InvalidError``."""
    port, _, vlan = str(value).partition(".")
    number, tag = values.decimal(port), values.decimal(vlan) if vlan else 0
    if number is None or tag is None or number not in scope.ports or not 0 <= tag <= values.MAX_VLAN:
        valid = ", ".join(map(str, scope.ports)) or "none is declared"
        raise InvalidError(f"unknown port {values.show(value)}; valid: {valid}, or P.VLAN of one")
    return InterfaceId(number, tag)


def _check_back(back: InterfaceId, frames: bool, scope: Scope, key: str) -> None:
    port = scope.ports[back.port]
    found = next((each for each in port.interfaces if each.id == back), None)
    if frames:
        if not back.vlan and (not port.is_l2 or port.policy is not None):
            raise InvalidError(f"port {back.port} must be 'mode: l2', without a policy", key)
        if back.vlan and (port.is_l2 or found is not None):
            raise InvalidError(f"{back} must be a VLAN of a routed port without an interface of its own", key)
    elif found is None:
        raise InvalidError(f"{back} is no routed interface: the node is not asked for its MAC address there", key)
    elif found.policy is not None or found.external or found.urpf6.value != "off" or found.urpf4.value != "off":
        raise InvalidError(
            f"{back}: what a service sends meets no 'policy', 'role: external' or 'urpf' of the interface", key
        )


def _entries(number: int, service: Service, binder: Binder) -> Iterable[Entry]:
    key = {_NUMBER: number}
    if service.out is not None:
        port, vlan = service.out
        out = {"egress_port": port, "vlan_id": vlan, "mtu": binder.port(port).mtu}
        yield Entry(_OUT, key, "frames_to_service", out)
    else:
        to = {"nexthop_id": binder.nexthop_id(service.via), "options": service.options}
        yield Entry(_OUT, key, "packets_to_service", to)
    if service.proxy is Proxy.MASQUERADING:
        yield Entry(_IN, key, "from_masqueraded_service", {"options": service.options})
    else:
        cache = 0 if service.proxy is Proxy.PER_FLOW else number
        back = {"options": service.options, "flags": service.flags, "cache_id": cache}
        yield Entry(_IN, key, "from_cached_service", back)
    if service.proxy is Proxy.STATIC:
        yield from _static(number, service)
    if service.takes_frames:
        given = {"vrf_id": binder.vrf_id(service.vrf), "mac": _NO_MAC, _NUMBER: number}
        port, vlan = service.back
        if vlan:
            match = {"ingress_port": port, "vlan_id": vlan}
            yield Entry("ingress_vlan_table", match, "set_service_circuit_pop", given)
        else:
            yield Entry("ingress_port_table", {"ingress_port": port}, "set_service_circuit", given)


def _static(number: int, service: Service) -> Iterator[Entry]:
    """What is pushed in front of what comes back (PX-8): without SRH where the destination says it all."""
    assert service.source is not None
    params: dict[str, Any] = {
        "source_address": service.source,
        "destination_address": service.segments[0],
        "traffic_class": service.traffic_class,
        "flow_label": 0,
        "outer_hop_limit": service.hop_limit,
    }
    count = len(service.segments) if len(service.segments) > 1 else 0
    if count:
        params |= {"segments_left": count - 1, "last_entry": count - 1, "flags": 0, "tag": 0}
        for index, segment in enumerate(reversed(service.segments)):
            params[f"segment_list_{index}"] = segment
    yield Entry(CACHES, {"cache_id": number}, f"cached_{count}", params)


def _rows(found: Iterable[Entry], names: Names) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for entry in found:
        number = entry.match[_NUMBER]
        row = rows.setdefault(number, {"service": names.item(KEY, number)})
        params = entry.params
        if entry.action == "packets_to_service":
            row["to"] = names.nexthop(params["nexthop_id"])
            row["sent"] = entry.packets
        elif entry.action == "frames_to_service":
            row["to"] = str(InterfaceId(params["egress_port"], params["vlan_id"]))
            row["sent"] = entry.packets
        else:
            row["proxy"] = _proxy_of(entry.action, params)
            row["returned"] = entry.packets
    return sorted(rows.values(), key=lambda row: row["service"])


def _proxy_of(action: str, params: Mapping[str, Any]) -> str:
    if action == "from_masqueraded_service":
        return Proxy.MASQUERADING.value
    return Proxy.PER_FLOW.value if not params["cache_id"] else "cached"


_WORDS = (
    "proxy",
    "type",
    "via",
    "port",
    "out",
    "in",
    "segs",
    "source",
    "hop-limit",
    "flow-label",
    "age",
    "sl-at",
    "nat",
)

_TRUTH = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


def _words(given: Sequence[str]) -> dict[str, Any]:
    """``proxy P type T via A [port P] | out P [in P] [segs A,A source A] ...``. Raises ``InvalidError``."""
    found: dict[str, Any] = {}
    for word, value in pairs(given, _WORDS):
        if word == "port":
            if not isinstance(found.get("via"), str):
                raise InvalidError("'via A' comes first, and once, not 'port'")
            found["via"] = {"address": found["via"], "port": literal(value)}
        elif word == "segs":
            put(found, "segments", value.split(","))
        elif word == "nat":
            put(found, word, _TRUTH.get(value, value))
        else:
            put(found, word, literal(value))
    return found


_SERVICES = Section(
    key=KEY,
    what="service",
    summary=(
        "a list of `{name, proxy, type, via, out, in, vrf, segments, source, hop-limit, traffic-class, flow-label,"
        " hop-limit-margin, age, limit, sl-at, nat, psp}`: functions beside the node, see [services.md](services.md)"
    ),
    tables=(_OUT, _IN),
    number=_NUMBER,
    schema={
        "proxy": {"enum": [each.value for each in Proxy]},
        "type": {"enum": list(_TYPES)},
        "via": HOPS,
        "out": INTERFACE,
        "in": INTERFACE,
        "vrf": {"type": "string"},
        "segments": {"anyOf": [ADDRESS, {"type": "array", "items": ADDRESS, "minItems": 1, "maxItems": MOST_BLOCKS}]},
        "source": ADDRESS,
        "hop-limit": {"type": "integer", "minimum": 1, "maximum": 255},
        "traffic-class": {"type": "integer", "minimum": 0, "maximum": 255},
        "flow-label": {"enum": [_HASH, _KEEP]},
        "hop-limit-margin": {"type": "integer", "minimum": 0, "maximum": 255},
        "age": {"type": "integer", "minimum": 0, "maximum": _LONGEST_AGE},
        "limit": {"type": "integer", "minimum": 1, "maximum": _MOST_FLOWS},
        "sl-at": {"enum": list(_SL_AT)},
        "nat": {"type": "boolean"},
        "psp": {"type": "boolean"},
    },
    read=_read,
    entries=_entries,
    rows=_rows,
    columns=("service", "proxy", "to", "sent", "returned", "cached"),
    command="service",
    usage=(
        "[proxy static|dynamic|per-flow|masquerading] [type ip|ipv4|ipv6|ethernet] via A [port P] | out P [in P] "
        "[segs A,A source A [hop-limit N]] [flow-label hash|keep] [age N] [sl-at masquerade|de-masquerade] [nat true]"
    ),
    words=_words,
    size=65536,
)

SERVICE = item("service", _SERVICES, _NUMBER)
#: By name of the behaviour: what the service has to be.
PROXIES = {
    "End.AS": Proxy.STATIC,
    "End.AD": Proxy.DYNAMIC,
    "End.EAD": Proxy.DYNAMIC,
    "End.AD.FLOW": Proxy.PER_FLOW,
    "End.AM": Proxy.MASQUERADING,
}
_SPEC = "draft-ietf-spring-sr-service-programming"


def _endpoint(name: str, action: str, code_points: tuple[int, ...], spec: str) -> Endpoint:
    return Endpoint(
        name,
        action=action,
        operands=(SERVICE,),
        code_points=code_points,
        spec=spec,
        sections=(_SERVICES,),
    )


ENDPOINTS = (
    _endpoint("End.AS", "end_as", (162,), _SPEC),
    _endpoint("End.AD", "end_ad", (163,), _SPEC),
    _endpoint("End.AD.FLOW", "end_ad_flow", (), "VPP srv6-ad-flow"),
    _endpoint("End.EAD", "end_ead", (), "srext"),
    _endpoint("End.AM", "end_am", (164,), _SPEC),
    Endpoint(
        "End.AN",
        action="end_an",
        code_points=(161, 0, 0, 0, 0, 0, 0, 0),
        flavours=Flavour.PSP | Flavour.USP | Flavour.USD,
        spec=_SPEC,
    ),
)


def check(node_sids: Iterable[Sid], sections: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What SIDs and services ask of each other: a message each."""
    services = services_of(sections)
    backs: dict[InterfaceId, str] = {}
    for name, service in services.items():
        other = backs.setdefault(service.back, name)
        if other != name:
            yield f"services {other} and {name} send by one interface, {service.back}: each needs its own (PX-9)"
    for sid in node_sids:
        wanted = PROXIES.get(sid.behaviour)
        named = services.get(sid.operands.get("service", "")) if wanted else None
        if wanted and named is not None and named.proxy is not wanted:
            yield (
                f"{sid.behaviour} {sid.prefix} needs a service with proxy: {wanted.value};"
                f" {sid.operands['service']} has {named.proxy.value}"
            )
