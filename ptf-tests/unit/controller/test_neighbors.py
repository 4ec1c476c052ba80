# SPDX-License-Identifier: Apache-2.0
"""Neighbour cache: states and timers of RFC 4861 7.3, and the packets that wait."""

from __future__ import annotations

from ipaddress import ip_address

from srv6cp.controller.neighbors import NeighborCache, Outcome, Solicitation, State
from srv6cp.controller.punt import PacketIn
from srv6cp.model import InterfaceId, NeighborKey, NeighborLimits, PuntReason

KEY = NeighborKey(InterfaceId(1), ip_address("2001:db8::2"))
OTHER = NeighborKey(InterfaceId(1), ip_address("10.0.0.2"))
MAC, MAC2 = bytes.fromhex("020000000002"), bytes.fromhex("020000000003")


def packet(n: int) -> PacketIn:
    return PacketIn(PuntReason.NEIGHBOR_UNRESOLVED, bytes((n,)))


def state(cache: NeighborCache, key: NeighborKey = KEY) -> State | None:
    return next((state for row, state, _, _ in cache.rows() if row == key), None)


def test_resolution_releases_packets_in_order() -> None:
    cache = NeighborCache()
    assert cache.request([KEY], packet(1), 0.0) == Outcome(solicitations=(Solicitation(KEY, None),))
    assert cache.request([KEY], packet(2), 0.1) == Outcome(), "asked already"
    assert cache.waiting == 2
    assert cache.advertised(KEY, MAC, True, True, 0.2) == Outcome((KEY,), (packet(1), packet(2)))
    assert cache.resolved() == {KEY: "02:00:00:00:00:02"}
    assert (cache.waiting, state(cache)) == (0, State.REACHABLE)
    assert cache.request([KEY], packet(3), 0.3) == Outcome(released=(packet(3),))


def test_three_solicitations_a_second_apart_then_unreachable() -> None:
    """RFC 4861 10: RETRANS_TIMER 1 s, MAX_MULTICAST_SOLICIT 3; RFC 4443 3.1: code 3 afterwards."""
    cache = NeighborCache()
    cache.request([KEY], packet(1), 0.0)
    assert cache.next_deadline() == 1.0
    assert cache.poll(0.9) == Outcome()
    assert cache.poll(1.0) == Outcome(solicitations=(Solicitation(KEY, None),))
    assert cache.poll(2.0) == Outcome(solicitations=(Solicitation(KEY, None),))
    assert cache.poll(3.0) == Outcome(unreachable=(packet(1),))
    assert (cache.rows(), cache.next_deadline(), cache.waiting) == ([], None, 0)


def test_queue_keeps_the_newest_three() -> None:
    cache = NeighborCache()
    for n in range(5):
        cache.request([KEY], packet(n), 0.0)
    assert cache.dropped == 2
    assert cache.heard(KEY, MAC, 0.0).released == (packet(2), packet(3), packet(4))


def test_packet_waits_for_the_first_of_several_that_answers() -> None:
    """A set of next hops: all are asked, whoever answers gets the packet, and it is not sent twice."""
    cache = NeighborCache()
    assert [each.key for each in cache.request([KEY, OTHER], packet(1), 0.0).solicitations] == [KEY, OTHER]
    cache.request([KEY], packet(2), 0.0)
    assert cache.waiting == 2
    assert cache.advertised(OTHER, MAC, True, True, 0.1) == Outcome((OTHER,), (packet(1),))
    assert (cache.waiting, [row[3] for row in cache.rows()]) == (1, [0, 1])
    assert cache.request([KEY, OTHER], packet(3), 0.2) == Outcome(released=(packet(3),))
    assert cache.advertised(KEY, MAC, True, True, 0.3) == Outcome((KEY,), (packet(2),))
    assert cache.waiting == 0


def test_unreachable_when_none_of_several_has_answered() -> None:
    cache = NeighborCache()
    cache.request([KEY], packet(1), 0.0)
    cache.request([KEY, OTHER], packet(2), 0.5)
    cache.poll(1.0)
    cache.poll(2.0)
    assert cache.poll(3.1).unreachable == (packet(1),), "the other one may still answer"
    assert cache.waiting == 1
    assert cache.poll(4.2).unreachable == (packet(2),)
    assert (cache.waiting, cache.rows()) == (0, [])


def test_packet_pushed_out_of_one_queue_waits_in_the_other() -> None:
    cache = NeighborCache()
    cache.request([KEY, OTHER], packet(0), 0.0)
    for n in (1, 2, 3):
        cache.request([KEY], packet(n), 0.0)
    assert (cache.waiting, cache.dropped) == (4, 0)
    assert cache.heard(KEY, MAC, 0.1).released == (packet(1), packet(2), packet(3))
    assert cache.heard(OTHER, MAC, 0.1).released == (packet(0),)
    assert cache.waiting == 0


def test_reachable_neighbour_is_probed_and_confirmed() -> None:
    cache = NeighborCache()
    cache.request([KEY], packet(0), 0.0)
    cache.advertised(KEY, MAC, True, True, 0.0)
    assert cache.poll(29.9) == Outcome()
    assert cache.poll(30.0) == Outcome(solicitations=(Solicitation(KEY, MAC),)), "by unicast"
    assert cache.advertised(KEY, None, True, False, 30.1) == Outcome()
    assert state(cache) is State.REACHABLE
    assert cache.next_deadline() == 60.1


def test_neighbour_that_vanished() -> None:
    cache = NeighborCache()
    cache.heard(KEY, MAC, 0.0)
    assert state(cache) is State.STALE
    for now in (5.0, 6.0, 7.0):
        assert cache.poll(now).solicitations == (Solicitation(KEY, MAC),)
        assert cache.resolved(), "still used while it is probed"
    assert cache.poll(8.0) == Outcome(changed=(KEY,))
    assert cache.resolved() == {}


def test_configured_next_hop_is_never_given_up() -> None:
    cache = NeighborCache()
    assert cache.want([KEY], 0.0).solicitations == (Solicitation(KEY, None),)
    assert cache.want([KEY], 0.1).solicitations == ()
    for now in (1.0, 2.0):
        assert cache.poll(now).solicitations == (Solicitation(KEY, None),)
    assert cache.poll(3.0) == Outcome()
    assert state(cache) is State.FAILED
    assert cache.request([KEY], packet(1), 4.0).solicitations == (Solicitation(KEY, None),), "traffic asks at once"
    cache.poll(5.0), cache.poll(6.0)
    assert cache.poll(7.0) == Outcome(unreachable=(packet(1),))
    assert cache.poll(17.0).solicitations == (Solicitation(KEY, None),)
    cache.advertised(KEY, MAC, True, True, 17.1)
    for now in (47.1, 48.1, 49.1):
        assert cache.poll(now).solicitations == (Solicitation(KEY, MAC),)
    assert cache.poll(50.1) == Outcome((KEY,), (), (), (Solicitation(KEY, None),)), "lost, asked by multicast again"
    cache.want([], 50.2)
    assert cache.poll(51.1).solicitations
    assert cache.poll(52.1).solicitations
    cache.poll(53.1)
    assert cache.rows() == []


def test_advertisement_rules() -> None:
    """RFC 4861 7.2.5."""
    cache = NeighborCache()
    assert cache.advertised(KEY, MAC, True, True, 0.0) == Outcome(), "nobody asked"
    cache.request([KEY], packet(0), 0.0)
    assert cache.advertised(KEY, None, True, True, 0.0) == Outcome(), "no address"
    assert cache.advertised(KEY, MAC, False, False, 0.0).changed == (KEY,)
    assert state(cache) is State.STALE, "unsolicited"
    cache.advertised(KEY, MAC, True, False, 1.0)
    assert state(cache) is State.REACHABLE
    assert cache.advertised(KEY, MAC2, True, False, 2.0) == Outcome(), "no override"
    assert (state(cache), cache.mac(KEY)) == (State.STALE, MAC)
    assert cache.advertised(KEY, MAC2, False, True, 3.0).changed == (KEY,)
    assert (state(cache), cache.mac(KEY)) == (State.STALE, MAC2)


def test_heard() -> None:
    cache = NeighborCache()
    assert cache.heard(KEY, MAC, 0.0, create=False) == Outcome()
    assert cache.heard(KEY, MAC, 0.0).changed == (KEY,)
    assert cache.heard(KEY, MAC, 1.0) == Outcome()
    assert cache.heard(KEY, MAC2, 2.0, create=False).changed == (KEY,)


def test_adopted_neighbours_are_probed() -> None:
    cache = NeighborCache()
    cache.adopt({KEY: MAC}, 0.0)
    assert cache.resolved() == {KEY: "02:00:00:00:00:02"}
    assert cache.poll(5.0).solicitations == (Solicitation(KEY, MAC),)


def test_keep_and_clear() -> None:
    cache = NeighborCache()
    cache.heard(KEY, MAC, 0.0)
    cache.request([OTHER], packet(1), 0.0)
    cache.keep(lambda key: key == KEY)
    assert (len(cache), cache.waiting) == (1, 0)
    assert cache.clear(KEY) == Outcome((KEY,))
    assert cache.clear(KEY) == Outcome()


# --- limits, each interface by itself (RFC 6583) --------------------------------------------------------------------

ELSEWHERE = NeighborKey(InterfaceId(2), ip_address("2001:db8:2::2"))


def random_key(n: int) -> NeighborKey:
    return NeighborKey(InterfaceId(1), ip_address(f"2001:db8::{n + 0x1000:x}"))


def refused(cache: NeighborCache, words: str) -> int:
    return sum(number for (_, why), number in cache.refusals.counts.items() if words in why)


def test_random_sources_take_nothing_from_neighbours_nor_from_other_ports() -> None:
    """A flood of sources that never answer: so many are kept, and those in use stay, as do those of other ports."""
    cache = NeighborCache(limits=NeighborLimits(learned=20, unresolved=8))
    cache.want([KEY], 0.0)
    cache.advertised(KEY, MAC, True, True, 0.0)  # a configured next hop
    cache.heard(OTHER, MAC2, 0.0)
    cache.request([OTHER], packet(0), 0.0)  # a host that packets go to
    for n in range(1000):
        cache.heard(random_key(n), MAC, 0.001 * n)
    assert len(cache) == 2 + 8 and refused(cache, "`unresolved`") == 992
    assert cache.mac(KEY) == MAC and cache.mac(OTHER) == MAC2
    assert cache.heard(ELSEWHERE, MAC, 1.0).changed == (ELSEWHERE,)
    assert cache.request([random_key(5000)], packet(1), 1.0).solicitations, "whom a packet needs is asked for"
    for now in (6.0, 7.0, 8.1, 9.1):
        cache.poll(now)
        cache.advertised(KEY, None, True, False, now)
        cache.advertised(OTHER, None, True, False, now)
    assert {row[0] for row in cache.rows()} == {KEY, OTHER}, "who never answers is forgotten"


def test_sources_that_answer_are_limited_too() -> None:
    """Who answers for every address fills its own port's share, and displaces nobody."""
    cache = NeighborCache(limits=NeighborLimits(learned=5))
    cache.want([KEY], 0.0)
    for n in range(10):
        cache.heard(random_key(n), MAC, 0.0)
        cache.advertised(random_key(n), MAC, True, False, 0.0)
    assert [row[0] for row in cache.rows() if row[0] != KEY] == [random_key(n) for n in range(5)]
    assert cache.request([random_key(99)], packet(0), 0.0) == Outcome(), "there is no room, and nobody to go"
    assert cache.dropped == 1 and refused(cache, "`learned`") == 6
    assert cache.advertised(KEY, MAC, True, True, 0.1).changed == (KEY,), "next hops are not counted in"


def test_a_scan_leaves_room_for_whoever_is_there() -> None:
    """Packets to addresses that nobody has: the oldest question makes room, so whoever answers at once is found."""
    limits = NeighborLimits(unresolved=8, solicitations=100_000)
    cache = NeighborCache(limits=limits)
    for n in range(100):
        cache.request([random_key(n)], packet(n), 0.0)
    assert len(cache) == 8 and cache.waiting == 8 and cache.dropped == 92
    cache.request([KEY], packet(7), 0.0)
    assert cache.advertised(KEY, MAC, True, True, 0.001) == Outcome((KEY,), (packet(7),))
    for n in range(100, 200):
        cache.request([random_key(n)], packet(n % 256), 0.0)
    assert cache.mac(KEY) == MAC


def test_questions_a_second_are_limited_but_for_next_hops_and_known_neighbours() -> None:
    cache = NeighborCache(limits=NeighborLimits(solicitations=10, unresolved=100))
    cache.heard(OTHER, MAC, 0.0)
    asked = [bool(cache.request([random_key(n)], packet(0), 0.0).solicitations) for n in range(20)]
    assert asked == [True] * 10 + [False] * 10 and refused(cache, "`solicitations`") == 10
    assert cache.want([KEY], 0.0).solicitations
    assert cache.request([random_key(50)], packet(0), 0.1).solicitations, "a tenth of a second gives one"
    assert cache.request([ELSEWHERE], packet(0), 0.1).solicitations
    probes = [each for now in (1.0, 5.0) for each in cache.poll(now).solicitations]
    assert Solicitation(OTHER, MAC) in probes and Solicitation(KEY, None) in probes


def test_packets_that_wait_are_limited_by_interface() -> None:
    cache = NeighborCache(limits=NeighborLimits(held=2))
    for n in range(3):
        cache.request([random_key(n)], packet(n), 0.0)
    assert (cache.waiting, cache.dropped, refused(cache, "`held`")) == (2, 1, 1)
    cache.request([ELSEWHERE], packet(9), 0.0)
    assert cache.waiting == 3, "another port has its own"
    cache.poll(1.0), cache.poll(2.0)
    assert len(cache.poll(3.0).unreachable) == 3
    cache.request([random_key(7)], packet(7), 4.0)
    assert cache.heard(random_key(7), MAC, 4.0).released == (packet(7),), "who gave up holds nothing any more"


def test_a_flood_of_timers_leaves_packets_their_turn() -> None:
    cache = NeighborCache()
    for n in range(100):
        cache.heard(random_key(n), MAC, 0.0)
    asked = []
    while (at := cache.next_deadline()) is not None and at <= 5.0:
        asked.append(len(cache.poll(5.0).solicitations))
    assert sum(asked) == 100 and max(asked) <= 32


def test_deadlines_of_neighbours_that_are_confirmed_all_the_time_do_not_pile_up() -> None:
    cache = NeighborCache()
    cache.request([KEY], packet(0), 0.0)
    for n in range(10_000):
        cache.advertised(KEY, MAC, True, True, 0.001 * n)
    assert len(cache._deadlines) < 100
    assert cache.next_deadline() == 0.001 * 9999 + 30
