# SPDX-License-Identifier: Apache-2.0
"""A switch kept equal to an intention: read, compare, write the difference in the order of references."""
