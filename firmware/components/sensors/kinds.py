# SPDX-License-Identifier: MIT
"""What can be measured: quantity -> (unit, device class, digits behind the point).

https://www.home-assistant.io/integrations/sensor/#device-class. Needed when a sensor is made.
"""

KINDS = {
    "temperature": ("°C", "temperature", 1),
    "humidity": ("%", "humidity", 1),
    "pressure": ("hPa", "atmospheric_pressure", 1),
    "co2": ("ppm", "carbon_dioxide", 0),
    "tvoc": ("ppb", "volatile_organic_compounds_parts", 0),
    "distance": ("cm", "distance", 1),
    "voltage": ("V", "voltage", 2),
    "battery": ("%", "battery", 0),
}
