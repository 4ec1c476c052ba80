# SPDX-License-Identifier: Apache-2.0
"""The tests of the small programs and of the state, written for any engine, on the native one.

They get the ``bench`` of this folder.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ENGINE_TESTS = Path(__file__).resolve().parents[1] / "softswitch_engine"


def _module(name: str) -> ModuleType:
    """A module of the other folder, whose relative imports find that folder."""
    package = "softswitch_engine_tests"
    if package not in sys.modules:
        parent = ModuleType(package)
        parent.__path__ = [str(ENGINE_TESTS)]
        sys.modules[package] = parent
    full = f"{package}.{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, ENGINE_TESTS / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


for _name in ("test_programs", "test_state"):
    for _test, _function in vars(_module(_name)).items():
        if _test.startswith("test_"):
            globals()[f"{_test}__{_name.removeprefix('test_')}"] = _function

replicator = vars(_module("test_programs"))["replicator"]
