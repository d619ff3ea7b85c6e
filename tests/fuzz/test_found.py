"""What fuzzing, and reading with an attacker's eyes, has found: each stays mended. By way in, with what it did.

Each entry is fed as ``scripts/fuzz`` feeds it, so that what has to hold for all is looked at again: only the refusals
that are documented, no more than a tenth of a second for a message, the next good one is taken.
"""

import json
import logging
from typing import Any, Final

import pytest
from wyoming.event import Event

from cloud_sync.logs import formatter
from cloud_sync.server.heavy.dialogue import Dialogue
from cloud_sync.server.heavy.endpoint import Wanted
from edge import outside
from tests.fuzz import campaign, files, housemates
from tests.fuzz.house import BUNDLE, OWN, SHELLY, TASMOTA, entry
from tests.fuzz.mutate import PART
from tests.fuzz.network import wyoming
from tests.fuzz.parser import hold

_HOME_ASSISTANT: Final = "homeassistant/switch/x/config"
_PLUG: Final[dict[str, Any]] = {"name": "Plug", "cmd_t": "p/set", "stat_t": "p/is", "uniq_id": "p"}
_ACCENTS: Final = "a" + "\u0315\u0300" * 40_000
_LAMP: Final = {"name": "Lamp", "schema": "json", "cmd_t": "l/set", "stat_t": "l/is", "uniq_id": "l"}


def _config(**more: Any) -> bytes:
    return entry((_HOME_ASSISTANT, {**_PLUG, **more}), ("p/is", "ON"))


def _bundle(**more: Any) -> bytes:
    return entry(("homeassistant/device/x/config", {"dev": {"name": "Many"}, **more}))


def _shelly(component: str) -> bytes:
    prefix = "shelly-x"
    return entry(
        (f"{prefix}/online", "true"),
        (f"{OWN}/rpc/{prefix}/rpc", {"id": 1, "result": {component: {"id": 0}, "switch:0": {"id": 0}}}),
    )


FOUND: Final[dict[str, tuple[str, bytes]]] = {
    # -- announcements: each of these ended the assistant, or held it up for seconds, and would again after a restart
    "a platform that is a list: TypeError": ("discovery.bundle", _bundle(cmps={"a": {"p": [], "name": "x"}})),
    "a component numbered ²: ValueError from int": ("discovery.shelly", _shelly("switch:²")),
    "a component with a number of thousands of digits": ("discovery.shelly", _shelly("switch:" + "1" * 5000)),
    "a shutter that is a text: AttributeError": (
        "discovery.tasmota", TASMOTA + PART + entry(("stat/desk/RESULT", '{"Shutter1": "up"}')),
    ),
    "accents to be sorted: seconds, by the square of their number": ("discovery.homeassistant", _config(obj_id=_ACCENTS)),
    "the same by default_entity_id": ("discovery.homeassistant", _config(default_entity_id=f"switch.{_ACCENTS}")),
    "a long ~ in many topics: gigabytes": (
        "discovery.homeassistant", _config(**{"~": "x" * 100_000, "avty": [{"t": f"~{n}"} for n in range(5_000)]}),
    ),
    "availabilities of all parts of a device: minutes": (
        "discovery.bundle",
        _bundle(avty=[{"t": f"a/{n}", "val_tpl": f"{{{{ value ~ {n} }}}}"} for n in range(1_500)],
                cmps={str(n): {"p": "switch", "cmd_t": "x", "name": str(n)} for n in range(1_500)}),
    ),
    "a name of a quarter of a megabyte, for each part of a device": (
        "discovery.bundle", _bundle(dev={"name": "x" * 240_000}, cmps={str(n): {"p": "switch", "cmd_t": "x"} for n in range(60)}),
    ),
    "more parts than a device has": (
        "discovery.bundle", _bundle(cmps={str(n): {"p": "switch", "cmd_t": "x", "name": "One"} for n in range(4_000)}),
    ),
    "templates to be compiled: seconds": (
        "discovery.homeassistant",
        entry((_HOME_ASSISTANT, {**_PLUG, "avty": [
            {"t": "a", "val_tpl": "{{ [" + "a," * 1_900 + f"{n}] }}}}"} for n in range(16)]})),
    ),
    "devices of one name: by the square of their number": (
        "discovery.homeassistant",
        entry(*((f"homeassistant/switch/n{n}/config", {"name": "Lamp", "cmd_t": "x", "uniq_id": str(n)}) for n in range(800))),
    ),
    "half a character in a room's name: no JSON, no row": (
        "discovery.homeassistant", _config(dev={"name": "X", "sa": "Kitchen\ud800"}, unit_of_meas="\udfff"),
    ),
    "half a character in what a device says": (
        "discovery.homeassistant",
        entry(("homeassistant/light/l/config", _LAMP), ("l/is", '{"state": "ON\\ud800"}')),
    ),
    "announcements as they should be": ("discovery.bundle", BUNDLE + PART + SHELLY),
    # -- other assistants of the house: each of these ended all of them
    "a claim whose number has 400 digits: OverflowError": ("mqtt.claims", housemates._claim(score_db=10**400)),
    "half a character in the room of a claim": ("mqtt.claims", housemates._claim(area="Hall\ud800")),
    "a change to a timer that is a list: TypeError": (
        "mqtt.neighbours", entry(housemates._question("timer", intent=[], id="t", seconds=0)),
    ),
    "half a character in the room of a question": (
        "mqtt.neighbours", entry(("hearthside/hall/house/who", {"request": "a", "body": {}, "from": {"id": "x\udfff", "area": "\ud800"}})),
    ),
    "a timer that ends in 400 digits": (
        "mqtt.timers", entry(("hearthside/hall/timers", [{"id": "a", "name": None, "area": None, "ends_at": 10**400, "left_s": 1}])),
    ),
    # -- a model's endpoint, and the bridge over HTTPS
    "an event that is no JSON: JSONDecodeError": ("openai.endpoint", b"data: {x\n\n"),
    "an event that is no UTF-8: UnicodeDecodeError": ("openai.endpoint", b"data: \xff\n\n"),
    "an event that is a list: AttributeError": ("openai.endpoint", b"data: []\n\n"),
    "choices that are a number: TypeError": ("openai.endpoint", b'data: {"choices": 1}\n\n'),
    "tokens that no store takes": ("openai.endpoint", b'data: {"choices": [], "usage": {"prompt_tokens": 1' + b"0" * 30 + b"}}\n\n"),
    "a vector of nothing: TypeError": ("openai.embeddings", b'{"data": [{"embedding": [null]}]}'),
    "no vectors: IndexError": ("openai.embeddings", b'{"data": []}'),
    "vectors within brackets: RecursionError": ("openai.embeddings", b'{"data": ' + b"[" * 20_000),
    "what is kept there within brackets: RecursionError": ("sync.https", b"[" * 20_000),
    # -- Wyoming
    "half a character given back: UnicodeEncodeError ended the assistant": (
        "wyoming.services",
        b'{"type": "transcript", "data": {"text": "on", "context": {"conversation_id": "\\ud800", "x": "\\udfff"}}}\n',
    ),
    "sound without sound, kept without end": ("wyoming.services", wyoming(*[Event("audio-chunk", {"rate": 16_000, "width": 4, "channels": 8}, b"x")] * 50)),
    # -- WebSockets
    "goodbye in the moment of an answer: IndexError": (
        "websocket.voice", PART.join((b'T{"type":"hello"}', b'T{"type":"text","text":"hello"}', b'T{"type":"bye"}')),
    ),
    # -- tools of others
    "properties that are a list: AttributeError": ("mcp.tools", b'{"name": "n", "inputSchema": {"type": "object", "properties": []}}'),
    "a property that is a text": ("mcp.tools", b'{"name": "n", "inputSchema": {"type": "object", "properties": {"a": "b"}, "required": 3}}'),
    # -- the bridge
    "a name before the host: the code in clear to somebody else": ("sync.answers", b"http://localhost:x@evil.example"),
    "arrays within arrays, by whoever has no token yet: 500": ("sync.requests", b'{"code": "x", "more": ' + b"[" * 20_000),
    # -- files
    "a tag of Python's in a person's sentences: ConstructorError": ("yaml.sentences", b"settings: !!python/name:os.system x\n"),
    "words without end: RecursionError": ("text.sums", b"minus " * 1_600 + b"1"),
    "thousands of opening brackets: libyaml ran over its stack": ("yaml.sentences", b"intents: " + b"[" * 60_000),
    "the same in routines": ("yaml.routines", b"a: " + b"[" * 60_000),
    "a range of a person's sentences without its end: KeyError once all are put together": (
        "yaml.sentences", b"lists:\n  level: {range: {from: 0}}\n",
    ),
    "the same from more to less: AssertionError": ("yaml.sentences", b"lists:\n  level: {range: {from: 0, to: -1}}\n"),
    "the same of nothing: TypeError": ("yaml.sentences", b"lists:\n  level: {range: {from: , to: 1}}\n"),
    "the same to a fraction of anything: ValueError": ("yaml.sentences", b"lists:\n  level: {range: {from: 0, to: 5e-324}}\n"),
    "a group that holds nothing: hassil's AssertionError": (
        "yaml.sentences", b"intents:\n  a: {data: [{sentences: ['()']}]}\n",
    ),
    "a section whose name is a list: TypeError": ("yaml.sentences", b"? [a]\n: {b: c}\nintents: {? [x] : {data: [{sentences: [a]}]}}\n"),
    "a number of thousands of digits in TOML: ValueError": ("toml.settings", b"area = " + b"1" * 5_000),
    "arrays within arrays in TOML: RecursionError": ("toml.settings", b"area = " + b"[" * 3_000),
    "not quite so many, which others could not bear": ("toml.settings", b"area = " + b"[" * 300 + b"]" * 300),
    "the same in house.toml": ("toml.house", b"areas = " + b"[" * 3_000),
    "the same in profile.toml": ("toml.profile", b"stt = " + b"[" * 3_000),
    "the same in the manifest": ("toml.manifest", b"models = " + b"[" * 3_000),
    "an authority behind the one that was compared: believed, too": ("certificate.authority", files._pem() * 2),
    "a certificate of a version that there is not: InvalidVersion": ("certificate.authority", files.of_version(66)),
    "a declaration that HTML does not know: AssertionError": ("models.index", b"<![ctype [<a href='x'>"),
    "arrays within arrays in an index: RecursionError": ("models.index", b'{"files": ' + b"[" * 5_000),
    "sizes beyond any number in an archive: OverflowError": ("backup.archive", files.tar(("data/x", b"x")).replace(b"00000000001", b"\xff" * 11, 1)),
    "no lanes for so little memory: HashingError": ("backup.file", b"HEARTHSIDE1\n" + (1).to_bytes(4, "big") + (1).to_bytes(4, "big") + (9).to_bytes(4, "big") + bytes(600)),
    "a folder that is a number, below a profile: TypeError": ("toml.settings", b"data_dir = 11\n"),
    "a key of thousands of parts: a gigabyte for 32 kB": ("toml.profile", b"a" + b".5" * 16_000 + b"=1\n"),
    "a length of thousands of digits: ValueError": (
        "http.head", b"POST /v1/ask\nhost: hearth.local\ncontent-length: " + b"9" * 4_900,
    ),
    "half a character as it is, which json takes for UTF-8: no JSON could be written with it": (
        "mqtt.neighbours", b'/hall/\n{"from": {"id": "lall-1", "area": "\xed\xa0\x80"}}',
    ),
    "a backup that asks for 128 MiB to look at its passphrase": (
        "backup.file", b"HEARTHSIDE1\n" + (1).to_bytes(4, "big") + (128 << 10).to_bytes(4, "big") + (8).to_bytes(4, "big") + bytes(600),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("way", "raw"), FOUND.values(), ids=FOUND)
def test_what_was_found_stays_mended(way: str, raw: bytes) -> None:
    (parser,) = campaign.found([way])
    with campaign.quiet():
        hold(parser, raw)


@pytest.mark.parametrize("name", files.HOSTILE)
def test_an_archive_of_somebody_who_knows_the_passphrase_harms_nothing_else(name: str) -> None:
    files.restored(files.HOSTILE[name])


def test_a_file_of_floats_that_are_none_is_silence() -> None:
    wav = files.sound("WAV", "FLOAT")
    nothing = wav[:-400] + b"\x00\x00\xc0\x7f" * 50 + b"\x00\x00\x80\x7f" * 50
    files.upload(nothing)
    files.recording(nothing)


@pytest.mark.parametrize("said", ["[1", '{"a": ' + "9" * 30 + "}", '{"a": "\\ud800"}', "[" * 20_000, "[]"])
def test_arguments_that_nobody_can_pass_on_are_not_carried_out(said: str) -> None:
    dialogue = Dialogue.__new__(Dialogue)
    assert dialogue._call(Wanted("id", "turn", said), 1) is None


@pytest.mark.parametrize(("said", "number"), [(1, 1.0), (-2.5, -2.5)])
def test_a_number_is_a_number(said: object, number: float) -> None:
    assert outside.number_of(said) == number


@pytest.mark.parametrize("said", [10**400, float("nan"), float("inf"), True, "1", None, []])
def test_what_is_no_number_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match="no number"):
        outside.number_of(said)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_topic_makes_no_line_of_its_own_in_the_log_and_moves_no_cursor(form: Any) -> None:
    topic = "x\nERROR edge: the door is open\r\x1b[2J\x9b1m"
    record = logging.LogRecord("edge.home", logging.WARNING, "", 1, "the announcement on %s is ignored", (topic,), None)
    line = formatter(form, journal=False).format(record)
    assert "\nERROR" not in line
    assert not {"\r", "\x1b"} & set(line)


def test_entries_are_the_same_for_the_same_number() -> None:
    parser = campaign.found(["template"])[0]
    one, other = (campaign.Mutator(parser.seeds, parser.tokens, 2_000, campaign.Random(5)) for _ in range(2))
    assert [one.entry() for _ in range(200)] == [other.entry() for _ in range(200)]
    assert json.dumps(len({one.entry() for _ in range(200)}) > 150) == "true"
