# SPDX-License-Identifier: Apache-2.0
"""``policies``: segment lists and how their headers are built."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Any

from srv6cp import values
from srv6cp.behaviours import REGISTRY
from srv6cp.config.context import Context, check_weights, read_weight
from srv6cp.model import MAX_SEGMENTS, Encap, FlowLabel, Policy, SegmentList
from srv6cp.problems import InvalidError, with_path

POLICY_KEYS = frozenset(("name", "encap", "invalid", "segment-lists", "segments", "vrf"))
ENCAP_KEYS = frozenset(("mode", "source", "hop-limit", "traffic-class", "flow-label"))
LIST_KEYS = frozenset(("weight", "segments"))
INHERIT = "inherit"


def declare_policies(value: Any, context: Context) -> None:
    """Note the names, so that everything else can refer to them. Says nothing about what is wrong."""
    for item in value if isinstance(value, (list, tuple)) else ():
        if isinstance(item, dict) and item.get("name") is not None:
            context.policy_names.add(str(item["name"]))


def read_policies(value: Any, source: IPv6Address | None, context: Context) -> dict[str, Policy]:
    """Policies by name. ``source`` is the node's, for those that name none."""
    policies: dict[str, Policy] = {}
    with context.at("policies"):
        for index, item in enumerate(values.listing(value, "policies")):
            with context.at("policies", index):
                policy = _read_policy(values.mapping(item, "a policy"), context)
                if policy.name in policies:
                    raise InvalidError(f"policy {policy.name!r} is given twice", "name")
                if policy.encap.source is None and source is None and not REGISTRY.headend(policy.encap.mode).inserts:
                    raise InvalidError("no source address: give the node a 'source', or the policy encap.source")
                policies[policy.name] = policy
    return policies


def _read_policy(item: dict[Any, Any], context: Context) -> Policy:
    values.check_keys(item, POLICY_KEYS, ("name",))
    name = with_path("name", values.name, item["name"], "policy name")
    encap = with_path("encap", _read_encap, item.get("encap"), context.flow_label)
    invalid = with_path("invalid", values.choice, item.get("invalid", "forward"), ("forward", "drop"), "invalid")
    if ("segments" in item) == ("segment-lists" in item):
        raise InvalidError("a policy needs either 'segment-lists' or, for a single list, 'segments'")
    if "segments" in item:
        lists = [SegmentList(with_path("segments", _read_segments, item["segments"]))]
    else:
        lists = with_path("segment-lists", _read_lists, item["segment-lists"])
    return Policy(name, tuple(lists), encap, invalid == "drop", context.vrf(item))


def _read_lists(value: Any) -> list[SegmentList]:
    items = values.listing(value, "segment-lists")
    if not items:
        raise InvalidError("a policy needs at least one segment list")
    lists = []
    for index, item in enumerate(items):
        try:
            item = values.mapping(item, "a segment list")
            values.check_keys(item, LIST_KEYS, ("segments",))
            weight = with_path("weight", read_weight, item)
            lists.append(SegmentList(with_path("segments", _read_segments, item["segments"]), weight))
        except InvalidError as error:
            error.path = (index, *error.path)
            raise
    check_weights([segment_list.weight for segment_list in lists])
    return lists


def _read_segments(value: Any) -> tuple[IPv6Address, ...]:
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    items = values.listing(value, "segments")
    if not items:
        raise InvalidError(f"a segment list needs 1 to {MAX_SEGMENTS} segments")
    if len(items) > MAX_SEGMENTS:
        raise InvalidError(
            f"a segment list holds at most {MAX_SEGMENTS} segments, this one has {len(items)}", MAX_SEGMENTS
        )
    segments = []
    for index, text in enumerate(items):
        segment = with_path(index, values.ipv6_address, text, "a segment")
        if segment.is_multicast or segment.is_unspecified or segment.is_link_local:
            raise InvalidError(f"{segment} cannot be a segment: it is no routable unicast address", index)
        segments.append(segment)
    return tuple(segments)


def _read_encap(value: Any, flow_label: FlowLabel) -> Encap:
    if value is None:
        return Encap(flow_label=flow_label)
    if isinstance(value, str):
        value = {"mode": value}
    item = values.mapping(value, "encap")
    values.check_keys(item, ENCAP_KEYS)
    defaults = Encap()
    source = item.get("source")
    return Encap(
        with_path("mode", _read_mode, item["mode"]) if "mode" in item else defaults.mode,
        None if source is None else with_path("source", values.ipv6_address, source, "source"),
        with_path("hop-limit", _number_or_inherit, item.get("hop-limit", 64), "hop-limit", 1),
        with_path("traffic-class", _number_or_inherit, item.get("traffic-class", INHERIT), "traffic-class", 0),
        with_path("flow-label", _read_flow_label, item.get("flow-label", flow_label.value)),
    )


def _read_mode(value: Any) -> str:
    try:
        return REGISTRY.parse_headend(str(value)).mode
    except ValueError as error:
        raise InvalidError(str(error)) from None


def _number_or_inherit(value: Any, what: str, low: int) -> int | None:
    if value == INHERIT:
        return None
    try:
        return values.integer(value, what, low, 255)
    except InvalidError as error:
        raise InvalidError(error.message.replace(" to 255", " to 255, or inherit")) from None


def _read_flow_label(value: Any) -> FlowLabel:
    return FlowLabel(values.choice(value, tuple(label.value for label in FlowLabel), "flow-label"))
