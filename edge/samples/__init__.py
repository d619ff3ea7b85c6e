"""Recordings and sentences that come with the product.

``okay-nabu-kitchen-light.flac``: "Okay Nabu, turn on the kitchen light.", 16 kHz mono, spoken by the Piper voice
en_US-joe-medium (voice MIT, its training data CC0), with faint noise added. It is free to use under CC0.

``sentences/coffee.yaml``: an example of a sentence file of one's own.
"""

from pathlib import Path
from typing import Final

KITCHEN_LIGHT: Final = Path(__file__).parent / "okay-nabu-kitchen-light.flac"
COFFEE: Final = Path(__file__).parent / "sentences" / "coffee.yaml"
