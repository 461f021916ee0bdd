"""The customer's pages and the programs they download."""
