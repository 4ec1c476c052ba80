# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the P4Runtime client's tests: a server in memory and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from unit.p4rt.fake_server import FakeServer
from unit.p4rt.program import info

from srv6cp.p4rt import Client


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as fake:
        yield fake


@pytest.fixture
def client(server: FakeServer) -> Iterator[Client]:
    with Client(server.address, 1, p4info=info()) as connected:
        yield connected
