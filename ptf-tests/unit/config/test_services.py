# SPDX-License-Identifier: Apache-2.0
"""Services in a node file: what is refused, and why."""

from __future__ import annotations

import pytest

from srv6cp.behaviours.proxy import Proxy, services_of
from srv6cp.config import ConfigError, load_node
from srv6cp.model import InterfaceId

NODE = """
node: nfv
source: fcbb:bb00:1::1
ports:
  1: {addresses: ["2001:db8:1::1/64", "10.0.1.1/24"]}
  2: {addresses: ["2001:db8:2::1/64"], role: external}
  3: {mode: l2}
  4: {addresses: ["2001:db8:4::1/64"]}
locator: fcbb:bb00:1::/48
sr-domain: {sid-block: "fcbb:bb00::/32"}
"""


def _node(tmp_path: object, more: str) -> object:
    path = tmp_path / "node.yaml"  # type: ignore[operator]
    path.write_text(NODE + more)
    return load_node(path)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("{name: a}", "needs 'via'"),
        ("{name: a, via: '2001:db8:9::9'}", "2001:db8:9::9"),
        ("{name: a, type: ethernet, via: '2001:db8:1::2'}", "needs 'out'"),
        ("{name: a, type: ethernet, out: 1}", "must be 'mode: l2'"),
        ("{name: a, type: ethernet, out: 9}", "unknown port 9; valid: 1, 2, 3, 4"),
        ("{name: a, via: '2001:db8:2::2'}", "'role: external'"),
        ("{name: a, via: '2001:db8:1::2', in: 3}", "no routed interface"),
        ("{name: a, proxy: static, via: '2001:db8:1::2'}", "needs 'segments'"),
        ("{name: a, proxy: static, via: '2001:db8:1::2', segments: ['fcbb:bb00:9::']}", "needs 'source'"),
        ("{name: a, via: '2001:db8:1::2', segments: ['fcbb:bb00:9::']}", "no other has them"),
        ("{name: a, via: '2001:db8:1::2', nat: true}", "'nat' is of a masquerading proxy"),
        ("{name: a, via: '2001:db8:1::2', proxy: masquerading, psp: true}", "with sl-at: de-masquerade"),
        ("{name: a, via: '2001:db8:1::2', proxy: masquerading, type: ipv4}", "takes IPv6"),
        ("{name: a, type: ethernet, out: 3, proxy: per-flow}", "flows are told apart by IP"),
        ("{name: a, via: '2001:db8:1::2', proxy: clever}", "clever"),
        ("{name: a, via: '2001:db8:1::2'}, {name: b, via: '10.0.1.2'}", "each needs its own"),
    ],
)
def test_what_is_refused(tmp_path: object, item: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _node(tmp_path, f"services: [{item}]\n")
    assert message in str(caught.value)


def test_a_sid_needs_a_service_of_its_kind(tmp_path: object) -> None:
    more = (
        "services: [{name: a, via: '2001:db8:1::2'}]\nsids: [{sid: 'fcbb:bb00:1:a::/64', behavior: %s, service: %s}]\n"
    )
    with pytest.raises(
        ConfigError, match=r"End\.AS fcbb:bb00:1:a::/64 needs a service with proxy: static; a has dynamic"
    ):
        _node(tmp_path, more % ("End.AS", "a"))
    with pytest.raises(ConfigError, match="unknown service 'b'"):
        _node(tmp_path, more % ("End.AD", "b"))


def test_what_is_left_out(tmp_path: object) -> None:
    node = _node(tmp_path, "services: [{name: a, via: '2001:db8:1::2'}, {name: b, type: ethernet, out: '4.7'}]\n")
    found = services_of(node.sections)  # type: ignore[attr-defined]
    assert (found["a"].proxy, found["a"].back, found["a"].age) == (Proxy.DYNAMIC, InterfaceId(1, 0), 300)
    assert (found["b"].out, found["b"].back) == (InterfaceId(4, 7), InterfaceId(4, 7))
