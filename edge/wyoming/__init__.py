"""The Wyoming protocol, for both ends: frames without I/O, checked messages, sound, and remote engines."""
