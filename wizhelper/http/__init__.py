"""HTTP: the one route decorator, errors, security headers, TLS."""
