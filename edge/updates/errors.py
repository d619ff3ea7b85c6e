"""What may go wrong with an update, and is expected."""

from edge.errors import AssistantError


class UpdateError(AssistantError):
    """It can't be had, is not what it should be, or is not for this machine. What runs goes on."""

    code, stage = "update", "update"


class UpdateRefused(UpdateError):
    """It is not believed: signature, hash, age or order are wrong. Trying again does not help."""

    code = "update_refused"
