"""The dashboard and the alert rules: of figures that there are, in a language that Prometheus speaks."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from edge.devices import ActionReport, Confirmation, DeviceState
from edge.events import Acted, Fault
from edge.observe.board import Board
from edge.observe.exposition import Now, Outbox, text
from edge.observe.meter import Meter

FOLDER: Final = Path(__file__).parents[3] / "scripts" / "observability"
DASHBOARD: Final[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
ALERTS: Final[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
KNOWN_TO_PROMETHEUS: Final = {"up"}
_NAME: Final = re.compile(r"\b(?:hearth|process)_\w+|\bup\b")
_LABELS: Final = re.compile(r"\{([^}]*)\}|(?:by|on|without)\s*\(([^)]*)\)")
_COLUMNS: Final = 24


def promtool(*arguments: str) -> str:
    program = shutil.which("promtool")
    assert program is not None, "apt install prometheus"
    done = subprocess.run([program, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def series() -> dict[str, set[str]]:
    """Every series that an assistant may tell, with the names of its labels."""
    meter = Meter(lambda: ["alexa", "button"])
    meter.take(Fault(turn="", at=0, code="deadline", stage="act", message=""))
    meter.take(Acted(turn="", at=0, report=ActionReport("d", {}, Confirmation.CONFIRMED, 1, DeviceState())))
    now = Now({"stt": 0}, {"log": 0}, True, 1, 1, 0, {"events": 0}, True, 0, True, Board(40.0, {"throttled": False}),
              Outbox(0, 0, 0.0, 0, {"expired": 1}))  # fmt: skip
    known: dict[str, set[str]] = {"up": set()}
    for family in text_string_to_metric_families(text(meter.registry, now).decode()):
        for sample in family.samples:
            known.setdefault(sample.name, set()).update(sample.labels)
    return known


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for annotation in DASHBOARD["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]
    for rule in ALERTS["groups"][0]["rules"]:
        yield rule["alert"], rule["expr"]


def test_the_rules_are_right_and_do_what_their_tests_say() -> None:
    assert "rules found" in promtool("check", "rules", "alerts.yml")
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yml")


def test_each_rule_has_a_test_in_which_it_fires() -> None:
    tested = (FOLDER / "alerts_test.yml").read_text(encoding="utf-8")
    cases = yaml.safe_load(tested)["tests"]
    fired = {
        each["alertname"] for case in cases for each in case.get("alert_rule_test", []) if each["exp_alerts"]
    } | set(re.findall(r'ALERTS\{alertname="(\w+)"', tested))
    assert fired == {rule["alert"] for rule in ALERTS["groups"][0]["rules"]}


def test_the_example_of_a_configuration_is_one() -> None:
    assert "SUCCESS" in promtool("check", "config", "--syntax-only", "prometheus.yml")
    jobs = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert jobs[0]["job_name"] == "hearthside"
    assert "authorization" in jobs[0]


@pytest.mark.parametrize(("title", "expression"), list(expressions()))
def test_each_figure_that_is_shown_or_watched_exists_with_its_labels(title: str, expression: str) -> None:
    known = series()
    names = set(_NAME.findall(expression)) - {"hearth"}
    assert names
    assert names <= known.keys(), title
    labels = {
        label
        for matchers, grouping in _LABELS.findall(expression)
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers) + re.findall(r"\w+", grouping)
    }
    allowed = {"instance", "job"}.union(*(known[name] for name in names))
    assert labels <= allowed, title


def test_everything_that_is_told_is_shown_or_watched() -> None:
    told = {re.sub(r"_(bucket|sum|count)$", "", name) for name in series() if name.startswith("hearth_")}
    used = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for _, expression in expressions()
        for name in _NAME.findall(expression)
    }
    assert told - used == set()


def test_prometheus_understands_each_expression(tmp_path: Path) -> None:
    plain = [expression.replace("$__rate_interval", "5m").replace("$instance", ".*") for _, expression in expressions()]
    rules = [{"record": f"shown:{number}", "expr": each} for number, each in enumerate(plain)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", str(file))


def test_grafana_can_import_it() -> None:
    assert DASHBOARD["id"] is None, "a number would overwrite another dashboard"
    assert DASHBOARD["schemaVersion"] >= 36
    every = DASHBOARD["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    taken: set[tuple[int, int]] = set()
    for panel in every:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= _COLUMNS, panel["title"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in panels():
        assert panel["type"] in ("timeseries", "stat", "heatmap", "table")
        assert panel["description"]
        assert panel["datasource"]["uid"] == "${datasource}"
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs) > 0
    assert [variable["name"] for variable in DASHBOARD["templating"]["list"]] == ["datasource", "instance"]
