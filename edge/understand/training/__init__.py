"""Makes the sentences that the local model learns from, and trains it on them."""
