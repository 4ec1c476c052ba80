# SPDX-License-Identifier: Apache-2.0
"""What happened to a packet, as a tree: see :class:`Trace`."""

from softswitch.trace.model import Step, Trace
from softswitch.trace.recorder import Recorder

__all__ = ["Recorder", "Step", "Trace"]
