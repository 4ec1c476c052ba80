# SPDX-License-Identifier: Apache-2.0
"""What a node asks of the program, checked before anything is compiled.

A program of another profile may lack it; the message names the place in the node file, what is missing, and the
profiles that have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from srv6cp.behaviours import REGISTRY
from srv6cp.compile import tables
from srv6cp.compile.capabilities import Capabilities, shipped
from srv6cp.compile.not_sids import NotSids
from srv6cp.compile.ports import URPF_INTERFACE
from srv6cp.compile.sids import NOT_A_SID
from srv6cp.compile.urpf import checks
from srv6cp.model import ICMPV6, USUAL_LIMITS, Node, RuleAction, TlvPolicy
from srv6cp.problems import ConfigError, Path, Problem


class Need(NamedTuple):
    """``what`` (in messages), where it is asked for, and the table and action that it takes."""

    what: str
    path: Path
    table: str
    action: str | None = None


class NotInProgram(ConfigError):
    """The node asks for what the loaded program lacks. One problem for each thing, at its first place."""


def check(node: Node, program: Capabilities) -> None:
    """Raise ``NotInProgram`` when the program lacks something that the node asks for."""
    missing: dict[str, Need] = {}
    for need in chain(needs(node), _of_nesting(node, program)):
        if not program.has(need.table, need.action):
            missing.setdefault(need.what, need)
    if missing:
        profiles = list(shipped())  # read once: there may be many problems
        profile = program.profile
        raise NotInProgram([_problem(node, profile, need, profiles) for need in missing.values()])


def needs(node: Node) -> Iterator[Need]:
    """Everything that a program may lack, what a reader looks for first coming first."""
    yield from _of_sids(node)
    for key, items in node.sections.items():
        section = next(each for each in REGISTRY.sections if each.key == key)
        if items:
            yield from (Need(key, (key,), table) for table in section.tables)
    yield from _of_policies(node)
    yield from _of_ports(node)
    yield from _of_routes(node)
    yield from _of_tlvs(node)
    if node.upper_layers != (ICMPV6,):
        yield Need("delivery of upper layers", ("upper-layer",), tables.UPPER_LAYER)
    if node.domain.sid_blocks:
        yield Need("the filter of SID blocks", ("sr-domain", "sid-block"), tables.SID_BLOCK)
    if node.domain.sources:
        yield Need("the filter of sources", ("sr-domain", "sources"), tables.SR_DOMAIN)
    if node.reassembly is not None:
        yield Need("reassembly at a SID", ("reassembly",), tables.UPPER_LAYER, "reassemble")
    for index in range(len(node.telemetry.traced))[:1]:
        yield Need("path tracing", ("telemetry", "path-tracing", index), tables.PATH_TRACING)
    for index in range(len(node.telemetry.flows))[:1]:
        yield Need("alternate marking", ("telemetry", "alternate-marking", index), tables.ALTERNATE_MARKING)
    if node.oam.enabled:
        yield Need("the O flag of RFC 9259", ("oam", "o-flag"), tables.O_FLAG)
    if node.limits.sid_visits != USUAL_LIMITS.sid_visits:
        yield Need("the limit of visits", ("limits", "sid-visits"), tables.SID_VISIT_LIMIT)


def _of_sids(node: Node) -> Iterator[Need]:
    seen: set[tuple[str, bool, bool]] = set()
    for index, sid in enumerate(node.sids):
        policy = node.policies.get(sid.operands.get("policy", ""))
        returns = policy is not None and policy.encap.returns_to_sid
        kind = (sid.behaviour, not sid.operands.get("via"), returns)
        if kind in seen:
            continue
        seen.add(kind)
        record = REGISTRY.programmed(sid.behaviour, sid.operands)
        action = record.returning if returns and record.returning else record.action
        yield Need(sid.behaviour, ("sids", index), tables.MY_SID, action)
        if record.binding_mode:
            headend = REGISTRY.headend(record.binding_mode)
            yield Need(sid.behaviour, ("sids", index), tables.POLICY, headend.action)


def _of_policies(node: Node) -> Iterator[Need]:
    for index, policy in enumerate(node.policies.values()):
        path = ("policies", index)
        headend = REGISTRY.headend(policy.encap.mode)
        yield Need(headend.name, path, tables.POLICY, headend.action)
        yield Need(headend.name, path, tables.FLOW_SEED)
        if policy.spray:
            yield Need("a policy that sprays", (*path, "spray"), tables.POLICY, "spray")
        pushed = max((len(each.segments) for each in policy.lists), default=1) - headend.reduced
        for chunk, table in enumerate(tables.SIDLISTS):
            if pushed > chunk * tables.SEGMENTS_PER_SIDLIST:
                yield Need(f"a segment list of {pushed} segments", path, table)
    for steering in node.prefix_steering:
        yield Need("steering by prefix", ("steering",), tables.ROUTES[steering.prefix.version], "steer")
    for index, route in enumerate(node.routes):
        if route.backup is not None:
            yield Need("a backup of a route", ("routes", index, "backup"), tables.ROUTES[route.prefix.version], "steer")
    for rule in node.classifiers:
        for version in (rule.version,) if rule.version else (6, 4):
            yield Need("steering by classifier", ("steering",), tables.CLASSIFIERS[version])
            if rule.action is not RuleAction.STEER:
                action = f"classify_{rule.action.value}"
                yield Need(
                    f"a classifier that may {rule.action.value}", ("steering",), tables.CLASSIFIERS[version], action
                )


def _of_ports(node: Node) -> Iterator[Need]:
    for port in node.ports.values():
        path: Path = ("ports", port.number)
        if port.is_l2:
            yield Need("a layer 2 port", path, tables.PORT, "set_l2_port")
        for interface in port.interfaces:
            if interface.id.vlan:
                path = (*path, "vlans", interface.id.vlan)
                yield Need("a VLAN interface", path, tables.VLAN)
            if interface.external:
                for table in tables.SOURCES.values():
                    yield Need("the filter of sources from outside", path, table)
            if checks(interface):
                for table in tables.URPF.values():
                    yield Need("reverse path forwarding", path, table)
                table = tables.VLAN if interface.id.vlan else tables.PORT
                yield Need("reverse path forwarding", path, table, URPF_INTERFACE)


def _of_routes(node: Node) -> Iterator[Need]:
    for index, route in enumerate(node.routes):
        if route.prefix.version == 4:
            yield Need("IPv4", ("routes", index), tables.ROUTES[4])
            break
    for port in node.ports.values():
        if any(address.version == 4 for each in port.interfaces for address in each.addresses):
            yield Need("IPv4", ("ports", port.number), tables.ROUTES[4])
            break
    for index, route in enumerate(node.routes):
        if len(route.nexthops) > 1:
            yield Need("a set of next hops", ("routes", index), tables.NEXTHOP_GROUP)
            yield Need("a set of next hops", ("routes", index), tables.NEXTHOP, "set_nexthop_group")
            break


def _of_tlvs(node: Node) -> Iterator[Need]:
    for index, sid in enumerate(node.sids):
        if sid.tlv is not None:
            yield Need("processing of TLVs", ("sids", index), tables.TLV_SID)
            break
    for interface in node.interfaces():
        if interface.tlv is not TlvPolicy.OFF:
            yield Need("processing of TLVs", ("ports", interface.id.port), tables.TLV_INTERFACE)
            break
    for index, policy in enumerate(node.policies.values()):
        if policy.encap.path_tracing is not None:
            yield Need("a source of path tracing", ("policies", index), tables.PATH_TRACING_POLICY)
            break
    for index, policy in enumerate(node.policies.values()):
        if policy.encap.hmac is not None:
            yield Need("an HMAC", ("policies", index), tables.HMAC_POLICY)
            break
    if node.hmac_keys:
        yield Need("an HMAC", ("hmac-keys",), tables.HMAC_INNER)


def _of_nesting(node: Node, program: Capabilities) -> Iterator[Need]:
    """A route inside a SID; looked for only where the program cannot have one, since that takes a while."""
    if not program.has(tables.MY_SID, NOT_A_SID):
        rows = [(node.vrfs[route.vrf], route.prefix) for route in node.routes]
        inside = NotSids(node, rows, lambda _row: True).due()
        for index, route in enumerate(node.routes):
            if (node.vrfs[route.vrf], route.prefix) in inside:
                yield Need("a route inside the prefix of a SID", ("routes", index), tables.MY_SID, NOT_A_SID)


def _problem(node: Node, profile: str, need: Need, profiles: list[tuple[str, Capabilities]]) -> Problem:
    others = [name for name, other in profiles if other.has(need.table, need.action)]
    have = f"profiles that have it: {', '.join(others)}" if others else "no profile here has it"
    message = f"{need.what} is not in the loaded program (profile {profile}); {have}"
    origin = node.origin
    return Problem(message, need.path, origin.file if origin else "", origin.line(need.path) if origin else 0)
