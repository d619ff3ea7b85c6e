"""The house: devices found on the MQTT broker, what they say, and commands that wait for their word."""
