"""The users see what an endpoint or a gateway does wrong, also what clients like to hide."""

import asyncio
import base64
import json
from contextlib import asynccontextmanager

from loadtests.users.processes import FAILED, start_locust


class Endpoint:
    """Answers as a pod does, but every third page wrongly: with nothing, with another page, with 503; one byte of each
    download is another, and one of each upload is told as another."""

    def __init__(self):
        self.pages = 0
        self.hosts = {}

    async def serve(self, reader, writer):
        try:
            while (answer := await self.answer(reader)) is not None:
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the users have gone
        finally:
            writer.close()

    async def answer(self, reader):
        """None ends the connection without an answer."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        path = head[0].split()[1]
        headers = dict(line.lower().split(": ") for line in head[1:-2])
        self.hosts[headers["host"]] = None
        sent = await reader.readexactly(int(headers.get("content-length", 0)))
        if path == "/":
            return self.page()
        if path == "/echo":
            told = base64.b64encode(sent[:-1] + b"!").decode()
            return framed(json.dumps({"length": len(sent), "body": "!", "body_base64": told}).encode())
        size = int(path.rpartition("/")[2])
        body = (bytes(range(32, 127)) * (size // 95 + 1))[:size]
        return framed(body[:1000] + b"\n" + body[1001:])

    def page(self):
        self.pages += 1
        wrong = {3: None, 6: framed(b"hello from b\n"), 9: framed(b"busy", b"503 Service Unavailable")}
        return wrong.get(self.pages, framed(b"hello from a\n"))


def framed(body, status=b"200 OK"):
    return b"HTTP/1.1 %b\r\nX-Pod: a\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


@asynccontextmanager
async def served(endpoint):
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_what_is_dropped_refused_or_wrong_by_a_byte_is_a_failure(tmp_path):
    """Some clients ask again by themselves when a connection ends: with them the dropped request would not be seen."""
    endpoint = Endpoint()
    async with served(endpoint) as url:
        locust = await start_locust(url, "shop.example", 2, tmp_path / "report", "KeepAlive", "Bodies")
        for words in ("closed connection without response", "expected 'hello from a", "503 'busy'", "byte 1000 of"):
            await locust.until_said(words, 10)
        code = await locust.stop()
    assert code == 1
    assert endpoint.hosts == {"shop.example": None}
    entries = {entry["name"]: entry for entry in json.loads((tmp_path / "report.json").read_text())}
    assert entries["/ kept alive"]["num_failures"] == 3
    assert entries["/ kept alive"]["num_requests"] == endpoint.pages
    for name in ("/bytes/N", "/echo of a body"):
        if name in entries:
            assert entries[name]["num_failures"] == entries[name]["num_requests"]
    assert sum(FAILED in line for line in locust.lines) == sum(entry["num_failures"] for entry in entries.values())
