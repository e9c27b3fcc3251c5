"""Makes the tutorial's pictures from a running console: `make screenshots`."""

import asyncio
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from playwright.async_api import Page, expect  # noqa: E402 - the repository's own tests are imported below

from edge.demo.tutorial import HELLO_MANIFEST, TOKEN_MANIFEST, UPSTREAM  # noqa: E402
from tests.browser.conftest import opened  # noqa: E402
from tests.browser.test_tutorial import (  # noqa: E402
    add_rule,
    choose_upstream,
    make_application,
    make_gateways,
    register_cluster,
    release,
)
from tests.end_to_end.house import House, running  # noqa: E402

IMAGES = ROOT / "docs" / "images"


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with (
            running(Path(folder), tutorial=False, gateway=False) as house,
            opened(house.admin_url, height=760) as page,
        ):
            await play(house, page)


async def play(house: House, page: Page) -> None:
    async def picture(name: str) -> None:
        await page.screenshot(path=IMAGES / f"{name}.png")

    await make_gateways(house, page)
    await page.goto("/gateways")
    await expect(page.get_by_text("online", exact=True)).to_be_visible()
    await picture("gateways")
    await house.kubectl.apply(TOKEN_MANIFEST)
    await page.goto("/kubernetes/new")
    await page.get_by_role("button", name="How to generate this token").click()
    await picture("token")
    await page.get_by_role("button", name="Close").click()
    await register_cluster(house, page, await house.kubectl.read_token("edge-reader-token"))
    await house.kubectl.apply(HELLO_MANIFEST)
    await page.goto(page.url + "?namespace=default")
    await picture("kubernetes")
    await make_application(page)
    await page.get_by_label("Service", exact=True).wait_for()
    await page.get_by_label("Name", exact=True).fill(UPSTREAM)
    await picture("upstream-form")
    await choose_upstream(page)
    await add_rule(page)
    await picture("rules")
    await page.get_by_role("link", name="Changes", exact=True).click()
    await picture("changes")
    await page.get_by_role("link", name="Overview").click()
    await release(page)
    await picture("release")
    await page.get_by_role("link", name="Upstreams").click()
    await page.get_by_role("link", name=UPSTREAM).click()
    await house.kubectl.scale("test-hello", 3)
    await expect(page.locator("#servers tbody tr")).to_have_count(3)
    await expect(page.locator("#servers .badge", has_text="not ready")).to_have_count(0)
    await picture("servers")


if __name__ == "__main__":
    asyncio.run(main())
