# SPDX-License-Identifier: Apache-2.0
"""An entry before and after; None where there is none."""

from __future__ import annotations

from srv6cp.p4rt.entities import Entity

Change = tuple[Entity | None, Entity | None]
