"""The specification's own JSON schema, as the package cyclonedx-python-lib brings it."""

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def mistake(document: str) -> str | None:
    """What is wrong in a bill of materials; None where nothing is."""
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(document)
    return None if found is None else str(found)[:500]
