# SPDX-License-Identifier: Apache-2.0
"""Intent to tables, and the long-running controller."""
