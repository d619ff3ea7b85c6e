"""Installation on a whole board: Debian in a folder, started by its own systemd in a container."""
