"""How the store came to its shape, step by step: each a file under ``versions``, run in one transaction."""
