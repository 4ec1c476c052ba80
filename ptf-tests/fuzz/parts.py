# SPDX-License-Identifier: Apache-2.0
"""The parts by name, in the order in which they are run."""

from __future__ import annotations

from fuzz.frames import Frames
from fuzz.greed import Greed
from fuzz.inputs import Nodes, Punts, Recordings, Topologies
from fuzz.part import Part
from fuzz.programs import Names, Programs
from fuzz.requests import Requests

PARTS: dict[str, type[Part]] = {
    part.name: part for part in (Names, Programs, Requests, Greed, Frames, Nodes, Topologies, Recordings, Punts)
}
