# SPDX-License-Identifier: Apache-2.0
"""What a topology file wants to be shown: its ``scenario``, a list of steps.

- say: a sentence
- ping: {from: h1, to: h2, count: 3, family: 4}     # or `to` an address
- unanswered: {from: h1, to: h2}                   # a ping that nobody answers
- functions: all                                    # what the network functions have counted
- path: {from: h1, to: h2, family: 4}               # the way of one packet, hop by hop
- flows: {from: h1, to: h2, count: 64}              # the ways of many packets, one for each source port
- receivers: {from: h1, to: 2001:db8:ca57::1}      # which hosts get one packet to an address that several have
- apply: {r1: {policies: [...], ...}}               # on top of the router's own configuration
- cut: r1 -- r2                                     # and `restore`
- traffic: {from: h1, to: h2, rate: 5M}            # a flow that goes on; without a rate what there is room for
- fetch: {from: h1, to: h2, via: [v1/compress, r3, v2/decompress], size: 100000}  # by TCP, with an SRH
- quiet: all                                       # the flows stop
- expect: {path: [h1, r1, r3, r4, h2]}              # of the last `path` step
- expect: {does: {r2: End.X}}                       # what the last `path` step says of a node
- expect: {share: {r2: 0.75, r3: 0.25}}             # of the last `flows` step, 0.15 more or less
- expect: {receivers: [h2, h3]}                    # of the last `receivers` step
- expect: {load: {r1 -- r2: 90}}                   # percent from r1 to r2, 25 points more or less, within half a minute

Without `family` it is one in which the host can be reached: 6 where both are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv6Address, ip_address
from typing import Any

from srv6cp import values
from srv6cp.problems import InvalidError
from srv6host import functions
from srv6lab import steps
from srv6lab.impairments import read_rate
from srv6lab.mistakes import Mistakes
from srv6lab.topology import Topology, UnknownName

MAX_PACKETS = 1000
FAMILIES = (4, 6)
PROBE_KEYS = frozenset(("from", "to", "family"))
COUNTED_KEYS = PROBE_KEYS | {"count"}
TRAFFIC_KEYS = PROBE_KEYS | {"rate"}
RECEIVERS_KEYS = frozenset(("from", "to"))
FETCH_KEYS = frozenset(("from", "to", "via", "back", "size", "changed"))
MAX_SIZE = 100_000_000
EXPECT_KEYS = frozenset(("path", "does", "share", "load", "receivers"))


def read_scenario(value: Any, topology: Topology, mistakes: Mistakes) -> tuple[steps.Step, ...]:
    """The steps, without those that are wrong: ``mistakes`` gets what is, with its place in the file."""
    found = []
    with mistakes.at("scenario"):
        for place, item in enumerate(values.listing(value, "a scenario")):
            step = read_step(item, topology, mistakes.below("scenario", place))
            if step is not None:
                found.append(replace(step, place=place) if isinstance(step, steps.Apply) else step)
    return tuple(found)


def read_step(item: Any, topology: Topology, mistakes: Mistakes) -> steps.Step | None:
    """A step from what YAML gave: a mapping of its verb to what it needs; None where it is wrong."""
    before, step = len(mistakes.found), None
    with mistakes.at():
        if not isinstance(item, Mapping) or len(item) != 1:
            raise InvalidError(f"a step is one of {', '.join(VERBS)} with what it needs, not {values.show(item)}")
        ((verb, argument),) = item.items()
        values.check_keys(item, VERBS)
        with mistakes.at(verb):
            step = VERBS[verb](argument, topology, mistakes.below(verb))
    return step if len(mistakes.found) == before else None


def _say(argument: Any, _topology: Topology, _mistakes: Mistakes) -> steps.Step:
    if not isinstance(argument, (str, int)) or isinstance(argument, bool):
        raise InvalidError(f"a text is needed, not {values.show(argument)}")
    return steps.Say(str(argument))


def _ping(argument: Any, topology: Topology, mistakes: Mistakes) -> steps.Step:
    item = _probe(argument, COUNTED_KEYS, mistakes)
    to = str(item.get("to"))
    if item.get("to") is not None and to not in topology.hosts:
        with mistakes.at("to"):
            to = _address(to, topology)
    return steps.Ping(_host(item, "from", topology, mistakes), to, _count(item, 1, mistakes), _family(item, mistakes))


def _unanswered(argument: Any, topology: Topology, mistakes: Mistakes) -> steps.Step:
    item = _probe(argument, PROBE_KEYS, mistakes)
    source, to = (_host(item, key, topology, mistakes) for key in ("from", "to"))
    return steps.Unanswered(source, to, _family(item, mistakes))


def _functions(argument: Any, _topology: Topology, _mistakes: Mistakes) -> steps.Step:
    if argument != "all":
        raise InvalidError(f"all is needed, not {values.show(argument)}")
    return steps.Functions()


def _path(argument: Any, topology: Topology, mistakes: Mistakes) -> steps.Step:
    item = _probe(argument, PROBE_KEYS, mistakes)
    source, to = (_host(item, key, topology, mistakes) for key in ("from", "to"))
    return steps.Path(source, to, _family(item, mistakes))


def _flows(argument: Any, topology: Topology, mistakes: Mistakes) -> steps.Step:
    item = _probe(argument, COUNTED_KEYS, mistakes)
    source, to = (_host(item, key, topology, mistakes) for key in ("from", "to"))
    return steps.Flows(source, to, _count(item, 64, mistakes), _family(item, mistakes))


def _receivers(argument: Any, topology: Topology, mistakes: Mistakes) -> steps.Step:
    item = _probe(argument, RECEIVERS_KEYS, mistakes)
    to = str(item.get("to"))
    if item.get("to") is not None:
        with mistakes.at("to"):
            to = _address(topology.hosts[to].ipv6 if to in topology.hosts else to, topology)
    return steps.Receivers(_host(item, "from", topology, mistakes), to)


def _traffic(argument: Any, topology: Topology, mistakes: Mistakes) -> steps.Step:
    item = _probe(argument, TRAFFIC_KEYS, mistakes)
    source, to = (_host(item, key, topology, mistakes) for key in ("from", "to"))
    rate = None
    with mistakes.at():
        rate = read_rate(item["rate"]) if item.get("rate") is not None else None
    return steps.Traffic(source, to, rate, _family(item, mistakes))


def _fetch(argument: Any, topology: Topology, mistakes: Mistakes) -> steps.Step:
    item = _probe(argument, FETCH_KEYS, mistakes)
    source, to = (_host(item, key, topology, mistakes) for key in ("from", "to"))
    size, changed = 0, False
    listed: dict[str, list[str]] = {"via": [], "back": []}
    found: dict[str, list[IPv6Address]] = {"via": [], "back": []}
    for key, names in listed.items():
        with mistakes.at(key):
            names.extend(map(str, values.listing(item.get(key), key)))
        for place, name in enumerate(names):
            with mistakes.at(key, place):
                found[key].append(segment_of(name, topology))
    with mistakes.at("size"):
        size = values.integer(item.get("size", 200_000), "size", 1, MAX_SIZE)
    with mistakes.at("changed"):
        changed = values.boolean(item.get("changed", False), "changed")
    return steps.Fetch(source, to, tuple(found["via"]), tuple(found["back"]), tuple(listed["via"]), size, changed)


def segment_of(text: str, topology: Topology) -> IPv6Address:
    """A segment of a connection: ``HOST/FUNCTION[/PARAMETERS]`` of a proxy, or what a policy may have.

    Raises InvalidError.
    """
    name, *words = text.split("/")
    host = topology.hosts.get(name)
    if host is None:
        try:
            return IPv6Address(topology.segment(text))
        except (UnknownName, ValueError) as error:
            raise InvalidError(str(error)) from None
    if host.functions is None:
        raise InvalidError(f"{name} has no functions")
    if not 1 <= len(words) <= 2:
        raise InvalidError(f"write {name}/FUNCTION or {name}/FUNCTION/PARAMETERS, not {text!r}")
    try:
        parameters = int(words[1], 0) if len(words) == 2 else 0
        return functions.sid_of(host.functions.network_address, words[0], parameters)
    except ValueError:
        raise InvalidError(f"{words[1]!r} is no number of 32 bits") from None
    except functions.FunctionError as error:
        raise InvalidError(str(error)) from None


def _quiet(argument: Any, _topology: Topology, _mistakes: Mistakes) -> steps.Step:
    if argument != "all":
        raise InvalidError(f"all is needed, not {values.show(argument)}")
    return steps.Quiet()


def _probe(argument: Any, keys: frozenset[str], mistakes: Mistakes) -> Mapping[str, Any]:
    if not isinstance(argument, Mapping):
        raise InvalidError(f"{{from: HOST, to: HOST}} is needed, not {values.show(argument)}")
    mistakes.check_keys(argument, keys, ("from", "to"))
    return argument


def _host(item: Mapping[str, Any], key: str, topology: Topology, mistakes: Mistakes) -> str:
    name = item.get(key)
    if name is not None and (not isinstance(name, str) or name not in topology.hosts):
        with mistakes.at(key):
            raise InvalidError(f"no host {name!r}; there are {', '.join(topology.hosts) or 'none'}")
    return str(name)


def _address(text: str, topology: Topology) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise InvalidError(f"{text!r} is neither a host ({', '.join(topology.hosts)}) nor an address") from None


def _count(item: Mapping[str, Any], default: int, mistakes: Mistakes) -> int:
    count = default
    with mistakes.at("count"):
        count = values.integer(item.get("count", default), "count", 1, MAX_PACKETS)
    return count  # noqa: RET504  (where it is wrong, the default)


def _family(item: Mapping[str, Any], mistakes: Mistakes) -> int | None:
    family = None
    with mistakes.at("family"):
        if item.get("family") is not None:
            family = int(values.choice(item["family"], tuple(map(str, FAMILIES)), "family"))
    return family


def _apply(argument: Any, topology: Topology, mistakes: Mistakes) -> steps.Step:
    if not isinstance(argument, Mapping):
        raise InvalidError(f"{{ROUTER: {{policies: ..., steering: ...}}}} is needed, not {values.show(argument)}")
    for router, changes in argument.items():
        with mistakes.at(router):
            _known(topology.check_router, str(router))
            values.mapping({} if changes is None else changes, "what is added to a router")
    return steps.Apply({str(router): changes or {} for router, changes in argument.items()})


def _cable(argument: Any, topology: Topology, whole: bool) -> steps.Step:
    ends = _ends(argument)
    _known(topology.links_between, *ends)
    return steps.Cable(ends, whole)


def _ends(argument: Any) -> tuple[str, str]:
    """Of a cable: ``r1 -- r2``."""
    words = str(argument).split()
    if not isinstance(argument, str) or len(words) != 3 or words[1] != "--":
        raise InvalidError(f"write the two ends of a cable, such as r1 -- r2, not {values.show(argument)}")
    return words[0], words[2]


def _expect(argument: Any, topology: Topology, mistakes: Mistakes) -> steps.Step:
    if not isinstance(argument, Mapping) or not argument:
        raise InvalidError(
            "{path: [NODE, ...]}, {does: {NODE: BEHAVIOUR}}, {share: {NODE: 0.5}}, {load: {r1 -- r2: 90}} or "
            "{receivers: [HOST, ...]} is needed"
        )
    mistakes.check_keys(argument, EXPECT_KEYS)
    way: tuple[str, ...] | None = None
    with mistakes.at("path"):
        if "path" in argument:
            way = tuple(map(str, values.listing(argument["path"], "path")))
    does, share = ({}, {})  # type: tuple[dict[str, str], dict[str, float]]
    for name, did in _named(argument, "does", mistakes):
        does[name] = str(did)
    for name, value in _named(argument, "share", mistakes):
        with mistakes.at("share", name):
            share[name] = _share(value)
    load: dict[tuple[str, str], float] = {}
    for name, value in _named(argument, "load", mistakes):
        with mistakes.at("load", name):
            ends = _ends(name)
            _known(topology.links_between, *ends)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 100:
                raise InvalidError(f"a load is percent from 0 to 100, not {values.show(value)}")
            load[ends] = float(value)
    for names, key in ((does, "does"), (share, "share")):
        for name in names:
            with mistakes.at(key, name):
                _known(topology.check_node, name)
    for place, name in enumerate(way or ()):
        with mistakes.at("path", place):
            _known(topology.check_node, name)
    hosts: tuple[str, ...] | None = None
    with mistakes.at("receivers"):
        if "receivers" in argument:
            hosts = tuple(map(str, values.listing(argument["receivers"], "receivers")))
    for place, name in enumerate(hosts or ()):
        with mistakes.at("receivers", place):
            _known(topology.check_host, name)
    return steps.Expect(way, does, share, load, hosts)


def _named(argument: Mapping[str, Any], key: str, mistakes: Mistakes) -> Iterator[tuple[str, Any]]:
    with mistakes.at(key):
        for name, value in values.mapping(argument.get(key, {}), "nodes").items():
            yield str(name), value


def _share(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if isinstance(value, bool) or not 0 <= number <= 1:
        raise InvalidError(f"a share is a number from 0 to 1, not {values.show(value)}")
    return number


def _known(look: Callable[..., object], *names: str) -> None:
    """Names in a file that do not exist are mistakes of the file."""
    try:
        look(*names)
    except UnknownName as error:
        raise InvalidError(str(error)) from None


VERBS: dict[str, Callable[[Any, Topology, Mistakes], steps.Step]] = {
    "say": _say,
    "ping": _ping,
    "unanswered": _unanswered,
    "functions": _functions,
    "path": _path,
    "flows": _flows,
    "receivers": _receivers,
    "apply": _apply,
    "cut": lambda argument, topology, _: _cable(argument, topology, False),
    "restore": lambda argument, topology, _: _cable(argument, topology, True),
    "traffic": _traffic,
    "quiet": _quiet,
    "fetch": _fetch,
    "expect": _expect,
}
