"""What Home Assistant finds in its folder at the start: a user, a broker, two Wyoming servers, a pipeline of them."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_YEARS_S: Final = 10 * 365 * 86400
_PIPELINE: Final = "01hearthside"
_LANGUAGE: Final = "en"
_VOICE: Final = "en_US"


@dataclass(frozen=True, slots=True)
class Ports:
    """On the loopback interface."""

    web: int
    broker: int
    wyoming: int
    """The assistant's engines."""
    satellite: int


def write(folder: Path, ports: Ports) -> str:
    """Write all of it into ``folder``. Returns an access token of the owner."""
    folder.joinpath("configuration.yaml").write_text(
        f"homeassistant:\n  name: Check\n  country: US\n  language: {_LANGUAGE}\n"
        f"http:\n  server_host: 127.0.0.1\n  server_port: {ports.web}\n"
        "api:\nmedia_source:\nconversation:\nassist_pipeline:\nlogger:\n  default: warning\n",
        "utf-8",
    )
    storage = folder / ".storage"
    storage.mkdir()
    token, auth = _owner()
    _store(storage, "auth", auth)
    _store(storage, "onboarding", {"done": ["user", "core_config", "analytics", "integration"]}, version=4)
    entries = [
        _entry("mqtt", "Broker", {"broker": "127.0.0.1", "port": ports.broker}),
        _entry("wyoming", "Engines", {"host": "127.0.0.1", "port": ports.wyoming}),
        _entry("wyoming", "Satellite", {"host": "127.0.0.1", "port": ports.satellite}),
    ]
    _store(storage, "core.config_entries", {"entries": entries})
    _store(storage, "assist_pipeline.pipelines", {"items": [_pipeline()], "preferred_item": _PIPELINE}, minor=2)
    return token


def _store(storage: Path, key: str, data: dict[str, Any], version: int = 1, minor: int = 1) -> None:
    document = {"version": version, "minor_version": minor, "key": key, "data": data}
    (storage / key).write_text(json.dumps(document), "utf-8")


def _entry(domain: str, title: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "entry_id": secrets.token_hex(16),
        "version": 1,
        "minor_version": 1,
        "domain": domain,
        "title": title,
        "data": data,
        "options": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "unique_id": None,
        "disabled_by": None,
    }


def _pipeline() -> dict[str, Any]:
    """Our ears and our voice; the thinking is Home Assistant's."""
    return {
        "id": _PIPELINE,
        "name": "Hearthside",
        "language": _LANGUAGE,
        "conversation_engine": "homeassistant",
        "conversation_language": _LANGUAGE,
        "stt_engine": "stt.hearthside",
        "stt_language": _LANGUAGE,
        "tts_engine": "tts.hearthside",
        "tts_language": _VOICE,
        "tts_voice": None,
        "wake_word_entity": None,
        "wake_word_id": None,
    }


def _owner() -> tuple[str, dict[str, Any]]:
    """An access token, and the store of users that knows it."""
    user, refresh, key = secrets.token_hex(16), secrets.token_hex(16), secrets.token_hex(64)
    users = [
        {
            "id": user,
            "group_ids": ["system-admin"],
            "is_owner": True,
            "is_active": True,
            "name": "Check",
            "system_generated": False,
            "local_only": False,
        }
    ]
    tokens = [
        {
            "id": refresh,
            "user_id": user,
            "client_id": None,
            "client_name": "check",
            "client_icon": None,
            "token_type": "long_lived_access_token",
            "created_at": "2024-01-01T00:00:00+00:00",
            "access_token_expiration": float(_YEARS_S),
            "token": secrets.token_hex(64),
            "jwt_key": key,
            "last_used_at": None,
            "last_used_ip": None,
            "expire_at": None,
            "credential_id": None,
            "version": None,
        }
    ]
    groups = [{"id": name, "name": name} for name in ("system-admin", "system-users", "system-read-only")]
    return _signed(refresh, key), {"users": users, "groups": groups, "credentials": [], "refresh_tokens": tokens}


def _signed(issuer: str, key: str) -> str:
    """A JSON web token (RFC 7519) of HS256."""
    now = int(time.time())
    claims = {"iss": issuer, "iat": now, "exp": now + _YEARS_S}
    body = ".".join(_base64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{body}.{_base64(hmac.new(key.encode(), body.encode(), hashlib.sha256).digest())}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
