# SPDX-License-Identifier: Apache-2.0
"""Sources that no packet from outside has (BCP 38, RFC 2827): what ``sr-domain.bogons`` lists, and the named lists.

What no interface takes as a source (multicast, loopback, unspecified, IPv4-mapped, 0/8, class E, link- and site-local)
is refused by the program itself: p4src/core/addresses.p4. Here are the rest of the special-purpose addresses of the
registries of RFC 6890 and RFC 8190 that are no sources, and lists for those who know that they have none of them.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any, NamedTuple

from srv6cp import values
from srv6cp.model import IPNetwork
from srv6cp.problems import InvalidError

SPECIAL = "special"


class Bogons(NamedTuple):
    """Prefixes that are no sources, and those inside them that are."""

    prefixes: tuple[IPNetwork, ...] = ()
    exempt: tuple[IPNetwork, ...] = ()


def _bogons(prefixes: str, exempt: str = "") -> Bogons:
    return Bogons(tuple(map(ip_network, prefixes.split())), tuple(map(ip_network, exempt.split())))


#: A word of ``sr-domain.bogons`` to what it stands for.
LISTS: dict[str, Bogons] = {
    # Source "False" in the registries: IPv4-compatible (RFC 4291 2.5.5.1), IETF protocol assignments but for what has
    # been given out of them (RFC 2928, RFC 6890 2.2.2), ORCHID (RFC 4843).
    SPECIAL: _bogons(
        "::/96 2001::/23 2001:10::/28 192.0.0.0/24",
        "2001::/32 2001:1::/32 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:20::/28 2001:30::/28 "
        "192.0.0.0/29 192.0.0.8/32 192.0.0.9/32 192.0.0.10/32",
    ),
    # RFC 3849, RFC 9637, RFC 5737: not on the Internet, but in every lab.
    "documentation": _bogons("2001:db8::/32 3fff::/20 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24"),
    # RFC 1918, RFC 6598, RFC 4193: not from the Internet, but from customers.
    "private": _bogons("fc00::/7 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10"),
    # RFC 2544, RFC 5180: between devices under test.
    "benchmarking": _bogons("2001:2::/48 198.18.0.0/15"),
}
DEFAULT = LISTS[SPECIAL]


def read_bogons(value: Any) -> Bogons:
    """``sr-domain.bogons``: prefixes and names of lists; an empty list is none at all."""
    prefixes: dict[IPNetwork, None] = {}
    exempt: dict[IPNetwork, None] = {}
    for item in values.one_or_more(value):
        known = LISTS.get(item) if isinstance(item, str) else None
        if known is None and isinstance(item, str) and not set(item) & set(".:"):
            raise InvalidError(f"{values.show(item)} is no list of bogons; valid: a prefix, {', '.join(LISTS)}")
        found = known or Bogons((values.ip_prefix(item, "bogons"),))
        prefixes.update(dict.fromkeys(found.prefixes))
        exempt.update(dict.fromkeys(found.exempt))
    return Bogons(tuple(prefixes), tuple(each for each in exempt if each not in prefixes))
