# SPDX-License-Identifier: Apache-2.0
"""``python -m softswitch``."""

import sys

from softswitch.main import main

sys.exit(main())
