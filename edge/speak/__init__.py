"""From outcome to voice: wording, then speech sentence by sentence."""
