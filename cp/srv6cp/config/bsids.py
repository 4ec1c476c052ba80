# SPDX-License-Identifier: Apache-2.0
"""``bsid`` of policies and candidate paths: their binding SIDs (RFC 9256 6).

A binding SID is a local SID of the node like those of ``sids``, with the policy for its operand; compilation takes it
out while its path is not active. One that is asked for and taken is replaced by a dynamic one and said (6.2.1), or with
``bsid-only`` its path is not valid (6.2.3). A dynamic one follows from the name of the policy, so that it stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv6Address, IPv6Network
from typing import Any, NamedTuple
from zlib import crc32

from srv6cp import values
from srv6cp.behaviours import REGISTRY
from srv6cp.config.context import Context
from srv6cp.config.sids import SidReader
from srv6cp.model import CandidatePath, Locator, Policy, Sid
from srv6cp.problems import Fields, InvalidError, Path, Problem, with_path

DYNAMIC = "dynamic"
#: Functions of dynamic binding SIDs: as many bits behind the locator, the first of them and how many there are.
_FUNCTION_BITS, _FIRST, _FUNCTIONS = 16, 0xB000, 0x1000
_BEHAVIOURS = {
    "encap": "End.B6.Encaps",
    "encap.red": "End.B6.Encaps.Red",
    "insert": "End.B6.Insert",
    "insert.red": "End.B6.Insert.Red",
}


class _Wanted(NamedTuple):
    """A binding SID as the file has it; ``prefix`` None is a dynamic one."""

    prefix: IPv6Network | None
    sid: Sid
    path: Path
    only: bool


@dataclass
class _Taken:
    """SIDs and other prefixes of the node that a binding SID cannot have, with who has them."""

    exact: dict[IPv6Network, str]
    others: list[IPv6Network]

    def overlaps(self, prefix: IPv6Network) -> bool:
        return any(prefix.overlaps(other) for other in (*self.exact, *self.others))


def read_bsids(
    items: Any,
    policies: dict[str, Policy],
    sids: tuple[Sid, ...],
    locators: tuple[Locator, ...],
    own: Iterator[IPv6Address],
    context: Context,
) -> tuple[Sid, ...]:
    """The binding SIDs of ``policies``, whose paths are told of them. ``items`` is the section ``policies``."""
    reader = SidReader(locators, context)
    wanted = list(_wanted(items, policies, reader, context))
    taken = _Taken({sid.prefix: f"{sid.behaviour} of sids" for sid in sids}, [IPv6Network(each) for each in own])
    found: dict[IPv6Network, Sid] = {}
    chosen: dict[tuple[str, str | int, str], IPv6Network] = {}
    # What is named comes before what is chosen.
    for wants, position in sorted(wanted, key=lambda each: each[0].prefix is None):
        name = wants.sid.operands["policy"]
        path = policies[name].paths[position]
        prefix, alert = wants.prefix, ""
        if prefix is not None and taken.exact.get(prefix, f"policy {name}") != f"policy {name}":
            alert = f"binding SID {prefix} is taken ({taken.exact[prefix]})"
            if wants.only:
                _tell(policies, name, position, replace(path, ineligible=alert, alerts=(*path.alerts, alert)))
                continue
            prefix = None
        if prefix is None:
            # One for all paths that ask for the same.
            same = name, wants.path[-1], wants.sid.behaviour
            prefix = chosen.get(same) or _free(wants.sid, name, locators, taken)
            if prefix is None:
                message = "a dynamic binding SID needs a locator with room for it"
                context.problems.append(Problem(message, wants.path))
                continue
            chosen[same] = prefix
            alert = alert and f"{alert}; {prefix} stands for it"
        taken.exact[prefix] = f"policy {name}"
        found[prefix] = replace(wants.sid, prefix=prefix)
        alerts = (*path.alerts, alert) if alert else path.alerts
        _tell(policies, name, position, replace(path, bsids=(*path.bsids, prefix), alerts=alerts))
    return tuple(found.values())


def _tell(policies: dict[str, Policy], name: str, position: int, path: CandidatePath) -> None:
    paths = policies[name].paths
    policies[name] = replace(policies[name], paths=(*paths[:position], path, *paths[position + 1 :]))


def _wanted(
    items: Any, policies: dict[str, Policy], reader: SidReader, context: Context
) -> Iterator[tuple[_Wanted, int]]:
    """Each binding SID with the place of its path; those of the policy are of all paths that have none of their own."""
    for index, item in enumerate(items if isinstance(items, (list, tuple)) else ()):
        policy = policies.get(str(item.get("name"))) if isinstance(item, Mapping) else None
        if policy is None:
            continue
        listed = item.get("candidate-paths")
        path_items = listed if isinstance(listed, (list, tuple)) else [{}] * len(policy.paths)
        for position, path_item in enumerate(path_items):
            where: Path = ("policies", index)
            holder: Mapping[Any, Any] = item
            if path_item.get("bsid") is not None:
                holder, where = path_item, (*where, "candidate-paths", position)
            if holder.get("bsid") is None:
                continue
            with context.at(*where):
                only = with_path("bsid-only", values.boolean, holder.get("bsid-only", False), "bsid-only")
                for prefix, sid, at in _read(holder["bsid"], policy, reader):
                    yield _Wanted(prefix, sid, (*where, *at), only), position


def _read(value: Any, policy: Policy, reader: SidReader) -> Iterator[tuple[IPv6Network | None, Sid, Path]]:
    """The SIDs of one ``bsid``: the prefix that is asked for, the SID, and where it says so."""
    mode = policy.encap.mode
    for place, item in enumerate(values.one_or_more(value)):
        at: Path = ("bsid", place) if isinstance(value, (list, tuple)) else ("bsid",)
        fields = Fields({})
        with fields.at(*at):
            if mode not in _BEHAVIOURS:
                raise InvalidError(f"a policy for frames ({mode}) has no binding SID: they come as packets")
            given = dict(item) if isinstance(item, dict) else {"sid": item}
            if "policy" in given:
                raise InvalidError("the policy of a binding SID is the one that it belongs to", "policy")
            text = given.get("sid", DYNAMIC)
            dynamic = str(text).lower() == DYNAMIC
            given = {"behavior": _BEHAVIOURS[mode], **given, "policy": policy.name}
            prefix = None if dynamic else with_path("sid", values.ipv6_prefix, text, "sid")
            # A dynamic one lies in a locator, wherever that is.
            given["sid"] = reader.example if dynamic else text
            sid = reader.read(given)
            if not REGISTRY.programmed(sid.behaviour, sid.operands).binding_mode:
                raise InvalidError(f"{sid.behaviour} leads into no policy; valid: {', '.join(_BEHAVIOURS.values())}")
        fields.finish()
        yield prefix, sid, at


def _free(sid: Sid, name: str, locators: tuple[Locator, ...], taken: _Taken) -> IPv6Network | None:
    """A prefix that nothing else has, found by name and behaviour."""
    for locator in locators:
        bits = min(_FUNCTION_BITS, 128 - locator.prefix.prefixlen)
        first, count = (_FIRST, _FUNCTIONS) if bits == _FUNCTION_BITS else (1, (1 << bits) - 1)
        length = locator.prefix.prefixlen + bits
        start = crc32(f"{name}/{sid.behaviour}".encode()) % count
        for step in range(count):
            function = first + (start + step) % count
            address = int(locator.prefix.network_address) | function << 128 - length
            prefix = IPv6Network((address, length))
            if not taken.overlaps(prefix):
                return prefix
    return None
