# SPDX-License-Identifier: Apache-2.0
"""What stands in front of the object: ``ip -6 -s -j route``."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from srv6cp.cli.exitcodes import UsageError

_FAMILIES = {"inet": 4, "inet6": 6}
_NO_LAYER_3 = {"bridge": "-B", "link": "-0", "mpls": "-M"}


class Options(NamedTuple):
    """``family`` is 4, 6 or None for both; ``stats`` and ``details`` ask for more."""

    family: int | None = None
    json: bool = False
    details: bool = False
    stats: bool = False
    oneline: bool = False

    @classmethod
    def of(cls, args: argparse.Namespace) -> Options:
        """From the parsed command line. Raises UsageError for a family that is not routed."""
        family = args.family
        if args.family_name is not None:
            if args.family_name not in _FAMILIES:
                raise UsageError(f"no routes of family {args.family_name!r} here; valid: {', '.join(_FAMILIES)}")
            family = _FAMILIES[args.family_name]
        return cls(family, args.json or args.pretty, args.details, args.stats, args.oneline)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them as ``ip`` spells them, each with its long form."""
    group = parser.add_argument_group("iproute2")
    group.add_argument("-6", dest="family", action="store_const", const=6, help="IPv6 only")
    group.add_argument("-4", dest="family", action="store_const", const=4, help="IPv4 only")
    group.add_argument("-f", "-family", dest="family_name", metavar="FAMILY", help="inet or inet6")
    group.add_argument("-s", "-stats", "-statistics", dest="stats", action="store_true", help="with counters")
    group.add_argument("-d", "-details", dest="details", action="store_true", help="with type, protocol and scope")
    group.add_argument("-j", "-json", dest="json", action="store_true", help="print JSON")
    group.add_argument("-p", "-pretty", dest="pretty", action="store_true", help="print JSON")
    group.add_argument("-o", "-oneline", dest="oneline", action="store_true", help="a line a record")
    group.add_argument("-N", "-Numeric", "-br", "-brief", dest="plain", action="store_true", help="accepted")
