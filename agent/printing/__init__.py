"""Printing on this PC: documents are checked and made into a plain PDF by a child process, then given to the system's spool."""
