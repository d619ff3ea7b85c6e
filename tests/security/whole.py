"""Everything that runs in a house, as programs of their own: assistant, link, bridge, and a broker with a password. Each
secret of it is known to the test, which looks for it wherever it should not be.
"""

import contextlib
import json
import os
import re
import resource
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as paho
from typer.testing import CliRunner

from cloud_sync.server.cli import commands as of_the_bridge
from edge.api.web.hosts import addresses
from edge.cli import app as hearth
from tests.brokers import free_port
from tests.security.authority import Authority
from tests.security.sockets import Listener, listeners, tree

PRIVATE = "private: "
"""Before the name of a file that has a private key."""
_READY_S = 120
_OWN = {"X-Hearthside": "1"}
_LOCK = {
    "name": "Front Door",
    "unique_id": "front_door",
    "command_topic": "door/set",
    "state_topic": "door/state",
    "payload_unlock": "UNLOCK",
}


@dataclass
class Process:
    """A program that runs, as it was seen."""

    environments: list[str] = field(default_factory=list)
    """Of all that it has started, and not its own."""
    own: str = ""
    """Its own environment."""
    commands: list[str] = field(default_factory=list)
    """Command lines of all of them."""
    core: int = -1
    """Bytes of memory that a crash may leave behind."""


@dataclass
class Seen:
    """What there was to be seen from outside."""

    folder: Path
    cache: Path
    """What is made anew when it is missing, also by other tests."""
    secrets: dict[str, str] = field(default_factory=dict)
    """By what they are."""
    processes: dict[str, Process] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    """By where: logs, answers, what the broker and systemd were told."""
    listeners: dict[str, set[Listener]] = field(default_factory=dict)
    """By program; ``hearth, open`` once somebody has set a password."""
    ports: dict[int, str] = field(default_factory=dict)
    """By number, the name of each port that was given."""
    strangers: dict[str, int] = field(default_factory=dict)
    """What whoever says nothing of themselves was answered, by what they asked for."""
    ended: int | None = None
    """How the assistant did, when it crashed."""


class House:
    """All of it, being built."""

    def __init__(self, folder: Path, cache: Path, stack: ExitStack) -> None:
        self.folder, self.stack, self.seen = folder, stack, Seen(folder, cache)
        self.board, self.bridge = folder / "board", folder / "bridge"
        self.mqtt, self.api, self.tls, self.cloud = (free_port() for _ in range(4))
        self.seen.ports = {self.api: "api.port", self.tls: "api.tls_port", self.cloud: "port"}
        for each in ("credentials", "config/hearthside", "temporary", "logs"):
            (folder / each).mkdir(parents=True, mode=0o700)
        self.authority = Authority(folder, "broker")
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    # -- what it is made of --------------------------------------------------------------------------------------------

    def secret(self, what: str, value: str | None = None) -> str:
        """A new one, unless there is one."""
        self.seen.secrets[what] = value or f"canary-{secrets.token_hex(12)}"
        return self.seen.secrets[what]

    def environment(self) -> dict[str, str]:
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith("HEARTH_") or "MODELS" in name
        }
        return clean | {
            "HEARTH_DATA_DIR": str(self.board),
            "HEARTH_CACHE_DIR": str(self.seen.cache),
            "HEARTH_AUDIO__INPUT": "none",
            "HEARTH_AUDIO__OUTPUT": "none",
            "HEARTH_UNDERSTAND__LLM": "none",
            "HEARTH_UNDERSTAND__SEMANTIC": "false",
            "HEARTH_PRIVACY__ENCRYPT": "false",  # what is on disk can be read, to see that it is not there
            "HEARTH_LOG_LEVEL": "debug",
            "HEARTH_MQTT__HOST": "localhost",
            "HEARTH_MQTT__PORT": str(self.mqtt),
            "HEARTH_MQTT__TLS": "true",
            "HEARTH_MQTT__CA_FILE": str(self.authority.file),
            "HEARTH_MQTT__USERNAME": "hearth",
            "HEARTH_API__PORT": str(self.api),
            "HEARTH_API__TLS_PORT": str(self.tls),
            "HEARTH_CLOUD__URL": f"wss://localhost:{self.cloud}",
            "HEARTH_CONFIRM__UNLOCK": "pin",
            "HEARTH_CONFIRM__PIN": self.seen.secrets["PIN"],
            "HEARTH_CLOUD_DATA_DIR": str(self.bridge),
            "HEARTH_CLOUD_LOG_LEVEL": "debug",
            "CREDENTIALS_DIRECTORY": str(self.folder / "credentials"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "TMPDIR": str(self.folder / "temporary"),
        }

    def settle(self) -> None:
        """Secrets, where they belong, and what needs no program."""
        self.secret("PIN", str(secrets.randbelow(10**11) + 10**11))
        password = self.secret("password of the broker")
        (self.folder / "credentials/mqtt__password").write_text(password)
        (self.folder / "model.key").write_text(self.secret("key of the larger model"))
        (self.folder / "passphrase").write_text(self.secret("passphrase of the backup"))
        (self.folder / "config/hearthside/hearthside.toml").write_text(
            '[skills.tools.servers.idle]\ncommand = ["sleep", "600"]\ntools = ["none"]\n'
        )
        (self.folder / "config/hearthside/cloud.toml").write_text(
            f'host = "0.0.0.0"\nport = {self.cloud}\ntls_hosts = ["localhost"]\n[[heavy.endpoints]]\nname = "away"\n'
            f'url = "http://127.0.0.1:1/v1"\nmodel = "none"\nkey_file = "{self.folder / "model.key"}"\n'
        )
        for file in ("credentials/mqtt__password", "model.key", "passphrase"):
            (self.folder / file).chmod(0o600)

    @contextmanager
    def broker(self) -> Iterator[paho.Client]:
        """One that lets nobody in without the password. Gives somebody who listens to everything."""
        folder, password = self.folder / "mosquitto", self.seen.secrets["password of the broker"]
        folder.mkdir()
        self.authority.certificate(folder / "server.pem", "localhost")
        (folder / "passwords").write_text(f"hearth:{password}\n")
        subprocess.run(["mosquitto_passwd", "-U", str(folder / "passwords")], check=True, capture_output=True)
        (folder / "mosquitto.conf").write_text(
            f"user root\nlistener {self.mqtt} 127.0.0.1\nallow_anonymous false\npassword_file {folder}/passwords\n"
            f"certfile {folder}/server.pem\nkeyfile {folder}/server.pem\ntls_version tlsv1.3\n"
        )
        program = next(path for path in ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto") if Path(path).exists())
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([program, "-c", str(folder / "mosquitto.conf")], stdout=log, stderr=log)
        heard: list[str] = []
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.username_pw_set("hearth", password)
        client.tls_set(str(self.authority.file))
        client.on_connect = lambda *_: client.subscribe("#", qos=1)
        client.on_message = lambda _, __, message: heard.append(f"{message.topic} {message.payload!r}")
        try:
            _until(lambda: _listens(self.mqtt), "the broker listens")
            client.connect("localhost", self.mqtt)
            client.loop_start()
            yield client
        finally:
            client.loop_stop()
            client.disconnect()
            process.kill()
            process.wait()
            self.seen.told["broker"] = "\n".join(heard)

    # -- programs ------------------------------------------------------------------------------------------------------

    def start(self, program: str, *arguments: str, ready: str, environment: Mapping[str, str]) -> int:
        """Returns its number, once it is ready."""
        log = self.folder / "logs" / program
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                [str(Path(sys.executable).with_name(program)), *arguments],
                env=environment,
                stderr=stderr,
                cwd=self.folder,
                preexec_fn=_crashes_may_leave_memory,  # noqa: PLW1509  # nothing else runs here
            )
        self._running[program] = process
        self.stack.callback(self._stop, program)

        def is_ready() -> bool:
            assert process.poll() is None, log.read_text()
            return re.search(ready, log.read_text()) is not None

        _until(is_ready, f"{program} is ready", log)
        return process.pid

    def _stop(self, program: str) -> None:
        process = self._running[program]
        process.kill()
        process.wait()
        self.seen.told[program] = (self.folder / "logs" / program).read_text(errors="replace")

    def crash(self, program: str) -> None:
        """As systemd ends what hangs."""
        process = self._running[program]
        process.send_signal(signal.SIGABRT)
        self.seen.ended = process.wait(_READY_S)

    def command(self, app: Any, *arguments: str, says: str | None = None) -> str:
        """What it prints, which is looked at later but for what shows a secret on purpose."""
        result = CliRunner(env=self.environment()).invoke(app, arguments, input=says)
        assert result.exit_code == 0, (arguments, result.output, result.exception)
        return result.output

    def shown(self, *arguments: str) -> None:
        """What it prints may hold no secret."""
        name = " ".join(("hearth", *arguments[:2]))
        self.seen.told[name] = self.command(hearth, *arguments)

    def look(self, program: str, pid: int) -> None:
        """See what everybody on the machine, or at least its user, could see of it."""
        own, *children = tree(pid)
        seen = self.seen.processes[program] = Process(own=json.dumps(own.environ()))
        seen.core = resource.prlimit(pid, resource.RLIMIT_CORE)[0]
        for each in (own, *children):
            seen.commands.append(" ".join(each.cmdline()))
        seen.environments = [json.dumps(each.environ()) for each in children]

    def page(self, **headers: str) -> httpx.Client:
        """Somebody on the network."""
        trust = ssl.create_default_context(cafile=self.board / "console/certificate.pem")
        return self.stack.enter_context(
            httpx.Client(base_url=f"https://localhost:{self.tls}", verify=trust, headers=headers, timeout=60)
        )

    def asked(self, client: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
        """Its answer is looked at later."""
        answer = client.request(method, path, **more)
        self.seen.told[f"{method} {path} #{len(self.seen.told)}"] = answer.text
        return answer


def _crashes_may_leave_memory() -> None:
    """As on a machine where somebody has allowed it."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(holds: Any, what: str, log: Path | None = None) -> None:
    deadline = time.monotonic() + _READY_S
    while not holds():
        assert time.monotonic() < deadline, what + (log.read_text() if log is not None else "")
        time.sleep(0.05)


@contextmanager
def systemd(folder: Path) -> Iterator[list[str]]:
    """What it is told, at the end."""
    told: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as here:
        here.bind(str(folder / "notify"))
        here.setblocking(False)
        yield told
        with contextlib.suppress(BlockingIOError):
            while True:
                told.append(here.recv(10_000).decode())


def life(folder: Path, cache: Path) -> Seen:
    """From the first start over commands, mistakes and guesses to a crash."""
    with ExitStack() as stack:
        house = House(folder, cache, stack)
        house.settle()
        environment, seen = house.environment(), house.seen
        listener = stack.enter_context(house.broker())
        listener.publish("homeassistant/lock/front_door/config", json.dumps(_LOCK), retain=True)
        bridge = house.start("hearth-cloud", "serve", ready="Uvicorn running", environment=environment)
        shown = house.command(of_the_bridge(), "device", "add")
        address, code = re.search(r"(https://\S+) (\S+)\n$", shown).groups()  # type: ignore[union-attr]
        house.secret("code of the bridge", code)
        house.shown("sync", "enrol", address, code)
        house.shown("privacy", "allow", "answers", "history", "memory", "telemetry")
        with systemd(folder) as told:
            watched = environment | {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "900000000"}
            assistant = house.start("hearth", "run", ready=r"ready in", environment=watched)
            seen.listeners["hearth"] = listeners(assistant)
            link = house.start("hearth-sync", ready=r"\bready\b", environment=environment)
            _until(lambda: len(tree(assistant)) > 1, "it has started a tool server")
            _use(house)
            programs = {"hearth": assistant, "hearth-sync": link, "hearth-cloud": bridge}
            for program, pid in programs.items():
                house.look(program, pid)
            seen.listeners |= {"hearth, open": listeners(assistant), "hearth-sync": listeners(link)}
            seen.listeners["hearth-cloud"] = listeners(bridge)
            _knock(house)
            house.crash("hearth")
        seen.told["systemd"] = "\n".join(told)
    for file in (*house.board.rglob("*.key"), *house.bridge.rglob("*.key")):
        seen.secrets[f"{PRIVATE}{file.relative_to(folder)}"] = _private_part(file.read_text())
    return seen


def _private_part(pem: str) -> str:
    """Characters that only this key has: what comes before them is the same in all of its kind."""
    lines = pem.splitlines()[1:-1]
    return lines[1] if len(lines) > 1 else lines[0][24:]


def _use(house: House) -> None:
    """People log in, guess, ask, and are told; programs do, too."""
    password = house.secret("password of the page")
    house.command(hearth, "console", "password", "Ada", says=f"{password}\n{password}\n")
    token = house.secret("token", house.command(hearth, "console", "token", "add", "test").strip())
    _until(lambda: _listens(house.tls), "the network is let in")
    browser = house.page(**_OWN)
    for guess in (house.secret("wrong password"), password):
        house.asked(browser, "POST", "/v1/login", json={"name": "Ada", "password": guess})
    house.secret("cookie", next(iter(browser.cookies.values())))
    for path in ("/v1/me", "/v1/settings", "/v1/sessions", "/v1/people", "/v1/tokens", "/v1/health", "/v1/sync"):
        house.asked(browser, "GET", path)
    house.asked(browser, "GET", "/metrics")
    program = house.page(Authorization=f"Bearer {token}")
    pin = house.seen.secrets["PIN"]
    for text in (
        "unlock the front door",
        "9 8 7 6 5 4",
        " ".join(pin),
        "what time is it",
        "add candles to my shopping list",
        "ask the cloud why the sky is blue",
    ):
        assert house.asked(program, "POST", "/v1/ask", json={"text": text, "session": "s"}).status_code == 200
    house.asked(program, "GET", f"/v1/turns?token={token}")
    house.asked(program, "GET", f"/v1/nothing/{token}")
    house.asked(program, "POST", "/v1/ask", content=f"{token} {pin}".encode())
    house.asked(house.page(Authorization=f"Bearer {token}x"), "GET", "/v1/turns")
    house.shown("check")
    house.shown("console", "people")
    house.shown("console", "token", "list")
    house.shown("sync", "status")
    house.shown("privacy", "export", str(house.folder / "export.json"), "--local")
    house.shown("backup", str(house.folder / "all.backup"), "--passphrase-file", str(house.folder / "passphrase"))


def _knock(house: House) -> None:
    """At every door that is open to the network, from an address of the network where there is one."""
    hosts: Sequence[str] = [each for each in addresses() if ":" not in each][:1] or ["127.0.0.1"]
    doors = {
        "page": (
            house.tls,
            ("/v1/me", "/v1/devices", "/v1/turns", "/v1/settings", "/metrics", "/openapi.json"),
        ),
        "bridge": (house.cloud, ("/v1/export", "/v1/devices", "/v1/audit", "/v1/usage", "/metrics")),
    }
    for door, (port, paths) in doors.items():
        with httpx.Client(base_url=f"https://{hosts[0]}:{port}", verify=False, timeout=60) as stranger:
            for path in paths:
                house.seen.strangers[f"{door} {path}"] = stranger.get(path).status_code
    with httpx.Client(base_url=f"http://{hosts[0]}:{house.api}", timeout=60) as stranger:
        for path in ("/", "/v1/devices"):
            house.seen.strangers[f"http {path}"] = stranger.get(path).status_code
