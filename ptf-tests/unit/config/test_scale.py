# SPDX-License-Identifier: Apache-2.0
"""10 000 SIDs and 10 000 routes from text to entities: processor time, whatever else runs."""

from __future__ import annotations

import time

from unit.compile.support import INFO

from srv6cp.compile import compile_node
from srv6cp.config import load_node

BUDGET = 1.5  # seconds; measured: 0.3 on the machine of docs/performance.md

HEAD = """\
node: big
locator: "fcbb:bb00:1::/48"
source: "fcbb:bb00:1::1"
ports: {1: {addresses: ["2001:db8:12::1/64"]}, 2: {addresses: ["2001:db8:13::1/64"]}}
"""
OPERANDS = ("End, flavors: [psp, usd]", 'End.X, via: "2001:db8:12::2"', "End.DT6, vrf: default", "End")


def text(count: int) -> str:
    """A node with ``count`` SIDs and as many routes."""
    sids = (f'  - {{sid: "fcbb:bb00:1:{index:x}::/64", behavior: {OPERANDS[index % 4]}}}\n' for index in range(count))
    routes = (
        f'  - {{prefix: "2001:db9:{index:x}::/48", via: "2001:db8:1{2 + index % 2}::2"}}\n' for index in range(count)
    )
    return f"{HEAD}sids:\n{''.join(sids)}routes:\n{''.join(routes)}"


def test_ten_thousand_sids_and_routes() -> None:
    source = text(10_000)
    start = time.process_time()
    entities = compile_node(load_node(source), INFO)
    spent = time.process_time() - start
    tables = [getattr(entity, "table", "") for entity in entities]
    assert tables.count("my_sid_table") == 10_000 + 1  # the source is inside the first SID
    assert tables.count("ipv6_table") == 10_000 + 6  # two connected, two own addresses, source, locator
    assert spent < BUDGET
