"""Which settings differ, and which of them are taken over."""

from edge.adoption import LIVE, differing, taking
from edge.sections import ConfirmSettings, MqttSettings, WakeSettings
from edge.settings import Settings


def test_what_differs_is_named_and_only_what_is_meant_is_taken() -> None:
    old = Settings()
    new = Settings(
        area="Hall",
        log_level="debug",
        wake=WakeSettings(threshold=0.9, earshot="attic"),
        mqtt=MqttSettings(host="10.0.0.2"),
        skills={"alarms": {"snooze_minutes": 5}},
    )
    changed = differing(old, new)
    assert changed == {"area", "log_level", "wake.threshold", "wake.earshot", "mqtt.host", "skills.alarms"}
    now = taking(old, new, changed & LIVE)
    assert differing(old, now) == {"log_level", "wake.threshold"}
    assert differing(now, new) == {"area", "wake.earshot", "mqtt.host", "skills.alarms"}
    assert differing(new, new.model_copy()) == frozenset()


def test_what_is_live_are_settings_that_there_are() -> None:
    keys = {
        f"{section}.{key}"
        for section in ("wake", "listen", "confirm", "memory", "speak", "update")
        for key in type(getattr(Settings(), section)).model_fields
    } | {"log_level"}
    assert keys >= LIVE
    assert {"listen.vad", "wake.earshot"}.isdisjoint(LIVE)
    assert {f"confirm.{key}" for key in ConfirmSettings.model_fields} <= LIVE
