"""Support sessions while they live: numbers, states, joining, control."""
