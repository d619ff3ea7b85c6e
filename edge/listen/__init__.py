"""From sound to text: where a command begins and ends, and what was said."""
