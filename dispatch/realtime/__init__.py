"""WebSocket sessions: hello, sequence, acknowledgement, resume."""
