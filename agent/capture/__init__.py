"""Reading the screen and the pointer: one interface, a fast and a compatible way for each operating system."""
