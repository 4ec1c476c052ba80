# SPDX-License-Identifier: Apache-2.0
"""The OAM process of a node (RFC 9259 2.1.1): it keeps, counts and logs copies of packets with the O flag.

It answers none of them and gives none back to the switch. The time of a copy is this machine's clock when the copy is
taken, in nanoseconds since 1970: the clock of the switch is another one for each kind of switch, and begins with it.

A journal, where one is wanted, is a file with a copy in JSON on each line, for `srv6 oam show`.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

from srv6cp import rundir
from srv6cp.model import PuntReason
from srv6cp.packets import notation, raw

from .punt import PacketIn

log = logging.getLogger(__name__)

KEPT = 256
"""Copies that are kept, and lines of a journal that stay when it is cut."""
_LONGEST_JOURNAL = 4 * KEPT


@dataclass(frozen=True)
class OamCopy:
    """A copy: when, at which SID, by which port, and what it was."""

    time_ns: int
    sid: str
    """The destination when the SID took the packet."""
    source: str
    port: int
    vrf_id: int
    segments_left: int
    packet: str
    """In the notation of RFC 8754."""
    told: str = ""
    """Punt reason of the packet itself, when it did not go on."""


class OamProcess:
    """The copies of one node. ``clock`` gives nanoseconds since 1970."""

    def __init__(self, node: str, journal: Path | None = None, clock: Callable[[], int] = time.time_ns) -> None:
        self.copies: deque[OamCopy] = deque(maxlen=KEPT)
        self.by_sid: Counter[str] = Counter()
        self._node = node
        self._journal = journal
        self._lines = _LONGEST_JOURNAL if journal else 0  # of an earlier process, perhaps: cut at once
        self._clock = clock
        self._again: deque[tuple[int, bytes]] = deque(maxlen=KEPT)

    def take(self, packet: PacketIn) -> None:
        """Note one copy. Raises ``TruncatedError`` for what is no IPv6 packet."""
        mark = _mark(packet)
        if mark in self._again:
            self._again.remove(mark)
            return
        ethernet = raw.parse_ethernet(packet.payload)
        view = raw.parse_ipv6(packet.payload, ethernet.payload)
        srh = next(iter(view.srhs), None)
        told = "" if packet.reason is PuntReason.O_FLAG else packet.reason.name
        copy = OamCopy(
            self._clock(),
            str(IPv6Address(view.dst)),
            str(IPv6Address(view.src)),
            packet.ingress_port,
            packet.vrf_id,
            srh.segments_left if srh else 0,
            notation(packet.payload, ethernet.payload),
            told,
        )
        self.copies.append(copy)
        self.by_sid[copy.sid] += 1
        log.info("%s: O flag at %s, port %d: %s", self._node, copy.sid, copy.port, copy.packet)
        self._write(copy)

    def goes_again(self, packet: PacketIn) -> None:
        """A packet that has been noted is about to go through the switch once more, and is not to be noted twice."""
        self._again.append(_mark(packet))

    def _write(self, copy: OamCopy) -> None:
        if self._journal is None:
            return
        try:
            if self._lines >= _LONGEST_JOURNAL:
                text = "".join(_line(each) for each in self.copies)
                self._lines = len(self.copies)
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            else:
                text = _line(copy)
                self._lines += 1
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            handle = os.open(self._journal, flags | os.O_CLOEXEC, 0o600)
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            log.warning("%s: %s: %s; copies with the O flag are logged only", self._node, self._journal, error.strerror)
            self._journal = None


def journal_name(device_id: int, address: str) -> str:
    """Name of the journal of a switch, in a folder of `rundir`."""
    return f"oam-{device_id}-{sha256(address.encode()).hexdigest()[:12]}.jsonl"


def own_journal(device_id: int, address: str) -> Path | None:
    """The path of the journal that a controller of this user keeps; None where there can be none."""
    try:
        return rundir.own() / journal_name(device_id, address)
    except OSError:
        return None


def read_journals(device_id: int, address: str) -> Iterator[dict[str, Any]]:
    """The copies that controllers of this machine have noted of a switch, as far as this user may read them."""
    for folder in rundir.folders():
        try:
            lines = (folder / journal_name(device_id, address)).read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            continue
        for line in lines:
            try:
                found = json.loads(line)
            except ValueError:
                continue  # being written
            if isinstance(found, dict):
                yield found


def _line(copy: OamCopy) -> str:
    return json.dumps(asdict(copy)) + "\n"


def _mark(packet: PacketIn) -> tuple[int, bytes]:
    return packet.ingress_port, sha256(packet.payload).digest()
