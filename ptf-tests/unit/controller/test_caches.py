# SPDX-License-Identifier: Apache-2.0
"""Headers that service proxies learn: what is written, when they age, what is forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from harness import wire
from srv6cp.config import load_node_dict
from srv6cp.controller.caches import ServiceCaches
from srv6cp.p4rt.entities import Update, UpdateType
from srv6cp.packets import raw

SID, FLOWS, NEXT = "fcbb:bb00:1:ad::", "fcbb:bb00:1:af::", "fcbb:bb00:2::"
NODE: dict[str, Any] = {
    "node": "nfv",
    "source": "fcbb:bb00:1::1",
    "locator": "fcbb:bb00:1::/48",
    "ports": {
        1: {"mac": "02:00:00:00:01:01", "addresses": ["2001:db8:1::1/64"]},
        2: {"mac": "02:00:00:00:01:02", "addresses": ["2001:db8:2::1/64"]},
    },
    "services": [
        {"name": "fw", "via": "2001:db8:1::2", "age": 100},
        {"name": "flows", "proxy": "per-flow", "via": "2001:db8:2::2", "limit": 2, "age": 0},
    ],
    "sids": [
        {"sid": f"{SID}/64", "behavior": "End.AD", "service": "fw"},
        {"sid": f"{FLOWS}/64", "behavior": "End.AD.FLOW", "service": "flows"},
    ],
}


def packet(sid: str = SID, *, hl: int = 64, tag: int = 0, port: int = 5) -> bytes:
    inner = wire.ip6(
        "2001:db8:81::1", "2001:db8:92::1", wire.udp(b"x", sport=port, between=("2001:db8:81::1", "2001:db8:92::1"))
    )
    return bytes(wire.ip6("2001:db8:1::9", sid, wire.srh([NEXT, sid], sl=1, tag=tag, payload=inner), hl=hl))


@pytest.fixture
def caches() -> ServiceCaches:
    found = ServiceCaches()
    found.configure(load_node_dict(NODE), {1: "fw", 2: "flows"}, 0.0)
    return found


def told(updates: Iterable[Update]) -> list[tuple[str, str]]:
    return [(update.type.name, update.entity.table.split("_")[1]) for update in updates]  # type: ignore[union-attr]


def test_the_cache_is_written_before_what_leads_to_it(caches: ServiceCaches) -> None:
    assert caches.take(packet(), 0, 1.0)
    assert told(caches.updates()) == [("INSERT", "cache"), ("INSERT", "check")]
    assert caches.updates() == []
    assert caches.take(packet(hl=30), 0, 1.0)
    assert told(caches.updates()) == [("MODIFY", "cache"), ("MODIFY", "check")]
    assert caches.take(packet(tag=1), 0, 1.0)
    assert told(caches.updates()) == [("MODIFY", "cache"), ("DELETE", "check"), ("INSERT", "check")]
    assert len(list(caches.entries())) == 2


def test_flows_have_a_limit(caches: ServiceCaches) -> None:
    for at, port in enumerate((1, 2, 3)):
        assert caches.take(packet(FLOWS, port=port), 0, float(at))
    assert told(caches.updates())[6:] == [
        *(("DELETE", table) for table in ("flow", "check", "cache")),
        *(("INSERT", table) for table in ("cache", "check", "flow")),
    ]
    assert len(caches) == 2


def test_they_age(caches: ServiceCaches) -> None:
    assert caches.next_look is None
    caches.take(packet(), 0, 0.0)
    caches.take(packet(FLOWS), 0, 0.0)
    caches.updates()
    assert caches.next_look == 25.0
    assert caches.age({1: 5}, 60.0) == []
    assert caches.age({1: 5}, 159.0) == []
    assert told(caches.age({1: 5}, 160.0)) == [("DELETE", "check"), ("DELETE", "cache")]
    assert len(caches) == 1  # that of an age of 0 stays


def test_flush(caches: ServiceCaches) -> None:
    caches.take(packet(), 0, 0.0)
    caches.take(packet(FLOWS), 0, 0.0)
    assert [update.type for update in caches.flush("fw")] == [UpdateType.DELETE] * 2
    assert len(caches.flush()) == 3
    assert list(caches.entries()) == []


def test_another_node(caches: ServiceCaches) -> None:
    """What a service that is otherwise than before had cached is forgotten, the rest stays."""
    caches.take(packet(), 0, 0.0)
    caches.take(packet(FLOWS), 0, 0.0)
    changed = {**NODE, "services": [{**NODE["services"][0], "age": 7}, NODE["services"][1]]}
    caches.configure(load_node_dict(changed), {1: "fw", 2: "flows"}, 0.0)
    assert {entry.match.get("cache_id") for entry in caches.entries()} == {2 << 16 | 1, None}


@pytest.mark.parametrize("broken", [b"", packet()[:60], packet()[:41] + b"\xff" + packet()[42:]])
def test_what_cannot_be_understood(caches: ServiceCaches, broken: bytes) -> None:
    try:
        assert not caches.take(broken.ljust(40, b"\0"), 0, 0.0)
    except raw.TruncatedError:
        pass
    assert caches.updates() == [] and not len(caches)


def test_no_such_service(caches: ServiceCaches) -> None:
    assert not caches.take(packet("fcbb:bb00:1:77::"), 0, 0.0)
    assert not caches.take(packet(), 7, 0.0)
    assert caches.refused == 2
