"""The sections of the configuration, each for the stage that receives it."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, SecretStr, model_validator

Probability = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=120)]
Port = Annotated[int, Field(ge=1, le=65535)]
Pin = Annotated[int, Field(ge=0, le=53)]
Care = Literal["never", "unsure", "ask", "pin"]


class Section(BaseModel):
    """A part of the configuration that one stage receives."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BoardSettings(Section):
    """What kind of board it runs on, and how it shares it. See docs/boards.md."""

    profile: Literal["auto", "zero2w", "pi4", "pi5", "other"] = "auto"
    """What the board is taken for: it decides what settings are as long as nobody sets them. ``auto``: by its model and
    its memory."""
    unload_after_s: Annotated[float, Field(ge=0, le=86_400)] = 300.0
    """While memory is short, an engine that nobody has needed for so many seconds is unloaded until somebody needs it;
    0: none ever is."""


class AudioSettings(Section):
    """Microphone and loudspeaker."""

    input: str = "default"
    """A device's name or a part of it, ``default``, or ``none``."""
    output: str = "default"
    """Likewise."""
    ring_seconds: Seconds = 30.0
    """Sound kept in memory, so that slow stages lose nothing."""
    denoise: str = "none"
    """A plug-in that takes noise out of what the microphone hears: ``webrtc``, or ``none``."""
    echo: Literal["auto", "cancel", "duck", "none"] = "auto"
    """What is done that our own voice does not cover a wake word. ``cancel``: it is taken out of what the microphone
    hears; ``duck``: it is lowered when a wake word seems to come; ``auto``: what measured best, now ``cancel``."""


class WakeSettings(Section):
    """Wake words."""

    engine: str = "microwakeword"
    """``microwakeword``, or ``openwakeword`` for words that were trained here."""
    words: tuple[str, ...] = ("okay_nabu", "hey_jarvis", "alexa", "hey_mycroft")
    """What it wakes for: names of words that come with the engine, or files of trained ones."""
    threshold: Probability | None = None
    """Probability that counts as heard; None: what each word's model was tuned for."""
    thresholds: Mapping[str, Probability] = Field(default_factory=dict)
    """The same for single words by name, which outranks ``threshold``: ``{ alexa = 0.3 }``."""
    verify: bool = True
    """A second model confirms each wake before it counts, for the words that there is one for."""
    refractory_s: Seconds = 1.0
    """After a wake, seconds in which the same sound can't wake again."""
    earshot: Annotated[str, Field(min_length=1, max_length=60)] = "house"
    """Of the assistants that give the same name here, one answers when several hear the same person. Another name for
    one that stands where those of the others can't be heard, so that two people may speak at the same moment."""


class ListenSettings(Section):
    """When a command begins and ends."""

    vad: str = "silero"
    """The engine that tells speech from everything else."""
    speech_threshold: Probability = 0.5
    """The probability from which sound counts as speech."""
    pause_s: Seconds = 0.12
    """Quiet after which transcription starts, before the end is sure."""
    silence_s: Seconds = 0.7
    """Quiet that ends a command of which nothing is known."""
    whole_s: Seconds = 0.42
    """Quiet that ends a whole sentence to which much could be added."""
    closed_s: Seconds = 0.25
    """Quiet that ends a sentence to which nothing can be added."""
    open_s: Seconds = 1.2
    """Quiet that ends a sentence that has only begun."""
    no_speech_s: Seconds = 5.0
    """Quiet after the wake word that ends the turn."""
    max_speech_s: Seconds = 15.0
    """Speech that never ends is cut here."""
    follow_up_s: Annotated[float, Field(ge=0, le=60)] = 6.0
    """After an answer, seconds in which one may go on without a wake word; 0: one never may."""
    follow_up: Literal["questions", "always"] = "questions"
    """After which answers: those that ask something, or all."""


class ConfirmSettings(Section):
    """What is asked about before it is done. ``never``: done at once; ``unsure``: asked about when the sentence was
    not understood for sure; ``ask``: always asked about; ``pin``: done for whoever says the PIN.
    """

    unlock: Care = "unsure"
    """Locks."""
    open_garage: Care = "unsure"
    """Garage doors, gates, and doors that open by themselves."""
    open_valve: Care = "unsure"
    """Water and gas."""
    disarm: Care = "unsure"
    """Alarm panels."""
    siren: Care = "unsure"
    """Sirens that would sound."""
    install: Care = "ask"
    """Firmware: what it installs can't be taken back."""
    pin: Annotated[SecretStr, Field(min_length=3, max_length=12)] | None = None
    """Digits."""

    @model_validator(mode="after")
    def _pin_is_there(self) -> "ConfirmSettings":
        pin = self.pin.get_secret_value() if self.pin is not None else None
        if pin is not None and not (pin.isascii() and pin.isdecimal()):
            raise ValueError("confirm.pin must consist of digits")
        cares = (self.unlock, self.open_garage, self.open_valve, self.disarm, self.siren, self.install)
        if pin is None and "pin" in cares:
            raise ValueError("confirm.pin is missing")
        return self


class SttSettings(Section):
    """Speech to text."""

    engine: str | None = None
    """None: ``moonshine`` for English, ``whisper`` for everything else. ``wyoming``: that of another machine."""
    model: str | None = None
    """None: the engine's usual one for the language."""
    threads: Annotated[int, Field(ge=1, le=16)] = 2
    """Processor cores that it may use."""
    fallback: str | None = None
    """The engine that takes over while the other machine is away or slow; None: as for ``engine``."""
    host: str = "localhost"
    """The other machine."""
    port: Port = 10300
    """Its port."""
    deadline_s: Seconds = 1.5
    """How long the other machine may take before this one does it itself."""


class UnderstandSettings(Section):
    """From text to intent."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Za-z]{2,4})?$")] = "en"
    """ISO 639-1, optionally with a region: the language that is spoken here."""
    sentences: Path | None = None
    """Folder with sentence files of your own (YAML); None: ``sentences`` in the data directory."""
    semantic: bool = True
    """Whether sentences that no grammar knows are understood by what they mean; English only."""
    llm: str = "llamacpp"
    """Engine of the small language model, or ``none``."""
    llm_model: str = "smollm2-135m-instruct"
    """The small language model."""
    llm_adapter: str = "calls-135m"
    """What that model was taught for this job; ``none`` with another model."""
    llm_confidence: Probability = 0.8
    """Below this the model's guess is not acted on."""
    llm_threads: Annotated[int, Field(ge=1, le=16)] = 2
    """Processor cores that it may use."""


class MemorySettings(Section):
    """What is kept of what was said."""

    keep_turns_days: Annotated[float, Field(ge=0, le=3650)] = 30.0
    """Days for which turns are kept, as text, on this device; 0: none is."""
    keep_audio_days: Annotated[float, Field(ge=0, le=3650)] = 0.0
    """Days for which also the sound of what was said is kept, on this device; 0: none is."""


class MqttSettings(Section):
    """The broker."""

    host: str = "localhost"
    """Name or address of the broker."""
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    """1883; brokers with TLS mostly listen on 8883."""
    username: str | None = None
    """The name to log in with, where the broker wants one."""
    password: SecretStr | None = None
    """The password to that name."""
    tls: bool = False
    """Whether the connection is encrypted."""
    ca_file: Path | None = None
    """The certificate authority that the broker is known by; None: the public ones."""
    site: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=64)] = "home"
    """Name of this assistant in topics: ``hearthside/<site>/…``. Not ``all``: so all of them are called."""
    discovery_prefix: str = "homeassistant"
    """First part of the topics in which devices announce themselves."""
    confirm_s: Seconds = 3.0
    """How long a device has to show that it did what it was told."""
    birth: bool = False
    """Ask devices that wait for Home Assistant's birth message to announce themselves, where there is none of it."""
    words: Literal["none", "live", "kept"] = "live"
    """What the broker is told of what was said and answered. ``none``: nothing; ``live``: whoever listens at that
    moment; ``kept``: also who comes later, for the broker keeps the last sentence and its answer."""
    hermes: bool = False
    """Whether the topics of Rhasspy's Hermes protocol are spoken."""

    @property
    def overheard(self) -> bool:
        """Whether the password goes over the network for whoever reads along."""
        here = self.host == "localhost" or _is_loopback(self.host)
        return self.password is not None and not self.tls and not here

    @model_validator(mode="after")
    def _makes_sense(self) -> "MqttSettings":
        if self.site == "all":
            raise ValueError("mqtt.site can't be all, which calls every assistant")
        if self.hermes and self.words == "none":
            raise ValueError("mqtt.hermes tells what was said, and mqtt.words is none")
        return self


class SpeakSettings(Section):
    """The voice."""

    engine: str = "piper"
    """``wyoming``: that of another machine."""
    voice: str = "piper-en_US-joe-medium"
    """The model of the voice."""
    volume: Probability = 1.0
    """How loud it may be at most, 0–1."""
    fallback: str = "piper"
    """The engine that takes over while the other machine is away or slow."""
    host: str = "localhost"
    """The other machine."""
    port: Port = 10200
    """Its port."""
    deadline_s: Seconds = 2.0
    """How long the other machine may take for a sentence before this one speaks it itself."""
    remote_voice: str | None = None
    """A voice of the other machine, by its name there; None: its usual one."""


class WyomingSettings(Section):
    """What other machines may use of this assistant. Wyoming knows no passwords: see docs/wyoming.md."""

    serve: bool = False
    """Whether Home Assistant and others may use its ears, its voice and its understanding."""
    host: str = "127.0.0.1"
    """The address to listen on; for other machines that of a network card, or ``0.0.0.0``."""
    port: Port = 10300
    """The port to listen on."""
    allow: tuple[IPvAnyNetwork, ...] = ()
    """Addresses or networks that may connect, beside this machine itself."""
    commands: bool = True
    """Whether whoever may connect may also have commands carried out in the house."""
    clients: Annotated[int, Field(ge=1, le=64)] = 8
    """Connections at a time."""
    satellite: bool = False
    """Whether Home Assistant, while it is connected, takes the commands that are spoken here."""
    satellite_port: Port = 10700
    """The port for Home Assistant as the master of a satellite."""

    @model_validator(mode="after")
    def _nobody_by_accident(self) -> "WyomingSettings":
        here = self.host == "localhost" or _is_loopback(self.host)
        if (self.serve or self.satellite) and not here and not self.allow:
            raise ValueError(f"wyoming.host = {self.host} lets everybody in: say in wyoming.allow who may connect")
        if self.serve and self.satellite and self.port == self.satellite_port:
            raise ValueError("wyoming.port and wyoming.satellite_port must differ")
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class ApiSettings(Section):
    """The page and the API: HTTP and WebSocket. See docs/security.md: only this machine reaches it until a password or
    a token is set.
    """

    serve: bool = True
    """Whether there is a page and an API."""
    load: Literal["start", "asked"] = "start"
    """When what serves them is loaded. ``asked``: when somebody first connects, who waits for it: until then it takes
    no memory."""
    host: str = "auto"
    """The address that the network reaches it at, once it may; ``auto``: all that the machine has; ``localhost``: the
    network never does."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8765
    """On this machine; from the network, it only tells browsers where TLS is. 0: any that is free, as the log says."""
    tls_port: Annotated[int, Field(ge=0, le=65535)] = 8766
    """From the network, by HTTPS; 0: any that is free."""
    certificate: Path | None = None
    """PEM: the certificate, then those that lead to its authority; None: one that is made here."""
    key: Path | None = None
    """PEM: its private key."""
    client_authority: Path | None = None
    """PEM: whoever shows a certificate of this authority needs no password; its common name is that of a person."""
    allow_hosts: tuple[Annotated[str, Field(min_length=1, max_length=253)], ...] = ()
    """Names that the console may be asked for by, beside the machine's own, such as that of a proxy before it."""
    event_clients: Annotated[int, Field(ge=1, le=1000)] = 64
    """Connections at a time that are told what happens."""

    @model_validator(mode="after")
    def _both_or_none(self) -> "ApiSettings":
        if (self.certificate is None) != (self.key is None):
            raise ValueError("api.certificate and api.key go together")
        return self


class ObserveSettings(Section):
    """What is told of its work to other programs."""

    traces: Annotated[str, Field(pattern=r"^https?://[^/\s]+/?$")] | None = None
    """``http://host:4318``: an OpenTelemetry collector that gets a trace of each turn, by OTLP over HTTP; it needs the
    extra ``traces``."""


class KpiSettings(Section):
    """How well the assistant serves is counted, on this device alone."""

    ask_satisfaction: bool = False
    """Whether it asks aloud, at most once a week, after something went well, how satisfied one is."""


class Pins(Section):
    """GPIO pins, by their Broadcom number, of a light with several colours; those that it has."""

    red: Pin | None = None
    green: Pin | None = None
    blue: Pin | None = None


class HardwareSettings(Section):
    """Lights, buttons and switches; docs/hardware.md shows how they are wired."""

    led: Pin | Pins | None = None
    """GPIO pin of a light, or of the colours of one: ``{ red = 17, green = 27, blue = 22 }``."""
    led_active_high: bool = True
    """False: the light is on when its pin is at 0 V."""
    led_pwm: bool = True
    """False: it is only switched, never dimmed."""
    button: Pin | None = None
    """Pressed: speak, without a wake word; stops what rings. Held: the microphone off, or on again."""
    mute_switch: Pin | None = None
    """Closed: the microphone is off, whatever else anybody says."""
    pull_up: bool = True
    """Buttons and switches connect their pin with ground; False: with 3.3 V."""
    bounce_s: Annotated[float, Field(ge=0, le=1)] = 0.02
    """A contact that chatters is believed once it has rested so long."""
    hold_s: Annotated[float, Field(ge=0.3, le=10)] = 1.5
    """A press that lasts so long is a hold."""
    hid: str = "none"
    """USB speakerphone whose buttons and lights are used: a part of its name, ``auto`` for the first, or ``none``."""
    hid_in_call: bool = False
    """True: it is always told to be in a call, without which the mute button of some does nothing."""
    panels: tuple[str, ...] = ()
    """Plug-ins for other hardware, by name."""

    @property
    def has_button(self) -> bool:
        """Whether a person can turn the microphone on at the device."""
        return self.button is not None or self.mute_switch is not None or self.hid != "none"

    @property
    def drivers(self) -> tuple[str, ...]:
        """Names of the plug-ins that are needed."""
        gpio = any(pin is not None for pin in (self.led, self.button, self.mute_switch))
        return (*(("gpio",) if gpio else ()), *(("hid",) if self.hid != "none" else ()), *self.panels)


class PrivacySettings(Section):
    """What is taken out of what leaves the house, beside what can be told by itself."""

    names: tuple[Annotated[str, Field(min_length=2, max_length=60)], ...] = ()
    """Names of the people of the house, for masking; those that the assistant was told are known without."""
    encrypt: bool = True
    """Whether what is kept is encrypted on the disk: docs/privacy.md says where the key is."""


class UpdateSettings(Section):
    """Other versions of the programs: docs/updates.md. Nothing is looked for by itself as long as ``auto`` is off."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s]+[^\s/]$", max_length=300)] | None = None
    """``https://host/path`` of a repository of signed releases; None: there is none."""
    channel: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")] = "stable"
    """Of those that the repository has."""
    auto: Literal["off", "check", "apply"] = "off"
    """What it does by itself. ``check``: it sees once a day whether there is a newer version; ``apply``: it also takes
    its place, in the ``hours`` alone, and the version before comes back where it is not well."""
    hours: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")] = "02:30-05:00"
    """When one version may take the place of another by itself, in local time; never while it is spoken to, speaks or
    rings, or is about to ring."""


class CloudSettings(Section):
    """The bridge: what the board asks and keeps there. Without ``url`` there is none, and nothing waits for one."""

    url: Annotated[str, Field(pattern=r"^wss?://[^/\s]+$")] | None = None
    """``wss://host:port`` of a `hearth-cloud serve`."""
    ca_file: Path | None = None
    """The certificate authority, or the certificate itself, that the bridge is known by; None: the public ones."""
    ask: Literal["never", "asked", "questions"] = "questions"
    """When a larger model is asked. ``asked``: for "ask the cloud …"; ``questions``: also for questions that nothing
    on the board understands."""
    first_word_s: Seconds = 8.0
    """How long the first sentence of its answer may take."""
    question_hours: Annotated[float, Field(ge=0, le=720)] = 24.0
    """How long a question that could not be asked is kept; 0: it is not."""
    history: Annotated[int, Field(ge=0, le=8)] = 3
    """How many of the last exchanges go along, so that "and how old is she" means somebody."""
    state: Literal["none", "named", "room"] = "named"
    """What the larger model is told of the house: nothing; how the devices are that the question names; also those of
    the room."""
    act: bool = True
    """Whether it may have harmless things done here in the middle of an answer, under this device's own rules."""
    announce_from: Annotated[int, Field(ge=0, le=23)] = 8
    """Hour of the day from which late answers are told unasked."""
    announce_until: Annotated[int, Field(ge=1, le=24)] = 21
    """Hour of the day until which they are."""
    outbox_rows: Annotated[int, Field(ge=1_000)] = 100_000
    """Events that may wait; beyond, the least valuable go: never lists, memories, timers, deletions."""
    outbox_mb: Annotated[float, Field(ge=1)] = 64.0
    """The same in MiB."""
