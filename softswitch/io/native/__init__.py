# SPDX-License-Identifier: Apache-2.0
"""Packet I/O in native code: threads that take frames from sockets, run them through the engine and send what comes
out, without Python.

``io.c`` and its headers know ports, not P4 programs; :mod:`.library` compiles and loads them; :mod:`.ports` runs them
under a switchboard; :mod:`.interfaces` attaches network interfaces, :mod:`.files` pcap files.
"""
