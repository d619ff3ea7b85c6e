"""Sound in and out: microphone, loudspeaker, recordings, and the ring between."""
