"""WizHelper: a remote-support appliance. This package is the server and the protocol that all programs share."""

__version__ = "0.1.0"
