# SPDX-License-Identifier: Apache-2.0
"""``srv6 run`` and ``srv6 show ports`` when the link of a port goes down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from unit.cli.running import NODE, TIMEOUT, Router, wait_for

from harness import testbed
from harness.netns import Namespace
from srv6cp.sync.launch import missing

LINKED = NODE.replace("1: {addr", "1: {interface: sw1, addr")


@pytest.mark.root
@pytest.mark.parametrize("kind", ["softswitch", "bmv2"])
def test_a_link_that_goes_down_is_said_and_shown(tmp_path: Path, routers: Callable[..., Router], kind: str) -> None:
    if reason := testbed.veth_missing() or missing(kind):
        pytest.skip(reason)
    namespace = Namespace()
    try:
        namespace.veth_pairs([("sw1", "host1")])
        address = f"unix:{tmp_path}/s"
        router = routers(tmp_path, node=LINKED, switch=kind, address=address, inside=namespace.run)
        wait_for(lambda: router.said("Ctrl-C stops"))
        assert [row["state"] for row in router.show("show", "ports")] == ["up"]
        namespace.set_link("host1", False)
        wait_for(lambda: router.said("port 1 is down"))
        assert [row["state"] for row in router.show("show", "ports")] == ["down"]
        namespace.set_link("host1", True)
        wait_for(lambda: router.said("port 1 is up"))
        router.process.terminate()
        assert router.process.wait(TIMEOUT) == 0
    finally:
        namespace.close()
