"""What the person at the PC sees: a child process (ui.py) and the agent's end of its pipe (process.py)."""
