# SPDX-License-Identifier: Apache-2.0
"""Filters of sources: what of a node becomes of ``source_*`` and ``urpf_*`` tables, and how much."""

from __future__ import annotations

import random
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any

from unit.compile.support import compiled

from srv6cp.compile import Compilation
from srv6cp.p4rt import TableEntry

BLOCK = "fcbb:bb00::/32"


def ports(of_1: dict[str, Any], of_2: dict[str, Any] | None = None) -> dict[int, Any]:
    """The two ports of ``compiled`` with more settings."""
    return {
        1: {"mac": "02:00:00:00:01:01", "addresses": ["2001:db8:1::1/64", "10.0.1.1/24"], **of_1},
        2: {"mac": "02:00:00:00:01:02", "addresses": ["2001:db8:2::1/64"], **(of_2 or {})},
    }


def entries(found: Compilation, *tables: str) -> dict[tuple[int, Any], str]:
    """(urpf id or 0, prefix) to action."""
    rows = [each for each in found.entities if isinstance(each, TableEntry) and each.table in tables]
    made = {}
    for row in rows:
        match = dict(row.match)
        number = int(str(match.pop("urpf_id", 0)))
        (prefix,) = match.values()
        made[number, ip_network(str(prefix))] = row.action.name  # type: ignore[union-attr]
    assert len(made) == len(rows)
    return made


def sources(**sections: Any) -> dict[str, str]:
    found = entries(compiled(**sections), "source_ipv6_table", "source_ipv4_table")
    return {str(prefix): action.removesuffix("_source") for (_, prefix), action in found.items()}


def urpf(found: Compilation) -> dict[tuple[int, Any], str]:
    return entries(found, "urpf_ipv6_table", "urpf_ipv4_table")


def passes(rows: dict[tuple[int, Any], str], number: int, source: str) -> bool:
    """The longest match; a miss does not pass."""
    address = ip_address(source)
    longest = max((p for n, p in rows if n == number and address in p), key=lambda p: p.prefixlen, default=None)
    return longest is not None and rows[number, longest] == "urpf_pass"


def test_without_external_interfaces_no_source_is_listed() -> None:
    assert sources(sr_domain={"sid-block": BLOCK, "bogons": "private"}) == {}


def test_domain_wins_over_bogons_and_what_is_outside_over_both() -> None:
    found = sources(
        ports=ports({"role": "external"}),
        sr_domain={
            "sid-block": BLOCK,
            "sources": ["2001:db8::/32", "2001::/20", "fd00::/8"],
            "bogons": ["special", "private", "2001:db8::/32"],
        },
        routes=[
            {"prefix": "2001:db8:aa::/48", "via": "2001:db8:1::2"},
            {"prefix": "2001:db8:bb::/48", "via": "2001:db8:2::2"},
            {"prefix": "2600::/16", "via": "2001:db8:1::2"},
            {"prefix": "::/0", "via": "2001:db8:1::2"},
            {"prefix": "10.7.0.0/16", "via": "10.0.1.2"},
        ],
    )
    assert (
        found["2001:db8::/32"] == found[BLOCK] == found["fcbb:bb00:1::/48"] == found["fcbb:bb00:1::1/128"] == "domain"
    )
    assert found["2001::/32"] == "domain", "no bogon, and yet of the domain that is around it"
    assert found["fc00::/7"] == "bogon" and found["fd00::/8"] == "domain"
    outside = {prefix for prefix, action in found.items() if action == "outside"}
    assert {each for each in outside if ":" in each} == {"2001:db8:1::/64", "2001:db8:aa::/48"}
    assert {"10.0.1.0/24", "10.7.0.0/16"} < outside and "192.0.0.9/32" in outside


def test_urpf_costs_what_is_behind_the_interface() -> None:
    """Not the routes: strict has the prefixes behind it, and what is elsewhere inside them; loose most often one."""
    far = [{"prefix": f"2600:{i:x}::/32", "via": "2001:db8:2::2"} for i in range(500)]
    far += [{"prefix": f"2700:{i:x}::/32", "via": "2001:db8:1::2"} for i in range(3)]
    far += [{"prefix": "2700:1:8000::/33", "via": "2001:db8:2::2"}, {"prefix": "::/0", "via": "2001:db8:2::2"}]
    rows = urpf(compiled(ports=ports({"urpf": "strict"}), routes=far))
    # fe80::/10, connected prefixes of both families, the three, the hole; own and broadcast addresses.
    assert len(rows) == 1 + 2 + 3 + 1 + 2 + 2
    rows = urpf(compiled(ports=ports({"urpf": "loose"}, {"urpf": "loose"}), routes=far))
    assert len({number for number, _ in rows}) == 1
    assert len([each for _, each in rows if each.version == 6]) < 10


def test_urpf_numbers_are_nobodys_else() -> None:
    strict = {"urpf": "strict"}
    numbers = {number for number, _ in urpf(compiled(ports=ports({**strict, "vlans": {7: {}}}, strict)))}
    assert len(numbers) == 3
    again = {number for number, _ in urpf(compiled(ports=ports({}, strict)))}
    assert again < numbers, "the port keeps its number when others come and go"


def test_urpf_is_the_longest_match_of_the_routes() -> None:
    """Random nested routes, against a lookup by hand."""
    chance = random.Random(3704)
    for _ in range(20):
        routes: dict[str, Any] = {}
        for _ in range(30):
            length = chance.randrange(1, 9)
            prefix = str(ip_network((0x26 << 120 | chance.getrandbits(8) << 112, 8 + length), strict=False))
            routes[prefix] = chance.choice(
                [
                    {"via": "2001:db8:1::2"},
                    {"via": "2001:db8:2::2"},
                    {"via": ["2001:db8:1::2", "2001:db8:2::2"]},
                    {"blackhole": True},
                ]
            )
        listed = [{"prefix": prefix, **way} for prefix, way in routes.items()]
        rows = urpf(compiled(ports=ports({"urpf": "strict"}, {"urpf": "loose"}), routes=listed))
        strict, loose = sorted({number for number, _ in rows})
        for octet in range(256):
            source = f"26{octet:02x}::1"
            via = _longest(routes, source)
            assert passes(rows, strict, source) == ("2001:db8:1::2" in via), (source, routes)
            assert passes(rows, loose, source) == bool(via), (source, routes)


def _longest(routes: dict[str, Any], source: str) -> Iterable[str]:
    holding = [ip_network(prefix) for prefix in routes if ip_address(source) in ip_network(prefix)]
    if not holding:
        return ()
    via = routes[str(max(holding, key=lambda each: each.prefixlen))].get("via", ())
    return [via] if isinstance(via, str) else via
