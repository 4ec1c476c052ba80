# SPDX-License-Identifier: Apache-2.0
"""The words of srext's ``srconf localsid add``."""

from __future__ import annotations

import pytest

from srv6cp.cli.exitcodes import UsageError
from srv6cp.cli.grammar import Edit
from srv6cp.cli.srconf_words import edits

SERVICE = "sid-fc00::1"


@pytest.mark.parametrize(
    ("words", "behaviour", "proxy", "kind"),
    [
        ("end.ad4", "End.AD", "dynamic", "ipv4"),
        ("end.ad6", "End.AD", "dynamic", "ipv6"),
        ("end.ead4", "End.EAD", "dynamic", "ipv4"),
        ("end.ead6", "End.EAD", "dynamic", "ipv6"),
        ("end.am", "End.AM", "masquerading", "ipv6"),
    ],
)
def test_proxies(words: str, behaviour: str, proxy: str, kind: str) -> None:
    via = {"address": "2001:db8::2", "port": 3}
    assert edits(["fc00::1", words, "ip", "2001:db8::2", "3", "4"]) == [
        Edit("services", {"name": SERVICE, "proxy": proxy, "type": kind, "via": via, "in": 4}),
        Edit("sids", {"sid": "fc00::1", "behavior": behaviour, "service": SERVICE}),
    ]


def test_what_srext_announces() -> None:
    words = "fc00::1 end.as6 ip 2001:db8::2 3 src fc00::9 segs fc00::2,fc00::3 left 1"
    assert edits(words.split())[0].item == {
        "name": SERVICE,
        "proxy": "static",
        "type": "ipv6",
        "via": {"address": "2001:db8::2", "port": 3},
        "source": "fc00::9",
        "segments": ["fc00::2", "fc00::3"],
    }


def test_by_mac_address() -> None:
    neighbor = Edit("neighbors", {"address": "fe80::0:ff:fe00:7", "mac": "02:00:00:00:00:07", "port": 2})
    found = edits(["fc00::1", "end.am", "mac", "02:00:00:00:00:07", "2"])
    assert found[0] == neighbor
    assert found[1].item["via"] == {"address": "fe80::0:ff:fe00:7", "port": 2} and "in" not in found[1].item
    found = edits(["fc00::1", "end.dx4", "mac", "02:00:00:00:00:07", "2"])
    assert found[0] == neighbor
    assert found[1].item == {
        "sid": "fc00::1",
        "behavior": "End.DX4",
        "via": {"address": "fe80::0:ff:fe00:7", "port": 2},
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("fc00::1 end.ad6", "'ip' or 'mac'"),
        ("fc00::1 end.ad6 via 2001:db8::2 3", "unknown word 'via'"),
        ("fc00::1 end.ad6 ip 2001:db8::2", "TARGETIF"),
        ("fc00::1 end.ad6 mac nonsense 3", "bad MAC address"),
        ("fc00::1 end.ad6 ip 2001:db8::2 3 4 src fc00::9", "only end.as4 and end.as6"),
        ("fc00::1 end.as6 ip 2001:db8::2 3 4", "needs 'src' and 'segs'"),
        ("fc00::1 end.as6 ip 2001:db8::2 3 src fc00::9 segs fc00::2 left 1", "'left'"),
        ("fc00::1 end.dx6 mac 02:00:00:00:00:07", "needs the port"),
    ],
)
def test_what_is_refused(words: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        edits(words.split())
