"""What is remembered beyond a conversation, and how it is found again: facts that a person told, and past turns."""
