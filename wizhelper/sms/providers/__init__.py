"""Drivers of SMS providers, one module each."""
