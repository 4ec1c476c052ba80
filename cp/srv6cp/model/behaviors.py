# SPDX-License-Identifier: Apache-2.0
"""Endpoint behaviours of RFC 8986 and the insertion draft: names, operands, IANA code points.

The one place that knows how a behaviour may be spelled, which operand and flavours it takes and
which action of ``my_sid_table`` implements it.
"""

from __future__ import annotations

import difflib
import enum
import re
from dataclasses import dataclass


class Flavor(enum.IntFlag):
    """Flavours of RFC 8986 section 4.16 as the data plane numbers them."""

    NONE = 0
    PSP = 1
    USP = 2
    USD = 4

    def names(self) -> tuple[str, ...]:
        """Lower-case flavour names in bit order, e.g. ``("psp", "usd")``."""
        return tuple(name for name, flavor in FLAVOR_NAMES.items() if self & flavor)


FLAVOR_NAMES = {"psp": Flavor.PSP, "usp": Flavor.USP, "usd": Flavor.USD}


class Operand(enum.Enum):
    """What a behaviour needs besides its SID; the value is the configuration key."""

    NONE = ""
    VIA6 = "via (IPv6)"
    VIA4 = "via (IPv4)"
    VRF = "vrf"
    PORT = "port"
    POLICY = "policy"


@dataclass(frozen=True)
class BehaviorSpec:
    """Static facts of one behaviour.

    ``code_points`` is indexed by the flavour bit map where flavours exist (8 numbers), else one number.
    """

    action: str
    operand: Operand
    code_points: tuple[int, ...]
    section: str

    @property
    def flavored(self) -> bool:
        """True when PSP, USP and USD may be combined with it."""
        return len(self.code_points) > 1


class Behavior(enum.Enum):
    """Endpoint behaviours this router implements; the value is the RFC spelling."""

    END = "End"
    END_X = "End.X"
    END_T = "End.T"
    END_DX2 = "End.DX2"
    END_DX4 = "End.DX4"
    END_DX6 = "End.DX6"
    END_DT4 = "End.DT4"
    END_DT6 = "End.DT6"
    END_DT46 = "End.DT46"
    END_B6_ENCAPS = "End.B6.Encaps"
    END_B6_ENCAPS_RED = "End.B6.Encaps.Red"
    END_B6_INSERT = "End.B6.Insert"
    END_B6_INSERT_RED = "End.B6.Insert.Red"

    @property
    def spec(self) -> BehaviorSpec:
        """Operand, action, code points and RFC section of this behaviour."""
        return _SPECS[self]

    def code_point(self, flavors: Flavor = Flavor.NONE) -> int:
        """IANA "SRv6 Endpoint Behaviors" number with the given flavours (RFC 8986 section 10.2.2)."""
        points = self.spec.code_points
        return points[int(flavors)] if len(points) > 1 else points[0]


_SPECS = {
    Behavior.END: BehaviorSpec("end", Operand.NONE, (1, 2, 3, 4, 28, 29, 30, 31), "8986 4.1"),
    Behavior.END_X: BehaviorSpec("end_x", Operand.VIA6, (5, 6, 7, 8, 32, 33, 34, 35), "8986 4.2"),
    Behavior.END_T: BehaviorSpec("end_t", Operand.VRF, (9, 10, 11, 12, 36, 37, 38, 39), "8986 4.3"),
    Behavior.END_DX2: BehaviorSpec("end_dx2", Operand.PORT, (21,), "8986 4.9"),
    Behavior.END_DX4: BehaviorSpec("end_dx4", Operand.VIA4, (17,), "8986 4.5"),
    Behavior.END_DX6: BehaviorSpec("end_dx6", Operand.VIA6, (16,), "8986 4.4"),
    Behavior.END_DT4: BehaviorSpec("end_dt4", Operand.VRF, (19,), "8986 4.7"),
    Behavior.END_DT6: BehaviorSpec("end_dt6", Operand.VRF, (18,), "8986 4.6"),
    Behavior.END_DT46: BehaviorSpec("end_dt46", Operand.VRF, (20,), "8986 4.8"),
    Behavior.END_B6_ENCAPS: BehaviorSpec("end_b6_encaps", Operand.POLICY, (14,), "8986 4.13"),
    Behavior.END_B6_ENCAPS_RED: BehaviorSpec("end_b6_encaps_red", Operand.POLICY, (27,), "8986 4.14"),
    Behavior.END_B6_INSERT: BehaviorSpec(
        "end_b6_insert", Operand.POLICY, (13,), "draft-filsfils-spring-srv6-net-pgm-insertion"
    ),
    Behavior.END_B6_INSERT_RED: BehaviorSpec(
        "end_b6_insert_red", Operand.POLICY, (26,), "draft-filsfils-spring-srv6-net-pgm-insertion"
    ),
}

# iproute2 calls the inserting binding SID plainly "End.B6".
_ALIASES = {"end.b6": Behavior.END_B6_INSERT}
_BY_NAME = {behavior.value.lower(): behavior for behavior in Behavior} | _ALIASES
_BY_CODE_POINT = {
    point: (behavior, Flavor(index) if behavior.spec.flavored else Flavor.NONE)
    for behavior in Behavior
    for index, point in enumerate(behavior.spec.code_points)
}
# "End with PSP&USD" is how the IANA registry writes a flavoured behaviour.
_IANA_NAME = re.compile(r"(?P<name>\S+)\s+with\s+(?P<flavors>.+)", re.IGNORECASE)


def behavior_names() -> tuple[str, ...]:
    """RFC spellings of all behaviours, in the order of the enumeration."""
    return tuple(behavior.value for behavior in Behavior)


def parse_behavior(text: str) -> tuple[Behavior, Flavor]:
    """Read a behaviour as written by people: RFC 8986, iproute2, srconf, IANA name or code point.

    Letter case is free and ``_`` and ``-`` stand for dots (``End.DX4``, ``end.dx4``, ``END_DX4``).
    Flavours are non-zero only for ``"End with PSP"`` and code points.

    Raises:
        ValueError: the text names no behaviour of this router.
    """
    name = text.strip()
    known = _BY_NAME.get(name.lower())
    if known is not None:
        return known, Flavor.NONE
    if name.isdecimal() and int(name) in _BY_CODE_POINT:
        return _BY_CODE_POINT[int(name)]
    flavors = Flavor.NONE
    iana = _IANA_NAME.fullmatch(name)
    if iana:
        name = iana["name"]
        flavors = parse_flavors(re.split(r"[\s,&]+", iana["flavors"].replace(" and ", " ")))
    known = _BY_NAME.get(name.lower().replace("_", ".").replace("-", "."))
    if known is None:
        near = difflib.get_close_matches(name.lower(), _BY_NAME, n=1)
        hint = f"did you mean {_BY_NAME[near[0]].value}? " if near else ""
        raise ValueError(f"unknown behaviour {text!r}; {hint}valid: {', '.join(behavior_names())}")
    if flavors and not known.spec.flavored:
        raise ValueError(f"{known.value} takes no flavours")
    return known, flavors


def parse_flavors(names: list[str] | tuple[str, ...]) -> Flavor:
    """Combine flavour names (``psp``, ``usp``, ``usd``, any case).

    Raises:
        ValueError: a name is not a flavour.
    """
    flavors = Flavor.NONE
    for name in names:
        flavor = FLAVOR_NAMES.get(name.lower())
        if flavor is None:
            raise ValueError(f"unknown flavour {name!r}; valid: {', '.join(FLAVOR_NAMES)}")
        flavors |= flavor
    return flavors
