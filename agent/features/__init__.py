"""What the agent does in a session: one module per feature, named like the channel it serves."""
