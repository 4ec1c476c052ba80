# SPDX-License-Identifier: Apache-2.0
"""What ``srconf localsid add`` of srext says beside a SID: next hops by MAC address, and proxies with their service.

    SID end.ad4|ad6|ead4|ead6|am ip A|mac M TARGETIF [SOURCEIF]
    SID end.as4|as6              ip A|mac M TARGETIF [SOURCEIF] src A segs A,B [left N]

srext announces ``end.as4`` and ``end.as6`` and has them not. TARGETIF is the port to the function, SOURCEIF the one
back from it. A proxy gets a service of its own, named after the SID.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from srv6cp import values
from srv6cp.cli import grammar
from srv6cp.cli.exitcodes import UsageError
from srv6cp.cli.grammar import Edit
from srv6cp.cli.words import Words, segments
from srv6cp.problems import InvalidError

USAGE = "srv6 srconf localsid add SID BEHAVIOUR [ip A|mac M] TARGETIF [SOURCEIF] [src A segs A,B [left N]]"


class _Proxy(NamedTuple):
    behaviour: str
    proxy: str
    type: str


PROXIES = {
    "end.ad4": _Proxy("End.AD", "dynamic", "ipv4"),
    "end.ad6": _Proxy("End.AD", "dynamic", "ipv6"),
    "end.ead4": _Proxy("End.EAD", "dynamic", "ipv4"),
    "end.ead6": _Proxy("End.EAD", "dynamic", "ipv6"),
    "end.am": _Proxy("End.AM", "masquerading", "ipv6"),
    "end.as4": _Proxy("End.AS", "static", "ipv4"),
    "end.as6": _Proxy("End.AS", "static", "ipv6"),
}


def service_of(sid: str) -> str:
    """The name of the service that a SID of srconf brings with it."""
    return f"sid-{sid.replace('/', '-')}"


def edits(words: Sequence[str]) -> list[Edit]:
    """The items of ``localsid add``. Raises UsageError."""
    cursor = Words(words, USAGE)
    sid = cursor.take("the SID")
    proxy = PROXIES.get((cursor.peek() or "").lower())
    if proxy is None:
        return _by_mac(sid, cursor.rest())
    cursor.take("the behaviour")
    found, address = _next_hop(cursor)
    target = cursor.take("TARGETIF, the port to the function")
    found = [Edit(each.section, {**each.item, "port": _port(target)}) for each in found]
    service: dict[str, Any] = {
        "name": service_of(sid),
        "proxy": proxy.proxy,
        "type": proxy.type,
        "via": {"address": address, "port": _port(target)},
    }
    if cursor.peek() not in (None, "src", "segs", "left"):
        service["in"] = _port(cursor.take("SOURCEIF"))
    options = cursor.pairs(("src", "segs", "left"))
    if proxy.proxy == "static":
        if "src" not in options or "segs" not in options:
            raise UsageError(f"{words[1]} needs 'src' and 'segs', the headers of what comes back; usage: {USAGE}")
        listed = segments(options["segs"])
        if "left" in options and values.decimal(options["left"]) != len(listed) - 1:
            raise UsageError(f"'left' is the number of segments behind the first one, {len(listed) - 1} here")
        service |= {"source": options["src"], "segments": listed}
    elif options:
        raise UsageError(f"{', '.join(options)}: only end.as4 and end.as6 are given headers; usage: {USAGE}")
    item = {"sid": sid, "behavior": proxy.behaviour, "service": service["name"]}
    return [*found, Edit("services", service), Edit("sids", item)]


def _by_mac(sid: str, words: list[str]) -> list[Edit]:
    """As `grammar.sid`; ``mac M IF`` is a static neighbour as the next hop."""
    at = next((index for index, word in enumerate(words) if word == "mac"), None)
    if at is None or at != 1:
        return grammar.sid([sid, *words])
    cursor = Words(words[1:], USAGE)
    found, address = _next_hop(cursor)
    rest = cursor.rest()
    if not rest:
        raise UsageError(f"'mac' needs the port behind it; usage: {USAGE}")
    neighbor = Edit(found[0].section, {**found[0].item, "port": _port(rest[0])})
    return [neighbor, *grammar.sid([sid, words[0], "ip", address, *rest])]


def _next_hop(cursor: Words) -> tuple[list[Edit], str]:
    """``ip A``, or ``mac M``: the link-local address that belongs to the MAC address, and the neighbour."""
    kind = cursor.take("'ip' or 'mac'")
    if kind not in ("ip", "mac"):
        raise cursor.unknown(kind, ("ip", "mac"))
    given = cursor.take("the next hop")
    if kind == "ip":
        return [], given
    try:
        mac = values.mac_address(given)
    except InvalidError as error:
        raise UsageError(str(error)) from None
    octets = bytes.fromhex(mac.replace(":", ""))
    host = bytes((octets[0] ^ 2,)) + octets[1:3] + b"\xff\xfe" + octets[3:]
    address = "fe80::" + ":".join(f"{host[at] << 8 | host[at + 1]:x}" for at in range(0, 8, 2))
    return [Edit("neighbors", {"address": address, "mac": mac})], address


def _port(text: str) -> int | str:
    number = values.decimal(text)
    return text if number is None else number
