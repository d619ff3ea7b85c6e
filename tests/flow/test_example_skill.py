"""The documented example of a skill, installed as anybody would install it, answers through the real assistant."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge.ports import SkillContext
from tests.brokers import Mosquitto

_ROOT = Path(__file__).parents[2]
_EXAMPLE = _ROOT / "docs" / "examples" / "skill"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with the example in it."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "--target", str(folder), str(_EXAMPLE)], check=True, timeout=120)
    return folder


def hearth(
    broker: Mosquitto, data: Path, installed: Path, *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_") or "MODELS" in name}
    environ = {
        **clean,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(installed), clean.get("PYTHONPATH")))),
        "HEARTH_DATA_DIR": str(data),
        "HEARTH_MQTT__HOST": broker.address.host,
        "HEARTH_MQTT__PORT": str(broker.address.port),
        "HEARTH_UNDERSTAND__LLM": "none",
        "XDG_CONFIG_HOME": str(data),
        **more,
    }
    program = str(Path(sys.executable).with_name("hearth"))
    return subprocess.run([program, *arguments], env=environ, capture_output=True, text=True, timeout=180, check=False)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("roll two dice", r"[1-6] and [1-6], together \d+\.\n"),
        ("roll a 20-sided die", r"(1?\d|20)\.\n"),
        ("flip a coin", r"(Heads|Tails)\.\n"),
    ],
)
def test_it_answers(broker: Mosquitto, tmp_path: Path, installed: Path, question: str, answer: str) -> None:
    asked = hearth(broker, tmp_path, installed, "ask", question)
    assert re.fullmatch(answer, asked.stdout), (asked.stdout, asked.stderr)


def test_its_section_of_the_configuration_is_checked(broker: Mosquitto, tmp_path: Path, installed: Path) -> None:
    config = tmp_path / "hearthside"
    config.mkdir()
    (config / "hearthside.toml").write_text("[skills.dice]\nsides = 1\n")
    asked = hearth(broker, tmp_path, installed, "ask", "roll two dice")
    assert asked.returncode == 1
    assert asked.stderr.startswith("hearth: [skills.dice.sides]: ")


def test_without_it_nobody_rolls_dice(broker: Mosquitto, tmp_path: Path) -> None:
    asked = hearth(broker, tmp_path, tmp_path / "nothing", "ask", "roll two dice")
    assert "together" not in asked.stdout


def test_its_own_tests_pass(installed: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(_EXAMPLE / "tests")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(installed), str(_ROOT)))},
        cwd=installed,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert run.returncode == 0, run.stdout


def test_every_field_of_the_context_is_explained() -> None:
    page = (_ROOT / "docs" / "skills.md").read_text(encoding="utf-8")
    assert [name for name in SkillContext.__dataclass_fields__ if f"| `{name}` |" not in page] == []
