"""Downloads that are cut, resumed, refused, wrong, or meet a full disk."""

import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import stamina

from edge.errors import ModelError
from models.fetch import SourceFailed, Wanted, client, download
from tests.unit.models.served import WEIGHTS, Server, sha

WANTED = Wanted("voice.onnx", len(WEIGHTS), sha(WEIGHTS))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "voice.onnx"


@pytest.fixture
def part(target: Path) -> Path:
    return target.with_name("voice.onnx.part")


@pytest.fixture(autouse=True)
def served(server: Server) -> Server:
    server.files["/voice.onnx"] = WEIGHTS
    return server


def fetch(http: httpx.Client, server: Server, target: Path) -> list[int]:
    reports: list[int] = []
    download(http, f"{server.address}/voice.onnx", target, WANTED, reports.append)
    return reports


def test_a_download_reports_its_progress_and_leaves_only_the_file(
    http: httpx.Client, server: Server, target: Path
) -> None:
    reports = fetch(http, server, target)
    assert target.read_bytes() == WEIGHTS
    assert reports == sorted(reports)
    assert reports[-1] == len(WEIGHTS)
    assert [path.name for path in target.parent.iterdir()] == ["voice.onnx"]


def test_a_cut_is_mended_by_asking_for_the_rest(http: httpx.Client, server: Server, target: Path) -> None:
    server.cuts = [100_000, 50_000]
    fetch(http, server, target)
    assert target.read_bytes() == WEIGHTS
    first, second, third = server.asked_for("/voice.onnx")
    assert "Range" not in first
    assert (second["Range"], second["If-Range"]) == ("bytes=100000-", '"one"')
    assert third["Range"] == "bytes=150000-"


def test_a_link_that_keeps_breaking_says_how_far_it_came_and_keeps_it(
    http: httpx.Client, server: Server, target: Path, part: Path
) -> None:
    server.cuts = [50_000] * 4
    with pytest.raises(SourceFailed) as caught:
        fetch(http, server, target)
    assert str(caught.value) == (
        "the download stopped (cut) after 0.2 of 0.5 MB of voice.onnx — "
        "run the same command again, it continues where it stopped"
    )
    assert part.read_bytes() == WEIGHTS[:200_000]
    assert not target.exists()
    fetch(http, server, target)
    assert server.asked_for("/voice.onnx")[-1]["Range"] == "bytes=200000-"
    assert target.read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("ranges", "wrong_range", "etag"),
    [
        pytest.param(False, False, '"one"', id="server ignores Range"),
        pytest.param(True, True, '"one"', id="server answers another range"),
        pytest.param(True, False, None, id="server has no ETags"),
        pytest.param(True, False, 'W/"weak"', id="weak ETag"),
    ],
)
def test_resuming_from_servers_of_all_sorts(
    http: httpx.Client, server: Server, target: Path, ranges: bool, wrong_range: bool, etag: str | None
) -> None:
    server.ranges, server.etag, server.cuts = ranges, etag, [100_000]
    server.wrong_range = wrong_range
    fetch(http, server, target)
    assert target.read_bytes() == WEIGHTS


def test_a_file_that_changed_between_two_tries_is_fetched_anew(
    http: httpx.Client, server: Server, target: Path, part: Path
) -> None:
    part.write_bytes(b"old" * 1000)
    part.with_name("voice.onnx.part.etag").write_text('"old"')
    fetch(http, server, target)
    assert target.read_bytes() == WEIGHTS
    assert server.asked_for("/voice.onnx")[0]["If-Range"] == '"old"'


def test_a_part_of_another_file_without_etags_is_found_by_hash_and_thrown_away(
    http: httpx.Client, server: Server, target: Path, part: Path
) -> None:
    server.etag = None
    part.write_bytes(b"old" * 1000)
    fetch(http, server, target)
    assert target.read_bytes() == WEIGHTS
    assert len(server.asked_for("/voice.onnx")) == 2


@pytest.mark.parametrize("body", [WEIGHTS[:-1] + b"x", WEIGHTS + b"more", b"<html>Please log in</html>"])
def test_a_wrong_file_is_deleted_and_said_so(http: httpx.Client, server: Server, target: Path, body: bytes) -> None:
    server.files["/voice.onnx"] = body
    with pytest.raises(SourceFailed, match=r"voice.onnx from 127.0.0.1 is not the file it should be \(wrong SHA-256\)"):
        fetch(http, server, target)
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("statuses", "message"),
    [
        ([404], r"127.0.0.1 doesn't have voice.onnx \(404\)"),
        ([403], r"127.0.0.1 refuses voice.onnx \(403\)"),
        ([503] * 4, r"127.0.0.1 refuses voice.onnx \(503\)"),
    ],
)
def test_refusals(http: httpx.Client, server: Server, target: Path, statuses: list[int], message: str) -> None:
    server.statuses = list(statuses)
    with pytest.raises(SourceFailed, match=message):
        fetch(http, server, target)
    assert len(server.asked) == len(statuses)
    assert list(target.parent.iterdir()) == []


def test_a_busy_server_is_asked_again(http: httpx.Client, server: Server, target: Path) -> None:
    server.statuses = [503, 429, 500]
    fetch(http, server, target)
    assert target.read_bytes() == WEIGHTS


def test_no_network(http: httpx.Client, target: Path, unused_port: int) -> None:
    with pytest.raises(SourceFailed, match=r"no network: 127.0.0.1 can't be reached for voice.onnx") as caught:
        download(http, f"http://127.0.0.1:{unused_port}/voice.onnx", target, WANTED, lambda _: None)
    assert caught.value.remedy == "check the connection, try again"


def test_an_address_that_is_none(http: httpx.Client, target: Path) -> None:
    with pytest.raises(SourceFailed, match=r"the address of voice.onnx is not one"):
        download(http, "http://[::1/voice.onnx", target, WANTED, lambda _: None)


def test_a_server_that_stalls_is_left(http: httpx.Client, server: Server, target: Path) -> None:
    # As long as a busy machine may take to answer, and once.
    http.timeout = httpx.Timeout(60.0, read=3.0)
    server.pause_s = 30.0
    with (
        stamina.set_testing(True, attempts=1),
        pytest.raises(SourceFailed, match=r"the download stopped \(no answer\) after .* of voice.onnx"),
    ):
        fetch(http, server, target)


def test_a_server_that_trickles_is_given_up(
    http: httpx.Client, server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.fetch._PATIENCE_S", -len(WEIGHTS) / 20_000)
    with pytest.raises(SourceFailed, match=r"127.0.0.1 is too slow for"):
        fetch(http, server, target)


def test_a_disk_that_fills_up_in_the_middle_keeps_nothing(
    http: httpx.Client, server: Server, target: Path, part: Path
) -> None:
    part.symlink_to("/dev/full")
    with pytest.raises(
        ModelError, match=r"the disk is full at .* — free some space or set HEARTH_MODELS_DIR"
    ) as caught:
        fetch(http, server, target)
    assert not isinstance(caught.value, SourceFailed)
    assert list(target.parent.iterdir()) == []


def test_a_limit_on_file_sizes_counts_as_a_full_disk(server: Server, target: Path) -> None:
    """A quota by RLIMIT_FSIZE, which needs a process of its own."""
    program = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
from pathlib import Path
from models.fetch import Wanted, client, download
with client(None) as http:
    download(http, "{server.address}/voice.onnx", Path({str(target)!r}), {WANTED!r}, lambda _: None)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "ModelError: the disk is full at" in done.stderr
    assert list(target.parent.iterdir()) == []


def test_a_folder_that_is_read_only(http: httpx.Client, server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ModelError, match=r"can't write to .*Not a directory"):
        fetch(http, server, tmp_path / "file" / "voice.onnx")


def test_certificates_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "junk.pem").write_text("junk")
    for path in (tmp_path / "none.pem", tmp_path / "junk.pem"):
        with pytest.raises(ModelError, match=f"the certificates in {path} can't be read"):
            client(path)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port
