"""The agent: runs on the customer's computer, captures its screen and carries out the operator's input."""
