"""Notices shown at login, to operators and to customers."""
