"""Latency, frame rate, bytes and CPU of a remote screen in a real browser, ours beside VNC's: `python -m bench.screen`."""
