# SPDX-License-Identifier: Apache-2.0
"""The engine in native code: C generated from the program's model, compiled by the system's C compiler.

:mod:`.assemble` and what it uses write the C; :mod:`softswitch.native.compiler` makes and caches the shared object;
:mod:`.mirror` keeps native tables equal to the device's state; :mod:`.engine` runs packets.
"""
