# SPDX-License-Identifier: Apache-2.0
"""Candidate paths in the rows of ``srv6 policy show``: which is active, and why the others are not.

The switch has the segment lists of active paths only; the others are those of the node file, and so are color,
endpoint, preference and binding SIDs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from srv6cp.model import InterfaceId

if TYPE_CHECKING:
    from srv6cp.compile import Compilation, PolicyUse
    from srv6cp.compile.paths import Identity, PathState
    from srv6cp.model import CandidatePath, IPAddress, Node
    from srv6cp.p4rt import Action, Client

_Neighbor = tuple[InterfaceId, "IPAddress"]


def uses_now(client: Client, node: Node, rows: Sequence[Mapping[str, Any]]) -> tuple[PolicyUse, ...]:
    """The policies as they are now: with the ports that are down, and the neighbours that the switch sends to.
    ``rows`` are the segment lists on the switch."""
    from srv6cp.compile import NotInProgram, compile_state
    from srv6cp.sync.numbers import numbers_of

    info = client.p4info
    try:
        ids = numbers_of(client, info)
        whole = compile_state(node, info, ids=ids)
        neighbors, silent = _neighbors(client, whole)
        up = client.port_states() or {}
        down = {port for port, is_up in up.items() if not is_up}
        if not up:  # a static neighbour that the switch does not send to is behind a port that is down
            static = {(each.interface, each.address) for each in node.neighbors}
            down = {interface.port for interface, address in static & silent}
        return compile_state(node, info, neighbors, ids, down, installed=_installed(whole, rows)).policies
    except NotInProgram:
        return ()


def _neighbors(client: Client, whole: Compilation) -> tuple[dict[_Neighbor, str], set[_Neighbor]]:
    """MAC addresses by neighbour that next hops on the switch lead to, and those that are still looked for."""
    from srv6cp.compile import tables
    from srv6cp.p4rt import Action, ActionSet, TableEntry

    groups: dict[Any, list[Action]] = {}
    alone: dict[Any, Action] = {}
    for entry in client.read([TableEntry(tables.NEXTHOP_GROUP), TableEntry(tables.NEXTHOP)]):
        if not isinstance(entry, TableEntry):
            continue
        if isinstance(entry.action, ActionSet):
            groups[entry.match["nexthop_group_id"]] = [each.action for each in entry.action.actions]
        elif isinstance(entry.action, Action):
            alone[entry.match["nexthop_id"]] = entry.action
    found: dict[_Neighbor, str] = {}
    silent: set[_Neighbor] = set()
    for number, all_targets in whole.targets.items():
        targets = [(interface, address) for interface, address in all_targets if address is not None]
        action = alone.get(number)
        members = groups.get(action.params.get("nexthop_group_id"), [action]) if action is not None else []
        sent = [each.params for each in members if each.name == "set_adjacency"]
        macs = {
            InterfaceId(int(str(each["egress_port"])), int(str(each["vlan_id"]))): str(each["dst_mac"]) for each in sent
        }
        for target in targets:
            if target[0] in macs:
                found[target] = macs[target[0]]
            else:
                silent.add(target)
    return found, silent - found.keys()


def _installed(whole: Compilation, rows: Sequence[Mapping[str, Any]]) -> dict[str, Identity]:
    """The candidate paths of policies that keep one whose lists the switch has."""
    on_switch: dict[int, set[tuple[str, ...]]] = {}
    for row in rows:
        on_switch.setdefault(row["id"], set()).add(tuple(row["segments"]))
    return {
        use.policy.name: path.identity
        for use in whole.policies
        if use.policy.keep_installed and use.service is None and on_switch.get(use.number)
        for path in use.policy.paths
        if on_switch[use.number] <= {tuple(map(str, entry.segments)) for entry in path.lists}
    }


def identity(use: PolicyUse | None, path: CandidatePath | None) -> dict[str, Any]:
    """What a row says of its policy and candidate path, by default the active one; nothing of one that the node file
    does not have."""
    path = path or (use.active if use else None)
    policy = use.policy if use else None
    bsids = [str(prefix).removesuffix("/128") for prefix in path.bsids] if path else []
    return {
        "color": policy.color if policy else None,
        "endpoint": str(policy.endpoint) if policy and policy.endpoint is not None else None,
        "path": path.label if path and policy and len(policy.paths) > 1 else None,
        "preference": path.preference if path and policy and len(policy.paths) > 1 else None,
        "bsids": bsids,
        "alerts": list(path.alerts) if path else [],
    }


def not_on_the_switch(uses: Iterable[PolicyUse]) -> Iterator[dict[str, Any]]:
    """Segment lists, and composite paths, that the switch has not, as the node file has them."""
    for use in uses:
        for state in use.paths:
            for entry, fault in zip(state.path.lists, state.faults, strict=True):
                if fault or not state.active:
                    behind = [use.service] if use.service else []
                    row = _row(
                        use, state, entry.weight, [str(segment) for segment in (*entry.segments, *behind)], fault
                    )
                    yield row | {"original": [*map(str, (*entry.original, *behind))] if entry.original else None}
            if state.path.constituents and not state.active:
                for each in state.path.constituents:
                    yield _row(use, state, each.weight, [f"policy {each.policy}"], "")


def _row(use: PolicyUse, state: PathState, weight: int, segments: list[str], fault: str) -> dict[str, Any]:
    if fault:
        reason = f"invalid: {fault}; {use.fate}"
    elif state.path.ineligible:
        reason = state.reason
    else:
        reason = f"not active: {state.reason.removeprefix('invalid: ')}"
    return {
        "policy": use.name,
        "mode": use.mode,
        "weight": weight,
        "spray": True if use.policy.spray else None,
        "segments": segments,
        "original": None,
        "via": None,
        "nexthop_id": None,
        "state": reason,
        "id": use.number,
        "packets": 0,
        "bytes": 0,
        "path": state.path,
    }
