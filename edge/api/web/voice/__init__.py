"""``/v1/voice``: talking to the assistant over a WebSocket."""
