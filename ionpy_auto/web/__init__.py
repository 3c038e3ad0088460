"""Browser, REST and WebSocket: the only room that knows the web framework."""
