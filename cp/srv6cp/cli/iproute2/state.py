# SPDX-License-Identifier: Apache-2.0
"""What a switch holds, as the routes and neighbours of Linux.

The switch is the source. The node file, where there is one, says what its numbers stand for; without it ports stand
where addresses would.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from srv6cp.behaviours import REGISTRY, Endpoint
from srv6cp.cli import readback
from srv6cp.compile import NotInProgram, compile_state, tables
from srv6cp.model import DEFAULT_VRF, Flavour, InterfaceId, IPAddress, IPNetwork, NeighborKey, Node
from srv6cp.p4rt import Action, Client
from srv6cp.sync.numbers import numbers_of
from srv6cp.sync.program import Program
from srv6cp.sync.tables import Tables

if TYPE_CHECKING:
    from srv6cp.compile import Compilation

# How iproute2 calls the modes that it has under another name.
_MODES = {"insert": "inline", "insert.red": "inline.red"}
# Behaviours whose table iproute2 writes as `vrftable`.
# iproute2 prints these behind the flavour that they belong to.
_BEHIND_FLAVOURS = ("lblen", "nflen")
_VRFTABLE = ("End.DT6", "End.DT4", "End.DT46")


@dataclass(frozen=True)
class Hop:
    """One way out; ``encap`` are the attributes of an encapsulation as iproute2's JSON has them."""

    address: IPAddress | None = None
    dev: str | None = None
    weight: int = 1
    encap: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Route:
    """A route or SID, looked up in ``vrf``. ``kind`` is that of Linux, ``source`` the own address on its link."""

    prefix: IPNetwork
    vrf: str
    kind: str = "unicast"
    proto: str = "boot"
    hops: tuple[Hop, ...] = ()
    nhid: int | None = None
    source: IPAddress | None = None

    @property
    def in_table_local(self) -> bool:
        """True for what Linux keeps in its table local: what the router has made of itself, besides its links."""
        return self.proto == "kernel" and self.kind != "unicast" and self.vrf == DEFAULT_VRF


@dataclass(frozen=True)
class Neighbor:
    """A neighbour that is resolved."""

    key: NeighborKey
    mac: str
    state: str


@dataclass
class State:
    """Everything, routes in the order in which Linux lists them."""

    routes: list[Route] = field(default_factory=list)
    neighbors: list[Neighbor] = field(default_factory=list)


def read(client: Client, node: Node | None, stats: bool = False) -> State:
    """Read the switch; counters of SIDs with ``stats``. Raises what the client raises."""
    return _Reader(client, node, stats).state()


class _Reader:
    def __init__(self, client: Client, node: Node | None, stats: bool) -> None:
        self._client = client
        self._node = node
        self._stats = stats
        writer = Tables(client, Program.of_switch(client))
        compiled: Compilation | None = None
        try:
            self._learned = {key: mac.hex(":") for key, mac in writer.recover(node).items()}
            if node is not None:
                learned = {(key.interface, key.address): mac for key, mac in self._learned.items()}
                compiled = compile_state(node, client.p4info, learned, numbers_of(client, client.p4info))
        except NotInProgram:  # the program has not all that the node needs
            self._learned = {}
        self._targets = compiled.targets if compiled else {}
        self._names = readback.Names(node, compiled)
        self._adjacencies = self._read_adjacencies()
        self._policies = self._read_policies()
        self._configured = {(route.vrf, route.prefix): route for route in node.routes} if node else {}
        self._asked = set(self._configured)
        self._asked |= {(each.vrf, each.prefix) for each in node.prefix_steering} if node else set()
        self._sid_prefixes: set[tuple[str, IPNetwork]] = set()

    def state(self) -> State:
        routes = [*self._sids(), *self._routes()]
        routes.sort(key=lambda route: (route.vrf != DEFAULT_VRF, route.vrf, route.prefix.version, route.prefix))
        return State(routes, self._neighbors())

    def _neighbors(self) -> list[Neighbor]:
        static = self._node.neighbors if self._node else ()
        permanent = {NeighborKey(each.interface, each.address): each.mac for each in static}
        found = {key: Neighbor(key, mac, "REACHABLE") for key, mac in self._learned.items()}
        found |= {key: Neighbor(key, mac, "PERMANENT") for key, mac in permanent.items()}
        return sorted(found.values(), key=lambda each: (each.key.address.version, each.key.address, each.key.interface))

    def _vrf(self, number: Any) -> str:
        """The VRF's name; its number, as a table of Linux, where no node file says one."""
        return self._names.vrf(number).removeprefix("#")

    # --- routes -------------------------------------------------------------------------------------------

    def _routes(self) -> Iterator[Route]:
        for version, table in tables.ROUTES.items():
            for entry in readback.entries(self._client, table):
                prefix = entry.match[f"ipv{version}_dst"]
                if isinstance(entry.action, Action):
                    network = ip_network(str(prefix))
                    vrf = self._vrf(entry.match["vrf_id"])
                    route = self._route(network, vrf, entry.action.name, entry.action.params)
                    if route is not None:
                        yield route

    def _route(self, prefix: IPNetwork, vrf: str, action: str, params: Mapping[str, Any]) -> Route | None:
        """The route that an entry is; None for what Linux has no route for: neighbours."""
        if action == "blackhole":
            asked = (vrf, prefix) in self._asked or self._node is None
            return Route(prefix, vrf, "blackhole", "boot" if asked else "kernel")
        if action == "local_sid":
            # A locator: what no SID in it takes goes nowhere.
            return None if (vrf, prefix) in self._sid_prefixes else Route(prefix, vrf, "unreachable", "kernel")
        if action == "local":
            return Route(prefix, vrf, "local", "kernel", (Hop(dev=self._owner(vrf, prefix)),))
        if action == "steer":
            return Route(prefix, vrf, hops=self._policies.get(int(params["policy_id"]), (Hop(),)))
        if action != "set_nexthop":
            return None
        number = int(params["nexthop_id"])
        configured = self._configured.get((vrf, prefix))
        if configured is not None and configured.nexthops:
            hops = tuple(Hop(hop.address, str(hop.interface), hop.weight) for hop in configured.nexthops)
            return Route(prefix, vrf, hops=hops, nhid=configured.nhid)
        hops = self._hops(number)
        if prefix.prefixlen == prefix.max_prefixlen and all(
            hop.address in (None, prefix.network_address) for hop in hops
        ):
            return None  # a neighbour
        connected = self._connected(vrf, prefix)
        if connected is not None:
            source = connected[1] if prefix.version == 4 else None
            return Route(prefix, vrf, "unicast", "kernel", (Hop(dev=str(connected[0])),), source=source)
        return Route(prefix, vrf, hops=hops)

    def _hops(self, number: int) -> tuple[Hop, ...]:
        targets = self._targets.get(number)
        if targets is not None:
            return tuple(Hop(address, str(interface)) for interface, address in targets)
        return self._adjacencies.get(number, (Hop(),))

    def _connected(self, vrf: str, prefix: IPNetwork) -> tuple[InterfaceId, IPAddress] | None:
        for interface in self._node.interfaces() if self._node else ():
            for address in interface.addresses:
                if interface.vrf == vrf and address.network == prefix:
                    return interface.id, address.ip
        return None

    def _owner(self, vrf: str, prefix: IPNetwork) -> str:
        for interface in self._node.interfaces() if self._node else ():
            if interface.vrf == vrf and any(address.ip == prefix.network_address for address in interface.addresses):
                return str(interface.id)
        return "lo"

    def _read_adjacencies(self) -> dict[int, tuple[Hop, ...]]:
        """Where next hops lead that the node file does not know: the port."""
        found: dict[int, tuple[Hop, ...]] = {}
        for entry in readback.entries(self._client, tables.NEXTHOP):
            params = entry.action.params if isinstance(entry.action, Action) else {}
            if "egress_port" in params:
                place = InterfaceId(int(params["egress_port"]), int(params.get("vlan_id", 0)))
                found[int(str(entry.match["nexthop_id"]))] = (Hop(dev=str(place)),)
        return found

    def _read_policies(self) -> dict[int, tuple[Hop, ...]]:
        """Segment lists of each policy, as next hops with an encapsulation."""
        found: dict[int, list[Hop]] = {}
        for row in readback.policy_rows(self._client, self._names):
            if row["nexthop_id"] is None:
                continue  # not on the switch: it leads nowhere
            encap = {
                "encap": "seg6",
                "mode": _MODES.get(row["mode"], row["mode"]),
                **self._source(row["policy"]),
                "segs": row["segments"],
            }
            dev = next((hop.dev for hop in self._hops(row["nexthop_id"])), None)
            found.setdefault(row["id"], []).append(Hop(None, dev, row["weight"], encap))
        return {number: tuple(hops) for number, hops in found.items()}

    def _source(self, name: str) -> dict[str, str]:
        policy = self._node.policies.get(name) if self._node else None
        if policy is None:
            return {}
        source = {"tunsrc": str(policy.encap.source)} if policy.encap.source else {}
        return source | ({"hmac": f"{policy.encap.hmac:X}"} if policy.encap.hmac else {})

    # --- SIDs ---------------------------------------------------------------------------------------------

    def _sids(self) -> Iterator[Route]:
        counts = self._counters()
        for entry in readback.entries(self._client, tables.MY_SID):
            action = entry.action
            record = REGISTRY.by_action(action.name) if isinstance(action, Action) else None
            if not isinstance(action, Action) or record is None:
                continue
            encap: dict[str, Any] = {"encap": "seg6local", "action": record.behaviour}
            hop = self._operands(record, action.params, encap)
            if self._stats:
                key = self._vrf(entry.match["vrf_id"]), str(entry.match["ipv6_dst"])
                encap["stats64"] = counts.get(key, {})
            flavours = record.flavour_names(Flavour(int(action.params.get("flavors", 0))))
            if flavours:
                encap["flavors"] = list(flavours)
            encap |= {key: encap.pop(key) for key in _BEHIND_FLAVOURS if key in encap}
            prefix = ip_network(str(entry.match["ipv6_dst"]))
            vrf = self._vrf(entry.match["vrf_id"])
            self._sid_prefixes.add((vrf, prefix))
            yield Route(prefix, vrf, hops=(Hop(None, hop, 1, encap),))

    def _operands(self, record: Endpoint, params: Mapping[str, Any], encap: dict[str, Any]) -> str | None:
        """Put the operands into ``encap``; the port of the next hop."""
        dev = None
        for operand in record.operands:
            name = next(iter(operand.parameters))
            if name not in params:
                continue
            value = params[name]
            if name == "nexthop_id":
                hops = self._hops(int(value))
                dev = hops[0].dev
                for hop in hops:
                    if hop.address is not None:
                        encap.setdefault(f"nh{hop.address.version}", str(hop.address))
            elif name == "vrf_id":
                vrf = self._vrf(value)
                word = "vrftable" if record.name in _VRFTABLE else "table"
                encap[word] = "main" if vrf == DEFAULT_VRF else vrf
            elif name == "egress_port":
                encap["oif"] = str(value)
            elif name == "policy_id":
                hops = self._policies.get(int(value), ())
                encap["srh"] = {"segs": hops[0].encap["segs"] if hops and hops[0].encap else []}
            elif text := operand.told(params, self._names):
                encap[operand.key] = text
        return dev

    def _counters(self) -> dict[tuple[str, str], dict[str, int]]:
        if not self._stats:
            return {}
        return {
            (row["in_vrf"], row["sid"]): {key: row[key] for key in ("packets", "bytes", "errors")}
            for row in readback.sid_rows(self._client, self._names)
        }


def longest(routes: Iterable[Route], vrf: str, address: IPAddress) -> Route | None:
    """The route that a packet to ``address`` takes; a SID before a route of the same length."""
    matching = [
        route
        for route in routes
        if route.vrf == vrf and route.prefix.version == address.version and address in route.prefix
    ]
    return max(matching, key=lambda route: (route.prefix.prefixlen, _is_sid(route)), default=None)


def _is_sid(route: Route) -> bool:
    return any(hop.encap and hop.encap["encap"] == "seg6local" for hop in route.hops)
