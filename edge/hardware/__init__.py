"""Lights, buttons and switches on the device itself."""
