# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the conformance tests: a switch with their program, and a client that is its primary."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conformance.raw import DEVICE_ID, JSON, P4INFO, RawClient

from softswitch.switch import SoftSwitch


@pytest.fixture
def switch() -> Iterator[SoftSwitch]:
    with SoftSwitch(JSON, P4INFO, ports=range(8), device_id=DEVICE_ID) as made:
        yield made


@pytest.fixture
def bare() -> Iterator[SoftSwitch]:
    """A switch without program."""
    with SoftSwitch(ports=range(8), device_id=DEVICE_ID) as made:
        yield made


@pytest.fixture
def client(switch: SoftSwitch) -> Iterator[RawClient]:
    with RawClient(switch.address) as made:
        made.primary()
        yield made
