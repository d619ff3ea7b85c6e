"""Failures that the assistant expects. Anything else is a bug and ends the process."""


class AssistantError(Exception):
    """Something outside the code went wrong, and it is known what to do about it.

    Printed as ``hearth: WHAT — REMEDY``. Caught in one place while the assistant runs (``session.turn``),
    and in one place of the command line.
    """

    code = "error"
    """Stable machine-readable name of the kind of failure."""
    stage = "app"
    """The stage that failed: audio, wake, listen, understand, act, home, speak, hardware, models, settings,
    cloud, app."""

    def __init__(self, what: str, remedy: str, *, permanent: bool = False) -> None:
        """``what`` happened and the ``remedy`` a person has; ``permanent`` when trying again can't help."""
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.permanent = permanent

    def __str__(self) -> str:
        return f"{self.what} — {self.remedy}" if self.remedy else self.what


class SettingsError(AssistantError):
    """A configuration file or environment variable has a wrong key, type or value."""

    code, stage = "settings", "settings"


class ModelError(AssistantError):
    """A model file is missing, incomplete, damaged or cannot be fetched."""

    code, stage = "model", "models"


class AudioError(AssistantError):
    """A microphone, speaker or recording cannot be opened or read."""

    code, stage = "audio", "audio"


class MicrophoneSilent(AudioError):
    """A microphone is open and delivers nothing but the same sample."""

    code = "microphone_silent"

    def __init__(self, name: str) -> None:
        super().__init__(f"the microphone {name!r} is silent", "see whether it is muted or unplugged")


class MicrophoneTooLoud(AudioError):
    """Speech exceeds what a microphone can express, so that it is distorted."""

    code = "microphone_too_loud"

    def __init__(self, name: str) -> None:
        super().__init__(f"the microphone {name!r} is too loud", "turn its capture volume down")


class BrokerOffline(AssistantError):
    """The MQTT broker cannot be reached, so no device can be commanded now."""

    code, stage = "broker_offline", "home"


class EngineError(AssistantError):
    """A native engine could not be built or failed at its work."""

    code, stage = "engine", "app"


class HardwareError(AssistantError):
    """A light, a button or a switch that the settings name can't be had."""

    code, stage = "hardware", "hardware"


class DeadlineExceeded(AssistantError):
    """A skill did not finish within its deadline."""

    code, stage = "deadline", "act"


class AssistantUnreachable(AssistantError):
    """No running assistant answers on its socket."""

    code, stage = "unreachable", "app"


class StorageError(AssistantError):
    """The database can't be opened, read or written."""

    code, stage = "storage", "app"


class CloudUnreachable(AssistantError):
    """The bridge can't be asked now."""

    code, stage = "cloud_unreachable", "cloud"


class CloudLinkLost(CloudUnreachable):
    """The link to the bridge went in the middle of an answer; what is found out comes later."""

    code = "cloud_link_lost"


class NoSuchEntry(AssistantError):
    """What is to be changed is not there, or not any more."""

    code, stage = "no_such_entry", "act"


class ChangedMeanwhile(AssistantError):
    """Somebody else has changed it since it was looked at."""

    code, stage = "changed_meanwhile", "act"


class NotKept(AssistantError):
    """A skill won't keep that: it is too long, there are too many, nobody would understand it."""

    code, stage = "not_kept", "act"
