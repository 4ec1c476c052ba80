# SPDX-License-Identifier: Apache-2.0
"""Prefix steering and the classifier tables.

A policy without a valid list (HE-16): the traffic follows ordinary forwarding, or with
``drop_when_invalid`` is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from srv6cp.compile import tables
from srv6cp.compile.policies import Policies, PolicyUse
from srv6cp.compile.routes import BLACKHOLE, Routes
from srv6cp.compile.srh_match import srh_matches
from srv6cp.model import ClassifierRule, Interface, IPNetwork, Node, RuleAction
from srv6cp.p4rt.entities import Action, MatchValue, TableEntry, Ternary

# Priorities of the switch: the configured one, then the order of the rules that share it.
RULES_PER_PRIORITY = 1024
_ACTIONS = {
    RuleAction.STEER: Action("no_steering"),
    RuleAction.DROP: Action("classify_drop"),
    RuleAction.COUNT: Action("classify_count"),
}


class Classifier:
    """The classifier rules that are in force."""

    def __init__(self, node: Node, policies: Policies) -> None:
        self._node = node
        self._rules: list[tuple[ClassifierRule, int, Action]] = []
        rank: dict[int, int] = {}
        for rule in node.classifiers:
            position = rank[rule.priority] = rank.get(rule.priority, -1) + 1
            action = _ACTIONS[rule.action]
            if rule.policy is not None:
                number = policy_number(policies.use(rule.policy))
                if not number:
                    continue
                action = Action("classify_steer", {"policy_id": number})
            priority = rule.priority * RULES_PER_PRIORITY + RULES_PER_PRIORITY - 1 - position
            self._rules.append((rule, priority, action))

    def concerns(self, interface: Interface) -> bool:
        """True when a rule can match packets from this interface."""
        return any(
            rule.port in (None, interface.id.port) and rule.vrf in (None, interface.vrf) for rule, _, _ in self._rules
        )

    def entities(self) -> Iterator[TableEntry]:
        """All entries of both tables."""
        for rule, priority, action in self._rules:
            for version in (rule.version,) if rule.version else (6, 4):
                match = self._match(rule, version)
                for srh in srh_matches(rule.srh):
                    yield TableEntry(tables.CLASSIFIERS[version], {**match, **srh}, action, priority)

    def _match(self, rule: ClassifierRule, version: int) -> dict[str, MatchValue]:
        fields: list[tuple[str, int, int | None]] = [
            ("vrf_id", 0xFFFF, None if rule.vrf is None else self._node.vrfs[rule.vrf]),
            ("ingress_port", 0x1FF, rule.port),
            ("next_header" if version == 6 else "protocol", 0xFF, rule.protocol),
            ("traffic_class", 0xFF, rule.traffic_class),
            ("l4_src_port", 0xFFFF, rule.src_port),
            ("l4_dst_port", 0xFFFF, rule.dst_port),
        ]
        match: dict[str, MatchValue] = {name: Ternary(value, mask) for name, mask, value in fields if value is not None}
        for name, prefix in ((f"ipv{version}_src", rule.src), (f"ipv{version}_dst", rule.dst)):
            if prefix is not None and prefix.prefixlen:
                match[name] = _ternary(prefix)
        if rule.dscp is not None:
            match["traffic_class"] = Ternary(rule.dscp << 2, 0xFC)
        return match


def steer_prefixes(node: Node, policies: Policies, routes: Routes) -> None:
    """Put the steered prefixes into the routing tables."""
    for steering in node.prefix_steering:
        for name, service in reversed(steering.entrances):  # of those in force the last one counts
            use = policies.use(name, service=service)
            if use.policy.drop_when_invalid:
                routes.steer(steering.vrf, steering.prefix, BLACKHOLE)
            action = Action("steer", {"policy_id": use.number})
            routes.steer(steering.vrf, steering.prefix, action, policies.condition(name))


def back_up_routes(node: Node, policies: Policies, routes: Routes) -> None:
    """Put the policies that stand in for routes whose ports are down below these."""
    for route in node.routes:
        if route.backup is not None:
            action = Action("steer", {"policy_id": policies.use(route.backup).number})
            routes.back_up(route.vrf, route.prefix, action, policies.condition(route.backup))


def policy_number(use: PolicyUse) -> int:
    """Number to steer to, 0 for none. A number without an entry drops the packet (POLICY_INVALID)."""
    return use.number if use.valid or use.policy.drop_when_invalid else 0


def _ternary(prefix: IPNetwork) -> Ternary:
    address: IPv4Address | IPv6Address = prefix.network_address
    return Ternary(address, prefix.netmask)
