"""Addresses and commands that operators keep at hand, their own and the company's."""
