"""What a release is made of: its bill of materials, whether the locks hold, known faults, secrets that slipped in."""
