#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A switch, its primary and its backup controller, traffic, edits of the node file, and faults from a seed.

    run.py --seed 7 --faults 200             the same seed makes the same faults in the same order
    run.py --seed 7 --from 41 --faults 1     one of them again
    run.py --switch bmv2                     on simple_switch_grpc: no root, like the others

Controllers and switch are killed, stopped, cut off and partitioned while SIDs come and go and routes move. Every packet
that leaves is compared with what the node file says; none may be lost by what happens to a controller. After each fault
the entries on the switch are those of a whole compilation, and counters are what went through.

What failed is kept in the folder of --logs, with the command that does it again.

Exit codes: 0 all right, 1 problems, 4 the switch cannot run here, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
for _path in (TESTS.parent, TESTS.parent / "cp", TESTS):
    if str(_path) not in sys.path:
        sys.path.insert(0, str(_path))

from soak.bed import SWITCHES, Trouble  # noqa: E402
from soak.soak import Options, Soak  # noqa: E402
from srv6cp.sync.launch import LaunchError  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    text = (__doc__ or "").split("\n\n", 1)
    parser = argparse.ArgumentParser(
        prog="soak", description=text[0], epilog=text[1], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    chosen = os.environ.get("SWITCH") or "softswitch"
    parser.add_argument("--switch", choices=SWITCHES, default=chosen if chosen in SWITCHES else "softswitch")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument(
        "--from", type=int, default=1, dest="start", metavar="STEP", help="the first fault (default: 1)"
    )
    parser.add_argument("--rate", type=float, default=200.0, help="packets a second (default: 200)")
    parser.add_argument("--keepalive", type=int, default=4, metavar="S", help="of switch and controllers (default: 4)")
    parser.add_argument("--takeover", type=float, default=5.0, metavar="S", help="the longest (default: 5)")
    parser.add_argument("--logs", type=Path, metavar="DIR", help="default: logs/soak-SEED")
    args = parser.parse_args(arguments)
    folder = (args.logs or Path(f"logs/soak-{args.seed}")).absolute()
    options = Options(args.switch, args.seed, args.faults, args.start, args.keepalive, args.rate, args.takeover, folder)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Soak(options, lambda line: print(line, flush=True)) as soak:
        code = 0
        try:
            soak.run()
        except KeyboardInterrupt:
            code = 130
        except (Trouble, LaunchError) as error:
            print(f"soak: {error}", file=sys.stderr)
            code = 4
    print(soak.result.table(), flush=True)
    return code or int(soak.result.problems > 0)


if __name__ == "__main__":
    sys.exit(main())
