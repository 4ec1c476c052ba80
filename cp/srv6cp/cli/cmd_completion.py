# SPDX-License-Identifier: Apache-2.0
"""``srv6 completion SHELL``: a completion script, from the parser of all commands."""

from __future__ import annotations

import argparse
from typing import Any

from srv6cp.cli import exitcodes
from srv6cp.cli.exitcodes import UsageError

_SHELLS = ("bash", "zsh", "fish", "tcsh")
_HOW = """bash:  eval "$(srv6 completion bash)"
zsh:   eval "$(srv6 completion zsh)"              (behind compinit)
fish:  srv6 completion fish | source
tcsh:  srv6 completion tcsh > ~/.srv6.tcsh; source ~/.srv6.tcsh"""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "completion",
        help="print a shell completion script",
        description="Print a script that completes commands, options and their words in a shell.",
        epilog=_HOW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=_SHELLS, nargs="?")
    parser.add_argument("--words", metavar="LINE", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script; or, for a script, what may be typed at the end of a line."""
    if args.words is not None:
        from srv6cp.cli.candidates import complete

        print("\n".join(complete(args.words, args.build_parser())))
        return exitcodes.OK
    if args.shell is None:
        raise UsageError(f"name a shell: {', '.join(_SHELLS)}")
    from srv6cp.cli.completion import script

    print(script(args.build_parser(), args.shell))
    return exitcodes.OK
