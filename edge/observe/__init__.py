"""Watching the assistant from outside: figures, traces, and how well it serves. Nothing here can slow a turn."""
