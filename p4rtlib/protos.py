# SPDX-License-Identifier: Apache-2.0
"""The P4Runtime message classes, on protobuf's compiled back end.

The modules in the ``p4runtime`` wheel (1.6.0 and older) were generated before protobuf 3.19; current protobuf
refuses to import them, and the pure-Python back end that still takes them encodes forty times slower. The file
descriptors inside those modules are sound, so they are taken out of the module's source and the classes are built
from them, under the usual module names: ``from p4.v1 import p4runtime_pb2`` works once this module was imported. A
wheel whose modules import normally is used as it is.

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

from google.protobuf import descriptor_pool
from google.protobuf.internal import builder

__all__ = ["code_pb2", "p4data_pb2", "p4info_pb2", "p4runtime_pb2", "p4types_pb2", "status_pb2"]

_SERIALIZED = re.compile(r"serialized_pb\s*=\s*(b'(?:[^'\\]|\\.)*')", re.DOTALL)


def _module(name: str) -> Any:
    """Import the generated module ``name``, rebuilt when protobuf refuses it. Raises ``ImportError``."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise ImportError(f"{name} is missing: install p4runtime>=1.6") from None
    except TypeError:  # "Descriptors cannot be created directly"
        sys.modules.pop(name, None)
        return _rebuild(name)


def _rebuild(name: str) -> ModuleType:
    """Build module ``name`` from the descriptor embedded in its source."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ImportError(f"{name} is missing: install p4runtime>=1.6")
    embedded = _SERIALIZED.search(Path(spec.origin).read_text("utf-8"))
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


# Imported modules first: a descriptor is accepted only when those it refers to are known.
importlib.import_module("google.protobuf.any_pb2")
code_pb2: Any = importlib.import_module("google.rpc.code_pb2")
status_pb2: Any = importlib.import_module("google.rpc.status_pb2")
p4types_pb2: Any = _module("p4.config.v1.p4types_pb2")
p4info_pb2: Any = _module("p4.config.v1.p4info_pb2")
p4data_pb2: Any = _module("p4.v1.p4data_pb2")
p4runtime_pb2: Any = _module("p4.v1.p4runtime_pb2")
