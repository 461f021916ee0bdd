"""What remains of a session: its row, its chained events, queries."""
