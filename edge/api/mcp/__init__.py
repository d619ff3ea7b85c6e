"""Devices and skills as tools for other programs' language models, by the Model Context Protocol.

The package ``mcp`` is imported by :mod:`edge.api.mcp.server` alone, and that only where somebody asks for it.
"""
