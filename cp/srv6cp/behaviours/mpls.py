# SPDX-License-Identifier: Apache-2.0
"""End.BM: SIDs that stand for an SR-MPLS policy (RFC 8986 section 4.15), and these policies.

A policy has a label stack, the next hop that labelled packets go to, and says where TTL and traffic class of the labels
come from. It is resolved by whoever writes it: the next hop is the way to the top label. Segment lists of SIDs and of
labels are not mixed (RFC 9256 section 5.1), so these policies are not among ``policies``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from srv6cp import values
from srv6cp.behaviours.interfaces import Binder, Entry, Names, Schema, Scope
from srv6cp.behaviours.itemwords import literal, pairs, put
from srv6cp.behaviours.operands import HOPS, Via, item
from srv6cp.behaviours.record import Endpoint
from srv6cp.behaviours.section import Section
from srv6cp.model import NextHop
from srv6cp.problems import Fields, InvalidError

MAX_LABELS = 8

_KEY = "mpls-policies"
_TABLE = "mpls_policy_table"
_NUMBER = "mpls_policy_id"
_UNIFORM, _INHERIT = "uniform", "inherit"
#: Parameter ``inherit``: the bits of an entry that are the packet's.
_INHERIT_TRAFFIC_CLASS, _INHERIT_TTL = 0xE00, 0x0FF
#: RFC 3032 2.1, RFC 7274: labels below 16 are special. Some may stand in one place, by name or number.
_FIRST_LABEL, _LAST_LABEL = 16, 2**20 - 1
_ROUTER_ALERT, _IPV6_EXPLICIT_NULL, _IMPLICIT_NULL = 1, 2, 3
_SPECIAL = {"router-alert": _ROUTER_ALERT, "explicit-null": _IPV6_EXPLICIT_NULL, "implicit-null": _IMPLICIT_NULL}
#: The packet that is labelled is IPv6; where it goes next, both versions may be spoken.
_VIA = Via("via", "", "", version=4)


class _Stack(NamedTuple):
    """An SR-MPLS policy. ``labels`` from the top down, without an implicit null; ``traffic_class`` and ``ttl`` None
    are those of the packet."""

    labels: tuple[int, ...]
    via: tuple[NextHop, ...]
    traffic_class: int | None
    ttl: int | None


def _read(given: dict[Any, Any], scope: Scope) -> _Stack:
    fields = Fields(given)
    labels = fields.read("labels", _read_labels, default=())
    ttl = fields.read("ttl", _number_or, _UNIFORM, "ttl", 1, 255)
    traffic_class = fields.read("traffic-class", _number_or, _INHERIT, "traffic-class", 0, 7)
    via: tuple[NextHop, ...] = ()
    with fields.at():
        via = _VIA.read(given, scope, "an SR-MPLS policy")["via"]
    fields.finish()
    return _Stack(labels, via, traffic_class, ttl)


def _read_labels(value: Any) -> tuple[int, ...]:
    """1 to 8 labels, as a list or joined by ``/`` or commas. Raises ``InvalidError``."""
    if isinstance(value, str):
        value = value.replace("/", " ").replace(",", " ").split()
    items = values.one_or_more(value)
    if not items:
        raise InvalidError(f"an SR-MPLS policy needs 1 to {MAX_LABELS} labels")
    fields = Fields({})
    labels = []
    for index, each in enumerate(items):
        with fields.at(index):
            labels.append(_read_label(each, index == 0, index == len(items) - 1))
    fields.finish()
    if labels[0] == _IMPLICIT_NULL:  # B6-7: not pushed
        del labels[0]
    if len(labels) > MAX_LABELS:
        raise InvalidError(f"a label stack holds at most {MAX_LABELS} labels, this one has {len(labels)}")
    return tuple(labels)


def _read_label(value: Any, top: bool, bottom: bool) -> int:
    label = _SPECIAL.get(value) if isinstance(value, str) else None
    if label is None:
        label = values.integer(value, f"a label, unless it is {', '.join(_SPECIAL)},", 0, _LAST_LABEL)
    if label == _IMPLICIT_NULL and not top:
        raise InvalidError("implicit null (3) can only be the first label: it is never pushed (RFC 3032 2.1)")
    if label == _IPV6_EXPLICIT_NULL and not bottom:
        raise InvalidError("IPv6 explicit null (2) can only be the last label (RFC 3032 2.1)")
    if label == _ROUTER_ALERT and bottom:
        raise InvalidError("router alert (1) cannot be the last label (RFC 3032 2.1)")
    if label < _FIRST_LABEL and label not in _SPECIAL.values():
        raise InvalidError(
            f"label {label} is a special one (RFC 7274); valid: {_FIRST_LABEL} to {_LAST_LABEL}, {', '.join(_SPECIAL)}"
        )
    return label


def _number_or(value: Any, word: str, what: str, low: int, high: int) -> int | None:
    """A number, or None for ``word``."""
    if value == word:
        return None
    try:
        return values.integer(value, what, low, high)
    except InvalidError as error:
        raise InvalidError(error.message.replace(f" to {high}", f" to {high}, or {word}")) from None


def _entries(number: int, stack: _Stack, binder: Binder) -> Iterable[Entry]:
    params: dict[str, Any] = {"nexthop_id": binder.nexthop_id(stack.via)}
    action = "push_no_label"
    if stack.labels:
        action = f"push_labels_{len(stack.labels)}"
        params["traffic_class"] = stack.traffic_class or 0
        params["ttl"] = stack.ttl or 0
        params["inherit"] = (_INHERIT_TRAFFIC_CLASS if stack.traffic_class is None else 0) | (
            _INHERIT_TTL if stack.ttl is None else 0
        )
        params.update((f"label_{index}", label) for index, label in enumerate(stack.labels))
    yield Entry(_TABLE, {_NUMBER: number}, action, params)


def _rows(found: Iterable[Entry], names: Names) -> list[dict[str, Any]]:
    rows = []
    for entry in found:
        params = entry.params
        labels = [str(params[key]) for key in (f"label_{index}" for index in range(MAX_LABELS)) if key in params]
        inherit = params.get("inherit", 0)
        rows.append(
            {
                "policy": names.item(_KEY, entry.match[_NUMBER]),
                "labels": "/".join(labels) or "implicit-null",
                "via": names.nexthop(params["nexthop_id"]),
                "packets": entry.packets,
                "ttl": None if not labels else _UNIFORM if inherit & _INHERIT_TTL else params["ttl"],
                "traffic-class": (
                    None if not labels else _INHERIT if inherit & _INHERIT_TRAFFIC_CLASS else params["traffic_class"]
                ),
            }
        )
    return sorted(rows, key=lambda row: row["policy"])


def _words(given: Sequence[str]) -> dict[str, Any]:
    """``labels L/L/... via A [port P] [weight N] [via ...] [ttl T] [traffic-class C]``. Raises ``InvalidError``."""
    found: dict[str, Any] = {}
    hops: list[dict[str, Any]] = []
    for word, value in pairs(given, ("via", "port", "weight", "labels", "ttl", "traffic-class")):
        if word == "via":
            hops.append({"address": value})
        elif word in ("port", "weight"):
            if not hops:
                raise InvalidError(f"'via A' comes first, not {word!r}")
            put(hops[-1], word, literal(value))
        else:
            put(found, word, value.split("/") if word == "labels" else literal(value))
    if "labels" in found:
        found["labels"] = [literal(each) for each in found["labels"]]
    if hops:
        each = [hop["address"] if set(hop) == {"address"} else hop for hop in hops]
        found["via"] = each[0] if len(each) == 1 else each
    return found


_LABEL: Schema = {
    "anyOf": [{"type": "integer", "minimum": 0, "maximum": _LAST_LABEL}, {"enum": sorted(_SPECIAL)}],
}
_SCHEMA: dict[str, Schema] = {
    "labels": {"anyOf": [_LABEL, {"type": "string"}, {"type": "array", "items": _LABEL, "minItems": 1}]},
    "via": HOPS,
    "ttl": {"anyOf": [{"const": _UNIFORM}, {"type": "integer", "minimum": 1, "maximum": 255}]},
    "traffic-class": {"anyOf": [{"const": _INHERIT}, {"type": "integer", "minimum": 0, "maximum": 7}]},
}
_MPLS_POLICIES = Section(
    key=_KEY,
    what="label stack",
    summary=(
        "a list of `{name, labels, via, ttl, traffic-class}`: 1 to 8 labels from the top down (`16001/24002`, or a"
        " list), the next hop or several; `ttl` `uniform` (default, the hop limit) or 1 to 255 (pipe), `traffic-class`"
        " `inherit` (default, the class selector) or 0 to 7"
    ),
    tables=(_TABLE,),
    number=_NUMBER,
    schema=_SCHEMA,
    read=_read,
    entries=_entries,
    rows=_rows,
    columns=("policy", "labels", "via", "ttl", "traffic-class", "packets"),
    command="mpls-policy",
    usage="labels L[/L...] via A [port P] [weight N] ... [ttl uniform/N] [traffic-class inherit/N]",
    words=_words,
    required=("labels", "via"),
)

MPLS_POLICY = item("mpls-policy", _MPLS_POLICIES, _NUMBER)

ENDPOINTS = (
    Endpoint(
        "End.BM",
        action="end_bm",
        operands=(MPLS_POLICY,),
        code_points=(15,),
        spec="RFC 8986 4.15",
        sections=(_MPLS_POLICIES,),
    ),
)
