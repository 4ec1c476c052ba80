# SPDX-License-Identifier: Apache-2.0
"""``srv6 ip ...``: the SRv6 commands of iproute2, and what they mean here.

    ip -6 route add 2001:db8::/64 encap seg6 mode encap segs A,B [tunsrc T] [hmac K]  a policy and its steering
    ip -6 route add SID encap seg6local action End.X nh6 A [dev P] [table T]    a SID, looked up in table T
    ip route add 2001:db8::/64 via A [dev P] [nhid ID]                          a route
    ip [-s] [-j] route show|get, ip neigh ..., ip nexthop ..., ip rule ..., ip link ..., ip vrf show
    ip sr tunsrc|hmac ...

``dev`` is a port of the node or the host interface behind one. What iproute2 knows and this router does not is refused
by name.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from srv6cp.cli import exitcodes, session
from srv6cp.cli.edits import editing_options, finish, open_file
from srv6cp.cli.exitcodes import UsageError
from srv6cp.cli.grammar import Edit
from srv6cp.cli.iproute2 import link, objects, route
from srv6cp.cli.iproute2.options import Options, add_options
from srv6cp.cli.iproute2.words import Devices, pick
from srv6cp.cli.output import emit
from srv6cp.cli.words import Words

OBJECTS = ("address", "route", "rule", "neighbor", "neighbour", "link", "vrf", "sr", "nexthop", "help")
VERBS = {
    "route": (*route.VERBS, "prepend", "list", "show", "lst", "get", "flush", "test", "save", "restore"),
    "neighbor": ("add", "change", "replace", "delete", "get", "show", "lst", "list", "flush"),
    "nexthop": ("add", "replace", "delete", "list", "show", "lst", "get", "flush"),
    "rule": ("list", "lst", "show", "add", "delete", "flush"),
    "link": link.VERBS,
    "vrf": ("show", "list", "exec"),
    "sr": ("tunsrc", "hmac"),
}
_UNSUPPORTED = ("flush", "prepend", "test", "save", "restore", "exec")
_SHOWING = ("list", "lst", "show")
_SPELLED = {"chg": "change", "del": "delete"}
_USAGE = "srv6 ip [-6|-4] [-s] [-d] [-j] [-o] route|neigh|nexthop|rule|link|vrf|sr add|del|replace|show ..."
_ELSEWHERE = {
    "address": "addresses are 'addresses' of the ports in the node file; `srv6 show ports` shows them",
}


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "ip",
        help="the SRv6 commands of iproute2",
        usage=f"{_USAGE} (options of srv6 come before -6 and the object)",
        parents=[session.node_options(), session.connection_options(), editing_options()],
    )
    add_options(parser)
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="WORD")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Translate, and edit and apply, or show."""
    options = Options.of(args)
    cursor = Words(args.words, _USAGE)
    word = cursor.take("the object")
    kind = pick(word, OBJECTS)
    if kind is None or kind in ("help", *_ELSEWHERE):
        elsewhere = f"; {_ELSEWHERE[kind]}" if kind in _ELSEWHERE else ""
        raise UsageError(
            f"unknown word {word!r}; valid: neigh, route, sr, nexthop, rule, vrf, link{elsewhere}; usage: {_USAGE}"
        )
    kind = "neighbor" if kind == "neighbour" else kind
    given = cursor.peek()
    verb = "show" if given is None else pick(_SPELLED.get(given, given), VERBS[kind])
    if kind == "link" and verb not in link.VERBS:
        raise UsageError(
            f"`ip link {given or ''}`: links are shown by `srv6 show ports`; valid: {', '.join(link.VERBS)}"
        )
    if verb is None:
        raise cursor.unknown(str(given), VERBS[kind])
    if given is not None:
        cursor.take("the verb")
    if kind == "sr":
        return _sr(args, verb, cursor)
    words = cursor.rest()
    if verb in _SHOWING or verb == "get":
        return _show(args, options, kind, verb, words)
    return _edit(args, options, kind, verb, words)


def translate_route(words: Sequence[str], devices: Devices | None = None, family: int | None = None) -> list[Edit]:
    """The words behind ``ip route add``. Raises UsageError."""
    return route.edits(route.parse(words, devices or Devices(), family))


def _show(args: argparse.Namespace, options: Options, kind: str, verb: str, words: list[str]) -> int:
    from srv6cp.cli.iproute2 import show

    devices = _devices(args)
    if kind == "route":
        return (show.lookup if verb == "get" else show.routes)(args, options, words, devices)
    if kind == "neighbor":
        return show.neighbors(args, options, words, devices)
    if kind == "nexthop":
        return show.nexthops(args, options, words)
    return show.rules(args, options) if kind == "rule" else show.vrfs(args, options)


def _edit(args: argparse.Namespace, options: Options, kind: str, verb: str, words: list[str]) -> int:
    with open_file(args) as file:
        devices = Devices.of(file.data)
        if kind == "route" and verb in route.VERBS:
            route.modify(file, verb, words, devices, options.family)
        elif kind == "route" and verb == "flush":
            from srv6cp.cli.iproute2 import show

            route.flush(file, show.to_flush(args, options, words, devices))
        elif kind == "neighbor" and verb != "flush":
            objects.neigh(file, verb, words, devices)
        elif kind == "nexthop" and verb != "flush":
            objects.nexthop(file, verb, words, devices)
        elif kind == "rule" and verb != "flush":
            objects.rule(file, verb, words, devices)
        elif kind == "link":
            link.link(file, verb, words, devices)
        else:
            valid = [each for each in VERBS[kind] if each not in _UNSUPPORTED]
            raise UsageError(f"`ip {kind} {verb}` is not supported; valid: {', '.join(valid)}")
        return finish(args, file)


def _sr(args: argparse.Namespace, verb: str, cursor: Words) -> int:
    if verb == "hmac":
        return _sr_hmac(args, cursor)
    with open_file(args) as file:
        if cursor.take("set or show") == "show":
            source = file.data.get("source")
            emit({"tunsrc": source}, args.json, f"tunsrc addr {source or '::'}")
            return exitcodes.OK
        file.set_scalar("source", cursor.take("the address"))
        return finish(args, file)


def _sr_hmac(args: argparse.Namespace, cursor: Words) -> int:
    """``set KEYID ALGO`` (a blank key deletes) and ``show``."""
    from srv6cp.cli import cmd_hmac
    from srv6cp.cli.iproute2.encap import hmac_key
    from srv6cp.config.hmac import ALGORITHMS

    word = cursor.take("set or show")
    if word == "show":
        return cmd_hmac.show(args)
    if word != "set":
        raise cursor.unknown(word, ("set", "show"))
    number = hmac_key(cursor.take("the key id"))
    algorithm = cursor.take("the algorithm")
    if algorithm not in ALGORITHMS:
        raise cursor.unknown(algorithm, ALGORITHMS)
    return cmd_hmac.set_key(args, number, {"algorithm": algorithm})


def _devices(args: argparse.Namespace) -> Devices:
    from srv6cp.config import read_source

    path = session.node_file(args, required=False)
    data = read_source(path).load() if path is not None else None
    return Devices.of(data) if isinstance(data, dict) else Devices()
