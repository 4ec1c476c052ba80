# SPDX-License-Identifier: Apache-2.0
"""``srv6 sysctl``: the settings with which Linux is made an SRv6 router, as ``sysctl`` reads and writes them.

    srv6 sysctl -w net.ipv6.conf.all.seg6_enabled=1 net.ipv6.conf.1.seg6_enabled=1
    srv6 sysctl net.ipv6.seg6_flowlabel
    srv6 sysctl -a

They are kept under ``sysctl`` of the node file; :mod:`srv6cp.config.sysctl` says what each means.
"""

from __future__ import annotations

import argparse
import re
from typing import Any

from srv6cp.cli import exitcodes, session
from srv6cp.cli.edits import editing_options, finish, open_file
from srv6cp.cli.exitcodes import UsageError
from srv6cp.cli.iproute2.words import Devices
from srv6cp.cli.nodefile import NodeFile
from srv6cp.cli.output import emit

_USAGE = "srv6 sysctl [options] -a | KEY... | [-w] KEY=VALUE..."
_SETTING = re.compile(r"([^=\s]+)\s*=\s*(\S+)")


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "sysctl",
        help="settings in the words of Linux: seg6_enabled, seg6_flowlabel, seg6_require_hmac, rp_filter",
        usage=_USAGE,
        parents=[session.node_options(), session.connection_options(), editing_options()],
    )
    parser.add_argument("-a", "--all", action="store_true", help="print every setting")
    parser.add_argument("-w", "--write", action="store_true", help="accepted: KEY=VALUE writes")
    parser.add_argument("settings", nargs="*", metavar="KEY[=VALUE]")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print, or edit and apply."""
    if not args.settings and not args.all:
        raise UsageError(f"nothing is asked for; usage: {_USAGE}")
    given = [_SETTING.fullmatch(text) for text in args.settings]
    if any(given) and not all(given):
        raise UsageError(f"either KEY=VALUE everywhere, or KEY; usage: {_USAGE}")
    with open_file(args) as file:
        if not any(given):
            _print(args, file)
            return exitcodes.OK
        for match in given:
            assert match is not None
            _write(file, match[1], match[2])
        return finish(args, file)


def _write(file: NodeFile, word: str, value: str) -> None:
    if not re.fullmatch(r"-?\d+", value):
        raise UsageError(f"{word} takes a number, not {value!r}")
    word = _word(file, word)
    before = next((key for key in _settings(file) if _word(file, str(key)) == word), word)
    file.set_in(["sysctl", before], int(value))


def _print(args: argparse.Namespace, file: NodeFile) -> None:
    from srv6cp.config.sysctl import known, require_hmacs, rp_filters

    node = file.node()
    values = known(interface.id for interface in node.interfaces())
    values |= rp_filters(node.interfaces()) | require_hmacs(node.interfaces())
    values |= {_word(file, str(key)): value for key, value in _settings(file).items()}
    rows = dict(sorted(values.items()))
    if not args.all:
        wanted = [_word(file, text) for text in args.settings]
        unknown = [word for word in wanted if word not in values]
        if unknown:
            raise UsageError(f"{unknown[0]} means nothing here; `srv6 sysctl -a` prints what does")
        rows = {word: values[word] for word in wanted}
    emit(rows, args.json, "\n".join(f"{word} = {value}" for word, value in rows.items()))


def _settings(file: NodeFile) -> dict[Any, Any]:
    found = file.data.get("sysctl")
    return found if isinstance(found, dict) else {}


def _word(file: NodeFile, text: str) -> str:
    """A word with the port in place of the host interface behind it."""
    from srv6cp.config.sysctl import canonical, of_interface

    word = canonical(text)
    family, interface, name = of_interface(word) or ("", "", "")
    if not family or interface in ("all", "default", "lo"):
        return word
    return f"net.{family}.conf.{Devices.of(file.data).port(interface.replace('/', '.'))}.{name}"
