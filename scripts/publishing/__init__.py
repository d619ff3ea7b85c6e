"""The side that publishes: keys, releases, the signed repository. Not part of what is installed."""
