# SPDX-License-Identifier: Apache-2.0
"""End.DT2U and End.DT2M, and the bridge domains that they deliver to (RFC 8986 4.11, 4.12).

A bridge domain has ways out: attachment circuits and remotes. Each has a *replica*, which is a row of `replica_table`;
multicast groups consist of replicas. Numbers follow from that of the domain: replica ``domain << 8 | place``, group
``domain << 8 | replica of the circuit that a frame came by``; all below 0x7000. From a remote it is group 0, of
circuits alone (split horizon: the mesh of remotes is full); with an Arg.FE2, groups from 255 down, without the
circuits of that segment.

What segment an Arg.FE2 stands for, SIDs say (``exclude``: a longer prefix for each); with REPLACE-C-SID, where the
argument may stand in the SRH, the domain says it (``arguments``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from typing import Any, NamedTuple

from srv6cp import values
from srv6cp.behaviours.interfaces import Binder, Entry, Names, Number, Schema, Scope
from srv6cp.behaviours.itemwords import literal, pairs, put
from srv6cp.behaviours.operands import NAME, PORT, Bind, Item, Operand, item, out_port
from srv6cp.behaviours.record import Endpoint
from srv6cp.behaviours.section import Section
from srv6cp.model.structures import FE2_LENGTH
from srv6cp.problems import Fields, InvalidError, with_path

KEY = "bridges"
_NUMBER = "bridge_id"
DESTINATIONS = "bridge_destination_table"
SOURCES = "bridge_source_table"
_PEERS = "bridge_peer_table"
_SEGMENTS = "bridge_segment_table"
_REPLICAS = "replica_table"
#: Where it stands what the ways out of the domains are (`ways_on_switch`).
REPLICAS = (_REPLICAS, _PEERS)
_KEEP, _POP = "keep", "pop"
_CIRCUITS = ("replica_to_port", "replica_to_vlan", "replica_to_tagged")
#: Circuits, and four times as many remotes with a policy each for one and for all destinations, at most.
_MOST_REPLICAS = 200
_MOST_SEGMENTS = 32
_LAST_PLACE = 255
#: Groups from 0x7000 on are those of packets (srv6cp.compile.ids); BMv2 keeps those from 1 << 15 on for itself.
_MOST_DOMAINS = 0x6F
_MOST_ARGUMENT = (1 << FE2_LENGTH) - 1
_LONGEST_AGE = 1_000_000
_MOST_ADDRESSES = 65536
_MODE = "l2encap.red"

#: A way out: (port, VLAN or 0) of a circuit, the source address of a remote.
Way = tuple[int, int] | IPv6Address


class Circuit(NamedTuple):
    """A port (``vlan`` 0), or a VLAN of one. ``tag``: keep, pop, or the VID that its frames have inside the domain.
    ``segment``: the Ethernet segment that it belongs to."""

    port: int
    vlan: int
    tag: int | str
    segment: str | None

    @property
    def label(self) -> str:
        """``2``, or ``2.100`` for VLAN 100 of port 2."""
        return f"{self.port}.{self.vlan}" if self.vlan else str(self.port)


class Remote(NamedTuple):
    """Another node of the domain: the ``source`` of what it encapsulates, the policies to its End.DT2U and End.DT2M,
    and, by Ethernet segment, those to its End.DT2M with the argument of the segment."""

    name: str
    source: IPv6Address
    unicast: str
    flood: str
    segments: tuple[tuple[str, str], ...]


class Static(NamedTuple):
    """A MAC address that is configured: ``at`` is a circuit's label or a remote's name."""

    mac: str
    at: str


@dataclass(frozen=True)
class Bridge:
    """A bridge domain. ``age``: seconds after which an address that is not seen is forgotten, 0: never; ``limit``: of
    learned addresses; ``arguments``: Ethernet segments and their Arg.FE2 in an End.DT2M with REPLACE-C-SID."""

    circuits: tuple[Circuit, ...]
    remotes: tuple[Remote, ...]
    static: tuple[Static, ...] = ()
    age: int = 300
    limit: int = 8192
    arguments: tuple[tuple[str, int], ...] = ()

    @property
    def segments(self) -> tuple[str, ...]:
        """Ethernet segments, in order."""
        return tuple(dict.fromkeys(each.segment for each in self.circuits if each.segment is not None))

    @property
    def places(self) -> dict[str, int]:
        """Place of each way out for one destination: circuits by label, remotes by name."""
        names = [*(each.label for each in self.circuits), *(each.name for each in self.remotes)]
        return {name: place for place, name in enumerate(names, 1)}

    @property
    def ways(self) -> dict[int, Way]:
        """What is at each of these places."""
        found: list[Way] = [
            *((each.port, each.vlan) for each in self.circuits),
            *(each.source for each in self.remotes),
        ]
        return dict(enumerate(found, 1))

    @property
    def floods(self) -> dict[tuple[str, str | None], int]:
        """Place of each remote for all destinations, by the segment (None: none) that the frame came from."""
        ways = [
            (remote.name, segment)
            for remote in self.remotes
            for segment in (None, *(name for name, _ in remote.segments))
        ]
        return {way: place for place, way in enumerate(ways, len(self.places) + 1)}

    def group_of(self, segment: str | None) -> int:
        """Place of the group of frames from a remote with the argument of a segment, or without one. A segment without
        circuits excludes none (DEC-14)."""
        return 0 if segment not in self.segments else _LAST_PLACE - self.segments.index(str(segment))

    def groups(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Place of each group, and the places of its replicas."""
        places, floods = self.places, self.floods
        for segment in (None, *self.segments):
            rest = (each for each in self.circuits if segment is None or each.segment != segment)
            yield self.group_of(segment), tuple(places[each.label] for each in rest)
        for circuit in self.circuits:
            others = [
                places[each.label]
                for each in self.circuits
                if each != circuit and (circuit.segment is None or each.segment != circuit.segment)
            ]
            for remote in self.remotes:
                segment = circuit.segment if circuit.segment in dict(remote.segments) else None
                others.append(floods[remote.name, segment])
            yield places[circuit.label], tuple(others)


def number(domain: int, place: int) -> int:
    """Of a replica or a group."""
    return domain << 8 | place


def _flooding(domain: int, bridge: Bridge, place: int) -> int:
    """The group at ``place``; 0, to which nothing is copied and which is counted as a drop, where nobody is in it."""
    return number(domain, place) if dict(bridge.groups())[place] else 0


def ways_on_switch(found: Iterable[Entry]) -> dict[int, Way]:
    """The ways out for one destination by replica, from the entries of the tables `REPLICAS`."""
    ways: dict[int, Way] = {}
    for entry in found:
        if entry.action == "is_peer":
            ways[int(entry.params["replica_id"])] = IPv6Address(entry.match["ipv6_src"])
        elif entry.action in _CIRCUITS:
            vlan = int(entry.params.get("vlan_id", 0))
            ways[int(entry.match["replica_id"])] = int(entry.params["egress_port"]), vlan
    return ways


def circuits_of(sections: Mapping[str, Mapping[str, Any]]) -> frozenset[tuple[int, int]]:
    """(Port, VLAN) of every attachment circuit of a node (``Node.sections``)."""
    return frozenset((each.port, each.vlan) for bridge in sections.get(KEY, {}).values() for each in bridge.circuits)


def _read(given: dict[Any, Any], scope: Scope) -> Bridge:
    circuits = tuple(_listed(given, "circuits", lambda one: _circuit(one, scope)))
    remotes = tuple(_listed(given, "remotes", lambda one: _remote(one, scope)))
    if not circuits:
        raise InvalidError("a bridge domain needs at least one circuit", "circuits")
    fields = Fields(given)
    age = fields.read("age", values.integer, "age (seconds; 0: never)", 0, _LONGEST_AGE, default=300)
    limit = fields.read("limit", values.integer, "limit of addresses", 0, _MOST_ADDRESSES, default=8192)
    fields.finish()
    bridge = Bridge(circuits, remotes)
    for key, names in (
        ("circuits", [each.label for each in circuits]),
        ("remotes", [each.name for each in remotes]),
        ("remotes", [str(each.source) for each in remotes]),
    ):
        for index, name in enumerate(names):
            if name in names[:index]:
                error = InvalidError(f"{name} is given twice")
                error.under(key, index)
                raise error
    if len(bridge.places) + len(bridge.floods) > _MOST_REPLICAS or len(bridge.segments) > _MOST_SEGMENTS:
        raise InvalidError(
            f"more than {_MOST_REPLICAS} ways out (a remote counts twice, and once more for each segment), or "
            f"{_MOST_SEGMENTS} segments"
        )
    static = tuple(_listed(given, "static", lambda one: _static(one, bridge)))
    return replace(bridge, static=static, age=age, limit=limit, arguments=_arguments(given, bridge))


def _arguments(given: dict[Any, Any], bridge: Bridge) -> tuple[tuple[str, int], ...]:
    found: dict[int, str] = {}
    for segment, value in with_path("arguments", values.mapping, given.get("arguments") or {}, "arguments").items():
        if segment not in bridge.segments:
            valid = f"; valid: {', '.join(bridge.segments)}" if bridge.segments else ", nor to any other"
            raise InvalidError(f"no circuit belongs to Ethernet segment {segment!r}{valid}", "arguments")
        argument = with_path("arguments", values.integer, value, f"argument of {segment}", 1, _MOST_ARGUMENT)
        if argument in found:
            raise InvalidError(f"{argument:#x} stands for {found[argument]} and for {segment}", "arguments")
        found[argument] = str(segment)
    return tuple((segment, argument) for argument, segment in found.items())


def _listed(given: dict[Any, Any], key: str, read: Any) -> Iterator[Any]:
    for index, one in enumerate(with_path(key, values.listing, given.get(key) or [], key)):
        try:
            yield read(values.mapping(one, f"an item of {key!r}"))
        except InvalidError as error:
            error.under(key, index)
            raise


def _circuit(given: dict[Any, Any], scope: Scope) -> Circuit:
    fields = Fields(given)
    with fields.at():
        values.check_keys(given, _CIRCUIT["properties"], _CIRCUIT["required"])
    port = fields.read("port", out_port, scope)
    vlan = fields.read("vlan", values.integer, "VLAN", 1, values.MAX_VLAN, default=0)
    segment = fields.read("segment", values.name, "Ethernet segment")
    fields.finish()
    tag = given.get("tag", _KEEP)
    if tag not in (_KEEP, _POP):
        tag = with_path("tag", values.integer, tag, "tag, unless it is 'keep' or 'pop',", 1, values.MAX_VLAN)
    if not vlan and tag != _KEEP:
        raise InvalidError("a port without 'vlan' takes frames as they are: its tag is 'keep'", "tag")
    known = scope.ports[port]
    if vlan and known.is_l2:
        raise InvalidError(f"port {port} is a layer 2 port: its frames are taken whole, without 'vlan'", "vlan")
    if vlan and any(each.id.vlan == vlan for each in known.interfaces):
        raise InvalidError(f"VLAN {vlan} of port {port} is a routed interface", "vlan")
    if not vlan and (not known.is_l2 or known.policy is not None):
        raise InvalidError(f"port {port} must be 'mode: l2', without a policy", "port")
    return Circuit(port, vlan, tag, segment)


def _remote(given: dict[Any, Any], scope: Scope) -> Remote:
    fields = Fields(given)
    with fields.at():
        values.check_keys(given, _REMOTE["properties"], _REMOTE["required"])
    name = fields.read("name", values.name, "remote")
    source = fields.read("source", values.ipv6_address)
    unicast = fields.read("unicast", _policy, scope)
    flood = fields.read("flood", _policy, scope)
    fields.finish()
    segments: dict[str, str] = {}
    for segment, policy in with_path("segments", values.mapping, given.get("segments") or {}, "segments").items():
        with_path("segments", values.name, segment, "Ethernet segment")
        segments[str(segment)] = with_path("segments", _policy, policy, scope)
    return Remote(name, source, unicast, flood, tuple(segments.items()))


def _policy(value: Any, scope: Scope) -> str:
    return values.reference(value, scope.policy_names, "policy")


def _static(given: dict[Any, Any], bridge: Bridge) -> Static:
    fields = Fields(given)
    with fields.at():
        values.check_keys(given, _STATIC["properties"], _STATIC["required"])
    mac = fields.read("mac", values.mac_address)
    fields.finish()
    at = str(given["at"])
    if at not in bridge.places:
        raise InvalidError(f"unknown circuit or remote {at!r}; valid: {', '.join(bridge.places)}", "at")
    return Static(mac, at)


def _entries(domain: int, bridge: Bridge, binder: Binder) -> Iterable[Entry]:
    places = bridge.places
    for circuit in bridge.circuits:
        place = places[circuit.label]
        out: dict[str, Any] = {"egress_port": circuit.port, "mtu": binder.port(circuit.port).mtu}
        action = "replica_to_port"
        if circuit.vlan:
            out["vlan_id"] = circuit.vlan
            action = "replica_to_vlan" if circuit.tag == _POP else "replica_to_tagged"
        yield Entry(_REPLICAS, {"replica_id": number(domain, place)}, action, out)
    for remote in bridge.remotes:
        towards = [(places[remote.name], remote.unicast), (bridge.floods[remote.name, None], remote.flood)]
        towards += [(bridge.floods[remote.name, segment], policy) for segment, policy in remote.segments]
        for place, policy in towards:
            params = {"policy_id": binder.policy_id(policy, _MODE)}
            yield Entry(_REPLICAS, {"replica_id": number(domain, place)}, "replica_to_policy", params)
        peer = {"replica_id": number(domain, places[remote.name])}
        yield Entry(_PEERS, {_NUMBER: domain, "ipv6_src": remote.source}, "is_peer", peer)
    if bridge.arguments:  # 0 excludes none; nor do those that are not known, which are counted by themselves
        others: list[tuple[int, int, str | None]] = [(0, FE2_LENGTH, None), (0, 0, None)]
        others += [(argument, FE2_LENGTH, segment) for segment, argument in bridge.arguments]
        for argument, length, segment in others:
            match = {_NUMBER: domain, "argument": (argument, length)}
            group = {"multicast_group": _flooding(domain, bridge, bridge.group_of(segment))}
            yield Entry(_SEGMENTS, match, "flood_others", group)
    for mac, at in bridge.static:
        match = {_NUMBER: domain, "mac": mac}
        yield Entry(SOURCES, match, "stays_at", {})
        yield Entry(DESTINATIONS, match, "go_to", {"replica_id": number(domain, places[at])})
    for circuit in bridge.circuits:
        place = places[circuit.label]
        given: dict[str, Any] = {_NUMBER: domain, "replica_id": number(domain, place)}
        given["multicast_group"] = _flooding(domain, bridge, place)
        if not circuit.vlan:
            yield Entry("ingress_port_table", {"ingress_port": circuit.port}, "set_bridge_circuit", given)
            continue
        match = {"ingress_port": circuit.port, "vlan_id": circuit.vlan}
        if circuit.tag == _KEEP:
            yield Entry("ingress_vlan_table", match, "set_bridge_circuit", given)
        elif circuit.tag == _POP:
            yield Entry("ingress_vlan_table", match, "set_bridge_circuit_pop", given)
        else:
            translated = {**given, "vlan_id": circuit.tag}
            yield Entry("ingress_vlan_table", match, "set_bridge_circuit_translate", translated)


def _copies(domain: int, bridge: Bridge, _: Binder) -> Iterable[tuple[int, tuple[int, ...]]]:
    for group, places in bridge.groups():
        if places:
            yield number(domain, group), tuple(number(domain, place) for place in places)


class Out(NamedTuple):
    """A way out as the switch has it: a circuit, or a remote by its source address. ``name``: the remote's in the node
    file; policies are to one destination and to all."""

    bridge: str
    number: int
    way: Way
    name: str | None
    unicast: str | None
    flood: str | None

    @property
    def port(self) -> int | None:
        """Of a circuit."""
        return self.way[0] if isinstance(self.way, tuple) else None

    @property
    def vlan(self) -> int | None:
        """Of a circuit that is one."""
        return self.way[1] or None if isinstance(self.way, tuple) else None

    @property
    def source(self) -> str | None:
        """Of a remote."""
        return None if isinstance(self.way, tuple) else str(self.way)


def outs(found: Iterable[Entry], names: Names) -> dict[int, Out]:
    """The ways out for one destination by replica, from the entries of the tables `REPLICAS`."""
    entries = list(found)
    policies = {
        int(entry.match["replica_id"]): names.policy(entry.params["policy_id"])
        for entry in entries
        if entry.action == "replica_to_policy"
    }
    result = {}
    for replica, way in sorted(ways_on_switch(entries).items()):
        domain, place = replica >> 8, replica & _LAST_PLACE
        if not 0 < domain <= _MOST_DOMAINS:
            continue  # a copy that is of no bridge domain
        name = names.item(KEY, domain)
        bridge: Bridge | None = names.items(KEY).get(name)
        remote = None
        if bridge is not None and bridge.ways.get(place) == way:
            remote = next((each.name for each in bridge.remotes if bridge.places[each.name] == place), None)
        flood = policies.get(number(domain, bridge.floods[remote, None])) if bridge is not None and remote else None
        result[replica] = Out(name, replica, way, remote, policies.get(replica), flood)
    return result


def _rows(found: Iterable[Entry], names: Names) -> list[dict[str, Any]]:
    """A row a way out."""
    entries = list(found)
    addresses = Counter(entry.params["replica_id"] for entry in entries if entry.action == "go_to")
    return [
        {
            "bridge": out.bridge,
            "port": out.port,
            "vlan": out.vlan,
            "remote": out.name,
            "source": out.source,
            "unicast": out.unicast,
            "flood": out.flood,
            "addresses": addresses[replica],
        }
        for replica, out in sorted(outs(entries, names).items(), key=lambda each: (each[1].bridge, each[0]))
    ]


def _words(given: Sequence[str]) -> dict[str, Any]:
    """``circuit P[.V] [tag T] [segment S]``, once or more. Raises ``InvalidError``."""
    circuits: list[dict[str, Any]] = []
    for word, value in pairs(given, ("circuit", "tag", "segment")):
        if word == "circuit":
            port, _, vlan = value.partition(".")
            circuits.append({name: literal(each) for name, each in (("port", port), ("vlan", vlan)) if each})
        elif not circuits:
            raise InvalidError(f"'circuit P' comes first, not {word!r}")
        else:
            put(circuits[-1], word, literal(value))
    return {"circuits": circuits}


_VID: Schema = {"type": "integer", "minimum": 1, "maximum": values.MAX_VLAN}
_CIRCUIT: Schema = {
    "type": "object",
    "properties": {
        "port": PORT.schema,
        "vlan": {**_VID, "description": "a VLAN of a routed port; without it, a layer 2 port as a whole"},
        "tag": {
            "anyOf": [_VID, {"enum": [_KEEP, _POP]}],
            "description": "of a VLAN: kept (usual), taken off, or the VID that frames have inside the domain",
        },
        "segment": {**NAME, "description": "the Ethernet segment that the circuit belongs to"},
    },
    "required": ["port"],
    "additionalProperties": False,
}
_REMOTE: Schema = {
    "type": "object",
    "properties": {
        "name": NAME,
        "source": {"type": "string", "description": "source address of what it encapsulates"},
        "unicast": {**NAME, "description": "policy to its End.DT2U"},
        "flood": {**NAME, "description": "policy to its End.DT2M"},
        "segments": {
            "type": "object",
            "additionalProperties": NAME,
            "description": "by Ethernet segment, the policy to its End.DT2M with the argument of the segment",
        },
    },
    "required": ["name", "source", "unicast", "flood"],
    "additionalProperties": False,
}
_STATIC: Schema = {
    "type": "object",
    "properties": {
        "mac": {"type": "string"},
        "at": {"type": ["integer", "string"], "description": '1, "1.100", or the name of a remote'},
    },
    "required": ["mac", "at"],
    "additionalProperties": False,
}


def _array(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


_BRIDGES = Section(
    key=KEY,
    what="bridge domain",
    summary=(
        "a list of `{name, circuits: [{port, vlan, tag, segment}], remotes: [{name, source, unicast, flood, "
        "segments}], static: [{mac, at}], age, limit, arguments}`"
    ),
    tables=(DESTINATIONS, *REPLICAS, _SEGMENTS),
    number=_NUMBER,
    schema={
        "circuits": {**_array(_CIRCUIT), "minItems": 1},
        "remotes": _array(_REMOTE),
        "static": _array(_STATIC),
        "arguments": {
            "type": "object",
            "additionalProperties": {"type": "integer", "minimum": 1, "maximum": _MOST_ARGUMENT},
            "description": "by Ethernet segment, its Arg.FE2 in an End.DT2M with REPLACE-CSID",
        },
        "age": {
            "type": "integer",
            "minimum": 0,
            "maximum": _LONGEST_AGE,
            "description": "seconds after which an address that is not seen is forgotten (300); 0: never",
        },
        "limit": {
            "type": "integer",
            "minimum": 0,
            "maximum": _MOST_ADDRESSES,
            "description": "of learned addresses (8192)",
        },
    },
    read=_read,
    entries=_entries,
    rows=_rows,
    columns=("bridge", "port", "vlan", "remote", "source", "unicast", "flood", "addresses"),
    command="bridge",
    usage="circuit P[.V] [tag keep|pop|VID] [segment S] ...",
    words=_words,
    required=("circuits",),
    size=_MOST_DOMAINS + 1,
    copies=_copies,
)


@dataclass(frozen=True)
class _OfBridge(Item):
    """The domain, and the group that its frames from remotes go to."""

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {**super().parameters, "multicast_group": _group}


def _group(name: str, binder: Binder) -> Number:
    return _flooding(binder.number(KEY, name), binder.item(KEY, name), 0)


@dataclass(frozen=True)
class _Exclude(Operand):
    """The Ethernet segment that the Arg.FE2 of the SID stands for: its circuits get no copy (RFC 8986 4.12).

    A SID of each argument is a longer prefix of the same End.DT2M; one without ``exclude`` takes every other argument.
    """

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {"multicast_group": _group_without}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        segment = item.get(self.key)
        if segment is not None:
            segment = with_path(self.key, values.name, segment, "Ethernet segment")
        return {self.key: (str(item.get("bridge")), segment)}

    def text(self, value: Any, names: Names) -> str:
        place = value & _LAST_PLACE
        return f"without segment {_LAST_PLACE - place}" if place else ""


def _group_without(value: tuple[str, str | None], binder: Binder) -> Number:
    bridge, segment = value
    found = binder.item(KEY, bridge)
    return _flooding(binder.number(KEY, bridge), found, found.group_of(segment))


_EXCLUDE = _Exclude("exclude", "[`exclude`] (an Ethernet segment)", "[exclude SEGMENT]")
_DOMAIN = item("bridge", _BRIDGES, _NUMBER)
BRIDGE = _OfBridge("bridge", f"`bridge` (an item of `{KEY}`)", "bridge NAME", _BRIDGES, _NUMBER)

ENDPOINTS = (
    Endpoint(
        "End.DT2U",
        action="end_dt2u",
        operands=(BRIDGE,),
        code_points=(23,),
        spec="RFC 8986 4.11",
        aliases=("uDT2U",),
        takes=("ethernet",),
        label="decapsulates",
        sections=(_BRIDGES,),
    ),
    Endpoint(
        "End.DT2M",
        action="end_dt2m",
        operands=(_DOMAIN, _EXCLUDE),
        code_points=(24,),
        spec="RFC 8986 4.12",
        aliases=("uDT2M",),
        takes=("ethernet",),
        label="decapsulates",
        sections=(_BRIDGES,),
    ),
)
