# SPDX-License-Identifier: Apache-2.0
"""All records, found by name, spelling, code point, mode or action."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from srv6cp import values
from srv6cp.behaviours.operands import Operand
from srv6cp.behaviours.record import Endpoint, Headend
from srv6cp.behaviours.section import Section
from srv6cp.model import CSID_FLAVOURS, Flavour, Sid, parse_flavours

# "End with PSP&USD" is how the IANA registry writes a flavoured behaviour.
_IANA_NAME = re.compile(r"(?P<name>\S+)\s+with\s+(?P<flavours>.+)", re.IGNORECASE)


#: Behaviours of others, which are no misspellings of ours: lower-case name to where it is specified.
_ELSEWHERE = {
    name.lower(): spec
    for spec, names in {
        "srext (srv6 srconf localsid)": "End.AS4 End.AS6 End.AD4 End.AD6 End.EAD4 End.EAD6",
        "RFC 8986 4.11": "End.DT2U",
        "RFC 8986 4.12": "End.DT2M",
        "Linux": "End.BPF",
        "draft-ietf-spring-srv6-mpls-interworking": "End.DTM",
    }.items()
    for name in names.split()
}
# Comparing takes the product of the lengths.
_LONGEST_NAME = 60


class Registry:
    """Endpoint and headend behaviours, in the order in which they are listed to people."""

    def __init__(self, endpoints: Iterable[Endpoint], headends: Iterable[Headend]) -> None:
        self._endpoints = {record.name: record for record in endpoints}
        self._headends = {record.mode: record for record in headends}
        self._index()

    def _index(self) -> None:
        self._by_action = {action: record for record in self._endpoints.values() for action in record.actions}
        self._headend_by_action = {record.action: record for record in self._headends.values()}
        self._variants = {(record.of, record.csid): record for record in self._endpoints.values() if record.csid}
        self._spellings: dict[str, Endpoint] = {}
        self._by_code_point: dict[int, tuple[Endpoint, Flavour]] = {}
        for record in self._endpoints.values():
            for spelling in (record.name, *record.aliases):
                self._spellings[spelling.lower()] = record
            for index, point in enumerate(record.code_points):
                if point:
                    self._by_code_point[point] = record, Flavour(index)
        self._modes: dict[str, Headend] = {}
        for headend in self._headends.values():
            for spelling in (headend.mode, headend.name, *headend.aliases):
                self._modes[spelling.lower()] = headend

    @contextmanager
    def including(self, *records: Endpoint) -> Iterator[None]:
        """These records as well, for the length of the block."""
        before = dict(self._endpoints)
        self._endpoints |= {record.name: record for record in records}
        self._index()
        try:
            yield
        finally:
            self._endpoints = before
            self._index()

    # --- endpoint behaviours ----------------------------------------------------------------------

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """All of them."""
        return tuple(self._endpoints.values())

    def endpoint(self, name: str) -> Endpoint:
        """The behaviour with this RFC spelling."""
        return self._endpoints[name]

    def programmed(self, behaviour: str, operands: Mapping[str, Any]) -> Endpoint:
        """The behaviour whose action a SID gets: another one where a cross-connect has no next hop."""
        record = self._endpoints[behaviour]
        return self._endpoints[record.lookup] if record.lookup and not operands["via"] else record

    def by_action(self, action: str) -> Endpoint | None:
        """The behaviour that an action of ``my_sid_table`` implements."""
        return self._by_action.get(action)

    def code_point(self, sid: Sid) -> int | None:
        """IANA number of a SID's behaviour with its flavours."""
        return self._endpoints[sid.behaviour].code_point(sid.flavours)

    def parse_endpoint(self, text: str) -> tuple[Endpoint, Flavour]:
        """Read a behaviour as written by people: RFC 8986, iproute2, srconf, IANA name or code point.

        Letter case is free and ``_`` and ``-`` stand for dots (``End.DX4``, ``end.dx4``, ``END_DX4``).
        Flavours are non-zero only for ``"End with PSP"`` and code points.

        Raises:
            ValueError: the text names no behaviour of this router.
        """
        name = text.strip()
        known = self._spellings.get(name.lower())
        if known is not None:
            return known, Flavour.NONE
        point = values.decimal(name)
        if point in self._by_code_point:
            return self._by_code_point[point]
        flavours = Flavour.NONE
        iana = _IANA_NAME.fullmatch(name)
        if iana:
            name = iana["name"]
            flavours = parse_flavours(re.split(r"[\s,&]+", iana["flavours"].replace(" and ", " ")))
        known = self._spellings.get(name.lower().replace("_", ".").replace("-", "."))
        if known is None:
            spec = _ELSEWHERE.get(name.lower().replace("_", "."))
            if spec is not None:
                raise ValueError(f"{values.show(text)} ({spec}) is none that this router has; valid: {self._valid}")
            near = difflib.get_close_matches(name.lower()[:_LONGEST_NAME], self._spellings, n=1)
            hint = f"did you mean {self._spellings[near[0]].name}? " if near else ""
            raise ValueError(f"unknown behaviour {values.show(text)}; {hint}valid: {self._valid}")
        known, flavours = self.variant(known, flavours)
        self.check_flavours(known, flavours)
        return known, flavours

    @property
    def _valid(self) -> str:
        """For messages: the behaviours, without their C-SID flavours."""
        return ", ".join(name for name, record in self._endpoints.items() if not record.of)

    def variant(self, record: Endpoint, flavours: Flavour) -> tuple[Endpoint, Flavour]:
        """The record of a behaviour with a C-SID flavour, and the flavours that are left.

        Raises:
            ValueError: there is none.
        """
        csid = flavours & CSID_FLAVOURS
        if not csid or csid == record.csid:
            return record, flavours & ~csid
        if csid == CSID_FLAVOURS:
            raise ValueError(f"a SID has one C-SID flavour: {' or '.join(csid.names())}")
        found = self._variants.get((record.behaviour, csid))
        if found is None:
            valid = ", ".join(other.of for other in self._variants.values() if other.csid == csid)
            raise ValueError(f"{record.behaviour} takes no flavour {', '.join(csid.names())}; valid for {valid}")
        return found, flavours & ~csid

    def variants(self, record: Endpoint) -> tuple[Endpoint, ...]:
        """The records of a behaviour with C-SID flavours."""
        return tuple(other for other in self._variants.values() if other.of == record.name)

    def check_flavours(self, record: Endpoint, flavours: Flavour) -> None:
        """Raise ValueError when a behaviour does not take these flavours."""
        excess = flavours & ~record.flavours
        if excess and record.flavours:
            valid = ", ".join(record.flavours.names())
            raise ValueError(f"{record.name} takes no flavour {', '.join(excess.names())}; valid: {valid}")
        if excess:
            takers = [other.name for other in self.endpoints if not (other.csid or flavours & ~other.flavours)]
            do = f"; {', '.join(takers[:-1])} and {takers[-1]} do" if len(takers) > 1 else ""
            raise ValueError(f"{record.name} takes no flavours{do}")

    # --- what they bring --------------------------------------------------------------------------

    @property
    def operands(self) -> tuple[Operand, ...]:
        """One operand of every key, in the order of the records."""
        found: dict[str, Operand] = {}
        for record in self._endpoints.values():
            for operand in record.operands:
                found.setdefault(operand.key, operand)
        return tuple(found.values())

    @property
    def sections(self) -> tuple[Section, ...]:
        """Parts of the node file that records bring."""
        return tuple(dict.fromkeys(section for record in self._endpoints.values() for section in record.sections))

    # --- headend behaviours -----------------------------------------------------------------------

    @property
    def headends(self) -> tuple[Headend, ...]:
        """All of them."""
        return tuple(self._headends.values())

    def headend(self, mode: str) -> Headend:
        """The headend behaviour with this mode, as the node file spells it."""
        return self._headends[mode]

    def headend_by_action(self, action: str) -> Headend | None:
        """The headend behaviour that an action of ``sr_policy_table`` implements."""
        return self._headend_by_action.get(action)

    def encapsulation(self, layer2: bool, reduced: bool) -> Headend:
        """The headend behaviour that puts an outer header in front of frames or packets, with that kind of SRH."""
        return next(
            each
            for each in self._headends.values()
            if (each.inserts, each.layer2, each.reduced) == (False, layer2, reduced)
        )

    def parse_headend(self, text: str) -> Headend:
        """Read a headend mode as iproute2 (``encap``, ``inline``), RFC 8986 (``H.Encaps``) or drafts write it.

        Raises:
            ValueError: the text names no mode.
        """
        found = self._modes.get(text.strip().lower().replace("-", ".").replace("_", "."))
        if found is None:
            valid = ", ".join(self._headends)
            raise ValueError(f"unknown encap mode {values.show(text)}; valid: {valid}, or the RFC 8986 names")
        return found
