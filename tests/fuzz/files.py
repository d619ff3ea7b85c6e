"""What comes in files: recordings, backups, settings, sentences, the model manifest, package indexes, certificates."""

import io
import os
import shutil
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import soundfile
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from cloud_sync.client.tls import client_context
from cloud_sync.protocol import enrolment
from edge import backup, profile
from edge.act.skills.calculator.arithmetic import NoArithmetic, TooLarge, calculate
from edge.act.skills.routines.file import read_routines
from edge.api.web.openai.sound_files import Unreadable
from edge.api.web.openai.sound_files import read as read_upload
from edge.audio.wavfile import read_recording
from edge.backup import _HEAD, _MAGIC, _cipher, _Sealing
from edge.chunk import RATE
from edge.errors import AudioError, ModelError, SettingsError, StorageError
from edge.home.house_file import read_house_file
from edge.settings import checked, read_file
from edge.settings_file import changed_text
from edge.understand.sentence_files import Known, read_sentences
from edge.understand.sources import Sources
from models.fetch import SourceFailed
from models.index import _html_links, _json_links
from models.manifest import load
from tests.fuzz.mutate import PART
from tests.fuzz.parser import Parser

_CHEAP: Final = (1, 8, 1)
"""Of Argon2id: what is tried is what comes after it."""
PASSPHRASE: Final = "correct horse"
_FOLDER: Final = Path(tempfile.mkdtemp(prefix="hearth-fuzz-"))


@contextmanager
def _file(content: bytes, name: str) -> Iterator[Path]:
    path = _FOLDER / name
    path.write_bytes(content)
    yield path


def remove() -> None:
    """What was written."""
    shutil.rmtree(_FOLDER, ignore_errors=True)


# -- sound ------------------------------------------------------------------------------------------------------------


def recording(raw: bytes) -> None:
    """``hearth play``, recordings of wake words: any file that libsndfile reads."""
    with _file(raw, "sound") as path, suppress(AudioError):
        pcm = read_recording(path)
        assert pcm.dtype == np.int16
        assert pcm.ndim == 1
    with _file(WAV, "good") as path:
        assert len(read_recording(path)) == 800


def upload(raw: bytes) -> None:
    """``/v1/audio/transcriptions``."""
    with suppress(Unreadable):
        pcm = read_upload(io.BytesIO(raw), 10.0)
        assert pcm.dtype == np.int16
        assert len(pcm) <= 10 * RATE + RATE
    assert len(read_upload(io.BytesIO(WAV), 10.0)) == 800


# -- backups ----------------------------------------------------------------------------------------------------------


def sealed(tar: bytes) -> bytes:
    """A backup of which all is right but what is in it."""
    out = io.BytesIO()
    head = _MAGIC + _HEAD.pack(*_CHEAP, b"s" * 16)
    sealing = _Sealing.__new__(_Sealing)
    sealing._head, sealing._cipher = head, _cipher(PASSPHRASE, b"s" * 16, _CHEAP)
    sealing._out, sealing._pending, sealing._number = out, bytearray(), 0
    out.write(head)
    sealing.write(tar)
    sealing.close()
    return out.getvalue()


def restored(raw: bytes) -> None:
    """An archive inside a backup: nothing but files in the data directory, or nothing at all."""
    _restore(sealed(raw), len(raw))


def backed_up(raw: bytes) -> None:
    """A backup as a file: whatever is changed in it, it does not open."""
    _restore(raw, len(raw))


def _restore(content: bytes, size: int) -> None:
    whole = _FOLDER / "restore"
    shutil.rmtree(whole, ignore_errors=True)
    data, beside = whole / "data", whole / "beside"
    beside.mkdir(parents=True)
    (beside / "canary").write_text("untouched")
    with _file(content, "backup") as path:
        try:
            backup.restore(path, data, whole / "hearthside.toml", PASSPHRASE)
        except StorageError as error:
            str(error).encode("utf-8", "replace")
            assert not data.exists() or list(data.iterdir()) == [], "something of a backup that was refused is there"
    assert {each.name for each in whole.iterdir()} <= {"data", "beside", "hearthside.toml"}
    assert [(each.name, each.read_text()) for each in beside.iterdir()] == [("canary", "untouched")]
    total = 0
    for folder, folders, files in os.walk(whole):
        for name in (*folders, *files):
            found = Path(folder) / name
            assert not found.is_symlink(), f"a link came out of a backup: {name}"
            assert found.is_dir() or found.is_file(), f"no file: {name}"
            assert found.is_dir() or found.stat().st_nlink == 1, f"a hard link: {name}"
            assert found.lstat().st_mode & 0o6022 == 0, f"a file that others may write, or run as another: {name}"
            total += found.stat().st_size if found.is_file() else 0
    assert total <= size + 4096, "more came out of a backup than is in it"


def tar(*members: tuple[str, bytes | tarfile.TarInfo], form: int = tarfile.PAX_FORMAT) -> bytes:
    """An archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in members:
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                archive.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def link(to: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, to
    return info


def special(kind: bytes, **more: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.type = kind
    for name, value in more.items():
        setattr(info, name, value)
    return info


HOSTILE: Final[Mapping[str, bytes]] = {
    "absolute": tar(("/tmp/hearth-fuzz-evil", b"x")),
    "above": tar(("data/../../evil", b"x")),
    "far above": tar(("../" * 30 + "tmp/evil", b"x")),
    "link out": tar(("data/out", link("/etc")), ("data/out/evil", b"x")),
    "link up": tar(("data/up", link("..")), ("data/up/evil", b"x")),
    "link within": tar(("data/secrets", link("../"))),
    "link to itself": tar(("data/x", link("x")), ("data/x/y", b"x")),
    "hard link": tar(("data/a", b"x"), ("data/b", link("data/a", tarfile.LNKTYPE))),
    "hard link out": tar(("data/b", link("/etc/passwd", tarfile.LNKTYPE))),
    "pipe": tar(("data/pipe", special(tarfile.FIFOTYPE))),
    "device": tar(("data/null", special(tarfile.CHRTYPE, devmajor=1, devminor=3))),
    "set-user": tar(("data/x", special(tarfile.REGTYPE, mode=0o6777))),
    "key": tar(("data/x", b"x"), ("data.key", b"no key")),
    "key that is a folder": tar(("data.key", special(tarfile.DIRTYPE))),
    "database": tar(("data/hearthside.db", b"SQLite format 3\0" + b"x" * 100), ("data.key", b"5a" * 32)),
    "settings that are a folder": tar(("settings/hearthside.toml", special(tarfile.DIRTYPE)), ("data/x", b"x")),
    "data that is a file": tar(("data", b"x")),
    "time": tar(("data/x", special(tarfile.REGTYPE, pax_headers={"mtime": "1e300"}))),
    "no time": tar(("data/x", special(tarfile.REGTYPE, pax_headers={"mtime": "nan"}))),
    "long name": tar(("data/" + "x" * 300, b"x")),
    "deep": tar(("data/" + "x/" * 1500 + "y", b"x")),
    "nothing": tar(),
    "gnu": tar(("data/" + "y" * 200, b"x"), form=tarfile.GNU_FORMAT),
    "case": tar(("data/hearth.sock", b"x"), ("data/house.toml", b"[areas.Kitchen]\n")),
}  # fmt: skip
"""Archives of somebody who knows the passphrase."""


# -- settings and other text ------------------------------------------------------------------------------------------


def settings(raw: bytes) -> None:
    """``hearthside.toml``."""
    with _file(raw, "hearthside.toml") as path:
        try:
            values = read_file(path)
            checked(values, {}, path)
        except SettingsError as error:
            str(error).encode("utf-8", "replace")
    assert checked({"area": "Kitchen"}, {}).area == "Kitchen"


def settings_changed(raw: bytes) -> None:
    """``PATCH /v1/settings`` into a file that is there: JSON of changes, and the file."""
    import json

    file, _, wanted = raw.partition(PART)
    try:
        changes = json.loads(wanted)
    except (ValueError, RecursionError):
        changes = {"area": wanted.decode("utf-8", "replace")}
    if isinstance(changes, dict) and changes:
        try:
            tomllib.loads(changed_text(file.decode("utf-8", "replace"), changes))
        except SettingsError as error:
            str(error).encode("utf-8", "replace")
    assert changed_text("a = 1 # mine\n", {"a": 2}) == "a = 2 # mine\n"


def house(raw: bytes) -> None:
    """``house.toml``."""
    with _file(raw, "house.toml") as path:
        try:
            read_house_file(path)
        except SettingsError as error:
            str(error).encode("utf-8", "replace")
    with _file(b"[areas.Kitchen]\nfloor = 'x'\n", "house.toml") as path:
        assert read_house_file(path).areas["Kitchen"].floor == "x"


def measured(raw: bytes) -> None:
    """``profile.toml``."""
    with _file(raw, profile.NAME) as path, suppress(SettingsError):
        profile.read(path.parent)


def sentences(raw: bytes) -> None:
    """A person's sentences, in YAML."""
    known = Known(frozenset({"area"}), frozenset({"the"}))
    with _file(raw, "own.yaml") as path:
        for mistake in read_sentences([path], "en", known).mistakes:
            str(mistake).encode("utf-8", "replace")
        with suppress(SettingsError):
            Sources("en", None, own=(path,), alone=True).read()
    with _file(b"language: en\nintents:\n  A:\n    data:\n      - sentences: ['hello']\n", "own.yaml") as path:
        assert read_sentences([path], "en", known).intents == {"A"}


def routines(raw: bytes) -> None:
    """``routines.yaml``."""
    with _file(raw, "routines.yaml") as path:
        read_routines(path)
    with _file(b"good night:\n  - turn off the light\n", "routines.yaml") as path:
        assert read_routines(path) == ({"good night": ("turn off the light",)}, [])


def manifest(raw: bytes) -> None:
    """The manifest of models."""
    with _file(raw, "manifest.toml") as path:
        try:
            for model in load(path).models:
                for file in model.files:
                    assert "/" not in file.name
                    assert not file.name.startswith(".")
        except ModelError as error:
            str(error).encode("utf-8", "replace")


def index(raw: bytes) -> None:
    """A package index's page, JSON or HTML."""
    with suppress(SourceFailed):
        for name, url in _json_links(httpx.Response(200, content=raw, request=_REQUEST)):
            assert isinstance(name, str)
            assert isinstance(url, str)
    with suppress(SourceFailed):
        list(_html_links(raw.decode("utf-8", "replace")))
    assert list(_html_links('<a href="x.whl#sha256=1">x</a>')) == [("x.whl", "x.whl#sha256=1")]


def authority(raw: bytes) -> None:
    """A bridge's certificate authority in PEM, before anything is believed of it."""
    from cloud_sync.client import enrolment as client
    from cloud_sync.client.enrolment import BridgeRefused

    old, client._answer = client._answer, lambda *_: httpx.Response(200, content=raw, request=_REQUEST)
    try:
        pem = client._authority("https://b", _fingerprint_of(raw))
        assert pem.count("BEGIN CERTIFICATE") == 1, "more is believed than was compared"
        client_context(authority=pem)
    except (BridgeRefused, StorageError) as error:
        str(error).encode("utf-8", "replace")
    finally:
        client._answer = old


_REQUEST: Final = httpx.Request("GET", "https://b/v1/authority")


def _fingerprint_of(raw: bytes) -> str:
    """As a person brings it: of the first certificate that is there."""
    with suppress(ValueError):
        return enrolment.fingerprint(x509.load_pem_x509_certificate(raw).public_bytes(serialization.Encoding.DER))
    return "0" * enrolment.FINGERPRINT


def sums(raw: bytes) -> None:
    """A calculation in words."""
    with suppress(NoArithmetic, TooLarge, ZeroDivisionError):
        calculate(raw.decode("utf-8", "replace"))
    assert calculate("2 plus 2") == 4


# -- seeds ------------------------------------------------------------------------------------------------------------


def sound(form: str, subtype: str, rate: int = 16_000, channels: int = 1, samples: int = 800) -> bytes:
    out = io.BytesIO()
    wave = (np.sin(np.arange(samples) / 9) * 0.3).astype(np.float32)
    soundfile.write(out, np.stack([wave] * channels, 1), rate, format=form, subtype=subtype)
    return out.getvalue()


WAV: Final = sound("WAV", "PCM_16")
_SOUNDS: Final = (
    WAV, sound("WAV", "FLOAT", 48_000, 2), sound("WAV", "PCM_U8", 8_000), sound("FLAC", "PCM_16"), sound("OGG", "VORBIS"), sound("OGG", "OPUS"),
    sound("MP3", "MPEG_LAYER_III"), sound("WAVEX", "PCM_24", 44_100, 6), sound("AIFF", "PCM_16"), sound("WAV", "IMA_ADPCM"), sound("W64", "DOUBLE"),
    sound("CAF", "ALAC_16"), sound("RF64", "PCM_16"), sound("AU", "ULAW"), sound("VOC", "PCM_16"), sound("WAV", "GSM610", 8_000),
)  # fmt: skip
_CHUNKS: Final = (b"RIFF", b"WAVE", b"fmt ", b"data", b"fact", b"LIST", b"fLaC", b"OggS", b"OpusHead", b"FORM", b"AIFF", b"\xff\xfb", b"\xff\xff\xff\x7f", b"\x00\x00\xc0\x7f", b"\x00\x00\x80\x7f")  # fmt: skip
_TAR: Final = (b"data/", b"settings/hearthside.toml", b"data.key", b"../", b"/", b"ustar\x0000", b"ustar  \x00", b"0000777\x00", b"path=", b"size=", b"mtime=", b"linkpath=", b"GNU.sparse.size=", b"\x80\x00\x00\x00", b"L", b"x", b"S", b"5", b"2", b"1")  # fmt: skip
_TOML: Final = (
    b"""area = "Kitchen"  # mine
[mqtt]
host = "localhost"
port = 1883
[wake]
words = ["okay_nabu"]
threshold = 0.5
[skills.alarms]
snooze_min = 9
[skills.tools.servers.x]
command = ["a", "b"]
""",
    b'data_dir = "/tmp/x"\n[api]\nhost = "auto"\nallow_hosts = ["a.example"]\n[wyoming]\nserve = true\nallow = ["10.0.0.0/8"]\n[privacy]\n[speak]\nvolume = 0.7\n',
    b"a.b.c = 1\nx = { y = [1, 2.5, true, 1979-05-27T07:32:00Z], z = '''a\nb''' }\n[[t]]\n[[t]]\nq = 0x1F\n",
)  # fmt: skip
_TOML_TOKENS: Final = (b"[", b"]", b"[[", b"]]", b"=", b"{", b"}", b'"""', b"'''", b"\\u0000", b"\\UFFFFFFFF", b"nan", b"inf", b"1979-05-27", b"24:00:00", b"0b1", b"9" * 5000, b"a.", b"#", b"mqtt", b"wake", b"stt", b"skills", b"area")  # fmt: skip
_HOUSE: Final = (
    b'[areas."Bedroom 2"]\nfloor = "Upstairs"\nnames = ["Emma\'s room"]\n[devices."light.bed"]\nnames = ["Betty"]\narea = "Bedroom 2"\n',
)
_YAML: Final = (
    b"""language: en
intents:
  test.nasty:
    data:
      - sentences:
          - "what (does|did) [the] stranger say [about <thing>]"
          - "set {level} percent [in [the] {area}]"
          - "(a;b;c) {n:number}"
        slots: {kind: x}
        requires_context: {domain: light}
lists:
  level: {range: {from: 0, to: 100}}
  thing_names:
    values: ["a", {in: "b", out: 1}]
  free: {wildcard: true}
expansion_rules:
  thing: "[the] {thing_names}"
skip_words: ["please"]
""",
    b"good night:\n  - turn off all lights\n  - &x lock the door\nmorning:\n  - *x\n",
    b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nintents: {q: {data: [{sentences: *c}]}}\n", b"&a [*a]", b"? [a]\n: {b: !!python/object:os.system x}\n", b"<<: {a: 1}\n",
)  # fmt: skip
_YAML_TOKENS: Final = (b"&a ", b"*a", b"- ", b": ", b"[", b"]", b"{", b"}", b"(", b"|", b")", b"<the>", b"{area}", b"!!binary ", b"!!set", b"!!timestamp", b"|\n", b">\n", b"<<", b"---\n", b"? ", b"intents", b"lists", b"range", b"from", b"to", b"sentences", b"expansion_rules", b"{0..9999999999}", b"\\(")  # fmt: skip
_MANIFEST: Final = (
    b"""[[wheels]]
package = "llm-x"
version = "1"
filename = "llm_x-1-py3-none-any.whl"
size = 10
sha256 = "%s"
[[models]]
id = "x"
kind = "llm"
languages = ["en"]
licence = "MIT"
ram_mb = 1
description = "d"
[[models.files]]
name = "x.gguf"
size = 3
sha256 = "%s"
wheel = [{package = "llm-x", member = "a/b"}]
https = "https://example.org/x"
"""
    % (b"0" * 64, b"1" * 64),
)
_INDEX: Final = (b'{"files": [{"filename": "x-1.whl", "url": "https://x/x-1.whl", "hashes": {}}], "meta": {"api-version": "1.0"}}', b'<!DOCTYPE html><a href="../x-1.whl#sha256=1">x</a><a href=\'y%20z.whl\'>')  # fmt: skip
_SUMS: Final = tuple(text.encode() for text in ("two hundred and five times 3", "the square root of 81 plus minus 4", "80 plus 15 percent", "2 to the power of 0.5", "5! mod 7", "a third of a dozen", "1,500.25 divided by 0", "-3 squared", "9 ^ 9 ^ 9", "three quarters of two and a half million"))  # fmt: skip
_SUM_TOKENS: Final = (b" plus ", b" minus ", b"-", b" times ", b"^", b"!", b"%", b" of ", b" square root of ", b" third of ", b" squared", b"9", b" hundred ", b" and ", b" million ", b"0", b" half ")  # fmt: skip


def _pem() -> bytes:
    from cloud_sync.server.certificate import self_made

    made = self_made(_FOLDER / "tls", ["b.example"])
    assert made.authority is not None
    return made.authority.read_bytes()


_SLOW: Final = 2.0
"""In a thread or a command of its own, and bounded by its size or by seconds of sound."""

PARSERS: Final = (
    Parser("sound.recording", "recordings as files", recording, _SOUNDS, _CHUNKS, largest=400_000, blocks_s=_SLOW),
    Parser("sound.upload", "recordings that are posted", upload, _SOUNDS, _CHUNKS, largest=400_000, blocks_s=_SLOW),
    Parser("backup.archive", "the archive inside a backup whose passphrase is known", restored, tuple(HOSTILE.values()), _TAR, largest=200_000, blocks_s=_SLOW),
    Parser("backup.file", "a backup's file", backed_up, (sealed(tar(("data/x", b"x"))), sealed(b"x" * 3000)), (b"HEARTHSIDE1\n", b"\x00\x00\x00\x01", b"\xff\xff\xff\xff"), largest=40_000, blocks_s=_SLOW),
    Parser("toml.settings", "hearthside.toml", settings, _TOML, _TOML_TOKENS, largest=65_536, blocks_s=_SLOW),
    Parser("toml.changes", "PATCH /v1/settings, into a file", settings_changed, tuple(file + PART + wanted for file in _TOML for wanted in (b'{"area": "Attic", "wake.threshold": null}', b'{"skills.tools.servers": {"a": {"url": "b"}}, "mqtt.port": 1}', b'{"x.y": [1, "a", {"b": null}]}')), _TOML_TOKENS, largest=65_536, blocks_s=_SLOW),
    Parser("toml.house", "house.toml", house, _HOUSE, _TOML_TOKENS, largest=65_536, blocks_s=_SLOW),
    Parser("toml.profile", "profile.toml", measured, (b'language = "en"\n[stt]\nengine = "moonshine"\nmodel = "x"\nthreads = 2\n',), _TOML_TOKENS, largest=65_536, blocks_s=_SLOW),
    Parser("toml.manifest", "the manifest of models", manifest, _MANIFEST, _TOML_TOKENS, largest=65_536, blocks_s=_SLOW),
    Parser("yaml.sentences", "a person's sentences", sentences, _YAML, _YAML_TOKENS, largest=65_536, blocks_s=_SLOW),
    Parser("yaml.routines", "routines.yaml", routines, _YAML, _YAML_TOKENS, largest=65_536, blocks_s=_SLOW),
    Parser("models.index", "a package index's pages", index, _INDEX, (b'"files"', b'"filename"', b'"url"', b"<a href=", b">", b"<!--", b"&#x"), largest=262_144, blocks_s=_SLOW),
    Parser("certificate.authority", "a bridge's authority, before it is believed", authority, (_pem(), _pem() + _pem(), b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), (b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"), largest=65_536, blocks_s=_SLOW),
    Parser("text.sums", "calculations in words", sums, _SUMS, _SUM_TOKENS, largest=10_000),
)  # fmt: skip
