"""Whose program is at the other end of a local socket, by what the system says."""

from __future__ import annotations

import os
import socket
import struct
import sys

#: macOS: getsockopt(SOL_LOCAL, LOCAL_PEERCRED) gives a `struct xucred`: version, uid, number of groups, 16 groups.
_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES, _XUCRED_VERSION = 0, 1, 76, 0


def peer_uid(connection: socket.socket, platform: str = sys.platform) -> int | None:
    """The user id; None where the system does not say, and then nobody is trusted."""
    try:
        if platform == "linux":
            data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            return int(struct.unpack("3i", data)[1])
        if platform == "darwin":
            data = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES)
            version, uid = struct.unpack_from("=II", data)
            return int(uid) if version == _XUCRED_VERSION else None
    except (OSError, struct.error):
        return None
    return None


def may_administrate(uid: int | None) -> bool:
    """The service's own user, and the administrator of the PC."""
    return uid is not None and uid in (0, os.geteuid())
