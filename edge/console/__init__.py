"""The web page: plain modules, served as they are."""
