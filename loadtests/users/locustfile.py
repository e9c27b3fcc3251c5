"""locust users of a gateway whose endpoints answer as the simulator's pods do; every answer is checked.

    locust -f loadtests/users/locustfile.py --host http://127.0.0.1:8080 --host-header www.kubernetes-edge-test.com

`Browser` reads pages and thinks in between, `KeepAlive` asks ten times a second over one connection, `Bodies` moves
64 KB to 1 MB both ways and compares every byte, `Socket` echoes over a WebSocket. Name classes at the end of the
command to run only those; for other endpoints than the simulator's pods write tasks of your own below `User`.

The client is requests, not the faster geventhttpclient: that one asks again by itself when a connection ends without an
answer, and a request that was dropped would never be seen.
"""

from __future__ import annotations

import base64
import itertools
import json
import logging
import os
import random
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import websocket
from locust import HttpUser, between, constant_throughput, events, task
from locust.clients import ResponseContextManager
from locust.exception import ResponseError

Complaint = str | None  # what is wrong with an answer
Wanted = Callable[[ResponseContextManager], Complaint]

SIZES = (64 << 10, 256 << 10, 1 << 20)
PATTERN = bytes(range(32, 127))  # what `/bytes/N` repeats
SHOWN = 20  # failed requests that a process says in words
GOING_AWAY = 1001


@events.init_command_line_parser.add_listener
def _options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--host-header", env_var="LOADTEST_HOST_HEADER", default="", help="Host of every request (default: --host's)"
    )
    parser.add_argument("--ca", env_var="LOADTEST_CA", default="", help="PEM file of the authorities to trust")


failures = itertools.count(1)


@events.request.add_listener
def _say(request_type: str, name: str, exception: BaseException | None, **_: object) -> None:
    if exception is not None and next(failures) <= SHOWN:
        logging.error("failed: %s %s: %r", request_type, name, exception)


class User(HttpUser):
    """What all have in common: the Host header and the authorities from the command line."""

    abstract = True
    random = random.Random(20)  # one for all users of a process: runs differ by their timing alone

    def on_start(self) -> None:
        options = self.environment.parsed_options
        self.client.trust_env = False  # no proxy but the one that is tested
        self.client.verify = options.ca or True
        self.host_header = options.host_header or urlsplit(self.host).netloc
        self.client.headers["Host"] = self.host_header

    def ask(self, method: str, path: str, wanted: Wanted, name: str | None = None, data: bytes | None = None) -> None:
        """One request; it failed unless it was answered 200 and `wanted(response)` says nothing against it."""
        with self.client.request(method, path, name=name or path, catch_response=True, data=data) as response:
            if response.status_code == 0:
                return  # no answer: locust has the exception
            if response.status_code != 200:
                response.failure(f"{response.status_code} {response.text[:100]!r}")
            elif complaint := wanted(response):
                response.failure(complaint)


def hello(response: ResponseContextManager) -> Complaint:
    """A pod's page, which names the pod that its header names."""
    expected = f"hello from {response.headers.get('x-pod')}\n"
    return None if response.text == expected else f"expected {expected!r}, got {response.text[:100]!r}"


class Browser(User):
    """Somebody who reads pages and thinks in between."""

    weight = 6
    wait_time = between(0.1, 0.9)

    @task(10)
    def front_page(self) -> None:
        self.ask("GET", "/", hello)

    @task(6)
    def product(self) -> None:
        self.ask("GET", f"/products/{self.random.randrange(10_000)}", hello, name="/products/N")

    @task(3)
    def search(self) -> None:
        target = f"/echo?q=shoes&page={self.random.randrange(1, 50)}"
        self.ask("GET", target, lambda response: differs(response.json()["target"], target), name="/echo?q=…")

    @task(2)
    def streamed(self) -> None:
        def lines(response: ResponseContextManager) -> Complaint:
            pod = response.headers.get("x-pod")
            return differs(response.text, "".join(f"line {number} from {pod}\n" for number in range(20)))

        self.ask("GET", "/stream/20", lines)

    @task(1)
    def only_the_head(self) -> None:
        self.ask("HEAD", "/", lambda response: differs(response.content, b""))


class KeepAlive(User):
    """A program that asks ten times a second over one connection."""

    weight = 2
    wait_time = constant_throughput(10)

    @task
    def kept(self) -> None:
        self.ask("GET", "/", hello, name="/ kept alive")


class Bodies(User):
    """Large bodies both ways, compared byte for byte."""

    weight = 1
    wait_time = between(0.3, 1.2)

    @task(2)
    def download(self) -> None:
        size = self.random.choice(SIZES)
        expected = (PATTERN * (size // len(PATTERN) + 1))[:size]
        self.ask("GET", f"/bytes/{size}", lambda response: differs(response.content, expected), name="/bytes/N")

    @task(1)
    def upload_text(self) -> None:
        text = (PATTERN * (1 << 14))[self.random.randrange(95) :][: self.random.choice(SIZES)]
        self.upload(text, lambda told: told["body"].encode())

    @task(1)
    def upload_binary(self) -> None:
        data = os.urandom(self.random.choice(SIZES[:2]))
        self.upload(data, lambda told: base64.b64decode(told["body_base64"]))

    def upload(self, data: bytes, told: Callable[[dict[str, Any]], bytes]) -> None:
        """POST it; the endpoint tells what came."""

        def same(response: ResponseContextManager) -> Complaint:
            answer = json.loads(response.content)
            if answer["length"] != len(data):
                return f"sent {len(data)} bytes, {answer['length']} came"
            return differs(told(answer), data)

        self.ask("POST", "/echo", same, name="/echo of a body", data=data)


def differs(got: bytes | str, expected: bytes | str) -> Complaint:
    """What to say when two texts or bodies are not the same; None when they are."""
    if got == expected:
        return None
    if len(got) != len(expected):
        return f"expected {len(expected)} bytes, got {len(got)}"
    at = next(index for index, pair in enumerate(zip(got, expected, strict=True)) if pair[0] != pair[1])
    return f"byte {at} of {len(expected)} is {got[at : at + 20]!r} and not {expected[at : at + 20]!r}"


class Socket(User):
    """Messages over a WebSocket, each awaited; a close with 1001 (the pod ends) is followed by a new connection."""

    weight = 1
    wait_time = between(0.05, 0.3)
    socket: websocket.WebSocket | None = None

    def on_stop(self) -> None:
        if self.socket is not None:
            self.socket.close(timeout=1)

    @task(30)
    def text(self) -> None:
        self.echo("text", f"message {self.random.randrange(1_000_000)}".encode(), websocket.ABNF.OPCODE_TEXT)

    @task(3)
    def large(self) -> None:
        self.echo("64 KB", os.urandom(SIZES[0]), websocket.ABNF.OPCODE_BINARY)

    @task(1)
    def again(self) -> None:
        if self.socket is not None:
            self.forget()
        self.measured("/ws connect", self.connect)

    def echo(self, name: str, message: bytes, opcode: int) -> None:
        if self.socket is None and not self.measured("/ws connect", self.connect):
            return
        self.measured(f"/ws {name}", lambda: self.exchange(message, opcode))

    def connect(self) -> None:
        url = self.host.replace("http", "ws", 1).rstrip("/") + "/ws"
        tls = {"ca_certs": self.client.verify} if isinstance(self.client.verify, str) else {}
        self.socket = websocket.create_connection(
            url, timeout=30, host=self.host_header, sslopt=tls, http_no_proxy=["*"]
        )

    def exchange(self, message: bytes, opcode: int) -> None:
        assert self.socket is not None
        self.socket.send(message, opcode)
        kind, data = self.socket.recv_data()
        if kind == websocket.ABNF.OPCODE_CLOSE and int.from_bytes(data[:2], "big") == GOING_AWAY:
            self.forget()
            self.measured("/ws moved (1001)", lambda: None)
        elif complaint := differs(data, message):
            raise ResponseError(complaint)

    def forget(self) -> None:
        assert self.socket is not None
        self.socket.close(timeout=1)
        self.socket = None

    def measured(self, name: str, deed: Callable[[], None]) -> bool:
        """Do it and note it as a request; whether it held."""
        began, failed = time.perf_counter(), None
        try:
            deed()
        except (OSError, ValueError, ResponseError, websocket.WebSocketException) as error:
            failed, self.socket = error, None
        took = (time.perf_counter() - began) * 1000
        events.request.fire(
            request_type="WS", name=name, response_time=took, response_length=0, exception=failed, context={}
        )
        return failed is None
