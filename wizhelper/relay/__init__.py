"""WebSocket side: tickets, pairing and forwarding of ciphertext, live events."""
