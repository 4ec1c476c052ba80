# SPDX-License-Identifier: Apache-2.0
"""The topologies that come with the package."""

from __future__ import annotations

from pathlib import Path


def shipped() -> dict[str, Path]:
    """Their files by name."""
    here = Path(__file__).absolute().parent
    folder = here.parent if here.parent.name == "topo" else here / "topologies"  # a checkout, or an installed package
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
