# SPDX-License-Identifier: Apache-2.0
"""Packing of segment lists (RFC 9800 section 6): the vectors, the rules one by one, and random lists walked on paper.

``PACKING_LISTS=100000`` in the environment walks as many random lists as that.
"""

from __future__ import annotations

import os
from ipaddress import IPv6Address, IPv6Network

import pytest
from unit.model import csid_network as paper

from srv6cp.model import Compress, Csid, Listed, PackingError, SidStructure, SidStructures, check_written, compressed
from srv6cp.model.packing import check_packed
from srv6cp.model.structures import next_structure, replace_structure

LISTS = int(os.environ.get("PACKING_LISTS", "2000"))
NOTHING = SidStructures()


def sid(address: str, structure: SidStructure | None, alone: bool = False) -> Listed:
    return Listed(int(IPv6Address(address)), structure, alone)


def packed(
    sids: list[Listed],
    compress: Compress = Compress.AUTO,
    known: SidStructures = NOTHING,
    followed: bool = False,
) -> list[str]:
    return [str(IPv6Address(element)) for element in compressed(sids, compress, known, followed)]


def texts(*addresses: str) -> list[str]:
    return [str(IPv6Address(address)) for address in addresses]


def un(*nodes: str, block: str = "fcbb:bb00", length: int = 32) -> list[Listed]:
    return [sid(f"{block}:{node}::", next_structure(length, 16)) for node in nodes]


def ua(node: str, function: str) -> Listed:
    return sid(f"fcbb:bb00:{node}:{function}::", next_structure(32, 16, 16))


def plain(csid: str, *, node: int = 16, function: int = 16, argument: int = 0) -> Listed:
    return sid(f"fcbb:bb00:{csid}::", SidStructure(32, node, function, argument))


def rep32(*numbers: int) -> list[Listed]:
    return [sid(f"2001:db8:b2:{n}0:{n}::", replace_structure(48, 32)) for n in numbers]


def rep16(*numbers: str) -> list[Listed]:
    return [sid(f"2001:db8:b3:{n}::", replace_structure(48, 16)) for n in numbers]


def dt2m(fe2: str) -> Listed:
    """End.DT2M with REPLACE-C-SID."""
    return sid(f"2001:db8:b2:f0:f:{fe2}::", SidStructure(48, 32, 0, 16, Csid.REPLACE))


FAR = sid("2001:db8:9::1", None)
UDT4 = plain("fe04", node=0)


@pytest.mark.parametrize(
    ("sids", "elements"),
    [
        (
            un("101", "201", "301", "401", "501", "601", "701", "801", block="2001:db8:b1", length=48),
            ["2001:db8:b1:101:201:301:401:501", "2001:db8:b1:601:701:801::"],
        ),
        ([*un("100", "200", "300", "400", "500"), UDT4], ["fcbb:bb00:100:200:300:400:500:fe04"]),
        (
            [*un("100", "200", "300", "400", "500", "600"), UDT4],
            ["fcbb:bb00:100:200:300:400:500:600", "fcbb:bb00:fe04::"],
        ),
        ([*un("100", "200", "300", "400"), plain("500:e004")], ["fcbb:bb00:100:200:300:400:500:e004"]),
        (
            [*un("100", "200", "300", "400", "500"), plain("600:e004")],
            ["fcbb:bb00:100:200:300:400:500:0", "fcbb:bb00:600:e004::"],
        ),
        (rep32(1, 2, 3, 4, 5, 6, 7), ["2001:db8:b2:10:1::", "50:5:40:4:30:3:20:2", "::70:7:60:6"]),
        (
            rep16("10", "20", "30", "40", "50", "60", "70", "80", "90", "a0"),
            ["2001:db8:b3:10::", "90:80:70:60:50:40:30:20", "::a0"],
        ),
    ],
)  # fmt: skip
def test_vectors(sids: list[Listed], elements: list[str]) -> None:
    assert packed(sids) == texts(*elements)


# The rules ------------------------------------------------------------------------------------------------------------


def test_what_is_not_known_or_has_an_argument_stays_in_full() -> None:
    """CS-1."""
    unknown, container = sid("fcbb:bb00:5::", None), sid("fcbb:bb00:6:7::", None)
    assert packed([*un("1", "2"), unknown, *un("3"), container, *un("4")]) == texts(
        "fcbb:bb00:1:2::", "fcbb:bb00:5::", "fcbb:bb00:3::", "fcbb:bb00:6:7::", "fcbb:bb00:4::"
    )
    known = SidStructures([(IPv6Network("fcbb:bb00::/32"), next_structure(32, 16))])
    assert known.of(int(IPv6Address("fcbb:bb00:6:7::"))) is None
    assert known.of(int(IPv6Address("fcbb:bb00::1"))) is None  # C-SID 0


def test_a_container_has_one_block() -> None:
    """CS-3: of value and length."""
    other = un("3", block="fcbb:bb01")
    longer = [sid("fcbb:bb00:0:4::", next_structure(48, 16))]
    assert packed([*un("1", "2"), *other, *longer]) == texts("fcbb:bb00:1:2::", "fcbb:bb01:3::", "fcbb:bb00:0:4::")


def test_c_sids_of_several_lengths_share_a_container() -> None:
    """CS-3: uN and uA."""
    assert packed([*un("1"), ua("2", "f1"), *un("3"), ua("4", "f2")]) == texts("fcbb:bb00:1:2:f1:3:4:f2")
    assert packed([ua("1", "f1"), ua("2", "f1"), *un("3", "4", "5")]) == texts(
        "fcbb:bb00:1:f1:2:f1:3:4", "fcbb:bb00:5::"
    )


def test_an_argument_closes_a_container() -> None:
    """CS-4: Node, Function and Argument, where they have room."""
    multicast = sid("fcbb:bb00:5:d2:abcd::", SidStructure(32, 16, 16, 16))
    assert packed([*un("1", "2", "3"), multicast]) == texts("fcbb:bb00:1:2:3:5:d2:abcd")
    assert packed([*un("1", "2", "3", "4"), multicast]) == texts("fcbb:bb00:1:2:3:4::", "fcbb:bb00:5:d2:abcd::")
    assert packed([*un("1"), plain("5:e000"), *un("2", "3")]) == texts("fcbb:bb00:1:5:e000::", "fcbb:bb00:2:3::")


def test_the_last_segment_can_be_left_unpacked() -> None:
    """CS-5 (2): for PSP at the penultimate segment."""
    assert packed([*un("1", "2"), sid("fcbb:bb00:3::", next_structure(32, 16), alone=True)]) == texts(
        "fcbb:bb00:1:2::", "fcbb:bb00:3::"
    )


def test_behind_a_lone_replace_sid_comes_a_container() -> None:
    """CS-7: what cannot be in one cannot be behind it."""
    for behind in (FAR, rep16("20")[0], un("1")[0], sid("2001:db8:b2:20:2::", replace_structure(48, 32), alone=True)):
        with pytest.raises(PackingError, match="REPLACE-C-SID, so what is behind it is a C-SID of 32 bits"):
            packed([*rep32(1), behind])
    with pytest.raises(PackingError, match="compress: replace, or auto"):
        packed(rep32(1, 2), Compress.NEXT)
    assert packed(rep32(1)) == texts("2001:db8:b2:10:1::")
    assert packed(rep32(1), Compress.NEXT) == texts("2001:db8:b2:10:1::")
    with pytest.raises(PackingError, match="what is put behind the list"):
        packed(rep32(1), followed=True)


def test_a_replace_sid_in_the_last_position_awaits_a_container() -> None:
    """CS-7: five of them fill a container whose last one would take the segment behind it for C-SIDs."""
    assert packed(rep32(1, 2, 3, 4, 5)) == texts("2001:db8:b2:10:1::", "50:5:40:4:30:3:20:2")
    elements = packed([*rep32(1, 2, 3, 4, 5), FAR])
    assert elements == texts("2001:db8:b2:10:1::", "::30:3:20:2", "2001:db8:b2:40:4::", "::50:5", "2001:db8:9::1")
    assert packed(rep32(1, 2, 3, 4, 5), followed=True) == elements[:-1]
    assert packed([*rep32(1, 2, 3, 4), FAR]) == texts("2001:db8:b2:10:1::", "0:0:40:4:30:3:20:2", "2001:db8:9::1")


def test_a_plain_sid_ends_a_sequence_of_replace_sids() -> None:
    """CS-6, CS-7: packed in any position, with anything behind it."""
    last = sid("2001:db8:b2:d0:46::", SidStructure(48, 16, 16))
    assert packed([*rep32(1, 2, 3, 4), last, FAR]) == texts(
        "2001:db8:b2:10:1::", "d0:46:40:4:30:3:20:2", "2001:db8:9::1"
    )
    assert packed([*rep32(1), last, FAR]) == texts("2001:db8:b2:10:1::", "::d0:46", "2001:db8:9::1")
    short = sid("2001:db8:b2:d046::", SidStructure(48, 0, 16))
    with pytest.raises(PackingError, match="2001:db8:b2:d046:: is not known to be"):
        packed([*rep32(1), short])


def test_a_function_among_replace_sids_of_16_bits() -> None:
    """CS-8: Node and Function of 16 + 16 bits are no C-SID there; in full it goes on to those of 16 bits."""
    known = SidStructures(
        [
            (IPv6Network("2001:db8:b3:10::/64"), replace_structure(48, 16)),
            (IPv6Network("2001:db8:b3:10:f1::/80"), replace_structure(48, 16, 16)),
            (IPv6Network("2001:db8:b3:20:f2::/80"), replace_structure(48, 16, 16)),
        ]
    )
    short, long = (known.of(int(IPv6Address(f"2001:db8:b3:{n}::"))) for n in ("10:f1", "20:f2"))
    assert (short and short.unit, long and long.unit) == (16, 32)
    first = sid("2001:db8:b3:10:f1::", short)
    assert packed([first, *rep16("20", "30")], known=known) == texts("2001:db8:b3:10:f1::", "::30:20")
    with pytest.raises(PackingError, match="what is behind it is a C-SID of 16 bits"):
        packed([*rep16("20"), first], known=known)


def test_filter_of_a_flooding_sid() -> None:
    """CS-9: Arg.FE2 in the position behind the C-SID; where there is none, the SID in full."""
    assert packed([*rep32(1, 2), dt2m("0")]) == texts("2001:db8:b2:10:1::", "::f0:f:20:2")
    assert packed([*rep32(1, 2), dt2m("abcd")]) == texts("2001:db8:b2:10:1::", "0:0:0:abcd:f0:f:20:2")
    assert packed([*rep32(1, 2, 3), dt2m("abcd")]) == texts("2001:db8:b2:10:1::", "0:abcd:f0:f:30:3:20:2")
    assert packed([*rep32(1, 2, 3, 4), dt2m("abcd")]) == texts(
        "2001:db8:b2:10:1::", "0:0:40:4:30:3:20:2", "2001:db8:b2:f0:f:abcd::"
    )
    assert packed([*rep32(1, 2, 3, 4, 5), dt2m("abcd")]) == texts(
        "2001:db8:b2:10:1::", "50:5:40:4:30:3:20:2", "::abcd:f0:f"
    )
    # Without the flavour it looks for its argument in the destination.
    other = sid("2001:db8:b2:f0:f:abcd::", SidStructure(48, 32, 0, 16))
    assert packed([*rep32(1, 2), other]) == texts("2001:db8:b2:10:1::", "::20:2", "2001:db8:b2:f0:f:abcd::")


def test_kinds_of_compression() -> None:
    both = [*un("1", "2"), *rep32(1, 2), *un("3", "4")]
    assert packed(both) == texts("fcbb:bb00:1:2::", "2001:db8:b2:10:1::", "::20:2", "fcbb:bb00:3:4::")
    assert packed(both, Compress.REPLACE) == texts(
        "fcbb:bb00:1::", "fcbb:bb00:2::", "2001:db8:b2:10:1::", "::20:2", "fcbb:bb00:3::", "fcbb:bb00:4::"
    )
    assert packed(un("1", "2"), Compress.NEXT) == texts("fcbb:bb00:1:2::")


def test_a_function_that_stays_in_the_destination() -> None:
    """Only C-SID and Index change: behind a SID of 16 + 16 bits the function is still there, and is another node's."""
    known = SidStructures(
        [
            (IPv6Network("2001:db8:b3:10::/64"), replace_structure(48, 16)),
            (IPv6Network("2001:db8:b3:10:f1::/80"), replace_structure(48, 16, 16)),
            (IPv6Network("2001:db8:b3:20:f1::/80"), SidStructure(48, 16, 16)),
        ]
    )
    first = sid("2001:db8:b3:10:f1::", known.of(int(IPv6Address("2001:db8:b3:10:f1::"))))
    with pytest.raises(PackingError, match="2001:db8:b3:20:: would go to SID 2001:db8:b3:20:f1::/80"):
        packed([first, *rep16("20", "30")], known=known)


def test_a_container_leads_past_longer_sids() -> None:
    """CS-2: a function of node 1 with the number of node 2 would take the packet."""
    known = SidStructures(
        [
            (IPv6Network("fcbb:bb00::/32"), next_structure(32, 16)),
            (IPv6Network("fcbb:bb00:1:2::/64"), SidStructure(32, 16, 16)),
        ]
    )
    assert packed(un("3", "1", "2", "4"), known=known) == texts("fcbb:bb00:3:1::", "fcbb:bb00:2:4::")
    assert packed(un("3", "1", "4", "2"), known=known) == texts("fcbb:bb00:3:1:4:2::")


# Lists that somebody has written --------------------------------------------------------------------------------------

NETWORK = SidStructures(
    [
        (IPv6Network("fcbb:bb00::/32"), next_structure(32, 16)),
        (IPv6Network("fcbb:bb00:5:d046::/64"), SidStructure(32, 16, 16)),
        (IPv6Network("2001:db8:b2::/48"), replace_structure(48, 32)),
    ]
)


def written(*segments: str, followed: bool = False) -> None:
    listed = []
    for segment in segments:
        address = int(IPv6Address(segment.removeprefix("=")))
        listed.append(Listed(address, NETWORK.of(address), container=segment[0] == "="))
    check_written(listed, NETWORK, followed)


@pytest.mark.parametrize(
    "segments",
    [
        ("fcbb:bb00:1:2:5:d046::",),
        ("fcbb:bb00:1:2:3:4:5:6", "fcbb:bb00:1:5:d046::"),
        ("2001:db8:b2:10:1::",),
        ("2001:db8:b2:10:1::", "=50:5:40:4:30:3:20:2", "=::70:7:60:6"),
        ("2001:db8:b2:10:1::", "50:5:40:4:30:3:20:2"),
        ("2001:db8:b2:10:1::", "=::20:2", "fcbb:bb00:1:2::"),
        ("2001:db8:77::", "=::20:2"),  # whoever that is
        ("fcbb:bb00:1:2::", "2001:db8:77::", "fcbb:bb00:1:0:2::"),
    ],
)
def test_lists_that_lead_on(segments: tuple[str, ...]) -> None:
    written(*segments)


@pytest.mark.parametrize(
    ("segments", "place", "text"),
    [
        (("fcbb:bb00:1::", "fcbb:bb00:2:0:3::"), 1, "fcbb:bb00:2:0:3:: has a C-SID 0 with others behind it"),
        (("2001:db8:b2:10:1::", "2001:db8:b2:20:2::"), 1, "2001:db8:b2:20:2:: stands where a SID .* packed C-SIDs"),
        (("2001:db8:b2:10:1::", "fcbb:bb00::2"), 1, None),
        (("2001:db8:b2:10:1::", "=50:5:40:4:30:3:20:2", "fcbb:bb00:1::"), 2, "fcbb:bb00:1:: stands where"),
        (("2001:db8:b2:10:1::", "=20:2::"), 1, "20:2:: stands where"),
        (("fcbb:bb00:1::", "=::20:2"), 1, "::20:2 is a container, and no SID"),
        (("=::20:2", "fcbb:bb00:1::"), 0, "a list begins with a SID in full"),
    ],
)
def test_lists_that_lead_nowhere(segments: tuple[str, ...], place: int, text: str | None) -> None:
    """CS-13."""
    if text is None:
        written(*segments)  # may be a container whose first C-SID is 2
        return
    with pytest.raises(PackingError, match=text) as caught:
        written(*segments)
    assert caught.value.place == place


def test_a_list_to_be_inserted_cannot_end_with_a_lone_replace_sid() -> None:
    with pytest.raises(PackingError, match="what is put behind it is a SID in full"):
        written("2001:db8:b2:10:1::", followed=True)
    written("2001:db8:b2:10:1::", "=::20:2", followed=True)
    written("fcbb:bb00:1:2::", followed=True)


@pytest.mark.parametrize(
    "elements",
    [
        ["fcbb:bb00:1:3:2::"],
        ["fcbb:bb00:1:2::", "fcbb:bb00:3:4::"],
        ["fcbb:bb00:1:2::"],
        ["fcbb:bb00:1:2::", "fcbb:bb00:3::", "fcbb:bb00:4::"],
    ],
)
def test_a_walk_finds_what_is_wrong(elements: list[str]) -> None:
    sids = [*un("1", "2"), *un("3")]
    with pytest.raises(PackingError):
        check_packed([int(IPv6Address(element)) for element in elements], sids, NOTHING)


# Random lists ---------------------------------------------------------------------------------------------------------


def test_the_model_on_paper_walks_the_vectors() -> None:
    """The walks that the rules give for the vectors, so that the model is not taken on trust."""
    block = paper.binary(0x20010DB800B2, 48)
    path = [paper.Place(block, paper.binary(n << 20 | n, 32), paper.REPLACE, 32) for n in range(1, 8)]
    elements = [paper.binary(int(IPv6Address(text)), 128) for text in
                ("2001:db8:b2:10:1::", "50:5:40:4:30:3:20:2", "::70:7:60:6")]  # fmt: skip
    assert paper.visits(path, elements) == [(place, "") for place in path]
    with pytest.raises(paper.LostError):
        paper.visits(path[:-1], elements)


def structure_of(place: paper.Place) -> SidStructure | None:
    """What a headend is told of a SID of the network on paper."""
    block, node, function = len(place.block), place.node, len(place.csid) - place.node
    return {
        paper.UNKNOWN: None,
        paper.NEXT: next_structure(block, node, function),
        paper.REPLACE: replace_structure(block, node, function),
        paper.PLAIN: SidStructure(block, node, function),
        paper.FE2: SidStructure(block, node, function, 16),
        paper.REPLACE_FE2: SidStructure(block, node, function, 16, Csid.REPLACE),
    }[place.kind]


def test_random_lists_visit_the_original_sids() -> None:
    walked = refused = shorter = 0
    for path in paper.paths(seed=9800, count=LISTS):
        known = {place: structure for place in path if (structure := structure_of(place)) is not None}
        structures = SidStructures(
            (IPv6Network((int(place.prefix.ljust(128, "0"), 2), len(place.prefix))), structure)
            for place, structure in known.items()
        )
        sids = [Listed(int(place.address, 2), known.get(place)) for place in path]
        try:
            elements = compressed(sids, Compress.AUTO, structures)
        except PackingError:
            assert not paper.goes(path)
            refused += 1
            continue
        assert paper.goes(path)
        assert len(elements) <= len(sids)
        stops = paper.visits(list(set(path)), [paper.binary(element, 128) for element in elements])
        assert stops == [(place, place.argument) for place in path]
        walked += 1
        shorter += len(elements) < len(sids)
    assert walked > 0.9 * LISTS
    assert shorter > 0.8 * walked
    assert refused
