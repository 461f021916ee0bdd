"""Entry of the frozen appliance."""

import sys

from wizhelper.__main__ import main

sys.exit(main())
