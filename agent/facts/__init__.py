"""What this PC is and runs, on each operating system: `facts()` gives what agent.features.info.Facts asks for."""

from agent.facts.pc import PcFacts, facts

__all__ = ["PcFacts", "facts"]
