"""Settings that a program writes into the person's file."""

from pathlib import Path

import pytest

from edge.errors import SettingsError
from edge.settings import load
from edge.settings_file import write_setting

URL = "wss://bridge:8443"


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
    write_setting(file, "cloud", "url", URL)
    assert [line for line in file.read_text().splitlines() if line] == after.splitlines()
    assert load(file).cloud.url == URL
    if before is not None:
        assert file.stat().st_mode & 0o777 == 0o640
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_is_no_toml_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "hearthside.toml"
    file.write_text("[cloud\n")
    with pytest.raises(SettingsError, match="correct the file"):
        write_setting(file, "cloud", "url", URL)
    assert file.read_text() == "[cloud\n"


def test_where_it_can_not_be_written_it_says_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("")
    with pytest.raises(SettingsError, match=r"write \[cloud\] url"):
        write_setting(tmp_path / "config" / "hearthside.toml", "cloud", "url", URL)
