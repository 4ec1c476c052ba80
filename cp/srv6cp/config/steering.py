# SPDX-License-Identifier: Apache-2.0
"""``steering``: what goes into which policy. Also checks that policy and traffic fit each other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from srv6cp import values
from srv6cp.behaviours import REGISTRY
from srv6cp.config.context import Context
from srv6cp.model import (
    DEFAULT_VRF,
    ClassifierRule,
    InterfaceId,
    IPNetwork,
    Policy,
    Port,
    PrefixSteering,
    Range,
    RuleAction,
    SrhMatch,
)
from srv6cp.problems import Fields, InvalidError, Problem, UnknowableError, with_path

PREFIX_KEYS = frozenset(("prefix", "vrf", "policy"))
PORT_KEYS = frozenset(("port", "policy"))
CLASSIFIER_KEYS = frozenset(("match", "priority", "policy", "action"))
SRH_KEYS = frozenset(
    ("srh", "srh-next-header", "srh-length", "srh-segments-left", "srh-last-entry", "srh-tag", "srh-next-segment")
)
MATCH_KEYS = SRH_KEYS | frozenset(
    ("src", "dst", "protocol", "src-port", "dst-port", "traffic-class", "dscp", "port", "vrf")
)
ACTIONS = tuple(action.value for action in RuleAction)
# RFC 2474 4.2.2, 2597 6, 3246, 5865.
DSCPS = {
    **{f"cs{number}": number << 3 for number in range(8)},
    **{f"af{band}{drop}": band << 3 | drop << 1 for band in range(1, 5) for drop in range(1, 4)},
    "ef": 46,
    "va": 44,
    "default": 0,
}
_RANGE = re.compile(r"(?P<sign>[<>]?)(?P<low>[0-9]{1,3})(?:-(?P<high>[0-9]{1,3}))?")
MAX_PRIORITY = 16383
DEFAULT_PRIORITY = 100
_MAX_RULES_PER_PRIORITY = 1024


class Steering:
    """What ``read_steering`` found; port steering has been put into the ports."""

    def __init__(self) -> None:
        self.prefixes: list[PrefixSteering] = []
        self.rules: list[ClassifierRule] = []


def read_steering(value: Any, policies: Mapping[str, Policy], context: Context) -> Steering:
    """Read all three kinds; a policy that is declared but wrong is not complained about again."""
    result = Steering()
    seen = set()
    with context.at("steering"):
        for index, item in enumerate(values.listing(value, "steering")):
            with context.at("steering", index):
                item = values.mapping(item, "a steering rule")
                if "prefix" in item:
                    steering = _read_prefix(item, policies, context)
                    key = (steering.vrf, steering.prefix)
                    if key in seen:
                        raise InvalidError(f"{steering.prefix} in VRF {steering.vrf} is steered twice", "prefix")
                    seen.add(key)
                    result.prefixes.append(steering)
                elif "match" in item:
                    result.rules.append(_read_rule(item, policies, context))
                elif "port" in item:
                    _read_port(item, context)
                else:
                    values.check_keys(item, PREFIX_KEYS | PORT_KEYS | CLASSIFIER_KEYS)
                    raise InvalidError("a steering rule needs one of 'prefix', 'port' and 'match'")
    _check_ports(policies, context)
    _check_priorities(result.rules, context)
    return result


def _policy(item: dict[Any, Any], context: Context) -> str:
    if item.get("policy") is None:
        raise InvalidError("'policy' is missing")
    return str(with_path("policy", values.reference, item["policy"], context.policy_names, "policy"))


def _check_family(policy: Policy | None, version: int | None) -> None:
    if policy is None:
        return
    headend = REGISTRY.headend(policy.encap.mode)
    if headend.layer2:
        raise InvalidError(
            f"policy {policy.name!r} is for frames ({headend.mode}); packets need encap or insert", "policy"
        )
    if headend.inserts and version == 4:
        raise InvalidError(
            f"policy {policy.name!r} inserts an SRH, which IPv4 packets cannot carry; use encap", "policy"
        )


def _read_prefix(item: dict[Any, Any], policies: Mapping[str, Policy], context: Context) -> PrefixSteering:
    fields = Fields(item)
    with fields.at():
        values.check_keys(item, PREFIX_KEYS, ("prefix",))
    prefix = fields.read("prefix", _steered_prefix)
    policy, vrf = "", DEFAULT_VRF
    with fields.at():
        policy = _policy(item, context)
    with fields.at():
        vrf = context.vrf(item)
    fields.finish()
    _check_family(policies.get(policy), prefix.version)
    return PrefixSteering(prefix, policy, vrf)


def _steered_prefix(value: Any) -> IPNetwork:
    prefix = values.ip_prefix(value)
    kind = values.not_forwarded(prefix)
    if kind is not None:
        raise InvalidError(f"{prefix} is {kind} and is not forwarded")
    return prefix


def _read_port(item: dict[Any, Any], context: Context) -> None:
    fields = Fields(item)
    with fields.at():
        values.check_keys(item, PORT_KEYS, ("port",))
    identity = fields.read("port", values.interface_id)
    policy = ""
    with fields.at():
        policy = _policy(item, context)
    fields.finish()
    port = context.ports.get(identity.port)
    if port is not None and port.is_l2 and not identity.vlan:
        if port.policy not in (None, policy):
            raise InvalidError(f"port {identity} already has policy {port.policy!r}", "policy")
        context.ports[port.number] = replace(port, policy=policy)
        return
    interface = with_path("port", context.interface, item["port"])
    if interface.policy not in (None, policy):
        raise InvalidError(f"port {identity} already has policy {interface.policy!r}", "policy")
    assert port is not None
    interfaces = tuple(replace(each, policy=policy) if each.id == identity else each for each in port.interfaces)
    context.ports[port.number] = replace(port, interfaces=interfaces)
    context.interfaces.update((each.id, each) for each in interfaces)


def _read_rule(item: dict[Any, Any], policies: Mapping[str, Policy], context: Context) -> ClassifierRule:
    fields = Fields(item)
    with fields.at():
        values.check_keys(item, CLASSIFIER_KEYS)
    name = None
    action = fields.read("action", _read_action, default=RuleAction.STEER)
    with fields.at():
        if "policy" not in item and action is RuleAction.STEER:
            raise InvalidError("'policy' is missing (a name, or null for no steering)")
        if "policy" in item and action is not RuleAction.STEER:
            raise InvalidError(f"what a rule drops or counts enters no policy: leave out 'policy' or {action.value!r}")
        name = None if item.get("policy") is None else _policy(item, context)
    with fields.at("match"):
        match = _read_match(item["match"], context)
    priority = fields.read("priority", values.integer, "priority", 1, MAX_PRIORITY, default=DEFAULT_PRIORITY)
    fields.finish()
    policy = policies.get(name) if name else None
    _check_family(policy, match["version"])
    if policy is not None and REGISTRY.headend(policy.encap.mode).inserts:
        match["version"] = 6
    return ClassifierRule(name, priority, action=action, **match)


def _read_action(value: Any) -> RuleAction:
    return RuleAction(values.choice(value, ACTIONS, "action"))


def read_dscp(value: Any) -> int:
    """A differentiated services code point by number or name. Raises InvalidError."""
    if isinstance(value, str) and value.lower() in DSCPS:
        return DSCPS[value.lower()]
    try:
        return values.integer(value, "dscp", 0, 63)
    except InvalidError:
        raise InvalidError(f"dscp must be 0 to 63 or one of {', '.join(DSCPS)}, not {values.show(value)}") from None


def _read_srh(item: dict[Any, Any]) -> SrhMatch | None:
    """What is asked of an SRH; None when nothing is. ``srh: true`` asks for one."""
    if SRH_KEYS.isdisjoint(item):
        return None
    fields = Fields(item)
    if fields.read("srh", values.boolean, "srh", default=True) is False:
        with fields.at("srh"):
            raise InvalidError("only 'true' can be asked for")
    found = SrhMatch(
        fields.read("srh-next-header", values.protocol),
        fields.read("srh-length", _read_range, "srh-length"),
        fields.read("srh-segments-left", _read_range, "srh-segments-left"),
        fields.read("srh-last-entry", _read_range, "srh-last-entry"),
        fields.read("srh-tag", values.integer, "srh-tag", 0, 65535),
        fields.read("srh-next-segment", values.ipv6_prefix, "srh-next-segment"),
    )
    fields.finish()
    return found


def _read_range(value: Any, what: str) -> Range:
    """``3``, ``<3``, ``>3``, ``1-3``."""
    match = _RANGE.fullmatch(str(value).replace(" ", ""))
    found = Range(1, 0)
    if match is not None and not isinstance(value, bool):
        sign, low, high = match["sign"], int(match["low"]), int(match["high"] or match["low"])
        if sign and match["high"] is None:
            found = Range(0, low - 1) if sign == "<" else Range(low + 1, 255)
        elif not sign:
            found = Range(low, high)
    if not 0 <= found.low <= found.high <= 255:
        raise InvalidError(f"{what} must be a number from 0 to 255, <N, >N or N-M, not {values.show(value)}")
    return found


def _read_match(value: Any, context: Context) -> dict[str, Any]:
    item = values.mapping(value, "match")
    fields = Fields(item)
    with fields.at():
        values.check_keys(item, MATCH_KEYS)
    src, dst = fields.read("src", values.ip_prefix, "src"), fields.read("dst", values.ip_prefix, "dst")
    versions = {prefix.version for prefix in (src, dst) if prefix is not None}
    vrf = None
    with fields.at():
        if len(versions) > 1:
            raise InvalidError("src and dst are of different families")
    with fields.at():
        vrf = None if item.get("vrf") is None else context.vrf(item)
    srh = None
    with fields.at():
        srh = _read_srh(item)
    if srh is not None:
        versions.add(6)
    with fields.at():
        if srh is not None and 4 in versions:
            raise InvalidError("an SRH is matched in IPv6 packets only")
    with fields.at():
        if item.get("dscp") is not None and item.get("traffic-class") is not None:
            raise InvalidError("'dscp' is a part of 'traffic-class': give one of them", "dscp")
    match = {
        "version": min(versions, default=None),
        "vrf": vrf,
        "port": fields.read("port", _read_match_port, context),
        "src": src,
        "dst": dst,
        "protocol": fields.read("protocol", values.protocol),
        "traffic_class": fields.read("traffic-class", values.integer, "traffic-class", 0, 255),
        "src_port": fields.read("src-port", values.integer, "src-port", 0, 65535),
        "dst_port": fields.read("dst-port", values.integer, "dst-port", 0, 65535),
        "dscp": fields.read("dscp", read_dscp),
        "srh": srh,
    }
    fields.finish()
    return match


def _read_match_port(value: Any, context: Context) -> int:
    identity = values.interface_id(value)
    if identity.vlan:
        raise InvalidError(f"a classifier matches ports, not VLANs; write {identity.port} and match the VLAN's vrf")
    if identity.port not in context.ports and context.uncertain:
        raise UnknowableError(f"port {identity} may be one with a mistake")
    if identity.port not in context.ports:
        valid = ", ".join(map(str, context.ports)) or "none is declared"
        raise InvalidError(f"unknown port {identity}; valid: {valid}")
    return identity.port


def _check_ports(policies: Mapping[str, Policy], context: Context) -> None:
    """A layer 2 port needs a policy that takes frames, a routed interface one that takes packets."""
    for port in context.ports.values():
        attached: list[tuple[InterfaceId, str | None]] = [(each.id, each.policy) for each in port.interfaces]
        if port.is_l2:
            attached = [(InterfaceId(port.number), port.policy)]
        for identity, name in attached:
            policy = policies.get(name) if name else None
            if policy is None or REGISTRY.headend(policy.encap.mode).layer2 == port.is_l2:
                continue
            mode = policy.encap.mode
            kind, needs = ("layer 2", "an l2encap") if port.is_l2 else ("routed", "an encap or insert")
            message = f"port {identity} is {kind} and needs {needs} policy; the mode of {name!r} is {mode}"
            context.problems.append(Problem(message, _port_path(port, identity)))


def _port_path(port: Port, identity: InterfaceId) -> tuple[str | int, ...]:
    vlan: tuple[str | int, ...] = ("vlans", identity.vlan) if identity.vlan else ()
    return ("ports", port.number, *vlan, "policy")


def _check_priorities(rules: list[ClassifierRule], context: Context) -> None:
    counts: dict[int, int] = {}
    for rule in rules:
        counts[rule.priority] = counts.get(rule.priority, 0) + 1
    for priority, count in counts.items():
        if count > _MAX_RULES_PER_PRIORITY:
            message = f"{count} rules have priority {priority}; at most {_MAX_RULES_PER_PRIORITY} may share one"
            context.problems.append(Problem(message, ("steering",)))
