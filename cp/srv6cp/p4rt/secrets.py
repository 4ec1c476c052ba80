# SPDX-License-Identifier: Apache-2.0
"""What of the entries of a switch is as secret as a key: it is in no text and no JSON that this package makes."""

from __future__ import annotations

SECRET = "(secret)"
#: Action to the parameters of it that are not secret.
_OPEN = {"hmac_inner_state": frozenset(("flags",)), "hmac_outer_state": frozenset[str]()}
#: Headers of the program that hold what is made of keys, with the fields of each that are secret; None: all.
SECRET_FIELDS: dict[str, frozenset[str] | None] = {
    "hmac": frozenset(f"h{index}" for index in range(8)),
    "hash": None,
}


def is_secret(action: str, parameter: str) -> bool:
    """True for a parameter with which somebody could make HMACs (RFC 8754 2.1.2)."""
    known = _OPEN.get(action)
    return known is not None and parameter not in known


def holds_secret(header: str, field: str) -> bool:
    """True for a field of the state of a computation with a key."""
    fields = SECRET_FIELDS.get(header, frozenset())
    return fields is None or field in fields
