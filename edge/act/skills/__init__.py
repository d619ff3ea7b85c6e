"""What the assistant can do. Each module is one skill with a ``build(house)``, found by entry point."""
