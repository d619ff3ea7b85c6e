"""The device's end: what waits, the link, and what comes back."""
