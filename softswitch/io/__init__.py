# SPDX-License-Identifier: Apache-2.0
"""Ports of the switch: in-process queues (``switchboard``), network interfaces (``interfaces``) and pcap
files (``pcap``, ``files``)."""
