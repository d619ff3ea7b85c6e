"""What devices call themselves is shown as it is."""

import pytest

from edge.cli.tables import print_checks, print_devices


@pytest.mark.parametrize("name", ["Lamp [/b]", "[red]Lamp[/]", "[link=http://a]Lamp", "Lamp [old]", "Lamp \\"])
def test_brackets_are_no_markup(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    # "[/b]" alone ended the command with an exception, and "[old]" was left out.
    monkeypatch.setenv("COLUMNS", "200")
    kind = {"domain": "switch", "unit": None, "available": True, "abilities": ["state"], "source": "homie"}
    print_devices([{"name": name, "area": name, "state": name, **kind}])
    print_checks([{"check": "broker", "ok": True, "needed": True, "found": name, "remedy": name}])
    table, checks = capsys.readouterr().out.split("ok  ")
    assert table.count(name) == 3
    assert checks.strip() == f"broker: {name} — {name}"
