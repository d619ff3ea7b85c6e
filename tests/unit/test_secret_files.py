"""Secrets in files of their own."""

from pathlib import Path

import pytest

from edge.errors import SettingsError
from edge.secret_files import keep, read
from edge.settings import SECRETS, environment_for_others, load
from edge.settings_origins import Source, sources


def test_a_secret_is_kept_for_the_assistant_alone_and_outranks_the_file(tmp_path: Path) -> None:
    file = tmp_path / "hearthside.toml"
    file.write_text(f'data_dir = "{tmp_path}"\n[mqtt]\npassword = "of the file"\n')
    keep(tmp_path, "mqtt.password", "entered")
    [secret] = (tmp_path / "secrets").iterdir()
    assert (secret.name, secret.stat().st_mode & 0o777, secret.parent.stat().st_mode & 0o777) == (
        "mqtt__password",
        0o600,
        0o700,
    )
    settings = load(file)
    assert settings.mqtt.password is not None
    assert settings.mqtt.password.get_secret_value() == "entered"
    assert sources(settings)["mqtt.password"] is Source.KEPT
    keep(tmp_path, "mqtt.password", None)
    keep(tmp_path, "mqtt.password", None)
    assert read(tmp_path, SECRETS) == {}


def test_every_secret_of_the_settings_is_known() -> None:
    assert {"confirm.pin", "mqtt.password"} <= SECRETS


def test_where_it_can_not_be_kept_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("")
    with pytest.raises(SettingsError, match="can't be written"):
        keep(tmp_path, "mqtt.password", "x")


def test_what_is_started_is_told_no_secret() -> None:
    given = {
        "HEARTH_MQTT__PASSWORD": "hunter2",
        "hearth_mqtt__password": "hunter2",
        "HEARTH_MQTT": '{"password": "hunter2"}',
        "HEARTH_CONFIRM__PIN": "48151623",
        "HEARTH_CONFIRM__UNLOCK": "pin",
        "HEARTH_SKILLS__TOOLS__SERVERS": '{"x": {"env": {"KEY": "hunter2"}}}',
        "HEARTH_CLOUD_DATABASE_URL": "postgresql://me:hunter2@here/x",
        "HEARTH_CLOUD__URL": "wss://bridge:8443",
        "PATH": "/bin",
    }
    assert environment_for_others(given) == {
        "HEARTH_MQTT__PASSWORD": "00000000",
        "hearth_mqtt__password": "00000000",
        "HEARTH_CONFIRM__PIN": "00000000",
        "HEARTH_CONFIRM__UNLOCK": "pin",
        "HEARTH_CLOUD__URL": "wss://bridge:8443",
        "PATH": "/bin",
    }


def test_each_value_tells_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "hearthside.toml"
    file.write_text(
        f'data_dir = "{tmp_path}"\narea = "Den"\n[mqtt]\nhost = "a"\nport = 1\n[skills.calculator]\nmeasures = "metric"\n'
    )
    (tmp_path / "profile.toml").write_text(
        'language = "en"\n[stt]\nengine = "whisper"\nmodel = "whisper-tiny.en"\nthreads = 1\n'
    )
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "mqtt__username").write_text("me")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    for of_all_tests in ("HEARTH_API__PORT", "HEARTH_CACHE_DIR"):
        monkeypatch.delenv(of_all_tests, raising=False)
    monkeypatch.setenv("HEARTH_MQTT__HOST", "b")
    assert sources(load(file)) == {
        "data_dir": Source.FILE,
        "area": Source.FILE,
        "mqtt.host": Source.ENVIRONMENT,
        "mqtt.port": Source.FILE,
        "mqtt.username": Source.CREDENTIAL,
        "skills.calculator.measures": Source.FILE,
        "stt.engine": Source.PROFILE,
        "stt.model": Source.PROFILE,
        "stt.threads": Source.PROFILE,
    }
