# SPDX-License-Identifier: Apache-2.0
"""``policies``: segment lists and how their headers are built."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Any

from srv6cp import values
from srv6cp.behaviours import REGISTRY
from srv6cp.config.context import Context, check_weights, read_weight
from srv6cp.model import (
    DEFAULT_VRF,
    MAX_SEGMENTS,
    MAX_SOURCE_PREFIX,
    MAX_UPF_PREFIX,
    Encap,
    FlowLabel,
    Policy,
    SegmentList,
)
from srv6cp.problems import Fields, InvalidError, with_path

POLICY_KEYS = frozenset(("name", "encap", "invalid", "segment-lists", "segments", "vrf"))
ENCAP_KEYS = frozenset(("mode", "source", "hop-limit", "traffic-class", "flow-label", "return-to"))
#: Those of H.M.GTP4.D alone.
GTP_KEYS = frozenset(("upf-prefix-length", "source-prefix-length", "echo"))
ECHO = ("drop", "answer")
#: Where what End.B6.Insert inserts leads back to: the default, and the other.
RETURNS = ("next-segment", "binding-sid")
LIST_KEYS = frozenset(("weight", "segments"))
INHERIT = "inherit"


def declare_policies(value: Any, context: Context) -> None:
    """Note the names, so that everything else can refer to them. Says nothing about what is wrong."""
    for item in value if isinstance(value, (list, tuple)) else ():
        if isinstance(item, dict) and item.get("name") is not None:
            context.policy_names.add(str(item["name"]))


def read_policies(value: Any, has_source: bool, context: Context) -> dict[str, Policy]:
    """Policies by name. ``has_source``: the node has an address for those that name none."""
    policies: dict[str, Policy] = {}
    with context.at("policies"):
        for index, item in enumerate(values.listing(value, "policies")):
            with context.at("policies", index):
                policy = _read_policy(values.mapping(item, "a policy"), context)
                if policy.name in policies:
                    raise InvalidError(f"policy {policy.name!r} is given twice", "name")
                if policy.encap.source is None and not has_source and not REGISTRY.headend(policy.encap.mode).inserts:
                    raise InvalidError("no source address: give the node a 'source', or the policy encap.source")
                policies[policy.name] = policy
    return policies


def _read_policy(item: dict[Any, Any], context: Context) -> Policy:
    fields = Fields(item)
    with fields.at():
        values.check_keys(item, POLICY_KEYS, ("name",))
    name = fields.read("name", values.name, "policy name")
    encap = fields.read("encap", _read_encap, context.flow_label, default=Encap(flow_label=context.flow_label))
    invalid = fields.read("invalid", values.choice, ("forward", "drop"), "invalid")
    lists: list[SegmentList] = []
    with fields.at():
        if ("segments" in item) == ("segment-lists" in item):
            raise InvalidError("a policy needs either 'segment-lists' or, for a single list, 'segments'")
        if "segments" in item:
            lists = [SegmentList(with_path("segments", _read_segments, item["segments"]))]
        else:
            lists = with_path("segment-lists", _read_lists, item["segment-lists"])
    vrf = DEFAULT_VRF
    with fields.at():
        vrf = context.vrf(item)
    with fields.at():
        _check_prefixes(encap, lists)
    fields.finish()
    return Policy(name, tuple(lists), encap, invalid == "drop", vrf)


def _check_prefixes(encap: Encap, lists: list[SegmentList]) -> None:
    """What H.M.GTP4.D writes into addresses goes where they have zeros."""
    if not REGISTRY.headend(encap.mode).gtp:
        return
    ends = [(each.segments[-1], encap.upf_prefix, 72, "segment") for each in lists]
    if encap.source is not None:
        ends.append((encap.source, encap.source_prefix, 32, "source"))
    for address, length, written, what in ends:
        if int(address) >> 128 - length - written & (1 << written) - 1:
            raise InvalidError(
                f"{what} {address} has bits in the {written} behind its prefix of {length}, which are the packet's",
                "encap",
            )


def _read_lists(value: Any) -> list[SegmentList]:
    items = values.listing(value, "segment-lists")
    if not items:
        raise InvalidError("a policy needs at least one segment list")
    lists = []
    whole = Fields({})
    for index, item in enumerate(items):
        with whole.at(index):
            fields = Fields(values.mapping(item, "a segment list"))
            with fields.at():
                values.check_keys(item, LIST_KEYS, ("segments",))
            weight = fields.read("weight", read_weight, default=1)
            segments = fields.read("segments", _read_segments)
            fields.finish()
            lists.append(SegmentList(segments, weight))
    whole.finish()
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
    fields = Fields({})
    for index, text in enumerate(items):
        with fields.at(index):
            segment = values.ipv6_address(text, "a segment")
            if values.not_forwarded(segment):
                raise InvalidError(f"{segment} cannot be a segment: it is no routable unicast address")
            segments.append(segment)
    fields.finish()
    return tuple(segments)


def _read_encap(value: Any, flow_label: FlowLabel) -> Encap:
    if isinstance(value, str):
        value = {"mode": value}
    item = values.mapping(value, "encap")
    fields = Fields(item)
    with fields.at():
        values.check_keys(item, ENCAP_KEYS | GTP_KEYS)
    defaults = Encap()
    encap = Encap(
        fields.read("mode", _read_mode, default=defaults.mode),
        fields.read("source", values.ipv6_address, "source"),
        fields.read("hop-limit", _number_or_inherit, "hop-limit", 1, default=defaults.hop_limit),
        fields.read("traffic-class", _number_or_inherit, "traffic-class", 0),
        fields.read("flow-label", _read_flow_label, default=flow_label),
        fields.read("return-to", values.choice, RETURNS, "return-to") == RETURNS[1],
        fields.read(
            "upf-prefix-length", values.integer, "upf-prefix-length", 1, MAX_UPF_PREFIX, default=MAX_UPF_PREFIX
        ),
        fields.read("source-prefix-length", values.integer, "source-prefix-length", 0, MAX_SOURCE_PREFIX, default=64),
        fields.read("echo", values.choice, ECHO, "echo") == ECHO[1],
    )
    fields.finish()
    gtp = REGISTRY.headend(encap.mode).gtp
    for key in sorted(GTP_KEYS & item.keys()):
        if not gtp:
            raise InvalidError(f"mode {encap.mode} takes no {key!r}; gtp4.d does", key)
    if gtp and "upf-prefix-length" not in item:
        raise InvalidError("gtp4.d needs 'upf-prefix-length', the bits of the last segment that are the UPF's prefix")
    return encap


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
