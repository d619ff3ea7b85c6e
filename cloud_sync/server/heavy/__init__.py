"""What is too heavy for a board: questions for larger models, within limits, and what that costs."""
