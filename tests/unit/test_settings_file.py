"""Settings that a program writes into the person's file."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import SettingsError
from edge.settings import load
from edge.settings_file import FileChanged, change_settings, changed_text, version
from edge.settings_values import changed_values

URL = "wss://bridge:8443"

WHOLE = """\
# The kitchen's.
area = "Kitchen"  # by the window

[wake]
# Both of us can say these.
words = [
    "alexa",  # hers
    "okay_nabu",
]
threshold = 0.5   # was 0.4

[mqtt]
host = 'broker' # the old one

[hardware]
led = { red = 17, green = 27 }  # common cathode

[skills.alarms]
snooze_min = 5
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, f'[cloud]\nurl = "{URL}"\n'),
        ('area = "Den"  # mine\n', f'area = "Den"  # mine\n[cloud]\nurl = "{URL}"\n'),
        ('[cloud]\n# ours\nurl = "wss://old:1"\nask = "never"\n', f'[cloud]\n# ours\nurl = "{URL}"\nask = "never"\n'),
    ],
)
def test_a_setting_is_written_and_comments_stay(tmp_path: Path, before: str | None, after: str) -> None:
    file = tmp_path / "config" / "hearthside.toml"
    if before is not None:
        file.parent.mkdir()
        file.write_text(before)
        file.chmod(0o640)
    change_settings(file, {"cloud.url": URL})
    assert [line for line in file.read_text().splitlines() if line] == after.splitlines()
    assert load(file).cloud.url == URL
    if before is not None:
        assert file.stat().st_mode & 0o777 == 0o640
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"wake.threshold": 0.7}, "threshold = 0.5   # was 0.4\n", "threshold = 0.7   # was 0.4\n"),
        ({"area": None}, 'area = "Kitchen"  # by the window\n', ""),
        ({"area": 'The "den"'}, 'area = "Kitchen"  # by', 'area = "The \\"den\\""  # by'),
        ({"mqtt.host": "10.0.0.2"}, "host = 'broker' # the old one", 'host = "10.0.0.2" # the old one'),
        ({"hardware.led": {"red": 5, "green": None}}, "{ red = 17, green = 27 }  # com", "{red = 5}  # com"),
        ({"hardware.led.red": 5}, "red = 17", "red = 5"),
        ({"skills.alarms.snooze_min": 9}, "snooze_min = 5", "snooze_min = 9"),
        ({"wake.absent": None, "absent.key": None}, "", ""),
    ],
)
def test_what_is_not_meant_stays_to_the_letter(changes: dict[str, Any], old: str, new: str) -> None:
    assert changed_text(WHOLE, changes) == WHOLE.replace(old, new, 1)


def test_lists_and_new_keys_are_written(tmp_path: Path) -> None:
    changes = {
        "wake.words": ["hey_jarvis"],
        "wake.verify": False,
        "log_level": "debug",
        "skills.calculator.measures": "metric",
    }
    changed = changed_text(WHOLE, changes)
    assert tomllib.loads(changed) == changed_values(tomllib.loads(WHOLE), changes)
    for comment in ("# The kitchen's.", "# by the window", "# Both of us", "# was 0.4", "# common cathode"):
        assert comment in changed


KEYS = st.sampled_from(["alpha", "beta", "gamma", "delta_2"])
LEAVES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=12),
)
VALUES = st.one_of(LEAVES, st.lists(LEAVES, max_size=3), st.dictionaries(KEYS, LEAVES, max_size=2))
FILES = st.lists(
    st.sampled_from(
        [
            'area = "Den" # a\n',
            "[alpha]\n# b\nbeta = [1,\n  2, # two\n]\n",
            "[gamma]\nalpha = { beta = 1, delta_2 = 'x' } # c\n",
            '[delta_2.alpha]\nbeta = """\nlong\n"""\n\n# end\n',
            "[beta]\nalpha.gamma = 1\n",
            "\n# alone\n",
        ]
    ),
    unique=True,
).map(lambda parts: "".join(sorted(parts, key=lambda part: part.startswith("["))))


@settings(max_examples=300, deadline=None)
@given(FILES, st.dictionaries(st.lists(KEYS, min_size=1, max_size=3).map(".".join), VALUES | st.none(), max_size=3))
def test_what_is_written_is_read_again_and_all_else_as_it_was(text: str, changes: dict[str, Any]) -> None:
    before = tomllib.loads(text)
    try:
        changed = changed_text(text, changes)
    except SettingsError:
        with pytest.raises(SettingsError):  # only where a key leads through what is no table
            changed_values(before, changes)
        return
    assert without_empty(tomllib.loads(changed)) == without_empty(changed_values(before, changes))
    if not any(isinstance(value_at(before, key), dict) for key in changes):  # a table goes with what is in it
        kept = [line for line in text.splitlines() if line.startswith("#")]
        assert [line for line in changed.splitlines() if line in kept] == kept


def without_empty(values: Any) -> Any:
    if not isinstance(values, dict):
        return values
    return {key: within for key, value in values.items() if (within := without_empty(value)) != {}}


def value_at(values: Any, key: str) -> Any:
    for part in key.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


def test_what_somebody_else_changed_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    file = tmp_path / "hearthside.toml"
    known = version(file)
    file.write_text('area = "Den"\n')
    with pytest.raises(FileChanged):
        change_settings(file, {"area": "Hall"}, known=known)
    change_settings(file, {"area": "Hall"}, known=version(file))
    assert file.read_text() == 'area = "Hall"\n'


def test_a_link_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "real.toml", tmp_path / "hearthside.toml"
    file.write_text('area = "Den"\n')
    link.symlink_to(file)
    change_settings(link, {"area": "Hall"})
    assert link.is_symlink()
    assert file.read_text() == 'area = "Hall"\n'


def test_a_file_that_is_no_toml_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "hearthside.toml"
    file.write_text("[cloud\n")
    with pytest.raises(SettingsError, match="correct the file"):
        change_settings(file, {"cloud.url": URL})
    assert file.read_text() == "[cloud\n"


def test_where_it_can_not_be_written_it_says_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("")
    with pytest.raises(SettingsError, match=r"write \[cloud\] url"):
        change_settings(tmp_path / "config" / "hearthside.toml", {"cloud.url": URL})
