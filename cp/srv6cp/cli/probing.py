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
from ipaddress import IPv6Address
from typing import Any

from srv6cp.cli import exitcodes
from srv6cp.cli.arguments import number
from srv6cp.cli.exitcodes import UsageError
from srv6cp.packets.probes import Answer, Probe, answer

Exchange = Callable[[Probe, float], "tuple[bytes, float] | None"]
"""Send a probe; the packet that `srv6cp.packets.probes.answer` understands of it and the seconds that it took, or None
after so many seconds."""
Label = Callable[[bytes, "bytes | None"], str]
"""What is known of a responder (its address) and the segment that was active there, '' for nothing."""

_MOST_SEGMENTS = 127


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


def segments(args: argparse.Namespace, resolve: Callable[[str], str] = str) -> tuple[bytes, ...]:
    """``--via`` and the target. Raises UsageError."""
    words = [word for text in args.via for word in text.replace(",", " ").split()]
    found = []
    for word in (*words, args.target):
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


def ping(
    args: argparse.Namespace, source: bytes, path: Sequence[bytes], exchange: Exchange, label: Label = lambda *_: ""
) -> int:
    """Echo requests until there were ``-c``, or Ctrl-C."""
    target, rows = IPv6Address(path[-1]), []
    if not args.json:
        print(f"PING {target}{_via(path)} from {IPv6Address(source)}: {args.size} data bytes", flush=True)
    sequence, begin = 0, time.perf_counter()
    try:
        while args.count is None or sequence < args.count:
            if sequence:
                time.sleep(args.interval)
            sequence += 1
            row = _ask(_probe(args, source, path, sequence, args.hop_limit, udp=False), args.wait, exchange, label)
            rows.append(row)
            if not (args.json or args.quiet):
                print(_ping_line(row, sequence), flush=True)
    except KeyboardInterrupt:
        pass
    took = time.perf_counter() - begin
    times = [row["rtt_ms"] for row in rows if row.get("reached")]
    summary: dict[str, Any] = {
        "target": str(target),
        "segments": [str(IPv6Address(each)) for each in path],
        "source": str(IPv6Address(source)),
        "transmitted": sequence,
        "received": len(times),
        "loss_percent": round(100 * (sequence - len(times)) / sequence, 1) if sequence else 0.0,
        "rtt_ms": {"min": min(times), "avg": sum(times) / len(times), "max": max(times)} if times else None,
    }
    if args.json:
        print(json.dumps({**summary, "probes": rows}, indent=2))
    else:
        print(f"\n--- {target} ping statistics ---")
        print(
            f"{sequence} packets transmitted, {len(times)} received, {summary['loss_percent']:g}% packet loss, "
            f"time {1000 * took:.0f}ms"
        )
        if times:
            print("rtt min/avg/max = " + "/".join(f"{each:.3f}" for each in summary["rtt_ms"].values()) + " ms")
    return exitcodes.OK if times else exitcodes.CHECK_FAILED


def traceroute(
    args: argparse.Namespace, source: bytes, path: Sequence[bytes], exchange: Exchange, label: Label = lambda *_: ""
) -> int:
    """Probes with rising hop limits until the target answers, or an error says that there is no way on."""
    hops: list[dict[str, Any]] = []
    done, sequence = False, 0
    if not args.json:
        print(f"traceroute to {IPv6Address(path[-1])}{_via(path)}, {args.most} hops max", flush=True)
    try:
        for hop_limit in range(args.first, args.most + 1):
            probes = []
            for _ in range(args.count):
                sequence += 1
                probe = _probe(args, source, path, sequence, hop_limit, udp=not args.icmp)
                probes.append(_ask(probe, args.wait, exchange, label))
            hops.append({"hop": hop_limit, "probes": probes})
            if not args.json:
                print(_hop_line(hop_limit, probes), flush=True)
            done = any(row.get("reached") for row in probes)
            if done or any("from" in row and not row["expired"] for row in probes):
                break
    except KeyboardInterrupt:
        pass
    if args.json:
        listed = [str(IPv6Address(each)) for each in path]
        print(json.dumps({"target": listed[-1], "segments": listed, "reached": done, "hops": hops}, indent=2))
    return exitcodes.OK if done else exitcodes.CHECK_FAILED


def _probe(
    args: argparse.Namespace, source: bytes, path: Sequence[bytes], sequence: int, hop_limit: int, udp: bool
) -> Probe:
    flags = 0x20 if args.o_flag else 0
    return Probe(source, tuple(path), os.getpid() & 0x7FFF, sequence & 0xFFFF, hop_limit, args.size, udp, flags)


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


def _via(path: Sequence[bytes]) -> str:
    listed = ", ".join(str(IPv6Address(each)) for each in path[:-1])
    return f" via {listed}" if listed else ""


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
