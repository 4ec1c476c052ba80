# SPDX-License-Identifier: Apache-2.0
"""What a switch holds and has counted, in the words of the model.

The switch is the source; a node file, when there is one, turns its numbers back into names. Only the
counter cells that are asked for are read: the arrays have hundreds of thousands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Any, NamedTuple

from srv6cp.behaviours import REGISTRY, Endpoint, Entry, Section
from srv6cp.cli.candidatepaths import identity, not_on_the_switch, uses_now
from srv6cp.cli.srh_words import srh_words
from srv6cp.model import Flavour, InterfaceId
from srv6cp.values import protocol_name

if TYPE_CHECKING:
    from srv6cp.compile import Compilation
    from srv6cp.model import IPAddress, Node
    from srv6cp.p4rt import Client, DirectCounterEntry, TableEntry

_ETHERNET, _TAGGED = 14, 18
_CELLS_PER_READ = 5000
# Fields of the classifier tables, in the order of `steer add match`.
_RULE_KEYS = {
    **dict.fromkeys(("ipv6_src", "ipv4_src"), "src"),
    **dict.fromkeys(("ipv6_dst", "ipv4_dst"), "dst"),
    **dict.fromkeys(("next_header", "protocol"), "protocol"),
    "l4_src_port": "src-port",
    "l4_dst_port": "dst-port",
    "traffic_class": "traffic-class",
    "ingress_port": "port",
    "vrf_id": "vrf",
}


class Count(NamedTuple):
    """Packets, and bytes from the IP header on (CNT-1)."""

    packets: int = 0
    bytes: int = 0


class Names:
    """From the switch's numbers to the node file's names, and to the number itself where there is none."""

    def __init__(self, node: Node | None, compilation: Compilation | None) -> None:
        self.node = node
        self._vrfs = {number: name for name, number in node.vrfs.items()} if node else {0: "default"}
        self._policies = {use.number: use for use in compilation.policies} if compilation else {}
        routes = node.prefix_steering if node else ()
        self.colored = {(each.vrf, str(each.prefix)) for each in routes if each.instead or each.service}
        self._targets = compilation.targets if compilation else {}
        self._weights = compilation.weights if compilation else {}
        self._static = {(each.interface, each.address) for each in node.neighbors} if node else set()
        self._items = compilation.items if compilation else {}

    @classmethod
    def of(cls, node: Node | None, client: Client) -> Names:
        """Names of ``node`` as the program on the switch numbers them; fewer where it has not all that node needs."""
        from srv6cp.compile import NotInProgram, compile_state
        from srv6cp.sync.numbers import numbers_of

        if node is None:
            return cls(node, None)
        info = client.p4info
        try:
            return cls(node, compile_state(node, info, ids=numbers_of(client, info)))
        except NotInProgram:
            return cls(node, None)

    def vrf(self, number: Any) -> str:
        """Name of a VRF."""
        return self._vrfs.get(number, f"#{number}")

    def policy(self, number: Any) -> str:
        """Name of a policy."""
        use = self._policies.get(number)
        return use.name if use else f"#{number}"

    def original(self, number: Any, segments: Sequence[str]) -> list[str] | None:
        """The SIDs that a list of a policy on the switch was packed from; None when it was not, or nobody knows."""
        use = self._policies.get(number)
        behind = [str(use.service)] if use and use.service else []
        for entry in use.policy.lists if use else ():
            if entry.original and [*map(str, entry.segments), *behind] == list(segments):
                return [*map(str, entry.original), *behind]
        return None

    def packed_from(self, first_segment: int) -> tuple[str, ...]:
        """The SIDs of the packed list that begins with this element; none where no list does, or several."""
        found = {
            entry.original
            for use in self._policies.values()
            for entry in use.policy.lists
            if entry.original and int(entry.segments[0]) == first_segment
        }
        return tuple(map(str, found.pop())) if len(found) == 1 else ()

    def nexthop(self, number: Any) -> str:
        """``ADDRESS port P [weight N]``, several joined by commas."""
        hops = self._hops(number)
        return f"next hop #{number}" if hops is None else ", ".join(hops)

    def way(self, number: Any) -> str:
        """The words of ``route add`` for a next hop."""
        hops = self._hops(number)
        if hops is None:
            return f"via next hop #{number}"
        words = [hop if hop.startswith("port ") else f"via {hop}" for hop in hops]
        return words[0] if len(words) == 1 else " ".join(f"nexthop {each}" for each in words)

    def unused(self, number: Any, ports: Mapping[Any, set[Any]]) -> str | None:
        """Those of several next hops whose port is not among ``ports`` by number, in words; None when all are used."""
        targets = self._targets.get(number, ())
        if len(targets) < 2 or number not in ports:
            return None
        idle = [f"port {interface}" for interface, _ in targets if interface.port not in ports[number]]
        return ", ".join(dict.fromkeys(idle)) or None

    def _hops(self, number: Any) -> list[str] | None:
        targets = self._targets.get(number)
        if targets is None:
            return None
        weights = self._weights.get(number, (1,) * len(targets))
        return [
            " ".join(filter(None, (str(address or ""), f"port {interface}", f"weight {weight}" if weight > 1 else "")))
            for (interface, address), weight in zip(targets, weights, strict=True)
        ]

    def neighbor(self, number: Any) -> IPAddress | None:
        """The address of a next hop that is a single neighbour."""
        targets = self._targets.get(number, ())
        return targets[0][1] if len(targets) == 1 else None

    def neighbor_state(self, interface: InterfaceId, address: IPAddress) -> str | None:
        """``static`` or ``learned``; None where no node file tells."""
        if self.node is None:
            return None
        return "static" if (interface, address) in self._static else "learned"

    def item(self, section: str, number: Any) -> str:
        """Name of an item of a section that a record of a behaviour brings."""
        return self._items.get(section, {}).get(number, f"#{number}")

    def items(self, section: str) -> Mapping[str, Any]:
        """The items of such a section that the node file has, by name."""
        return self.node.sections.get(section, {}) if self.node else {}


def entries(client: Client, table: str) -> list[TableEntry]:
    """The entries of a table; none when the program on the switch has no such table."""
    from srv6cp.p4rt import TableEntry

    if table not in client.p4info.tables:
        return []
    return [entry for entry in client.read(TableEntry(table)) if isinstance(entry, TableEntry)]


def counters(client: Client, name: str, indices: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Cells of an indirect counter: index to (packets, bytes), as the switch counts them."""
    from srv6cp.p4rt import CounterEntry

    wanted = list(indices) if name in client.p4info.counters else []
    cells: dict[int, tuple[int, int]] = {}
    for start in range(0, len(wanted), _CELLS_PER_READ):
        patterns = [CounterEntry(name, index) for index in wanted[start : start + _CELLS_PER_READ]]
        for cell in client.read(patterns):
            if isinstance(cell, CounterEntry) and cell.index is not None:
                cells[cell.index] = (cell.packets, cell.bytes)
    return cells


def paired_counters(client: Client, name: str, numbers: Iterable[int]) -> dict[int, Count]:
    """Counters with a cell for untagged and one for tagged frames, without their Ethernet headers."""
    wanted = list(numbers)
    cells = counters(client, name, (2 * number + tagged for number in wanted for tagged in (0, 1)))
    result = {}
    for number in wanted:
        packets, size = cells.get(2 * number, (0, 0))
        tagged_packets, tagged_size = cells.get(2 * number + 1, (0, 0))
        payload = size - _ETHERNET * packets + tagged_size - _TAGGED * tagged_packets
        result[number] = Count(packets + tagged_packets, max(payload, 0))
    return result


def sid_rows(client: Client, names: Names) -> list[dict[str, Any]]:
    """One row a SID: what it does, and its counters."""
    from srv6cp.compile import tables
    from srv6cp.p4rt import Action

    rows = []
    indices = {}
    for entry in entries(client, tables.MY_SID):
        action = entry.action
        record = REGISTRY.by_action(action.name) if isinstance(action, Action) else None
        if not isinstance(action, Action) or record is None:
            continue
        row: dict[str, Any] = {
            "sid": str(entry.match["ipv6_dst"]),
            "behavior": record.behaviour,
            "flavors": list(record.flavour_names(Flavour(_int(action.params.get("flavors", 0))))),
            "operand": _operands(record, action.name, action.params, names),
            "in_vrf": names.vrf(entry.match["vrf_id"]),
        }
        indices[id(row)] = _int(action.params["sid_index"])
        rows.append(row)
    good = paired_counters(client, tables.SID_COUNTER, indices.values())
    bad = counters(client, tables.SID_ERROR_COUNTER, indices.values())
    for row in rows:
        index = indices[id(row)]
        row["packets"], row["bytes"] = good[index]
        row["errors"] = bad.get(index, (0, 0))[0]
        row["index"] = index
    return sorted(rows, key=lambda row: (row["in_vrf"], row["sid"]))


def policy_rows(client: Client, names: Names) -> list[dict[str, Any]]:
    """One row a segment list of each policy on the switch."""
    from srv6cp.compile import tables
    from srv6cp.p4rt import ActionSet

    lists = _sidlists(client)
    rows: list[dict[str, Any]] = []
    found = entries(client, tables.POLICY)
    sprayed = _sprayed(client, found)
    for entry in found:
        if not isinstance(entry.action, ActionSet):
            continue
        own = _int(entry.match["policy_id"])
        number = sprayed.get(own, own)
        for member in entry.action.actions:
            params, headend = member.action.params, REGISTRY.headend_by_action(member.action.name)
            if headend is None:
                continue
            pushed = lists.get(_int(params["sidlist_id"]), [])[::-1]
            path = pushed if not headend.reduced else [str(params["first_segment"]), *pushed]
            rows.append(
                {
                    "policy": names.policy(number),
                    "mode": headend.mode,
                    "weight": member.weight,
                    "segments": path,
                    "original": names.original(number, path),
                    "via": names.nexthop(params["nexthop_id"]),
                    "state": "valid",
                    "spray": True if own in sprayed else None,
                    "cell": own,
                    "nexthop_id": _int(params["nexthop_id"]),
                    "id": number,
                }
            )
    counts = paired_counters(client, tables.POLICY_COUNTER, {row["cell"] for row in rows})
    for row in rows:
        row["packets"], row["bytes"] = counts[row.pop("cell")]
    uses = uses_now(client, names.node, rows) if names.node and names.node.policies else ()
    rows += not_on_the_switch(uses)
    of = {use.number: use for use in uses}
    for row in rows:
        row |= identity(of.get(row["id"]), row.pop("path", None))
    return sorted(rows, key=lambda row: (row["policy"], row["mode"], row["state"] != "valid"))


def route_rows(client: Client, names: Names) -> list[dict[str, Any]]:
    """One row a prefix of the routing tables; ``unused`` are next hops of a set that the switch sends nothing to: their
    port is down, or the neighbour is not known."""
    from srv6cp.compile import tables
    from srv6cp.p4rt import Action

    ports = _ports_in_use(client)
    rows = []
    for version, table in tables.ROUTES.items():
        key = f"ipv{version}_dst"
        for entry in entries(client, table):
            if isinstance(entry.action, Action):
                way = _way(entry.action.name, entry.action.params, names)
                unused = names.unused(entry.action.params.get("nexthop_id"), ports)
                rows.append(
                    {
                        "prefix": str(entry.match[key]),
                        "vrf": names.vrf(entry.match["vrf_id"]),
                        "way": way,
                        "unused": unused,
                    }
                )
    return rows


def _ports_in_use(client: Client) -> dict[Any, set[Any]]:
    """Number of a next hop to the ports by which the switch sends packets for it."""
    from srv6cp.compile import tables
    from srv6cp.p4rt import Action, ActionSet

    groups = {
        entry.match["nexthop_group_id"]: {each.action.params.get("egress_port") for each in entry.action.actions}
        for entry in entries(client, tables.NEXTHOP_GROUP)
        if isinstance(entry.action, ActionSet)
    }
    found: dict[Any, set[Any]] = {}
    for entry in entries(client, tables.NEXTHOP):
        if isinstance(entry.action, Action):
            params = entry.action.params
            if entry.action.name == "set_adjacency":
                found[entry.match["nexthop_id"]] = {params["egress_port"]}
            elif entry.action.name == "set_nexthop_group":
                found[entry.match["nexthop_id"]] = groups.get(params["nexthop_group_id"], set())
    return found


def steer_rows(client: Client, names: Names) -> list[dict[str, Any]]:
    """One row a prefix, port and rule, in the words of ``steer add``; rules in the order in which they win."""
    from srv6cp.compile import tables
    from srv6cp.compile.steering import RULES_PER_PRIORITY
    from srv6cp.p4rt import Action

    rows: list[dict[str, Any]] = []
    for route in route_rows(client, names):
        if route["way"].startswith("policy ") and (route["vrf"], route["prefix"]) not in names.colored:
            rows.append({"traffic": route["prefix"], "vrf": route["vrf"], "policy": route["way"][len("policy ") :]})
    for entry in entries(client, "ingress_port_table") + entries(client, "ingress_vlan_table"):
        number = entry.action.params.get("policy_id") if isinstance(entry.action, Action) else None
        if number:
            vlan = f".{entry.match['vlan_id']}" if "vlan_id" in entry.match else ""
            rows.append({"traffic": f"port {entry.match['ingress_port']}{vlan}", "policy": names.policy(number)})
    # A rule has a priority of its own, and an entry or several in one table or both.
    rules: dict[int, list[TableEntry]] = {}
    packets: dict[int, int] = {}
    for table in tables.CLASSIFIERS.values():
        for entry in entries(client, table):
            rules.setdefault(entry.priority, []).append(entry)
        for cell in _cells(client, table):
            packets[cell.priority] = packets.get(cell.priority, 0) + cell.packets
    for priority, of in sorted(rules.items(), reverse=True):
        action = of[0].action
        assert isinstance(action, Action)
        verb = action.name.removeprefix("classify_")
        number = action.params.get("policy_id")
        rows.append(
            {
                "traffic": " ".join((*_rule(of[0], names), *srh_words([entry.match for entry in of]))),
                "priority": priority // RULES_PER_PRIORITY,
                "policy": names.policy(number) if number else "none" if verb == "no_steering" else None,
                "action": verb if verb in ("drop", "count") else None,
                "packets": packets.get(priority),
            }
        )
    return rows


def _cells(client: Client, table: str) -> Iterator[DirectCounterEntry]:
    """The direct counters of the entries of a table; nothing where it does not count."""
    from srv6cp.p4rt import DirectCounterEntry

    if any(counter.table == table for counter in client.p4info.direct_counters.values()):
        for cell in client.read(DirectCounterEntry(table)):
            if isinstance(cell, DirectCounterEntry) and not cell.is_default:
                yield cell


def _rule(entry: TableEntry, names: Names) -> list[str]:
    """``match KEY VALUE...``"""
    from srv6cp.p4rt import Ternary, render_match

    words = ["match"]
    for field, key in _RULE_KEYS.items():
        value = entry.match.get(field)
        if value is None or (field == "next_header" and "extension" in entry.match):
            continue
        if key == "traffic-class" and isinstance(value, Ternary) and _int(value.mask) == 0xFC:
            words += ["dscp", str(_int(value.value) >> 2)]
            continue
        words.append(key)
        if not isinstance(value, Ternary):
            words.append(render_match(value))
        elif key in ("src", "dst"):
            words.append(f"{value.value!s}/{_int(value.mask).bit_count()}")
        elif key == "vrf":
            words.append(names.vrf(value.value))
        elif key == "protocol":
            words.append(protocol_name(_int(value.value)))
        else:
            words.append(str(value.value))
    return words


def neighbor_rows(client: Client, names: Names) -> list[dict[str, Any]]:
    """One row a neighbour that next hops lead to; its address is known from the node file or from its host route."""
    from srv6cp.compile import tables
    from srv6cp.p4rt import Action

    hosts: dict[Any, Any] = {}
    for version, table in tables.ROUTES.items():
        for entry in entries(client, table):
            prefix = entry.match[f"ipv{version}_dst"]
            if (
                isinstance(entry.action, Action)
                and isinstance(prefix, (IPv4Network, IPv6Network))
                and prefix.num_addresses == 1
            ):
                hosts[entry.action.params.get("nexthop_id")] = prefix.network_address
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for entry in entries(client, tables.NEXTHOP):
        if isinstance(entry.action, Action) and entry.action.name == "set_adjacency":
            params: Mapping[str, Any] = entry.action.params
            interface = InterfaceId(params["egress_port"], params["vlan_id"])
            number = _int(entry.match["nexthop_id"])
            address = names.neighbor(number) or hosts.get(number)
            row = {
                "address": str(address) if address else None,
                "port": str(interface),
                "mac": str(params["dst_mac"]),
                "state": names.neighbor_state(interface, address) if address else None,
                "mtu": params["mtu"],
                "nexthop": number,
            }
            rows[row["address"], row["port"], row["mac"]] = row
    # A set of next hops with one that is resolved is an entry like this one's.
    known = {(row["port"], row["mac"]) for row in rows.values() if row["address"]}
    found = [row for row in rows.values() if row["address"] or (row["port"], row["mac"]) not in known]
    return sorted(found, key=lambda row: (row["port"], row["address"] or "~"))


def _way(action: str, params: Mapping[str, Any], names: Names) -> str:
    if action == "set_nexthop":
        return names.way(params["nexthop_id"])
    if action == "steer":
        return f"policy {names.policy(params['policy_id'])}"
    return action.replace("_", " ")


def section_rows(client: Client, section: Section, names: Names) -> list[dict[str, Any]]:
    """The rows of a section that a record of a behaviour brings."""
    from srv6cp.p4rt import Action

    found = []
    for table in (*section.tables, *section.shown):
        counts = {(frozenset(cell.match.items()), cell.priority): cell.packets for cell in _cells(client, table)}
        for entry in entries(client, table):
            if isinstance(entry.action, Action):
                packets = counts.get((frozenset(entry.match.items()), entry.priority))
                params = entry.action.params
                found.append(Entry(table, entry.match, entry.action.name, params, entry.priority, packets))
    if section.copies is not None:
        for group, replicas in _groups(client).items():
            found.append(Entry("", {"multicast_group": group}, "replicate", {"replicas": replicas}))
    return section.rows(found, names)


def _groups(client: Client) -> dict[int, tuple[int, ...]]:
    """Multicast groups of the switch: the numbers of their replicas."""
    from srv6cp.p4rt import MulticastGroup

    found = (each for each in client.read(MulticastGroup()) if isinstance(each, MulticastGroup))
    return {group.group_id: tuple(replica.instance for replica in group.replicas) for group in found}


def _sprayed(client: Client, spraying: Iterable[TableEntry]) -> dict[int, int]:
    """Numbers of the segment lists of policies that spray: what their copies enter, and the policy."""
    from srv6cp.compile import tables
    from srv6cp.p4rt import Action, ActionSet

    group_of: dict[int, int] = {}
    for entry in spraying:
        if isinstance(entry.action, ActionSet):
            for member in entry.action.actions:
                if "multicast_group" in member.action.params:
                    group_of[_int(member.action.params["multicast_group"])] = _int(entry.match["policy_id"])
    if not group_of:
        return {}
    enters: dict[int, int] = {}
    for entry in entries(client, tables.PACKET_COPY):
        if isinstance(entry.action, Action) and "policy_id" in entry.action.params:
            enters[_int(entry.match["replica_id"])] = _int(entry.action.params["policy_id"])
    groups = _groups(client)
    return {
        enters[replica]: policy
        for group, policy in group_of.items()
        for replica in groups.get(group, ())
        if replica in enters
    }


def service_rows(client: Client, section: Section, names: Names) -> list[dict[str, Any]]:
    """Services, with the headers that are cached for them: configured or learned."""
    from srv6cp.behaviours import proxy
    from srv6cp.p4rt import Action

    rows = section_rows(client, section, names)
    cached: dict[str, list[str]] = {}
    for entry in entries(client, proxy.CACHES):
        if isinstance(entry.action, Action):
            cache = int(str(entry.match["cache_id"]))
            number = cache if cache < 1 << proxy.SLOT_BITS else cache >> proxy.SLOT_BITS
            cached.setdefault(names.item(proxy.KEY, number), []).append(_headers(entry.action.params))
    for row in rows:
        row["cached"] = cached.get(row["service"], [])
    return rows


def _headers(params: Mapping[str, Any]) -> str:
    """``(SA,DA)(Sn..S1; SL=k)`` as RFC 8754 6.1 writes it."""
    text = f"({params['source_address']},{params['destination_address']})"
    if "segments_left" not in params:
        return text
    listed = ",".join(str(params[f"segment_list_{index}"]) for index in range(params["last_entry"] + 1))
    return f"{text}({listed}; SL={params['segments_left']})"


def _operands(record: Endpoint, action: str, params: Mapping[str, Any], names: Names) -> str | None:
    """The operands of a SID in the words of the command line."""
    words = []
    for operand in record.operands:
        text = operand.told(params, names)
        if text:
            words.append(f"{operand.key} {text}")
    if action == record.returning:
        words.append("return-to binding-sid")  # the policy's word, seen at the SID alone
    return " ".join(words) or None


def _sidlists(client: Client) -> dict[int, list[str]]:
    """Segment lists by number, in wire order."""
    from srv6cp.compile import tables
    from srv6cp.p4rt import Action

    lists: dict[int, list[str]] = {}
    for table in tables.SIDLISTS:
        for entry in entries(client, table):
            if isinstance(entry.action, Action):
                numbered = sorted((int(name.rsplit("_", 1)[1]), value) for name, value in entry.action.params.items())
                lists.setdefault(_int(entry.match["sidlist_id"]), []).extend(str(value) for _, value in numbered)
    return lists


def _int(value: Any) -> int:
    return int(value)
