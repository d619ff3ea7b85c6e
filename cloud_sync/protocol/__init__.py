"""What device and bridge say to each other, and what must come of it: without any I/O, shared by both ends."""
