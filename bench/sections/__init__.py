# SPDX-License-Identifier: Apache-2.0
"""What ``make bench`` measures, a module each: ``run(report, settings)``."""
