# SPDX-License-Identifier: Apache-2.0
"""Token buckets of ports."""

from __future__ import annotations

from srv6cp.controller.tokens import Tokens
from srv6cp.model import RateLimit


def test_the_burst_then_the_rate_each_port_by_itself() -> None:
    tokens = Tokens(RateLimit(10, 3))
    assert [tokens.take(1, 0.0) for _ in range(5)] == [True, True, True, False, False]
    assert tokens.take(2, 0.0)
    assert not tokens.take(1, 0.09)
    assert tokens.take(1, 0.11)
    assert not tokens.take(1, 0.12)
    assert [tokens.take(1, 100.0) for _ in range(4)] == [True, True, True, False]


def test_no_limit() -> None:
    assert all(Tokens(None).take(1, 0.0) for _ in range(1000))
