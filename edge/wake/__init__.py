"""The wake word: engines that score sound, and the decision that one was said."""
