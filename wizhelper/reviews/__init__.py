"""The monthly review of access: who could reach and did reach what, and who looked at that."""
