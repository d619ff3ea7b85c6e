"""What Tasmota's sensors measure, by the key in their report.

Source: https://tasmota.github.io/docs/Supported-Peripherals/ and the firmware's i18n.h, where the keys are defined.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Measured:
    """A quantity."""

    name: str
    device_class: str | None
    unit: str | None


MEASURED: Final[Mapping[str, Measured]] = {
    "Battery": Measured("Battery", "battery", "%"),
    "CarbonDioxide": Measured("CO2", "carbon_dioxide", "ppm"),
    "Current": Measured("Current", "current", "A"),
    "DewPoint": Measured("Dew point", "temperature", "°C"),
    "Distance": Measured("Distance", "distance", "cm"),
    "Humidity": Measured("Humidity", "humidity", "%"),
    "Illuminance": Measured("Illuminance", "illuminance", "lx"),
    "Moisture": Measured("Moisture", "moisture", "%"),
    "PM10": Measured("PM10", "pm10", "µg/m³"),
    "PM2.5": Measured("PM2.5", "pm25", "µg/m³"),
    "Power": Measured("Power", "power", "W"),
    "Pressure": Measured("Pressure", "atmospheric_pressure", "hPa"),
    "Temperature": Measured("Temperature", "temperature", "°C"),
    "Today": Measured("Energy today", "energy", "kWh"),
    "Total": Measured("Energy total", "energy", "kWh"),
    "TVOC": Measured("VOC", "volatile_organic_compounds_parts", "ppb"),
    "UvIndex": Measured("UV index", None, None),
    "Voltage": Measured("Voltage", "voltage", "V"),
    "Yesterday": Measured("Energy yesterday", "energy", "kWh"),
    "eCO2": Measured("eCO2", "carbon_dioxide", "ppm"),
}
"""By key, a number after it left away (``Temperature2``)."""
