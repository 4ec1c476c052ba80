# SPDX-License-Identifier: Apache-2.0
"""The mobile user plane in a node file: what is refused, and why."""

from __future__ import annotations

import pytest

from srv6cp.behaviours.mobile import Group
from srv6cp.config import ConfigError, load_node

NODE = """
node: gw
source: fcbb:bb00:1::1
ports: {1: {addresses: ["2001:db8:1::1/64", "10.0.1.1/24"]}}
locator: fcbb:bb00:1::/48
policies:
  - {name: up, encap: encap.red, segments: ["fcbb:bb00:2::"]}
  - {name: frames, encap: l2encap, segments: ["fcbb:bb00:2::"]}
"""


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("sids: [{sid: 'fcbb:bb00:1:d::/64', behavior: End.M.GTP6.D, policy: up}]", "needs 'args-offset'"),
        (
            "sids: [{sid: 'fcbb:bb00:1:d::/64', behavior: End.M.GTP6.D, policy: up, args-offset: 89}]",
            "args-offset must be a number from 1 to 88",
        ),
        (
            "sids: [{sid: 'fcbb:bb00:1:d::/64', behavior: End.M.GTP6.D, policy: frames, args-offset: 64}]",
            "needs a policy of mode encap or encap.red; frames has another",
        ),
        ("sids: [{sid: 'fcbb:bb00:1:e::/96', behavior: End.M.GTP6.E, source: 'fcbb:bb00:1::1'}]", "at most 88 bits"),
        ("sids: [{sid: 'fcbb:bb00:1:e::/64', behavior: End.M.GTP6.E}]", "needs 'source'"),
        ("sids: [{sid: 'fcbb:bb00:1:e::/64', behavior: End.M.GTP4.E}]", "at most 56 bits, not 64"),
        ("sids: [{sid: 'fcbb:bb00:1:a::/64', behavior: End.MAP, map-to: 'ff02::1'}]", "no routable unicast address"),
        ("sids: [{sid: 'fcbb:bb00:1:a::/64', behavior: End.MAP, map-to: 'fcbb:bb00:1:a::1'}]", "is this SID itself"),
        ("sids: [{sid: 'fcbb:bb00:1:a::/64', behavior: End.Limit}]", "is an address, not a prefix of 64"),
        (
            (
                "sids: [{sid: 'fcbb:bb00:1:a:0:1:0:8', behavior: End.Limit}, "
                "{sid: 'fcbb:bb00:1:a:0:1:0:9', behavior: End.Limit}]"
            ),
            "are of one group and say different rates",
        ),
    ],
)
def test_mistakes_of_sids(more: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_node(NODE + more)


@pytest.mark.parametrize(
    ("encap", "message"),
    [
        ("{mode: gtp4.d}", "needs 'upf-prefix-length'"),
        ("{mode: gtp4.d, upf-prefix-length: 57}", "upf-prefix-length must be a number from 1 to 56"),
        ("{mode: encap, upf-prefix-length: 48}", "mode encap takes no 'upf-prefix-length'; gtp4.d does"),
        ("{mode: gtp4.d, upf-prefix-length: 32}", "segment fcbb:bb00:2:: has bits in the 72 behind its prefix of 32"),
        (
            "{mode: gtp4.d, upf-prefix-length: 48, source: '2001:db8:0:0:1::'}",
            "source 2001:db8:0:0:1:: has bits in the 32 behind its prefix of 64",
        ),
    ],
)
def test_mistakes_of_policies(encap: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_node(f"{NODE}  - {{name: gtp, encap: {encap}, segments: ['fcbb:bb00:2::']}}\n")


def test_group_and_rate_are_those_of_the_sid() -> None:
    """LOC+FUNC and group-id are one key; limit-rate is in Mbit/s, in bytes a second here."""
    limit = "behavior: End.Limit, rate-unit: 8000"
    listed = f"sids: [{{sid: 'fcbb:bb00:1:a:0:5:0:64', {limit}}}, {{sid: 'fcbb:bb00:1:a:0:6::', {limit}}}]"
    one, other = (sid.operands["rate-bits"] for sid in load_node(NODE + listed).sids)
    assert one == Group(bytes.fromhex("00000000fcbbbb000001000a00000005"), 100 * 1000)
    assert other.rate == 0
