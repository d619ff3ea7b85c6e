"""Configuration: order of precedence, and one line for whatever is wrong."""

from pathlib import Path

import pytest

from edge.errors import SettingsError
from edge.sections import MqttSettings
from edge.settings import load


@pytest.fixture(autouse=True)
def _no_configuration_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("HEARTH_DATA_DIR", raising=False)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "hearthside.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("toml", "named", "advice"),
    [
        ('[mqtt]\nhots = "x"', "mqtt.hots", "did you mean host?"),
        ("[mqt]\nport = 1", "mqt", "did you mean mqtt?"),
        ('[mqtt]\nport = "abc"', "mqtt.port", "integer"),
        ("[mqtt]\nport = 70000", "mqtt.port", "65535"),
        ("[wake]\nthreshold = 1.5", "wake.threshold", "less than or equal to 1"),
        ("[mqtt\nport = 1", "hearthside.toml", "TOML"),
        ('[understand]\nlanguage = "english"', "understand.language", "pattern"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(tmp_path: Path, toml: str, named: str, advice: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, toml))
    message = str(caught.value)
    assert named in message
    assert advice in message
    assert "\n" not in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nothere\.toml"):
        load(tmp_path / "nothere.toml")


@pytest.mark.parametrize(
    ("told", "overheard"),
    [
        ({"host": "192.168.1.10", "password": "x"}, True),
        ({"host": "broker.local", "password": "x"}, True),
        ({"host": "192.168.1.10", "password": "x", "tls": True}, False),
        ({"host": "192.168.1.10"}, False),
        ({"host": "localhost", "password": "x"}, False),
        ({"host": "127.0.0.1", "password": "x"}, False),
        ({"host": "::1", "password": "x"}, False),
    ],
)
def test_a_password_that_others_can_read_along_is_known(told: dict[str, object], overheard: bool) -> None:
    assert MqttSettings.model_validate(told).overheard is overheard


def test_environment_outranks_secrets_and_they_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, '[mqtt]\nhost = "file"\nusername = "file"\npassword = "file"\nport = 1')
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "mqtt__password").write_text("secret")
    (secrets / "mqtt__username").write_text("secret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(secrets))
    monkeypatch.setenv("HEARTH_MQTT__USERNAME", "environment")
    mqtt = load(path).mqtt
    assert mqtt.password is not None
    assert (mqtt.port, mqtt.host, mqtt.password.get_secret_value(), mqtt.username) == (
        1,
        "file",
        "secret",
        "environment",
    )


def test_a_secret_is_not_printed(tmp_path: Path) -> None:
    assert "hunter2" not in repr(load(write(tmp_path, '[mqtt]\npassword = "hunter2"')))


def test_an_unknown_variable_is_named_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_MQTT__HOTS", "x")
    with pytest.raises(SettingsError, match="did you mean HEARTH_MQTT__HOST"):
        load()


def test_the_usual_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "config" / "hearthside"
    folder.mkdir(parents=True)
    write(folder, '[mqtt]\nhost = "usual"')
    assert load().mqtt.host == "usual"
