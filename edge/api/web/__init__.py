"""The page and the API over HTTP and WebSocket, of one running assistant."""
