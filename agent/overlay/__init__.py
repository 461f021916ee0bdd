"""Marks over everything else on the real screen: rules and pipe on the agent's side, a child process that paints them."""
