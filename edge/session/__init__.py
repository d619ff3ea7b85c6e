"""One spoken command after another: the wake loop, and the turn that it opens."""
