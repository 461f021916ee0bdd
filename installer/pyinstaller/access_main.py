"""Entry of the frozen access program."""

import sys

from agent.main import main

sys.exit(main())
