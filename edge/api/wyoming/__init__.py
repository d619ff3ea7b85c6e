"""The assistant's ears, voice and understanding for Home Assistant and others, by the Wyoming protocol.

Source: https://github.com/OHF-Voice/wyoming.
"""
