"""The assistant as its board has it, while things go wrong around it; what holds is counted. See docs/faults.md."""
