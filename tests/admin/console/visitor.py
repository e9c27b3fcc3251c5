"""A person at the console, over ASGI: signs in, opens pages, sends forms as a browser does."""

import re
from contextlib import asynccontextmanager
from html import unescape

import httpx

from edge.admin.app import build
from tests.admin.house import PASSWORD, house

ORIGIN = "http://localhost"


class Visitor:
    def __init__(self, house, client):
        self.house, self.admin, self.client = house, house.admin, client

    async def sign_in(self, name="admin", password=PASSWORD, **more):
        return await self.post("/sign-in", {"name": name, "password": password, **more})

    async def get(self, path, **more):
        return await self.client.get(path, **more)

    async def post(self, path, form=None, headers=None):
        return await self.client.post(
            path, data=form or {}, headers={"sec-fetch-site": "same-origin"} if headers is None else headers
        )

    async def done(self, path, form=None):
        """Send a form that must succeed; the page that it leads to."""
        answer = await self.post(path, form)
        assert answer.status_code == 303, text(answer)
        return await self.get(answer.headers["location"])


def text(answer):
    """What a page says, without its tags."""
    body = re.sub(r"<(script|style).*?</\1>", "", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body))).strip()


@asynccontextmanager
async def visiting(tmp_path, *, signed_in=True, **more):
    async with house(tmp_path, **more) as found:
        transport = httpx.ASGITransport(build(found.admin))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            visitor = Visitor(found, client)
            if signed_in:
                assert (await visitor.sign_in()).status_code == 303
            yield visitor
