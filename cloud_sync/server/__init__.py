"""The bridge: takes what devices send, keeps it, tells the others of the house, and answers what is heavy."""
