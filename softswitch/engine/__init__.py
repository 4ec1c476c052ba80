# SPDX-License-Identifier: Apache-2.0
"""Engines execute a loaded program; see :mod:`softswitch.engine.api` for the contract, :mod:`softswitch.engine.engines`
for the choice.

``python`` compiles the program to specialised Python source, ``native`` to C and that with a C compiler.
"""
