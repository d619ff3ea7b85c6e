"""Home Assistant's device classes for what zigbee2mqtt's devices report, by the name of the property.

Sources: https://www.zigbee2mqtt.io/guide/usage/exposes.html,
https://www.home-assistant.io/integrations/binary_sensor/#device-class and …/sensor/#device-class
"""

from collections.abc import Mapping
from typing import Final

BINARY: Final[Mapping[str, str]] = {
    "battery_low": "battery",
    "carbon_monoxide": "carbon_monoxide",
    "contact": "door",
    "garage_door_contact": "garage_door",
    "gas": "gas",
    "moving": "moving",
    "noise_detected": "sound",
    "occupancy": "occupancy",
    "presence": "occupancy",
    "rain_status": "moisture",
    "smoke": "smoke",
    "sos": "safety",
    "tamper": "tamper",
    "valve_alarm": "problem",
    "vibration": "vibration",
    "water_leak": "moisture",
    "window": "window",
    "window_open": "window",
}
"""Of binary sensors."""

MEASURED: Final[Mapping[str, str]] = {
    "ac_frequency": "frequency",
    "aqi": "aqi",
    "battery": "battery",
    "co2": "carbon_dioxide",
    "current": "current",
    "device_temperature": "temperature",
    "dew_point": "temperature",
    "distance": "distance",
    "eco2": "volatile_organic_compounds_parts",
    "energy": "energy",
    "external_humidity": "humidity",
    "external_temperature": "temperature",
    "flow": "volume_flow_rate",
    "humidity": "humidity",
    "illuminance": "illuminance",
    "local_temperature": "temperature",
    "noise": "sound_pressure",
    "pm10": "pm10",
    "pm25": "pm25",
    "power": "power",
    "power_factor": "power_factor",
    "precipitation": "precipitation",
    "pressure": "atmospheric_pressure",
    "produced_energy": "energy",
    "rain_rate": "precipitation_intensity",
    "soil_moisture": "moisture",
    "temperature": "temperature",
    "temperature_probe": "temperature",
    "voc": "volatile_organic_compounds",
    "voc_parts": "volatile_organic_compounds_parts",
    "voltage": "voltage",
    "water_consumed": "water",
    "wind_speed": "wind_speed",
}
"""Of sensors."""
