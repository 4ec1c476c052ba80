# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with a lab that is not the topology's fault."""

from __future__ import annotations


class LabError(Exception):
    """A lab that is not there, is there already, or cannot run here; the message is one clear line."""


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: unlike Ctrl-C it is never for one command alone."""
