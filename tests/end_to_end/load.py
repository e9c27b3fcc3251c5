"""Steady load: keep-alive connections that ask back to back and remember everything that was not 200."""

import asyncio
from collections import Counter
from urllib.parse import urlsplit

import httptools


class _Answer:
    def __init__(self):
        self.pod = ""
        self.complete = False
        self.keep = False
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name, value):
        if name.lower() == b"x-pod":
            self.pod = value.decode()

    def on_message_complete(self):
        self.complete = True
        self.keep = self.parser.should_keep_alive()  # afterwards the parser has forgotten the message


class Load:
    """`async with Load(url, host) as load:` asks all the while; afterwards `failures` is empty or says what failed.
    `tls` is a client's context, `rate` the most requests a second, `keep` how many a connection is used for."""

    def __init__(self, url, host, connections=4, *, tls=None, rate=None, keep=None):
        parts = urlsplit(url)
        self._address = (parts.hostname, parts.port)
        self._request = f"GET /load HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        self._connections = connections
        self._tls = {"ssl": tls, "server_hostname": host} if tls else {}
        self._pause = connections / rate if rate else 0
        self._keep = keep
        self._stopping = False
        self._tasks = []
        self._answered = asyncio.Condition()
        self.answers = 0
        self.pods = Counter()
        self.failures = []

    async def __aenter__(self):
        self._tasks = [asyncio.create_task(self._client()) for _ in range(self._connections)]
        return self

    async def __aexit__(self, *error):
        self._stopping = True
        await asyncio.gather(*self._tasks)

    async def more(self, count):
        """Wait until `count` more answers came."""
        goal = self.answers + count
        async with self._answered:
            await self._answered.wait_for(lambda: self.answers >= goal)

    async def until_pods(self, pods):
        """Wait until a whole round of 50 answers came from exactly this many pods."""
        while True:
            self.pods.clear()
            await self.more(50)
            if len(self.pods) == pods:
                return dict(self.pods)

    async def _client(self):
        while not self._stopping:
            try:
                await self._connection()
            except (OSError, EOFError, httptools.HttpParserError) as error:
                self.failures.append(repr(error))
                await asyncio.sleep(0.01)

    async def _connection(self):
        reader, writer = await asyncio.open_connection(*self._address, **self._tls)
        try:
            asked = 0
            while not self._stopping and asked != self._keep:
                asked += 1
                if self._pause:
                    await asyncio.sleep(self._pause)
                writer.write(self._request)
                answer = _Answer()
                while not answer.complete:
                    data = await reader.read(65536)
                    if not data:
                        raise EOFError("the gateway closed the connection in the middle of a request")
                    answer.parser.feed_data(data)
                await self._note(answer)
                if not answer.keep:
                    return
        finally:
            writer.close()

    async def _note(self, answer):
        status = answer.parser.get_status_code()
        if status != 200:
            self.failures.append(f"{status} from {answer.pod or 'the gateway'}")
        async with self._answered:
            self.answers += 1
            self.pods[answer.pod] += 1
            self._answered.notify_all()
