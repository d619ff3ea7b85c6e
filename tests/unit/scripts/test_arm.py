"""What is prepared for boards: a wheel for each package, a build of the language model's runtime for each core."""

import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from scripts.arm import count, suite, wheels
from scripts.debian.__main__ import main as build_deb
from scripts.prepare import cores, lockfile
from scripts.prepare.cores import A53, A72, A76, CORES
from scripts.prepare.environment import ROOT

# -- wheels ------------------------------------------------------------------------------------------------------------

RECORD = wheels.RECORD.read_text("utf-8")
NUMPY = (
    "numpy==2.4.6 ; python_full_version < '3.12' and sys_platform == 'linux' \\\n"
    f"    --hash=sha256:{'1' * 64} \\\n    --hash=sha256:{'2' * 64}\n    # via hearthside\n"
)
FOR_BOARDS = "numpy-2.4.6-cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl"


@pytest.mark.parametrize("lock", wheels.LOCKS, ids=lambda path: path.name)
def test_every_locked_package_comes_to_boards_ready_made_or_is_built_by_a_script(lock: Path) -> None:
    assert wheels.problems(lock.read_text("utf-8"), RECORD) == []
    assert len(list(wheels.pins(lock.read_text("utf-8")))) > 100
    for script in wheels.BUILT.values():
        assert (ROOT / script).exists()


def test_it_is_asked_for_every_python_that_is_supported() -> None:
    supported = SpecifierSet(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"])
    assert [minor for minor in range(8, 30) if supported.contains(f"3.{minor}.0")] == [one[1] for one in wheels.PYTHONS]


@pytest.mark.parametrize(
    ("file", "digest", "missing"),
    [
        (FOR_BOARDS, "2", False),
        ("numpy-2.4.6-py3-none-any.whl", "1", False),
        ("numpy-2.4.6-cp310-abi3-manylinux_2_28_aarch64.whl", "1", False),
        (FOR_BOARDS, "3", True),  # locked anew since
        (FOR_BOARDS.replace("2.4.6", "2.4.5"), "1", True),
        (FOR_BOARDS.replace("cp311", "cp312"), "1", True),
        (FOR_BOARDS.replace("aarch64", "x86_64"), "1", True),
        ("numpy-2.4.6-cp311-cp311-manylinux_2_39_aarch64.whl", "1", True),  # newer than Debian 12
        ("numpy-2.4.6-cp311-cp311-musllinux_1_2_aarch64.whl", "1", True),
        ("scipy-2.4.6-py3-none-any.whl", "1", True),
    ],
)
def test_what_fits_a_board(file: str, digest: str, missing: bool) -> None:
    told = wheels.problems(NUMPY, f"# head\n{digest * 64}  {file}\n")
    # From 3.12 on it is not wanted.
    assert told == (["numpy 2.4.6 has no known wheel for aarch64 and CPython 3.11"] if missing else [])


# -- the build for a core ----------------------------------------------------------------------------------------------

CPUINFO = {
    "Zero 2 W": ("fp asimd evtstrm crc32 cpuid", "0xd03"),
    "Pi 4": ("fp asimd evtstrm crc32 cpuid", "0xd08"),
    "Pi 5": ("fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp", "0xd0b"),
    "a newer core": (
        "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt fcma lrcpc dcpop sha3 sm3 "
        "sm4 asimddp sha512 sve asimdfhm dit uscat ilrcpc flagm", "0xd40",
    ),
    "a core without fp16": ("fp asimd evtstrm crc32 atomics asimdrdm dcpop asimddp cpuid", "0xd99"),
    "a core without crc32": ("fp asimd evtstrm cpuid", "0x001"),
}  # fmt: skip


def cpuinfo(*boards: str) -> str:
    """Four processors, as Linux tells of them on such boards."""
    told = [CPUINFO[boards[number % len(boards)]] for number in range(4)]
    return "\n".join(
        f"processor\t: {number}\nBogoMIPS\t: 108.00\nFeatures\t: {features}\nCPU implementer\t: 0x41\nCPU part\t: {part}\n"
        for number, (features, part) in enumerate(told)
    )


@pytest.mark.parametrize(
    ("boards", "able"),
    [
        (["Zero 2 W"], [A53, A72]),
        (["Pi 4"], [A72, A53]),
        (["Pi 5"], [A76, A72, A53]),
        (["a newer core"], [A76, A72, A53]),
        (["a core without fp16"], [A72, A53]),
        (["a core without crc32"], [A53]),
        (["Pi 5", "Zero 2 W"], [A72, A53]),
    ],
    ids=lambda value: " and ".join(value) if isinstance(value[0], str) else None,
)
def test_which_builds_a_board_can_run_the_best_first(boards: list[str], able: list[cores.Core]) -> None:
    assert cores.able(cpuinfo(*boards)) == able


def test_a_processor_of_another_kind_runs_none() -> None:
    assert cores.able("processor\t: 0\nflags\t\t: fpu vme sse2 avx2\n") == []
    assert cores.able("") == []


VERSION = lockfile.llama_version(ROOT / "requirements.lock")
PLAIN = f"llama_cpp_python-{VERSION}-py3-none-linux_aarch64.whl"


def wheel(core: cores.Core) -> str:
    return f"llama_cpp_python-{VERSION}-{core.build}-py3-none-linux_aarch64.whl"


@pytest.mark.parametrize(
    ("board", "there", "taken"),
    [
        ("Pi 5", [*CORES], wheel(A76)),
        ("Pi 4", [*CORES], wheel(A72)),
        ("Zero 2 W", [*CORES], wheel(A53)),
        ("Zero 2 W", [A76, A72], wheel(A72)),
        ("Pi 5", [A53], wheel(A53)),
        ("Pi 4", [A76], None),
        ("Pi 4", [A76, None], PLAIN),
        ("Pi 4", [A53, None], wheel(A53)),
        ("Pi 4", [None], PLAIN),
        ("Pi 4", [], None),
    ],
)
def test_the_installer_takes_the_wheel_that_suits_the_processor(
    board: str, there: list[cores.Core | None], taken: str | None, tmp_path: Path
) -> None:
    files = [tmp_path / (wheel(core) if core else PLAIN) for core in there]
    found = cores.pick(files, cpuinfo(board))
    assert (found and found.name) == taken


def test_a_wheel_that_was_broken_off_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scripts.prepare import llama

    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    (tmp_path / wheel(A76)).write_bytes(b"PK\3\4")
    with zipfile.ZipFile(tmp_path / wheel(A53), "w") as whole:
        whole.writestr("llama_cpp/__init__.py", "")
    info = tmp_path / "cpuinfo"
    info.write_text(cpuinfo("Pi 5"), "utf-8")
    assert llama.cached_wheel(VERSION, tmp_path, info) == tmp_path / wheel(A53)


def test_a_package_for_every_board_takes_no_build_for_a_newer_core() -> None:
    assert [cores.for_all(wheel(core)) for core in CORES] == [False, False, True]
    assert cores.for_all(PLAIN)
    assert build_deb(["--arch", "arm64", "--llama", wheel(A76)]) == 1


def test_builds_have_names_that_pip_reads() -> None:
    from packaging.utils import parse_wheel_filename

    assert [parse_wheel_filename(wheel(core))[2] for core in CORES] == [
        (76, "cortexa76"), (72, "cortexa72"), (53, "cortexa53")
    ]  # fmt: skip


# -- what an emulated board says ---------------------------------------------------------------------------------------

COUNTED = """\
heard Turn on the kitchen light.
stage {"name": "a command heard", "per": 1.0, "first": 1}
counted 1 1000 100 300
counted 2 3000001000 2000000100 600000300
stage {"name": "a command understood", "per": 1.0, "first": 3}
counted 3 3000001000 2000000100 600000300
counted 4 3100001000 2000000100 630000300
"""


def test_instructions_become_seconds_by_what_kind_they_are() -> None:
    heard, understood = count.parse(COUNTED)
    assert (heard.name, heard.instructions, round(heard.vectors, 3), round(heard.memory, 3)) == (
        "a command heard", 3_000_000_000, 0.667, 0.2,
    )  # fmt: skip
    assert (understood.instructions, understood.vectors, understood.memory) == (100_000_000, 0.0, 0.3)
    board = count.Board("board", A72, 2.0, vectors=(1.0, 1.5), plain=(0.5, 2.0))
    assert heard.seconds(board) == (1.0, 1.5)
    assert understood.seconds(board) == (0.025, 0.1)
    assert "| a command understood | 100.0 | 0% · 30% | 25 ms – 100 ms |" in count.told(board, [heard, understood])


def test_what_an_emulated_board_leaves_out_exists_and_has_a_reason() -> None:
    for entry in suite.left_out():
        assert len(entry.why) > 20
        for test in entry.tests:
            file, _, name = test.partition("::")
            assert (ROOT / file).exists(), test
            assert not name or f"def {name.partition('[')[0]}(" in (ROOT / file).read_text("utf-8"), test
