# SPDX-License-Identifier: Apache-2.0
"""Faults on purpose, from a seed: a switch, its two controllers, edits of their node file, and traffic meanwhile."""
