"""A house of a thousand devices on a real mosquitto, by the script whose figures docs/home.md gives.

The bounds are of processor time, and wide enough for a machine that does much else.
"""

import shutil

import pytest

from scripts.house_scale import figures, mosquitto

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("shared", [1, 4])
async def test_a_thousand_devices_are_cheap(shared: int) -> None:
    assert shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
    with mosquitto() as port:
        found = await figures(port, 1000, 200.0, 3.0, shared)
    assert found["discovered_cpu_s"] < 3.0
    assert found["sentence_cpu_ms_p95"] < 15.0
    assert found["change_us"] < 5 * found["receiving_us"]
    assert found["share_of_a_core"] < 0.15, "0.05 on a machine that does nothing else"
