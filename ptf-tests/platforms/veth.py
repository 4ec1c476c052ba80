# SPDX-License-Identifier: Apache-2.0
"""ptf platform: BMv2's simple_switch_grpc on veth pairs in a namespace of its own: needs root.

ptf --platform-dir ptf-tests/platforms --platform veth ...
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def platform_config_update(config: dict[str, Any]) -> None:
    """Called by ptf with its configuration."""
    from harness.ptfport import configure

    configure(config, "bmv2")
