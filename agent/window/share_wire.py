"""Between the agent and the window of the operator's screen: pictures on the child's stdin, lines of ASCII on its stdout.

`shown 7` for each picture, and once `closed CODE` with a code of protocol.share.CODES when the person sees no more.
"""

from __future__ import annotations

import struct

PICTURE = struct.Struct(">II")
"""Before each JPEG: number and length in bytes."""
CUSTOMER, NO_WINDOW, BAD_PICTURE = "CUSTOMER", "NO_WINDOW", "BAD_PICTURE"
