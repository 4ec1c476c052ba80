# SPDX-License-Identifier: Apache-2.0
"""Malformed and hostile input for everything that reads input, from a seed: ``make fuzz``."""
