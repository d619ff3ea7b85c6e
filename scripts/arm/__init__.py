"""What runs on the processors of boards, without a board: Debian's arm64 packages under qemu's user-mode emulation."""
