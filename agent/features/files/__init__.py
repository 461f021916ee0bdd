"""The PC's files: looking, keeping house, and transfers that survive cuts. Disk work never runs on the reactor's thread."""

from agent.features.files.tool import kind

__all__ = ["kind"]
