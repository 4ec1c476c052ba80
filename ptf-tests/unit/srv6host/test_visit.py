# SPDX-License-Identifier: Apache-2.0
"""What an SRH asks of a proxy (PIPE-1)."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network

import pytest

from srv6host.functions import Leet, Pass, Xor, sid_of
from srv6host.srh import RETURN_PATH, ReturnPath, Srh
from srv6host.visit import VisitError, visit

CLIENT, SERVER = IPv6Address("2001:db8:1::2"), IPv6Address("2001:db8:4::2")
OWN = [IPv6Network("fcbb:bb00:2:f0::/80")]
XOR, LEET = sid_of("fcbb:bb00:2:f0::", "xor", 7), sid_of("fcbb:bb00:2:f0::", "leet")
BEFORE, BEHIND, END = (sid_of(f"fcbb:bb00:{number}:f0::", "pass") for number in (1, 3, 4))


def delivered(via: list[IPv6Address], back: list[IPv6Address] | None = None) -> Srh:
    """As End.VNF gives it to the proxy."""
    return Srh.by_way_of(via, SERVER, back or [], CLIENT).at(0)


def test_in_the_middle() -> None:
    found = visit(delivered([BEFORE, XOR, BEHIND]), CLIENT, SERVER, OWN)
    assert [type(each) for each in found.functions] == [Xor] and found.functions[0].parameters == 7
    assert found.onward == Srh((SERVER, BEHIND, XOR, BEFORE), 1)
    assert found.back == Srh((CLIENT, BEFORE, XOR, BEHIND), 1)


def test_first_and_last() -> None:
    found = visit(delivered([XOR]), CLIENT, SERVER, OWN)
    assert found.back is None  # the client opened it
    assert found.onward == Srh((SERVER, XOR), 0)  # the server is next, and reads the way back in it


def test_segments_between_functions_are_on_the_way_back_as_well() -> None:
    found = visit(delivered([BEFORE, END, XOR, END, BEHIND]), CLIENT, SERVER, OWN)
    assert found.onward.active == END
    assert found.back is not None and found.back.active == END
    assert found.back.at(1).active == BEFORE


def test_several_functions_are_one_visit() -> None:
    found = visit(delivered([BEFORE, XOR, LEET, BEHIND]), CLIENT, SERVER, OWN)
    assert [type(each) for each in found.functions] == [Xor, Leet]
    assert found.onward.active == BEHIND
    assert found.back is not None and found.back.active == BEFORE


def test_return_path_is_kept_and_its_place_is_the_proxys() -> None:
    """Type 6, Segments Left: 0 from the client, behind each proxy its own place (SRv6Pipes)."""
    srh = delivered([BEFORE, XOR, BEHIND], [BEFORE, XOR, BEHIND])
    srh = srh.with_return_path(ReturnPath((CLIENT, BEFORE, XOR, BEHIND), 1))  # BEFORE wrote it
    found = visit(srh, CLIENT, SERVER, OWN)
    assert found.back == Srh((CLIENT, BEFORE, XOR, BEHIND), 1)
    ((kind, value),) = found.onward.tlvs
    assert kind == RETURN_PATH and ReturnPath.parse(value) == ReturnPath((CLIENT, BEFORE, XOR, BEHIND), 2)


def test_return_path_of_its_own() -> None:
    """The way back need not be the way there."""
    srh = delivered([XOR, BEHIND], [END, XOR, BEHIND]).with_return_path(ReturnPath((CLIENT, END, XOR, BEHIND), 1))
    found = visit(srh, CLIENT, SERVER, OWN)
    assert found.back is not None and found.back.active == END


@pytest.mark.parametrize(
    ("srh", "why"),
    [
        (None, "no SRH"),
        (delivered([BEFORE]), "the list has no SID of this proxy"),
        (delivered([XOR, BEHIND, LEET]), "the list comes back to this proxy after other segments"),
        (Srh((BEHIND, XOR), 0), f"the list ends at {BEHIND}, the connection at {SERVER}"),
        (delivered([IPv6Address("fcbb:bb00:2:f0::1")]), "fcbb:bb00:2:f0::1: no function with opcode 0000; there are "),
        (delivered([XOR], [BEHIND]), "the return path has no SID of this proxy"),
        (Srh((SERVER, XOR), 0, ((RETURN_PATH, b"x"),)), "a return path of 1 octets: "),
        (delivered([sid_of("fcbb:bb00:2:f0::", "compress", 10)]), "the parameter of compress is a level from 0"),
        (delivered([sid_of("fcbb:bb00:2:f0::", "tls")]), "tls has no certificate here"),
    ],
)
def test_refused(srh: Srh | None, why: str) -> None:
    with pytest.raises(VisitError) as caught:
        visit(srh, CLIENT, SERVER, OWN)
    assert str(caught.value).startswith(why)


def test_a_list_that_ends_here() -> None:
    with pytest.raises(VisitError, match="a SID of this proxy"):
        visit(Srh((XOR, BEFORE), 0), CLIENT, XOR, OWN)


def test_who_is_refused_is_told_by_the_way_back() -> None:
    unknown = IPv6Address("fcbb:bb00:2:f0::1")
    with pytest.raises(VisitError) as caught:
        visit(delivered([BEFORE, unknown]), CLIENT, SERVER, OWN)
    assert caught.value.back == Srh((CLIENT, BEFORE, unknown), 1)


def test_pass_is_transparent() -> None:
    assert Pass.transparent and not Xor.transparent
