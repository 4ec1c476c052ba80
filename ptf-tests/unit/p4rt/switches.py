# SPDX-License-Identifier: Apache-2.0
"""A real switch without ports for tests of the client: softswitch, or BMv2 where it is on PATH. No root is needed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from srv6cp.model.numbers import CPU_PORT
from srv6cp.sync.launch import SWITCHES, Launch, Switch, free_address
from srv6cp.sync.launch import missing as unavailable

__all__ = ["CPU_PORT", "DEVICE_ID", "SWITCHES", "running", "unavailable"]

DEVICE_ID = 1


@contextmanager
def running(kind: str, port: int = 0) -> Iterator[str]:
    """A switch of ``kind`` without program; gives its P4Runtime address and stops it in the end."""
    address = f"127.0.0.1:{port}" if port else free_address()
    with Switch(Launch(kind, address, DEVICE_ID)) as switch:
        try:
            switch.wait_until_ready()
            yield address
        except BaseException:
            sys.stderr.write(switch.tail())
            raise
