"""The fixed upstream: all four providers in one process, which answers from ready bytes.

Every question is answered by looking its bytes up; only a new one is read and its answer put together. ``/-/calls``
tells how many calls came since it was last asked, and ``/-/latency/20`` makes every answer wait for so many milliseconds.
"""

import asyncio
import json
import re
import socket
import sys
from collections.abc import Callable
from typing import cast
from urllib.parse import parse_qs, urlsplit

import uvloop

from benchmarks.peers import rows

LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
CHECK_ROW = ("referenceId", "msisdn", "countryCode")


class Providers:
    """The answers of all four, as they write them."""

    def __init__(self) -> None:
        pools = {rows.pool_name(index): rows.eight_by_eight(index) for index in range(rows.POOLS)}
        self._pools = {name: {row["msisdn"][1:]: row for row in held} for name, held in pools.items()}
        self._webex, self._cloudlx, self._callgear = rows.webex(), rows.cloudlx(), rows.callgear()

    def answer(self, target: str, body: bytes) -> object:
        """The content of the answer to a question that one of them takes."""
        url = urlsplit(target)
        query = {name: int(value) for name, [value] in parse_qs(url.query).items() if value.isdecimal()}
        match url.path.strip("/").split("/"):
            case ["8x8", "api", "v1", "subaccounts", pool, "numbers"]:
                held = list(self._pools[pool].values())
                return {"totalNumbers": len(held), "numbers": held, "statusCode": 0, "statusMessage": "ok"}
            case ["8x8", "api", "v1", "subaccounts", pool, "numbers", number]:
                payload = {name: self._pools[pool][number][name] for name in CHECK_ROW}
                return {"statusCode": 0, "statusMessage": "ok", "payload": payload}
            case ["webex", *_, "availableNumbers"]:
                return {"phoneNumbers": self._webex[query["start"] : query["start"] + query["max"]]}
            case ["cloudlx", "api", "numbers"]:
                start = (query["page"] - 1) * query["max_per_page"]
                chosen = self._cloudlx[start : start + query["max_per_page"]]
                return {"numbers": chosen, "num_results": len(self._cloudlx), "paginates": True}
        return self._called(json.loads(body))

    def _called(self, call: dict[str, dict[str, int]]) -> object:
        start, size = int(call["params"]["offset"]), int(call["params"]["limit"])
        result = {
            "data": self._callgear[start : start + size],
            "metadata": {"total_items": len(self._callgear), "limits": {"day_limit": 750, "day_remaining": 750}},
        }
        return {"jsonrpc": "2.0", "id": call["id"], "result": result}


class State:
    """What all connections share."""

    def __init__(self) -> None:
        self.providers = Providers()
        self.ready: dict[bytes, bytes] = {}
        self.calls = 0
        self.latency = 0.0

    def control(self, target: str) -> bytes:
        """Count from nought, or wait from now on."""
        self.latency = float(target.rpartition("/")[2]) / 1000 if "latency" in target else self.latency
        calls, self.calls = self.calls, 0
        return written(calls)


class Connection(asyncio.Protocol):
    """One keep-alive connection; questions come one after the other."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._held = b""
        self._write: Callable[[bytes], None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From now on questions come."""
        self._write = cast("asyncio.Transport", transport).write

    def data_received(self, data: bytes) -> None:
        """A question, or a part of one."""
        data, self._held = self._held + data, b""
        state = self._state
        if data.startswith(b"GET /-/"):
            self._write(state.control(data.split(b" ", 2)[1].decode()))
            return
        answer = state.ready.get(data) or self._put_together(data)
        if answer is None:
            self._held = data
            return
        state.calls += 1
        if state.latency:
            asyncio.get_running_loop().call_later(state.latency, self._write, answer)
        else:
            self._write(answer)

    def _put_together(self, data: bytes) -> bytes | None:
        head, end, body = data.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or (length is not None and len(body) < int(length[1])):
            return None
        answer = written(self._state.providers.answer(data.split(b" ", 2)[1].decode(), body))
        self._state.ready[data] = answer
        return answer


def written(content: object) -> bytes:
    """A whole answer."""
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def serve(bound: socket.socket) -> None:
    """Answer until the process ends."""
    state = State()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(state), sock=bound)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024)))
