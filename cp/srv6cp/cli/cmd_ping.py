# SPDX-License-Identifier: Apache-2.0
"""``srv6 ping``: along segments, to addresses and SIDs (RFC 9259 A), from this Linux machine."""

from __future__ import annotations

import argparse
from typing import Any

from srv6cp.cli import probing

_EPILOG = """example:
  srv6 ping fcbb:bb00:4::                          to a SID
  srv6 ping --via fcbb:bb00:2::,fcbb:bb00:3:: 2001:db8:9::1
  srv6 ping --lblen 32 --nflen 16 fcbb:bb00:2:3:4::      through a container of C-SIDs
  srv6 ping --lblen 32 --nflen 16 --packed --via fcbb:bb00:2::,fcbb:bb00:3:: fcbb:bb00:4::"""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "ping",
        help="echo requests along segments, and who answers",
        description="From this machine (Linux, root or CAP_NET_RAW); from a node of a lab: srv6 lab ping.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    probing.add_options(parser, traceroute=False)
    probing.add_structure(parser)
    parser.add_argument("target", metavar="ADDRESS", help="the last segment: an address, a SID, a container of C-SIDs")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open the sockets, and go."""
    from srv6cp.cli.rawprobes import RawProbes

    asked = probing.addresses(args)
    path = probing.way(asked, probing.told_structures(args, asked), args.packed)
    with RawProbes() as sockets:
        return probing.ping(args, sockets.source(path.elements[0]), path, sockets.exchange)
