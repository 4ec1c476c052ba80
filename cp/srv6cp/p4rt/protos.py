# SPDX-License-Identifier: Apache-2.0
"""The P4Runtime message classes, on protobuf's compiled back end.

The modules in the ``p4runtime`` wheel (1.6.0 and older) were generated before protobuf 3.19; current protobuf
refuses to import them, and the pure-Python back end that still takes them encodes forty times slower. The
file descriptors inside those modules are sound, so they are taken out of the module's source and the classes
are built from them, under the usual module names. A wheel whose modules import normally is used as it is.

Everything here is typed ``Any``: neither ``p4`` nor ``google.rpc`` carries type information.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["P4INFO_TEXT_HINT", "p4data_pb2", "p4info_pb2", "p4types_pb2", "pb", "status_pb2"]

#: First field of a p4info text file, for the message shown when a file is something else.
P4INFO_TEXT_HINT = "pkg_info {"


def _rebuild(name: str) -> ModuleType:
    """Build module ``name`` from the descriptor embedded in its source."""
    from google.protobuf import descriptor_pool
    from google.protobuf.internal import builder

    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ImportError(f"{name} is missing: install p4runtime>=1.6")
    embedded = re.search(r"serialized_pb\s*=\s*(b'(?:[^'\\]|\\.)*')", Path(spec.origin).read_text("utf-8"), re.S)
    if embedded is None:
        raise ImportError(f"{spec.origin} holds no serialised descriptor: install another release of p4runtime")
    descriptor = descriptor_pool.Default().AddSerializedFile(ast.literal_eval(embedded.group(1)))
    module = ModuleType(name, f"Classes of {descriptor.name}, built from its descriptor.")
    module.__file__ = spec.origin
    module.__dict__["DESCRIPTOR"] = descriptor
    builder.BuildMessageAndEnumDescriptors(descriptor, module.__dict__)
    builder.BuildTopDescriptorsAndMessages(descriptor, name, module.__dict__)
    sys.modules[name] = module
    package, _, leaf = name.rpartition(".")
    setattr(importlib.import_module(package), leaf, module)
    return module


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except TypeError:  # "Descriptors cannot be created directly"
        sys.modules.pop(name, None)
        return _rebuild(name)


status_pb2: Any = importlib.import_module("google.rpc.status_pb2")
importlib.import_module("google.protobuf.any_pb2")  # p4runtime.proto refers to it
# Imported modules first: a descriptor is accepted only when those it refers to are known.
p4types_pb2: Any = _module("p4.config.v1.p4types_pb2")
p4info_pb2: Any = _module("p4.config.v1.p4info_pb2")
p4data_pb2: Any = _module("p4.v1.p4data_pb2")
pb: Any = _module("p4.v1.p4runtime_pb2")
