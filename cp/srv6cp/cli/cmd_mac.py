# SPDX-License-Identifier: Apache-2.0
"""``srv6 mac show|flush|add|replace|del``: the MAC addresses of bridge domains; ``srv6 bridge fdb`` is the same.

    mac show [WHICH] [--json] [--watch [SECONDS]]       dynamic ones are learned, static ones configured
    mac flush [WHICH]                                   learned ones are forgotten, and learned again
    mac add|replace MAC [bridge NAME] port P[.V] | remote NAME          into the node file
    mac del MAC [bridge NAME]
    bridge fdb show|flush|add|replace|del ...           with the words of iproute2: br, dev, brport, dst, master

WHICH: a MAC address, `bridge`, `port`, `vlan`, `remote`, `sid` with a value, `dynamic`, `static`. The switch is what is
shown; ages are the controller's, at most so many seconds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any

from srv6cp import values
from srv6cp.cli import exitcodes, session
from srv6cp.cli.arguments import seconds
from srv6cp.cli.edits import editing_options, finish, open_file
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.cli.iproute2.words import Devices
from srv6cp.cli.output import emit, note, table
from srv6cp.cli.words import Words
from srv6cp.problems import InvalidError

if TYPE_CHECKING:
    from srv6cp.cli.nodefile import NodeFile
    from srv6cp.cli.readback import Names
    from srv6cp.model import Node
    from srv6cp.p4rt import Client, TableEntry

KEYS = ("bridge", "port", "vlan", "remote", "sid")
SYNONYMS = {"br": "bridge", "dev": "port", "brport": "port", "dst": "sid"}
KINDS = ("dynamic", "static")
_KINDS = {**{kind: kind for kind in KINDS}, "permanent": "static"}
_IGNORED = ("master",)  # iproute2's word for what is the only thing here
_COLUMNS = ("bridge", "mac", "vlan", "port", "remote", "sid", "type", "age", "packets")
_VERBS = {"add": "an address that stays", "replace": "an address that stays", "del": "an address that stays"}
_WHICH = "[MAC] [bridge B] [port P[.V]] [vlan V] [remote NAME] [sid S] [dynamic|static]"
_AT = "MAC [bridge B] port P[.V] | remote NAME"


def register(subparsers: Any) -> None:
    """Add ``srv6 mac``."""
    parser = subparsers.add_parser("mac", help="MAC addresses of bridge domains: learned and configured ones")
    parser.set_defaults(parser=parser)
    add_verbs(parser.add_subparsers(dest="verb", metavar="VERB"), "mac")


def register_fdb(verbs: Any) -> None:
    """Add ``srv6 bridge fdb``."""
    parser = verbs.add_parser("fdb", help="MAC addresses, as `bridge fdb` of iproute2 has them")
    parser.set_defaults(parser=parser)
    add_verbs(parser.add_subparsers(dest="fdb", metavar="VERB"), "bridge fdb")


def add_verbs(verbs: Any, command: str) -> None:
    """``show`` and the others, of ``srv6 command``."""
    parents = [session.node_options(), session.connection_options()]
    show = verbs.add_parser(
        "show",
        help="addresses on the switch",
        parents=[*parents, session.json_option()],
        usage=f"srv6 {command} show [options] {_WHICH}",
        aliases=["list"],
    )
    show.add_argument(
        "--watch",
        nargs="?",
        type=seconds(0.1, 3600),
        const=1.0,
        metavar="SECONDS",
        help="again and again, until Ctrl-C (1)",
    )
    show.add_argument("words", nargs="*", metavar="WORD")
    show.set_defaults(run=run_show)
    flush = verbs.add_parser(
        "flush",
        help="forget learned addresses",
        parents=[*parents, session.json_option()],
        usage=f"srv6 {command} flush [options] {_WHICH}",
    )
    flush.add_argument("words", nargs="*", metavar="WORD")
    flush.set_defaults(run=run_flush)
    for verb, text in _VERBS.items():
        edit = verbs.add_parser(
            verb,
            help=f"{verb} {text}: in the node file and on the switch",
            parents=[*parents, editing_options()],
            usage=f"srv6 {command} {verb} [options] {'MAC [bridge B]' if verb == 'del' else _AT}",
            aliases=["delete"] if verb == "del" else [],
        )
        edit.add_argument("words", nargs="+", metavar="WORD")
        edit.set_defaults(run=run_edit, edit=verb)


# --- what is on the switch ----------------------------------------------------------------------------------


def run_show(args: argparse.Namespace) -> int:
    """Print the addresses, once or until Ctrl-C."""
    wanted = _which(args, f"srv6 mac show {_WHICH}")
    while True:
        rows, ages = _read(args, wanted)
        if args.watch and not args.json and sys.stdout.isatty():
            print("\x1b[H\x1b[2J", end="")
        emit(rows, args.json, table(rows, _columns(rows), "no MAC address"))
        for line in _remarks(ages):
            note(line)
        if not args.watch:
            return exitcodes.OK
        sys.stdout.flush()
        time.sleep(args.watch)


def run_flush(args: argparse.Namespace) -> int:
    """Delete learned addresses; a running controller goes on with what is left."""
    from srv6cp.behaviours.l2_bridge import DESTINATIONS, SOURCES
    from srv6cp.p4rt import Code, TableEntry, WriteError, delete

    wanted = _which(args, f"srv6 mac flush {_WHICH}")
    if wanted.get("type") == "static":
        raise UsageError("static addresses are configured: srv6 mac del")
    node = session.optional_node(args)
    with session.make_client(args, node) as client:
        session.become_primary(client, force=True)  # for a moment: a controller that runs takes it back
        _has_bridges(client)
        rows = _rows(client, node, session.same_router(args, client, node))[0]
        gone = [row for row in rows if row["type"] == "dynamic" and _matches(row, wanted)]
        try:
            client.write(
                delete(TableEntry(name, {"bridge_id": row["number"], "mac": row["mac"]}))
                for row in gone
                for name in (SOURCES, DESTINATIONS)
            )
        except WriteError as error:
            if any(failure.code is not Code.NOT_FOUND for failure in error.failures):
                raise  # else it was being learned, or had gone
    emit({"flushed": len(gone)}, args.json, f"{len(gone)} learned addresses forgotten")
    return exitcodes.OK


def _which(args: argparse.Namespace, usage: str) -> dict[str, str]:
    """The words that choose addresses. Raises UsageError."""
    words = Words(args.words, usage)
    result: dict[str, str] = {}
    devices = _devices(args)
    while words:
        word = words.take("a word")
        key = SYNONYMS.get(word, word)
        if word in _IGNORED:
            continue
        if word in _KINDS:
            key, value = "type", _KINDS[word]
        elif key in KEYS:
            value = words.take(f"the value of {word!r}")
        elif ":" in word:
            key, value = "mac", _mac(word)
        else:
            raise words.unknown(word, (*KEYS, *SYNONYMS, *_KINDS, "a MAC address"))
        if key in result:
            raise UsageError(f"{word!r} is given twice; usage: {usage}")
        result[key] = str(devices.port(value)) if key == "port" else value
    port, _, vlan = result.get("port", "").partition(".")
    if vlan:
        result |= {"port": port, "vlan": vlan}
    return result


def _mac(text: str) -> str:
    try:
        return str(values.mac_address(text))
    except InvalidError as error:
        raise UsageError(str(error)) from None


def _matches(row: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return all(
        value in (row["sid"], row["source"]) if key == "sid" else str(row[key]) == value
        for key, value in ((key, _spelled(value)) for key, value in wanted.items())
    )


def _spelled(value: str) -> str:
    """One spelling for an address."""
    try:
        return str(IPv6Address(value)) if value.count(":") and value.count(":") != 5 else value
    except ValueError:
        return value


def _read(args: argparse.Namespace, wanted: Mapping[str, str]) -> tuple[list[dict[str, Any]], Any]:
    node = session.optional_node(args)
    with session.make_client(args, node) as client:
        _has_bridges(client)
        rows, ages = _rows(client, node, session.same_router(args, client, node))
    found = [row for row in rows if _matches(row, wanted)]
    for row in found:
        del row["number"], row["source"]
    return found, ages


def _has_bridges(client: Client) -> None:
    from srv6cp.behaviours.l2_bridge import SOURCES

    if SOURCES not in session.program(client).tables:
        raise CliError("the switch's program has no bridge domains; profiles that have them: full", exitcodes.REJECTED)


def _rows(client: Client, node: Node | None, of: Node | None) -> tuple[list[dict[str, Any]], Any]:
    """One row an address of either table; what a controller says of their ages."""
    from srv6cp.behaviours import Entry
    from srv6cp.behaviours.l2_bridge import DESTINATIONS, KEY, REPLICAS, SOURCES, outs
    from srv6cp.cli import readback
    from srv6cp.controller import macages
    from srv6cp.controller.bridging import key_of
    from srv6cp.p4rt import Action, DirectCounterEntry

    names = readback.Names.of(of, client)
    ways = outs(
        [
            Entry(each.table, each.match, each.action.name, each.action.params)
            for name in REPLICAS
            for each in readback.entries(client, name)
            if isinstance(each.action, Action)
        ],
        names,
    )
    counted = {
        key_of(cell.match): cell.packets
        for cell in client.read(DirectCounterEntry(SOURCES))
        if isinstance(cell, DirectCounterEntry) and cell.match
    }
    ages, now = macages.read(client.device_id, client.address), time.time()
    sources = {key_of(each.match): each for each in readback.entries(client, SOURCES)}
    destinations = {key_of(each.match): each for each in readback.entries(client, DESTINATIONS)}
    sids = _last_segments(client, names) if any(way.unicast for way in ways.values()) else {}
    rows = []
    for key in sorted({**sources, **destinations}):
        entry = destinations.get(key) or sources[key]
        static = _action(sources.get(key)) == "stays_at"
        assert isinstance(entry.action, Action)
        way = ways.get(int(str(entry.action.params.get("replica_id", 0))))
        rows.append(
            {
                "bridge": names.item(KEY, key[0]),
                "mac": str(entry.match["mac"]),
                "vlan": way and way.vlan,
                "port": way and way.port,
                "remote": way and (way.name or way.source),
                "sid": sids.get(way.unicast) if way and way.unicast else None,
                "type": "static" if static else "dynamic",
                "age": None if static or ages is None else ages.age(key, counted.get(key), now),
                "packets": counted.get(key, 0),
                "number": key[0],
                "source": way and way.source,
            }
        )
    return sorted(rows, key=lambda row: (row["bridge"], row["mac"])), ages


def _action(entry: TableEntry | None) -> str:
    return getattr(entry.action, "name", "") if entry is not None else ""


def _last_segments(client: Client, names: Names) -> dict[str, str]:
    """The last segment of each policy, which is the SID of the remote."""
    from srv6cp.cli import readback

    rows = readback.policy_rows(client, names)
    return {row["policy"]: row["segments"][-1] for row in rows if row["segments"]}


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    optional = ("vlan", "remote", "sid")
    return [each for each in _COLUMNS if each not in optional or any(row[each] is not None for row in rows)]


def _remarks(ages: Any) -> list[str]:
    """What was not learned, and why."""
    if ages is None or not ages.refused:
        return []
    where = "the table of the switch is full" if "*" in ages.full else f"full: {', '.join(ages.full)}"
    return [f"not learned for want of room: {ages.refused} times{f' ({where})' if ages.full else ''}"]


# --- what is in the node file -------------------------------------------------------------------------------


def run_edit(args: argparse.Namespace) -> int:
    """add, replace, del of ``static`` of a bridge domain."""
    usage = f"srv6 mac {args.edit} {'MAC [bridge B]' if args.edit == 'del' else _AT}"
    wanted = _which(args, usage)
    if wanted.pop("type", "static") != "static":
        raise UsageError("dynamic addresses are learned; the node file has static ones")
    if "mac" not in wanted:
        raise UsageError(f"a MAC address is missing; usage: {usage}")
    with open_file(args) as file:
        index, bridge = _bridge(file, wanted)
        static = list(bridge.get("static") or ())
        same = [at for at, item in enumerate(static) if _mac(str(item.get("mac"))) == wanted["mac"]]
        if args.edit == "del":
            if not same:
                raise CliError(f"{file.path}: {bridge['name']} has no static {wanted['mac']}", exitcodes.CONFIG)
            static = [item for at, item in enumerate(static) if at not in same]
        else:
            item = {"mac": wanted["mac"], "at": _at(wanted, bridge, usage)}
            if same and args.edit == "add":
                what = f"{wanted['mac']} is there already; to change it: srv6 mac replace"
                raise CliError(f"{file.path}: {bridge['name']}: {what}", exitcodes.CONFIG)
            static = [item if at in same[:1] else one for at, one in enumerate(static) if at not in same[1:]]
            static += [] if same else [item]
        changed = {**bridge, "static": static}
        if not static:
            del changed["static"]
        file.replace("bridges", index, changed)
        return finish(args, file)


def _bridge(file: NodeFile, wanted: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Where the bridge domain is that is meant, and itself."""
    items = file.items("bridges")
    names = [str(item.get("name")) for item in items if isinstance(item, dict)]
    name = wanted.get("bridge")
    if name is None and len(names) != 1:
        raise CliError(f"{file.path}: say bridge NAME; there are: {', '.join(names) or 'none'}", exitcodes.CONFIG)
    for index, item in enumerate(items):
        if isinstance(item, dict) and str(item.get("name")) in (name, names[0] if name is None else name):
            return index, item
    raise CliError(f"{file.path}: no bridge {name}; there are: {', '.join(names) or 'none'}", exitcodes.CONFIG)


def _at(wanted: Mapping[str, str], bridge: Mapping[str, Any], usage: str) -> int | str:
    """``at`` of a static address: a circuit, or a remote by name or by its source address."""
    ways = [key for key in ("port", "remote", "sid") if key in wanted]
    if len(ways) != 1:
        raise UsageError(f"one of 'port' and 'remote' is needed; usage: {usage}")
    if "port" in wanted:
        if "vlan" in wanted:
            return f"{wanted['port']}.{wanted['vlan']}"
        return int(wanted["port"])
    if "vlan" in wanted:
        raise UsageError("'vlan' goes with 'port'")
    if "remote" in wanted:
        return wanted["remote"]
    source = _spelled(wanted["sid"])
    for remote in bridge.get("remotes") or ():
        if isinstance(remote, dict) and _spelled(str(remote.get("source"))) == source:
            return str(remote.get("name"))
    raise UsageError(f"no remote of {bridge['name']} has the source address {source}")


def _devices(args: argparse.Namespace) -> Devices:
    from srv6cp.config import read_source

    path = session.node_file(args, required=False)
    data = read_source(path).load() if path is not None else None
    return Devices.of(data) if isinstance(data, dict) else Devices()
