# SPDX-License-Identifier: Apache-2.0
"""``icmp`` and ``limits`` of a node file: what one port may cost the node."""

from __future__ import annotations

from typing import Any

from srv6cp import values
from srv6cp.model import MAX_VISITS, USUAL_LIMITS, Limits, RateLimit
from srv6cp.problems import Fields

RATE_KEYS = frozenset(("rate", "burst"))
RATES = ("neighbors", "echo", "local", "unresolved", "fragments", "oam", "passes")
LIMIT_KEYS = frozenset((*RATES, "sid-visits"))
MAX_RATE = 1_000_000
LEAST_VISITS = 2


def read_rate(value: Any, what: str, usual: RateLimit) -> RateLimit | None:
    """``{rate, burst}``, either of them as ``usual`` when it is not given; null is no limit."""
    if value is None:
        return None
    fields = Fields(values.mapping(value, what))
    with fields.at():
        values.check_keys(fields.item, RATE_KEYS)
    rate = fields.read("rate", values.integer, "rate", 1, MAX_RATE, default=usual.rate)
    burst = fields.read("burst", values.integer, "burst", 1, MAX_RATE, default=usual.burst)
    fields.finish()
    return RateLimit(rate, burst)


def read_limits(value: Any) -> Limits:
    """The section ``limits``; what it does not name is as usual."""
    if value is None:
        return USUAL_LIMITS
    usual = USUAL_LIMITS
    fields = Fields(values.mapping(value, "limits"))
    with fields.at():
        values.check_keys(fields.item, LIMIT_KEYS)
    rates: dict[str, RateLimit | None] = {}
    for key in RATES:
        rates[key] = default = getattr(usual, key)
        if key in fields.item:
            with fields.at(key):
                rates[key] = read_rate(fields.item[key], key, default)
    visits = fields.read("sid-visits", values.integer, "sid-visits", LEAST_VISITS, MAX_VISITS, default=usual.sid_visits)
    fields.finish()
    return Limits(sid_visits=visits, **rates)
