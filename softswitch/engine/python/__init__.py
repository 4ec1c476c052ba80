# SPDX-License-Identifier: Apache-2.0
"""The Python engine: a program compiled to one specialised Python function.

All header and metadata fields are local variables of that function; parser, controls, actions and deparser
are straight-line code in it.  :mod:`.assemble` builds the source, :mod:`.engine` runs it.
"""
