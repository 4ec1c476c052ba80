# SPDX-License-Identifier: Apache-2.0
"""P4Runtime server of softswitch.

``schema`` is the view of the p4info (``p4rtlib``) that ``verify`` holds against the program; ``codec``, ``values``,
``actions``, ``metering`` and ``packetio`` translate; ``tables``, ``profiles``, ``arrays``, ``replication``,
``valuesets`` and ``digests`` hold one kind of entity each; ``pipeline`` puts them together; ``arbitration``,
``stream`` and ``server`` are the service; ``debug`` is the service behind ``srv6 trace``.
"""
