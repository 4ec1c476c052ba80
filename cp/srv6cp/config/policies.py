# SPDX-License-Identifier: Apache-2.0
"""``policies``: candidate paths, segment lists and how their headers are built."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from srv6cp import values
from srv6cp.behaviours import REGISTRY
from srv6cp.config.context import Context, check_weights, read_weight
from srv6cp.config.hmac import read_key_id
from srv6cp.config.segments import SegmentReader, read_compress
from srv6cp.config.telemetry import MAX_SESSION
from srv6cp.model import (
    DEFAULT_PREFERENCE,
    DEFAULT_PRIORITY,
    DEFAULT_VRF,
    MAX_SOURCE_PREFIX,
    MAX_UPF_PREFIX,
    MAX_WEIGHT,
    CandidatePath,
    Compress,
    Constituent,
    Encap,
    FlowLabel,
    IPAddress,
    Originator,
    Policy,
    ProtocolOrigin,
    SegmentList,
)
from srv6cp.problems import Fields, InvalidError, Problem, with_path

#: What a policy of one candidate path may say of this without ``candidate-paths``.
LISTS_KEYS = frozenset(("segment-lists", "segments"))
POLICY_KEYS = LISTS_KEYS | frozenset(
    (
        *("name", "encap", "invalid", "vrf", "color", "endpoint", "priority", "keep-installed"),
        *("candidate-paths", "bsid", "bsid-only", "compress", "spray"),
    )
)
PATH_KEYS = LISTS_KEYS | frozenset(
    ("name", "preference", "origin", "originator", "discriminator", "policies", "bsid", "bsid-only")
)
CONSTITUENT_KEYS = frozenset(("color", "weight"))
MAX_COLOR = 2**32 - 1
ENCAP_KEYS = frozenset(
    ("mode", "source", "hop-limit", "traffic-class", "flow-label", "return-to", "hmac", "path-tracing")
)
#: Those of H.M.GTP4.D alone.
GTP_KEYS = frozenset(("upf-prefix-length", "source-prefix-length", "echo"))
ECHO = ("drop", "answer")
#: Where what End.B6.Insert inserts leads back to: the default, and the other.
RETURNS = ("next-segment", "binding-sid")
LIST_KEYS = frozenset(("weight", "segments", "verify"))
ORIGINS = tuple(origin.name.lower() for origin in ProtocolOrigin)
INHERIT = "inherit"


def declare_policies(value: Any, context: Context) -> None:
    """Note the names, so that everything else can refer to them. Says nothing about what is wrong."""
    for item in value if isinstance(value, (list, tuple)) else ():
        if isinstance(item, dict) and item.get("name") is not None:
            context.policy_names.add(str(item["name"]))


def read_policies(
    value: Any, has_source: bool, segments: SegmentReader, inserted: Collection[str], context: Context
) -> dict[str, Policy]:
    """Policies by name. ``has_source``: the node has an address for those that name none. ``inserted``: those that a
    binding SID puts in front of what a packet has for a segment.

    Constituents of composite paths are named by color in the file and by name in what is returned.
    """
    policies: dict[str, Policy] = {}
    places: dict[str, int] = {}
    known: dict[tuple[int | None, IPAddress | None], str] = {}
    with context.at("policies"):
        for index, item in enumerate(values.listing(value, "policies")):
            with context.at("policies", index):
                policy = _read_policy(values.mapping(item, "a policy"), segments, inserted, context)
                if policy.name in policies:
                    raise InvalidError(f"policy {policy.name!r} is given twice", "name")
                if policy.encap.source is None and not has_source and not REGISTRY.headend(policy.encap.mode).inserts:
                    raise InvalidError("no source address: give the node a 'source', or the policy encap.source")
                other = known.setdefault((policy.color, policy.endpoint), policy.name)
                if policy.color is not None and other != policy.name:
                    raise InvalidError(
                        f"policy {other!r} has color {policy.color} and endpoint {policy.endpoint}, too", "color"
                    )
                policies[policy.name], places[policy.name] = policy, index
    colors: _Colors = {(each.color, each.endpoint): each for each in policies.values() if each.color is not None}
    for policy in list(policies.values()):
        for index, path in enumerate(policy.paths):
            for place, each in enumerate(path.constituents):
                problem = _not_to_be_combined(policy, each.policy, colors)
                if problem:
                    where = ("policies", places[policy.name], "candidate-paths", index, "policies", place, "color")
                    context.problems.append(Problem(problem, where))
        if any(path.constituents for path in policy.paths):
            policies[policy.name] = _by_name(policy, colors)
    return policies


_Colors = dict[tuple[int | None, IPAddress | None], Policy]


def _not_to_be_combined(policy: Policy, color: str, colors: _Colors) -> str:
    """Why the policy of a color cannot be part of a composite path (RFC 9256 2.2); ``""`` when it can."""
    other = colors.get((int(color), policy.endpoint))
    if int(color) == policy.color:
        return "a composite path is made of policies of other colors"
    if other is None:
        valid = ", ".join(str(each) for each, at in colors if at == policy.endpoint and each != policy.color)
        return f"no policy has color {color} and endpoint {policy.endpoint}; valid: {valid or 'none is declared'}"
    if any(path.constituents for path in other.paths):
        return f"policy {other.name!r} has a composite path itself: they cannot be nested"
    if other.encap.mode != policy.encap.mode:
        return f"policy {other.name!r} has mode {other.encap.mode}, this one {policy.encap.mode}: they must be the same"
    if other.spray is not policy.spray:
        return f"policy {other.name!r} {'sprays' if other.spray else 'does not spray'}: this one must do the same"
    return ""


def _by_name(policy: Policy, colors: _Colors) -> Policy:
    """With the constituents of its composite paths by name; those that there are not are left out."""
    paths = []
    for path in policy.paths:
        found = [(colors.get((int(each.policy), policy.endpoint)), each.weight) for each in path.constituents]
        named = tuple(Constituent(other.name, weight) for other, weight in found if other is not None)
        paths.append(replace(path, constituents=named))
    return replace(policy, paths=tuple(paths))


def _read_policy(item: dict[Any, Any], segments: SegmentReader, inserted: Collection[str], context: Context) -> Policy:
    fields = Fields(item)
    with fields.at():
        values.check_keys(item, POLICY_KEYS, ("name",))
    name = fields.read("name", values.name, "policy name")
    encap = fields.read("encap", _read_encap, context, default=Encap(flow_label=context.flow_label))
    invalid = fields.read("invalid", values.choice, ("forward", "drop"), "invalid")
    compress = fields.read("compress", read_compress, default=Compress.OFF)
    color = fields.read("color", values.integer, "color", 1, MAX_COLOR)
    endpoint = fields.read("endpoint", values.ip_address, "endpoint")
    priority = fields.read("priority", values.integer, "priority", 0, 255, default=DEFAULT_PRIORITY)
    keep = fields.read("keep-installed", values.boolean, "keep-installed", default=False)
    spray = fields.read("spray", values.boolean, "spray", default=False)
    # Routes put a service SID behind the lists of a policy that has a color.
    followed = name in inserted or REGISTRY.headend(encap.mode).inserts or color is not None or _bsid_inserts(item)
    read = partial(segments.read, compress=compress, followed=followed)
    paths: tuple[CandidatePath, ...] = ()
    with fields.at():
        if (item.get("color") is None) is not (item.get("endpoint") is None):
            raise InvalidError("color and endpoint name a policy together: give both, or none")
    with fields.at():
        given = [key for key in ("candidate-paths", "segment-lists", "segments") if key in item]
        if len(given) != 1:
            raise InvalidError(
                "a policy needs one of 'candidate-paths', 'segment-lists' and, for a single list, 'segments'"
            )
        if given == ["candidate-paths"]:
            paths = with_path("candidate-paths", _read_paths, item["candidate-paths"], color is not None, read)
        else:
            paths = (CandidatePath(_read_either(item, read)),)
    vrf = DEFAULT_VRF
    with fields.at():
        vrf = context.vrf(item)
    with fields.at():
        _check_prefixes(encap, (each for path in paths for each in path.lists))
    with fields.at():
        weights = [each.weight for path in paths for each in path.lists]
        weights += [each.weight for path in paths for each in path.constituents]
        if spray and any(weight > 1 for weight in weights):
            raise InvalidError("a policy that sprays sends a copy by every list: it takes no weights", "spray")
    fields.finish()
    return Policy(name, paths, encap, invalid == "drop", vrf, color, endpoint, priority, keep, spray)


def _check_prefixes(encap: Encap, lists: Iterable[SegmentList]) -> None:
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


_ReadList = Callable[..., SegmentList]


def _bsid_inserts(item: dict[Any, Any]) -> bool:
    """Whether a binding SID of a policy, or of a path of it, inserts. What is wrong with it is said elsewhere."""
    paths = item.get("candidate-paths")
    holders = [item, *(paths if isinstance(paths, list) else ())]
    for bsid in [
        each for holder in holders if isinstance(holder, dict) for each in values.one_or_more(holder.get("bsid"))
    ]:
        behaviour = bsid.get("behavior") if isinstance(bsid, dict) else None
        if behaviour is not None:
            with suppress(ValueError):
                mode = REGISTRY.parse_endpoint(str(behaviour))[0].binding_mode
                if mode and REGISTRY.headend(mode).inserts:
                    return True
    return False


def _read_either(item: dict[Any, Any], read: _ReadList) -> tuple[SegmentList, ...]:
    """``segment-lists``, or ``segments`` alone."""
    if "segments" in item:
        return (with_path("segments", read, item["segments"]),)
    return tuple(with_path("segment-lists", _read_lists, item["segment-lists"], read))


def _read_paths(value: Any, colored: bool, read: _ReadList) -> tuple[CandidatePath, ...]:
    items = values.listing(value, "candidate-paths")
    if not items:
        raise InvalidError("a policy needs at least one candidate path")
    paths: list[CandidatePath] = []
    whole = Fields({})
    for index, item in enumerate(items):
        with whole.at(index):
            path = _read_path(values.mapping(item, "a candidate path"), index + 1, colored, read)
            if any(path.identity == other.identity for other in paths):
                raise InvalidError(
                    f"there is another path of protocol origin {path.origin.name.lower()}, originator "
                    f"{path.originator} and discriminator {path.discriminator}"
                )
            if path.name and any(path.name == other.name for other in paths):
                raise InvalidError(f"candidate path {path.name!r} is given twice", "name")
            paths.append(path)
    whole.finish()
    return tuple(paths)


def _read_path(item: dict[Any, Any], place: int, colored: bool, read: _ReadList) -> CandidatePath:
    fields = Fields(item)
    with fields.at():
        values.check_keys(item, PATH_KEYS)
    name = fields.read("name", values.name, "the name of a candidate path", default="")
    preference = fields.read("preference", values.integer, "preference", 0, 2**32 - 1, default=DEFAULT_PREFERENCE)
    origin = fields.read("origin", _read_origin, default=ProtocolOrigin.CONFIGURATION)
    originator = fields.read("originator", _read_originator, default=Originator())
    discriminator = fields.read("discriminator", values.integer, "discriminator", 0, 2**32 - 1, default=place)
    lists: tuple[SegmentList, ...] = ()
    constituents: tuple[Constituent, ...] = ()
    with fields.at():
        if sum(key in item for key in ("segment-lists", "segments", "policies")) != 1:
            raise InvalidError(
                "a candidate path needs one of 'segment-lists', 'segments' (a single list) and 'policies' (composite)"
            )
        if "policies" not in item:
            lists = _read_either(item, read)
        elif not colored:
            raise InvalidError(
                "only a policy with color and endpoint can be made of others of its endpoint", "policies"
            )
        else:
            constituents = with_path("policies", _read_constituents, item["policies"])
    fields.finish()
    return CandidatePath(lists, constituents, name, preference, origin, originator, discriminator)


def _read_constituents(value: Any) -> tuple[Constituent, ...]:
    """``policies`` of a composite path: colors, or ``{color, weight}``. The policies are by color as yet."""
    found: list[Constituent] = []
    whole = Fields({})
    items = values.one_or_more(value)
    if not items:
        raise InvalidError("a composite path is made of one policy at least")
    for index, item in enumerate(items):
        with whole.at(index):
            fields = Fields(item if isinstance(item, dict) else {"color": item})
            with fields.at():
                values.check_keys(fields.item, CONSTITUENT_KEYS, ("color",))
            color = fields.read("color", values.integer, "color", 1, MAX_COLOR)
            weight = fields.read("weight", read_weight, default=1)
            fields.finish()
            if any(each.policy == str(color) for each in found):
                raise InvalidError(f"color {color} is given twice; use its weight", "color")
            found.append(Constituent(str(color), weight))
    whole.finish()
    check_weights([each.weight for each in found])
    return tuple(found)


def _read_origin(value: Any) -> ProtocolOrigin:
    return ProtocolOrigin[values.choice(value, ORIGINS, "origin").upper()]


def _read_originator(value: Any) -> Originator:
    """``ASN:ADDRESS`` of the node that signalled a path (RFC 9256 2.4)."""
    asn, _, address = str(value).partition(":")
    number = values.decimal(asn)
    try:
        node: IPv4Address | IPv6Address = values.ip_address(address)
    except InvalidError:
        number = None
    if number is None or number >= 2**32:
        raise InvalidError(f"originator must be ASN:ADDRESS such as 65001:2001:db8::1, not {values.show(value)}")
    return Originator(number, int(node))


def _read_lists(value: Any, read: _ReadList) -> list[SegmentList]:
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
            weight = fields.read("weight", values.integer, "weight", 0, MAX_WEIGHT, default=1)
            verify = fields.read("verify", values.boolean, "verify", default=False)
            segment_list = fields.read("segments", partial(read, weight=weight, verify=verify))
            fields.finish()
            lists.append(segment_list)
    whole.finish()
    used = [segment_list.weight for segment_list in lists if segment_list.weight]
    if used:
        check_weights(used)
    return lists


def _read_encap(value: Any, context: Context) -> Encap:
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
        fields.read("flow-label", _read_flow_label, default=context.flow_label),
        fields.read("return-to", values.choice, RETURNS, "return-to") == RETURNS[1],
        fields.read(
            "upf-prefix-length", values.integer, "upf-prefix-length", 1, MAX_UPF_PREFIX, default=MAX_UPF_PREFIX
        ),
        fields.read("source-prefix-length", values.integer, "source-prefix-length", 0, MAX_SOURCE_PREFIX, default=64),
        fields.read("echo", values.choice, ECHO, "echo") == ECHO[1],
        fields.read("hmac", read_key_id, context),
        fields.read("path-tracing", values.integer, "path-tracing (a session id)", 0, MAX_SESSION),
    )
    fields.finish()
    headend = REGISTRY.headend(encap.mode)
    if encap.path_tracing is not None and (headend.inserts or headend.gtp):
        raise InvalidError(
            f"mode {encap.mode} takes no 'path-tracing': it makes no outer header with an SRH", "path-tracing"
        )
    gtp = headend.gtp
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
