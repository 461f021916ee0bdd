"""Recordings that the appliance keeps: encrypted in the console to the company's key, so that the server cannot play them."""
