"""Sound in and out: microphone, loudspeaker, recordings, and the ring that keeps the last seconds."""
