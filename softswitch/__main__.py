# SPDX-License-Identifier: Apache-2.0
"""The command ``softswitch``, also as ``python -m softswitch``: an interrupt is an end without words from the start."""

import sys

from p4rtlib.gcpause import gc_paused

_INTERRUPTED = 130


def main() -> int:
    """Run the switch; the exit code (see ``--help``)."""
    try:
        with gc_paused():
            from softswitch.main import main as run  # takes a while: gRPC

        return run()
    except KeyboardInterrupt:  # before `run` handles signals
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
