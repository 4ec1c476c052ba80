# SPDX-License-Identifier: Apache-2.0
"""``srv6 ping`` and ``traceroute`` from a Linux machine: what their words make of a list of C-SIDs."""

from __future__ import annotations

import argparse
from ipaddress import IPv6Address

import pytest

from srv6cp.cli import probing
from srv6cp.cli.exitcodes import UsageError


def _way(*words: str) -> probing.Way:
    parser = argparse.ArgumentParser()
    probing.add_options(parser, traceroute=False)
    probing.add_structure(parser)
    parser.add_argument("target")
    args = parser.parse_args(words)
    asked = probing.addresses(args)
    return probing.way(asked, probing.told_structures(args, asked), args.packed)


def _text(addresses: tuple[bytes, ...]) -> list[str]:
    return [str(IPv6Address(each)) for each in addresses]


NEXT = ("--lblen", "32", "--nflen", "16")
REPLACE = ("--lblen", "48", "--nflen", "32", "--csid", "replace")


@pytest.mark.parametrize(
    ("words", "elements", "arrives_at"),
    [
        # RFC 9800 6.5: for a NEXT container the block and the last C-SID; for REPLACE with the bits of the Index
        ((*NEXT, "fcbb:bb00:2:3:4::"), ["fcbb:bb00:2:3:4::"], "fcbb:bb00:4::"),
        ((*NEXT, "fcbb:bb00:4::"), ["fcbb:bb00:4::"], "fcbb:bb00:4::"),
        (("fcbb:bb00:2:3:4::",), ["fcbb:bb00:2:3:4::"], "fcbb:bb00:2:3:4::"),
        ((*NEXT, "--via", "fcbb:bb00:2:3::", "2001:db8::1"), ["fcbb:bb00:2:3::", "2001:db8::1"], "2001:db8::1"),
        (
            (*NEXT, "--packed", "--via", "fcbb:bb00:2::,fcbb:bb00:3::", "--via", "fcbb:bb00:4::", "fcbb:bb00:5::"),
            ["fcbb:bb00:2:3:4:5::"],
            "fcbb:bb00:5::",
        ),
        (
            (*REPLACE, "--via", "fd00:aabb:ccdd:2222:1::", "::4444:1:3333:1"),
            ["fd00:aabb:ccdd:2222:1::", "::4444:1:3333:1"],
            "fd00:aabb:ccdd:4444:1::2",
        ),
        (
            (*REPLACE, "--packed", "--via", "fd00:aabb:ccdd:2222:1::", "--via", "fd00:aabb:ccdd:3333:1::",
             "fd00:aabb:ccdd:4444:1::"),
            ["fd00:aabb:ccdd:2222:1::", "::4444:1:3333:1"],
            "fd00:aabb:ccdd:4444:1::2",
        ),
    ],
)  # fmt: skip
def test_ways(words: tuple[str, ...], elements: list[str], arrives_at: str) -> None:
    way = _way(*words)
    assert _text(way.elements) == elements
    assert str(IPv6Address(way.arrives_at)) == arrives_at


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--packed", "fcbb:bb00:2::"), "--packed: say how the SIDs are made up"),
        (("--lblen", "32", "fcbb:bb00:2::"), "--lblen and --nflen belong together"),
        (("--lblen", "100", "--nflen", "28", "fcbb:bb00:2::"), "leave room behind the C-SID"),
        (("--lblen", "32", "--nflen", "24", "--csid", "replace", "fcbb:bb00:2::"), "16 or 32 bits"),
        ((*REPLACE, "--packed", "--via", "fd00:aabb:ccdd:2222:1::", "2001:db8::1"), "REPLACE-C-SID"),
        (("ff02::1",), "a segment is a global unicast address"),
        (("nobody",), "is no IPv6 address"),
    ],
)
def test_words_that_make_no_sense(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        _way(*words)
