"""Registered devices: enrolment, groups, presence, and sessions that need nobody at the PC."""
