"""Load for a bridge: thousands of devices that say what real ones say, over real sockets."""
