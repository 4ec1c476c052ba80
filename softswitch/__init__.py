# SPDX-License-Identifier: Apache-2.0
"""softswitch: an embedded P4 switch.

It executes the BMv2 JSON of any v1model program as ``simple_switch`` does and serves P4Runtime.  Layers, each
importing only those above it:

* :mod:`softswitch.bmv2json`: the program as a typed model
* :mod:`softswitch.state`: tables and all other state; :mod:`softswitch.trace`: what happened to a packet
* :mod:`softswitch.engine`: the program compiled
* :mod:`softswitch.device`: :class:`softswitch.device.Device`, the switch core
* :mod:`softswitch.p4runtime`: the gRPC server; :mod:`softswitch.io`: ports
"""

import os

# gRPC reads this when it is imported; its own lines say less than ours.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
