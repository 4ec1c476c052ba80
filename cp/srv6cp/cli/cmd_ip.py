# SPDX-License-Identifier: Apache-2.0
"""``srv6 ip ...`` and what it means here: the SRv6 commands of iproute2.

    ip -6 route add 2001:db8::/64 encap seg6 mode encap segs A,B [tunsrc T]     a policy and its steering
    ip -6 route add SID encap seg6local action End.X nh6 A                      a SID
    ip route add 2001:db8::/64 via A [dev P]                                    a route
    ip neigh add A lladdr M dev P, ip vrf ..., ip sr tunsrc set A, ip sr tunsrc show

``dev`` is a port of the node. What iproute2 knows and this router does not is refused by name.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from srv6cp.cli import exitcodes, grammar, session
from srv6cp.cli.edits import add, editing_options, finish, open_file, remove
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.cli.grammar import Edit
from srv6cp.cli.nodefile import NodeFile
from srv6cp.cli.output import emit
from srv6cp.cli.words import Words, segments

_USAGE = "srv6 ip [-6|-4] route|neigh|sr add|del|replace ..."
_ADDING = ("add", "append", "replace", "change")
_DELETING = ("del", "delete")
_IGNORED = {"metric": 1, "proto": 1, "protocol": 1, "pref": 1, "mtu": 1, "count": 0}


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "ip",
        help="the SRv6 commands of iproute2",
        usage=f"{_USAGE} (options of srv6 come before -6 and the object)",
        parents=[session.node_options(), session.connection_options(), editing_options()],
    )
    parser.add_argument("-6", "-4", dest="family", action="store_true", help="accepted; prefixes tell")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="WORD")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Translate, edit, apply."""
    cursor = Words([word for word in args.words if word not in ("-6", "-4")], _USAGE)
    kind = cursor.take("the object")
    with open_file(args) as file:
        return _edit(args, file, kind, cursor)


def _edit(args: argparse.Namespace, file: NodeFile, kind: str, cursor: Words) -> int:
    if kind in ("route", "ro", "r"):
        _route(file, cursor)
    elif kind in ("neigh", "neighbor", "neighbour"):
        verb = cursor.take("add or del")
        if verb in _DELETING:
            remove(file, "neighbor", cursor.rest())
        else:
            add(file, grammar.neighbor(cursor.rest()), replace=_replaces(verb))
    elif kind == "sr":
        if cursor.take("tunsrc") != "tunsrc":
            raise UsageError("of `ip sr`, only `tunsrc set ADDRESS` and `tunsrc show` exist here")
        if cursor.take("set or show") == "show":
            source = file.data.get("source")
            emit({"tunsrc": source}, args.json, f"tunsrc addr {source or '::'}")
            return exitcodes.OK
        file.set_scalar("source", cursor.take("the address"))
    else:
        raise cursor.unknown(kind, ("route", "neigh", "sr"))
    return finish(args, file)


def _route(file: NodeFile, cursor: Words) -> None:
    verb = cursor.take("add, replace or del")
    words = cursor.rest()
    if verb in _DELETING:
        _delete(file, words)
    elif verb in _ADDING:
        add(file, translate_route(words), _replaces(verb))
    else:
        raise cursor.unknown(verb, (*_ADDING, *_DELETING))


def translate_route(words: Sequence[str]) -> list[Edit]:
    """The words behind ``ip route add``."""
    if "encap" not in words:
        return grammar.route(_without_ignored(words))
    place = list(words).index("encap")
    before, encap = _without_ignored(words[:place]), Words(words[place + 1 :], "encap seg6|seg6local ...")
    cursor = Words(before, "ip route add PREFIX [vrf V] encap ...")
    prefix = cursor.take("the prefix")
    options = cursor.pairs(("vrf", "via", "dev"), {"table": "vrf"})
    if options.get("vrf") in ("main", "254"):
        options.pop("vrf")
    kind = encap.take("seg6 or seg6local")
    if kind == "seg6local":
        # The device behind a seg6local route is a formality of Linux, but for End.DX2 (oif) and next hops.
        rest = _without_trailing_device(_without_ignored(encap.rest()))
        extra = ["in-vrf", options["vrf"]] if "vrf" in options else []
        return grammar.sid([prefix, *rest, *extra])
    if kind == "seg6":
        return _steered(prefix, options, encap)
    raise encap.unknown(kind, ("seg6", "seg6local"))


def _steered(prefix: str, options: dict[str, Any], encap: Words) -> list[Edit]:
    name = _policy_name(prefix, options.get("vrf"))
    item: dict[str, Any] = {"name": name}
    mode: dict[str, Any] = {}
    while encap:
        word = encap.take("a word")
        if word == "mode":
            mode["mode"] = encap.take("the mode")
        elif word == "segs":
            item["segments"] = segments(encap.take("the segments"))
        elif word == "tunsrc":
            mode["source"] = encap.take("the source address")
        elif word in ("dev", "via"):
            encap.take(f"the value of {word!r}")  # where the packet goes follows from its first segment
        elif word in ("vrf", "table"):
            options["vrf"] = encap.take("the VRF")
        elif word in _IGNORED:
            for _ in range(_IGNORED[word]):
                encap.take(f"the value of {word!r}")
        elif word == "hmac":
            raise UsageError("'hmac' is not supported")
        else:
            raise encap.unknown(word, ("mode", "segs", "tunsrc", "dev", "via", "vrf", "table"))
    if "segments" not in item:
        raise UsageError("'segs A,B,...' is missing")
    item["encap"] = {"mode": "encap", **mode}
    steering = {"prefix": prefix, **({"vrf": options["vrf"]} if "vrf" in options else {}), "policy": name}
    return [Edit("policies", item), Edit("steering", steering)]


def _delete(file: NodeFile, words: Sequence[str]) -> None:
    """``ip route del PREFIX``: whatever of SID, steering and route has this prefix."""
    cursor = Words(_without_ignored(words), "ip route del PREFIX [vrf V]")
    prefix = cursor.take("the prefix")
    rest = cursor.rest()
    vrf = rest[rest.index("vrf") + 1] if "vrf" in rest[:-1] else None
    scope = ["vrf", vrf] if vrf else []
    removed = []
    for kind, key in (
        ("steer", [prefix, *scope]),
        ("sid", [prefix, *(["in-vrf", vrf] if vrf else [])]),
        ("route", [prefix, *scope]),
        ("policy", [_policy_name(prefix, vrf)]),
    ):
        try:
            remove(file, kind, key)
            removed.append(kind)
        except CliError:
            continue
    if not removed:
        raise CliError(f"{file.path}: no route, SID or steering of {prefix}", exitcodes.CONFIG)


def _policy_name(prefix: str, vrf: str | None) -> str:
    name = f"route-{prefix.replace('/', '-')}"
    return f"{name}-{vrf}" if vrf else name


def _replaces(verb: str) -> bool:
    return verb in ("replace", "change")


def _without_ignored(words: Sequence[str]) -> list[str]:
    rest, result = list(words), []
    while rest:
        word = rest.pop(0)
        if word in _IGNORED:
            del rest[: _IGNORED[word]]
        else:
            result.append(word)
    return result


def _without_trailing_device(words: list[str]) -> list[str]:
    """Drop ``dev X`` unless it tells the port of a next hop (a link-local one has no other)."""
    if len(words) < 2 or words[-2] != "dev":
        return words
    if any(word in ("nh6", "nh4") for word in words):
        hop = words[words.index("nh6" if "nh6" in words else "nh4") + 1]
        if hop.lower().startswith("fe80:"):
            return words
    return words[:-2]
