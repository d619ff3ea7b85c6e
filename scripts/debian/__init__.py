"""The Debian package: made for either processor on any, the same bytes of the same tree."""
