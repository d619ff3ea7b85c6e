"""What it costs to find out who asks: ``python -m tests.bench_entrance``.

Processor time of one request through the whole entrance, the answer left out, by a session's cookie and by a token.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from edge.api.web.access import Role
from edge.api.web.protect import Protected
from tests.web.doors import door

_REQUESTS: Final = 3000


async def _nothing(_: Any, __: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _receive() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_: Any) -> None:
    pass


def _scope(**headers: str) -> dict[str, Any]:
    said = {"host": "192.168.1.5:8766", "sec-fetch-site": "same-origin", **headers}
    return {
        "type": "http",
        "method": "GET",
        "path": "/v1/devices",
        "scheme": "https",
        "query_string": b"",
        "root_path": "",
        "server": ("192.168.1.5", 8766),
        "client": ("192.168.1.77", 40000),
        "headers": [(name.encode(), value.encode()) for name, value in said.items()],
    }


async def main() -> None:
    """Prints a line for each."""
    with tempfile.TemporaryDirectory() as folder:
        async with door(Path(folder)) as at:
            ada = await at.owner()
            _, token = await at.entrance.logins.make_token("test", Role.GUEST, None)
            entrance = Protected(_nothing, at.entrance)
            shown = {
                "session": {"cookie": f"__Host-hearthside={ada.cookies['hearthside']}"},
                "token": {"authorization": f"Bearer {token}"},
            }
            for name, headers in shown.items():
                begun = time.process_time()
                for _ in range(_REQUESTS):
                    await entrance(_scope(**headers), _receive, _send)
                print(f"{name}: {(time.process_time() - begun) / _REQUESTS * 1e3:.2f} ms")


if __name__ == "__main__":
    asyncio.run(main())
