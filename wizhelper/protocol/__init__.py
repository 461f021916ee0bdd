"""What console, agent and relay agree on: bytes and rules, no input or output. The specification is docs/protocol.md."""
