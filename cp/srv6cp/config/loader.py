# SPDX-License-Identifier: Apache-2.0
"""From a YAML file, text or dict to a checked :class:`~srv6cp.model.Node`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

from p4rtlib.gcpause import gc_paused
from srv6cp import values
from srv6cp.behaviours import REGISTRY, Endpoint
from srv6cp.behaviours.mobile import POLICY_OF_GTP
from srv6cp.behaviours.proxy import KEY as SERVICES
from srv6cp.behaviours.proxy import check as check_services
from srv6cp.config.binding_loops import binding_loops
from srv6cp.config.bogons import DEFAULT as DEFAULT_BOGONS
from srv6cp.config.bogons import read_bogons
from srv6cp.config.boundary import check_boundary
from srv6cp.config.bsids import read_bsids
from srv6cp.config.colors import color_steering, twice
from srv6cp.config.context import Context, EnoughError
from srv6cp.config.hmac import read_hmac_keys
from srv6cp.config.limits import read_limits, read_rate
from srv6cp.config.nexthops import read_nexthops
from srv6cp.config.oam import read_oam
from srv6cp.config.policies import declare_policies, read_policies
from srv6cp.config.ports import read_addresses, read_ports, read_vrfs
from srv6cp.config.reassembly import read_reassembly
from srv6cp.config.replication import check_replication
from srv6cp.config.routing import read_neighbor_limits, read_neighbors, read_routes
from srv6cp.config.sections import declare_sections, read_sections
from srv6cp.config.segments import SegmentReader
from srv6cp.config.sid_structures import Known, read_sid_structures
from srv6cp.config.sids import read_locators, read_sids
from srv6cp.config.source import Source
from srv6cp.config.steering import read_steering
from srv6cp.config.sysctl import endpoint_sids, read_sysctl, set_of_interfaces
from srv6cp.config.telemetry import read_telemetry
from srv6cp.model import (
    DEFAULT_VRF,
    FRAGMENT_HEADER,
    ICMPV6,
    USUAL_ICMP_LIMIT,
    USUAL_LIMITS,
    Fragmentation,
    NeighborLimits,
    Node,
    OwnAddress,
    Policy,
    Sid,
    SidStructures,
    SrDomain,
)
from srv6cp.problems import ConfigError, Fields, InvalidError, Problem, with_path

#: Keys of every node file; the sections that records of behaviours bring come beside them.
NODE_KEYS = frozenset(
    (
        *("node", "device-id", "grpc-addr", "locator", "locators", "source", "sr-domain"),
        *("upper-layer", "icmp", "limits", "flow-seed", "fragmentation", "hmac-keys", "vrfs", "addresses"),
        *("ports", "neighbors", "nexthops", "routes", "sids", "policies", "steering"),
        *("sysctl", "neighbor-limits", "sid-structures", "oam", "telemetry", "reassembly"),
    )
)
DOMAIN_KEYS = frozenset(("sid-block", "sources", "bogons"))
EXTENSION_HEADERS = frozenset((0, 43, 51, 60))
MAX_FLOW_SEED = 2**32 - 1
# What nobody reads through.
_MOST_PROBLEMS = 100
_TOO_MANY = "many more mistakes; what is behind them was not read"
# A hundred times what a node with all that a switch can hold needs is none; a device without an end is met as well.
_LONGEST_TEXT = 64 << 20


def load_node(path_or_text: str | os.PathLike[str]) -> Node:
    """Load one node from a file, or from YAML text (anything with a line break or ``": "`` in it).

    Raises:
        ConfigError: the file cannot be read or is not valid; holds every problem with file and line.
    """
    if isinstance(path_or_text, str) and (not path_or_text or re.search(r"\n|: ", path_or_text)):
        return load_node_source(Source(path_or_text))
    return load_node_source(read_source(path_or_text))


def read_source(path: str | os.PathLike[str]) -> Source:
    """The text of a configuration file. Raises ConfigError when it cannot be read."""
    name = os.fspath(path)
    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(_LONGEST_TEXT + 1)
    except OSError as error:
        raise ConfigError([Problem(f"cannot read: {error.strerror}", (), name)]) from None
    except UnicodeDecodeError:
        raise ConfigError([Problem("not UTF-8 text", (), name)]) from None
    except ValueError:
        raise ConfigError([Problem("cannot read: no name of a file", (), name)]) from None
    if len(text) > _LONGEST_TEXT:
        raise ConfigError([Problem(f"longer than {_LONGEST_TEXT >> 20} MiB, which is no node file", (), name)])
    return Source(text, name)


def load_node_source(source: Source) -> Node:
    """Load one node from a YAML source."""
    with gc_paused():
        data = source.load()
        try:
            return replace(load_node_dict(data, os.path.dirname(source.file)), origin=source)
        except ConfigError as error:
            problems = [replace(p, file=source.file, line=source.line(p.path)) for p in error.problems[:_MOST_PROBLEMS]]
            problems.sort(key=lambda problem: problem.line)
            if len(error.problems) > _MOST_PROBLEMS:
                left = len(error.problems) - _MOST_PROBLEMS
                more = _TOO_MANY if error.problems[-1].message == _TOO_MANY else f"{left} more mistakes"
                problems.append(Problem(more, (), source.file))
            raise ConfigError(problems) from None


def load_node_dict(data: Mapping[Any, Any] | Any, folder: str = "") -> Node:
    """Check a node given as plain values, as YAML would give them, and build the model.

    Names of files begin in ``folder``, by default in the working directory.

    Raises:
        ConfigError: with every problem found, each with its path but without file and line.
    """
    if data is None:
        raise ConfigError([Problem("the configuration is empty")])
    if not isinstance(data, Mapping):
        raise ConfigError([Problem(f"a node is a mapping of keys, not {values.show(data)}")])
    if "routers" in data and "node" not in data:
        raise ConfigError([Problem("this is a topology, not the node file of one router; `srv6 lab up` runs it")])
    context = Context(folder)
    try:
        node = _read_node(dict(data), context)
    except EnoughError:
        raise ConfigError([*context.problems, Problem(_TOO_MANY)]) from None
    if context.problems:
        raise ConfigError(context.problems)
    return node


def _read_node(data: dict[Any, Any], context: Context) -> Node:
    with context.at():
        values.check_keys(data, NODE_KEYS.union(section.key for section in REGISTRY.sections))
    name = ""
    device_id, source, grpc_addr = 1, None, None
    domain, icmp, flow_seed = SrDomain(), None, None
    upper_layers: tuple[int, ...] = (ICMPV6,)
    with context.at():
        if data.get("node") is None:
            raise InvalidError("'node' is missing, the name of the node")
        name = with_path("node", values.name, data["node"], "node name")
    with context.at("device-id"):
        device_id = values.integer(data.get("device-id", 1), "device-id", 0, 2**64 - 1)
    with context.at("grpc-addr"):
        grpc_addr = _read_grpc_addr(data.get("grpc-addr"))
    with context.at("source"):
        source = _read_source_address(data.get("source"))
    with context.at("sr-domain"):
        domain = _read_domain(data.get("sr-domain"))
    with context.at("upper-layer"):
        upper_layers = _read_upper_layers(data.get("upper-layer"))
    with context.at("icmp"):
        icmp = read_rate(data["icmp"], "icmp", USUAL_ICMP_LIMIT) if "icmp" in data else USUAL_ICMP_LIMIT
    limits = USUAL_LIMITS
    with context.at("limits"):
        limits = read_limits(data.get("limits"))
    neighbor_limits = NeighborLimits()
    with context.at("neighbor-limits"):
        neighbor_limits = read_neighbor_limits(data.get("neighbor-limits"))
    reassembly = None
    with context.at("reassembly"):
        reassembly = read_reassembly(data.get("reassembly"))
    fragmentation = Fragmentation.INNER
    with context.at("fragmentation"):
        kinds = tuple(kind.value for kind in Fragmentation)
        fragmentation = Fragmentation(values.choice(data.get("fragmentation", "inner"), kinds, "fragmentation"))
    with context.at("flow-seed"):
        if data.get("flow-seed") is not None:
            flow_seed = values.integer(data["flow-seed"], "flow-seed", 0, MAX_FLOW_SEED)
    hmac_keys = read_hmac_keys(data.get("hmac-keys"), context)
    read_vrfs(data.get("vrfs"), context)
    declare_policies(data.get("policies"), context)
    declare_sections(data, context)
    read_ports(data.get("ports"), name, context)
    if source is not None:
        context.own.add((DEFAULT_VRF, source))
    addresses = read_addresses(data.get("addresses"), context)
    settings = read_sysctl(data.get("sysctl"), context)
    set_of_interfaces(settings, context)
    if settings.flow_label is not None:
        context.flow_label = settings.flow_label
    read_neighbors(data.get("neighbors"), context)
    locators = context.locators = read_locators(data, context)
    # Outside a locator with a mistake is no mistake.
    certain = not any(problem.path[:1] in (("locator",), ("locators",)) for problem in context.problems)
    sids = read_sids(data.get("sids"), locators if certain else (), context)
    own = (*addresses, OwnAddress(source)) if source is not None else addresses
    sids = (*sids, *endpoint_sids(settings, own, sids, context))
    structures: Known = ()
    with context.at("sid-structures"):
        structures = read_sid_structures(data.get("sid-structures"), locators, sids)
    segments = SegmentReader(SidStructures(structures), locators)
    policies = read_policies(data.get("policies"), data.get("source") is not None, segments, _inserted(sids), context)
    nexthops = read_nexthops(data.get("nexthops"), context)
    plain, colored = read_routes(data.get("routes"), nexthops, context)
    further, by_color = color_steering(colored, plain, policies, source is not None, context)
    routes = (*plain, *further)
    sections = read_sections(data, context)
    own6 = (address for _, address in context.own if isinstance(address, IPv6Address))
    sids = (*sids, *read_bsids(data.get("policies"), policies, sids, locators if certain else (), own6, context))
    steering = read_steering(data.get("steering"), policies, context)
    context.problems += twice(steering.prefixes, colored)
    node = Node(
        name=name,
        device_id=device_id,
        locators=locators,
        source=source,
        domain=domain,
        upper_layers=upper_layers,
        icmp=icmp,
        limits=limits,
        oam=read_oam(data.get("oam"), sids, context),
        telemetry=read_telemetry(data.get("telemetry"), context),
        reassembly=reassembly,
        fragmentation=fragmentation,
        flow_seed=flow_seed,
        hmac_keys=hmac_keys,
        vrfs=context.vrfs,
        addresses=addresses,
        ports=context.ports,
        neighbors=tuple(context.neighbors),
        neighbor_limits=neighbor_limits,
        nexthops=nexthops,
        routes=routes,
        sids=sids,
        sid_structures=structures,
        policies=policies,
        prefix_steering=(*steering.prefixes, *by_color),
        classifiers=tuple(steering.rules),
        sections=sections,
        grpc_addr=grpc_addr,
    )
    _check_whole(node, data, policies, context)
    return node


def _check_whole(node: Node, data: dict[Any, Any], policies: Mapping[str, Policy], context: Context) -> None:
    """What concerns more than one section."""
    locators = {locator.prefix for locator in node.locators}
    for route in node.routes:
        if route.prefix in locators:
            context.problems.append(Problem(f"{route.prefix} is a locator of this node, not a route", ("routes",)))
    for sid in node.sids:
        policy = policies.get(sid.operands["policy"]) if sid.behaviour in POLICY_OF_GTP else None
        if policy is not None and not REGISTRY.headend(policy.encap.mode).pushes_packets:
            message = (
                f"{sid.behaviour} {sid.prefix} needs a policy of mode encap or encap.red; {policy.name} has another"
            )
            context.problems.append(Problem(message, ("sids",)))
    context.problems += check_replication(node)
    if data.get("source") is None:
        binding = {record.name for record in REGISTRY.endpoints if _encapsulates(record)}
        for sid in node.sids:
            policy = policies.get(sid.operands["policy"]) if sid.behaviour in binding else None
            if policy is not None and policy.encap.source is None:
                message = f"{sid.behaviour} {sid.prefix} needs a source address: give the node one"
                context.problems.append(Problem(message, ("sids",)))
    context.problems += [Problem(message, (SERVICES,)) for message in check_services(node.sids, node.sections)]
    if not context.problems:  # what is outside depends on all of it
        context.problems += check_boundary(node)
    for name, message in binding_loops(node):
        names = [item.get("name") if isinstance(item, Mapping) else None for item in data["policies"]]
        context.problems.append(Problem(f"policy {name}: {message}", ("policies", names.index(name))))


def _inserted(sids: Iterable[Sid]) -> set[str]:
    """Policies whose segments a binding SID inserts into packets."""
    modes = ((sid, REGISTRY.endpoint(sid.behaviour).binding_mode) for sid in sids)
    return {str(sid.operands["policy"]) for sid, mode in modes if mode and REGISTRY.headend(mode).inserts}


def _encapsulates(record: Endpoint) -> bool:
    """True for a binding SID that makes an outer header."""
    return bool(record.binding_mode) and not REGISTRY.headend(record.binding_mode).inserts


def _read_source_address(value: Any) -> IPv6Address | None:
    if value is None:
        return None
    address = values.ipv6_address(value, "source")
    values.own_address(address)
    return address


def _read_grpc_addr(value: Any) -> str | None:
    if value is None:
        return None
    host, _, port = str(value).rpartition(":")
    if re.fullmatch(r"unix:(//)?/[^/\0].*", str(value)):
        return str(value)
    if not host or not 0 < (values.decimal(port) or 0) < 65536:
        raise InvalidError(
            f"grpc-addr must be HOST:PORT such as 127.0.0.1:9559, or unix:/PATH, not {values.show(value)}"
        )
    return str(value)


def _read_domain(value: Any) -> SrDomain:
    fields = Fields({} if value is None else values.mapping(value, "sr-domain"))
    with fields.at():
        values.check_keys(fields.item, DOMAIN_KEYS)
    lists = []
    for key in ("sid-block", "sources"):
        prefixes: list[IPv6Network] = []
        for index, text in enumerate(fields.read(key, values.one_or_more, default=())):
            with fields.at(key, index):
                prefix = values.ipv6_prefix(text, key)
                if prefix in prefixes:
                    raise InvalidError(f"{prefix} is given twice")
                prefixes.append(prefix)
        lists.append(tuple(prefixes))
    bogons = fields.read("bogons", read_bogons, default=DEFAULT_BOGONS)
    fields.finish()
    return SrDomain(*lists, *bogons)


def _read_upper_layers(value: Any) -> tuple[int, ...]:
    if value is None:
        return (ICMPV6,)
    numbers = [values.protocol(item) for item in values.one_or_more(value)]
    for number in numbers:
        if number == FRAGMENT_HEADER:
            raise InvalidError("44 is no upper layer; 'reassembly: true' puts fragments together")
        if number in EXTENSION_HEADERS:
            raise InvalidError(f"{number} is an extension header, no upper layer")
    return tuple(dict.fromkeys(numbers))
