# SPDX-License-Identifier: Apache-2.0
"""A program lowered: the form that both engines print, one as Python, one as C.

What both must do alike is decided here, once: which header instances an operand means and in which order they are
tried, the interval of every value, what is a number and what is a truth value, which cases of a select can match and
in which order, where control goes, what is written behind the program's back, and the order of the steps that a packet
takes through simple_switch.  Objects are referred to by reference and have an ``index``; names are labels for people.

:func:`softswitch.engine.lowered.program.lower` makes it.  :mod:`.objects`, :mod:`.values`, :mod:`.statements` and
:mod:`.model` are what it consists of; :mod:`.layout`, :mod:`.storage`, :mod:`.expressions`, :mod:`.primitives`,
:mod:`.parsers` and :mod:`.controls` translate the model of the BMv2 JSON, each its part.
"""
