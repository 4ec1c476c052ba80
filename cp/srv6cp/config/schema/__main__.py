# SPDX-License-Identifier: Apache-2.0
"""``python -m srv6cp.config.schema``: write the schema file beside this one."""

from pathlib import Path

from srv6cp.config.schema import schema_text

(Path(__file__).parent / "node.schema.json").write_text(schema_text(), encoding="utf-8")
