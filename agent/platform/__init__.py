"""The operating system behind narrow interfaces: interface.py, and one file a system."""

from agent.platform.interface import (
    HostInfo,
    Injector,
    OsKind,
    Platform,
    PlatformCode,
    PlatformError,
    current_platform,
)

__all__ = ["HostInfo", "Injector", "OsKind", "Platform", "PlatformCode", "PlatformError", "current_platform"]
