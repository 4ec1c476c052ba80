# SPDX-License-Identifier: Apache-2.0
"""Ping and traceroute along segments: options, rounds, what is printed. Who carries the probes is the caller's.

Exit codes are those of ping and traceroute: 0 when an answer came from the target, 1 when none did.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from typing import Any

from srv6cp.cli import exitcodes
from srv6cp.cli.arguments import number
from srv6cp.cli.exitcodes import UsageError
from srv6cp.model import Compress, Csid, Listed, PackingError, SidStructure, SidStructures, compressed, ultimate
from srv6cp.packets.probes import Answer, Probe, answer

Exchange = Callable[[Probe, float], "tuple[bytes, float] | None"]
"""Send a probe; the packet that `srv6cp.packets.probes.answer` understands of it and the seconds that it took, or None
after so many seconds."""
Label = Callable[[bytes, "bytes | None"], str]
"""What is known of a responder (its address) and the segment that was active there, '' for nothing."""

Say = Callable[[str], None]
"""Takes a line of output."""

_MOST_SEGMENTS = 127
_BITS = 128


@dataclass(frozen=True)
class Way:
    """Where probes go: what was asked for, target last, and what becomes of it. ``elements`` are in the SRH: the same,
    or containers. ``arrives_at`` is the destination that the last node sees."""

    asked: tuple[bytes, ...]
    elements: tuple[bytes, ...]
    arrives_at: bytes


def _print(text: str) -> None:
    print(text, flush=True)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds (0 to 86400)")
    return value


def add_options(parser: argparse.ArgumentParser, traceroute: bool) -> None:
    """Those of ping, or of traceroute, as far as they make sense here."""
    parser.add_argument(
        "--via", action="append", default=[], metavar="SEGMENT,...", help="segments on the way, in the order of travel"
    )
    parser.add_argument(
        "--packed",
        action="store_true",
        help="pack the segments into containers of C-SIDs, as a headend does (RFC 9800 6)",
    )
    parser.add_argument("-s", dest="size", type=number(0, 1200), default=56, metavar="SIZE", help="octets of data")
    parser.add_argument("--o-flag", action="store_true", help="set the O flag: SIDs may copy it to their OAM process")
    parser.add_argument("--json", action="store_true", help="print JSON")
    if traceroute:
        parser.add_argument("-m", dest="most", type=number(1, 255), default=30, metavar="HOPS", help="at most (30)")
        parser.add_argument("-f", dest="first", type=number(1, 255), default=1, metavar="HOP", help="begin there (1)")
        parser.add_argument("-q", dest="count", type=number(1, 10), default=3, metavar="N", help="probes a hop (3)")
        parser.add_argument("-w", dest="wait", type=_seconds, default=2.0, metavar="SECONDS", help="for an answer (2)")
        parser.add_argument("-I", dest="icmp", action="store_true", help="echo requests instead of UDP")
    else:
        parser.add_argument("-c", dest="count", type=number(1, 2**31), metavar="COUNT", help="probes [until Ctrl-C]")
        parser.add_argument("-i", dest="interval", type=_seconds, default=1.0, metavar="SECONDS", help="between (1)")
        parser.add_argument("-W", dest="wait", type=_seconds, default=2.0, metavar="SECONDS", help="for an answer (2)")
        parser.add_argument("-t", dest="hop_limit", type=number(1, 255), default=64, metavar="N", help="hop limit (64)")
        parser.add_argument("-q", dest="quiet", action="store_true", help="print the summary only")


def add_structure(parser: argparse.ArgumentParser) -> None:
    """How the SIDs are made up, where nobody else says it."""
    parser.add_argument(
        "--lblen", type=number(1, _BITS - 2), metavar="BITS", help="block of the C-SIDs in the segments"
    )
    parser.add_argument("--nflen", type=number(1, _BITS - 2), metavar="BITS", help="length of the C-SIDs")
    parser.add_argument(
        "--csid", choices=("next", "replace"), default="next", help="NEXT-C-SIDs, or REPLACE-C-SIDs (next)"
    )


def told_structures(args: argparse.Namespace, addresses: Sequence[bytes]) -> SidStructures:
    """What the options of `add_structure` say of the segments and what they hold. Raises UsageError."""
    if args.lblen is None and args.nflen is None:
        if args.packed:
            raise UsageError("--packed: say how the SIDs are made up: --lblen 32 --nflen 16, --csid replace if so")
        return SidStructures()
    if args.lblen is None or args.nflen is None or args.lblen + args.nflen >= _BITS:
        raise UsageError("--lblen and --nflen belong together, and leave room behind the C-SID (RFC 9800 4)")
    if args.csid == "replace" and args.nflen not in (16, 32):
        raise UsageError("--nflen: a REPLACE-C-SID has 16 or 32 bits (RFC 9800 4.2)")
    argument = _BITS - args.lblen - args.nflen
    structure = SidStructure(args.lblen, args.nflen, 0, argument, Csid(args.csid))
    first = addresses[0]  # a container behind a REPLACE-C-SID has no block
    blocks = {IPv6Network((each, args.lblen), strict=False) for each in (addresses if args.csid == "next" else [first])}
    return SidStructures((block, structure) for block in blocks)


def addresses(
    args: argparse.Namespace, segment: Callable[[str], str] = str, target: Callable[[str], str] = str
) -> tuple[bytes, ...]:
    """``--via`` and the target; ``segment`` and ``target`` give the address of a name there. Raises UsageError."""
    words = [word for text in args.via for word in text.replace(",", " ").split()]
    found = []
    for word, resolve in (*((word, segment) for word in words), (args.target, target)):
        text = resolve(word)
        try:
            address = IPv6Address(text)
        except ValueError:
            raise UsageError(f"{word!r} is no IPv6 address") from None
        if address.is_multicast or address.is_unspecified or address.scope_id:
            raise UsageError(f"{word!r}: a segment is a global unicast address")
        found.append(address.packed)
    if len(found) > _MOST_SEGMENTS:
        raise UsageError(f"{len(found)} segments; an SRH holds {_MOST_SEGMENTS}")
    return tuple(found)


def way(asked: tuple[bytes, ...], structures: SidStructures, packed: bool = False) -> Way:
    """The list for these segments: as they are, wherever they lead, or packed as a headend packs it. Raises UsageError
    where those cannot be packed."""
    bits = tuple(int.from_bytes(each, "big") for each in asked)
    if packed:
        try:
            bits = compressed([Listed(each, structures.of(each)) for each in bits], Compress.AUTO, structures)
        except PackingError as error:
            raise UsageError(str(error)) from None
    try:
        arrives_at = ultimate(bits, structures)
    except PackingError:  # that it gets lost is to be seen
        arrives_at = bits[-1]
    return Way(asked, tuple(each.to_bytes(16, "big") for each in bits), arrives_at.to_bytes(16, "big"))


def ping(
    args: argparse.Namespace,
    source: bytes,
    path: Way,
    exchange: Exchange,
    label: Label = lambda *_: "",
    say: Say = _print,
) -> int:
    """Echo requests until there were ``-c``, or Ctrl-C."""
    target, rows = IPv6Address(path.asked[-1]), []
    if not args.json:
        say(f"PING {target}{_via(path)} from {IPv6Address(source)}: {args.size} data bytes")
    sequence, begin = 0, time.perf_counter()
    try:
        while args.count is None or sequence < args.count:
            if sequence:
                time.sleep(args.interval)
            sequence += 1
            row = _ask(_probe(args, source, path, sequence, args.hop_limit, udp=False), args.wait, exchange, label)
            rows.append(row)
            if not (args.json or args.quiet):
                say(_ping_line(row, sequence))
    except KeyboardInterrupt:
        pass
    took = time.perf_counter() - begin
    times = [row["rtt_ms"] for row in rows if row.get("reached")]
    summary: dict[str, Any] = {
        "target": str(target),
        **_listed(path),
        "source": str(IPv6Address(source)),
        "transmitted": sequence,
        "received": len(times),
        "loss_percent": round(100 * (sequence - len(times)) / sequence, 1) if sequence else 0.0,
        "rtt_ms": {"min": min(times), "avg": sum(times) / len(times), "max": max(times)} if times else None,
    }
    if args.json:
        say(json.dumps({**summary, "probes": rows}, indent=2))
    else:
        say(f"\n--- {target} ping statistics ---")
        say(
            f"{sequence} packets transmitted, {len(times)} received, {summary['loss_percent']:g}% packet loss, "
            f"time {1000 * took:.0f}ms"
        )
        if times:
            say("rtt min/avg/max = " + "/".join(f"{each:.3f}" for each in summary["rtt_ms"].values()) + " ms")
    return exitcodes.OK if times else exitcodes.CHECK_FAILED


def traceroute(
    args: argparse.Namespace,
    source: bytes,
    path: Way,
    exchange: Exchange,
    label: Label = lambda *_: "",
    say: Say = _print,
) -> int:
    """Probes with rising hop limits until the target answers, or an error says that there is no way on."""
    hops: list[dict[str, Any]] = []
    done, sequence = False, 0
    if not args.json:
        say(f"traceroute to {IPv6Address(path.asked[-1])}{_via(path)}, {args.most} hops max")
    try:
        for hop_limit in range(args.first, args.most + 1):
            probes = []
            for _ in range(args.count):
                sequence += 1
                probe = _probe(args, source, path, sequence, hop_limit, udp=not args.icmp)
                probes.append(_ask(probe, args.wait, exchange, label))
            hops.append({"hop": hop_limit, "probes": probes})
            if not args.json:
                say(_hop_line(hop_limit, probes))
            done = any(row.get("reached") for row in probes)
            if done or any("from" in row and not row["expired"] for row in probes):
                break
    except KeyboardInterrupt:
        pass
    if args.json:
        target = str(IPv6Address(path.asked[-1]))
        say(json.dumps({"target": target, **_listed(path), "reached": done, "hops": hops}, indent=2))
    return exitcodes.OK if done else exitcodes.CHECK_FAILED


def _probe(args: argparse.Namespace, source: bytes, path: Way, sequence: int, hop_limit: int, udp: bool) -> Probe:
    flags = 0x20 if args.o_flag else 0
    identifier = os.getpid() & 0x7FFF
    return Probe(
        source, path.elements, identifier, sequence & 0xFFFF, hop_limit, args.size, udp, flags, path.arrives_at
    )


def _ask(probe: Probe, wait: float, exchange: Exchange, label: Label) -> dict[str, Any]:
    found = exchange(probe, wait)
    said: Answer | None = answer(probe, found[0]) if found else None
    if found is None or said is None:
        return {"sequence": probe.sequence, "reached": False}
    row = {
        "sequence": probe.sequence,
        "from": str(IPv6Address(said.responder)),
        "reached": said.reached,
        "expired": said.expired,
        "says": said.meaning,
        "hop_limit": said.hop_limit,
        "rtt_ms": round(1000 * found[1], 3),
    }
    if said.active is not None:
        row["active"] = str(IPv6Address(said.active))
    if text := label(said.responder, said.active or (said.responder if said.reached else None)):
        row["node"] = text
    return row


def _via(path: Way) -> str:
    """What comes behind the target in the first line: the segments before it, and the list where it is another."""
    listed = ", ".join(str(IPv6Address(each)) for each in path.asked[:-1])
    packed = ", ".join(str(IPv6Address(each)) for each in path.elements)
    return (f" via {listed}" if listed else "") + (f" packed as {packed}" if path.elements != path.asked else "")


def _listed(path: Way) -> dict[str, Any]:
    """Of JSON: segments as they were asked for, the list where it is another, the destination at the last node."""
    found: dict[str, Any] = {"segments": [str(IPv6Address(each)) for each in path.asked]}
    if path.elements != path.asked:
        found["packed"] = [str(IPv6Address(each)) for each in path.elements]
    if path.arrives_at != path.elements[-1]:
        found["arrives_at"] = str(IPv6Address(path.arrives_at))
    return found


def _ping_line(row: dict[str, Any], sequence: int) -> str:
    if "from" not in row:
        return f"no answer for seq={sequence}"
    who = f"{row['from']}{_of(row)}"
    if row["says"] == "echo reply":
        return f"reply from {who}: seq={sequence} hlim={row['hop_limit']} time={row['rtt_ms']:.3f} ms"
    return f"from {who}: seq={sequence} {row['says']} (at {row.get('active')})"


def _hop_line(hop_limit: int, probes: Sequence[dict[str, Any]]) -> str:
    parts, last = [], None
    for row in probes:
        if "from" not in row:
            parts.append("*")
            continue
        key = row["from"], row["says"], row.get("active")
        if key != last:
            last = key
            at = f" at {row['active']}" if "active" in row else ""
            said = "" if row["expired"] else f" [{row['says']}]"
            parts.append(f"{row['from']}{_of(row)}{at}{said}")
        parts.append(f"{row['rtt_ms']:.3f} ms")
    return f"{hop_limit:2d}  " + "  ".join(parts)


def _of(row: dict[str, Any]) -> str:
    return f" ({row['node']})" if row.get("node") else ""
