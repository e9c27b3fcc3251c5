"""The tutorial by clicking, as an operator does it, and the console under harder conditions."""

import asyncio
import re

from playwright.async_api import expect

from edge.demo.tutorial import HELLO_MANIFEST, HOST, TOKEN_MANIFEST, UPSTREAM
from tests.end_to_end.house import running


async def make_gateways(house, page):
    await page.get_by_role("link", name="Gateways", exact=True).click()
    await page.get_by_label("New partition").fill("kubernetes-test-partition")
    await page.get_by_label("New partition").press("Enter")
    await page.get_by_label("New gateway cluster").fill("kubernetes-test-cluster")
    await page.get_by_label("New gateway cluster").press("Enter")
    await page.get_by_role("button", name="Add a gateway server").click()
    command = await page.get_by_label("Join token").locator("pre").inner_text()
    await house.start_gateway("gateway-1", re.search(r"JOIN_TOKEN=(\S+)", command).group(1))


async def register_cluster(house, page, token):
    host, port = house.api_server
    await page.get_by_role("link", name="Kubernetes", exact=True).click()
    await page.get_by_role("link", name="Register a cluster").click()
    await page.get_by_label("Name", exact=True).fill("test")
    await page.get_by_label("Host").fill(host)
    await page.get_by_label("Port").fill(str(port))
    await page.get_by_label("Verify the server's certificate").uncheck()
    await page.get_by_label("Token", exact=True).fill(token)
    await page.get_by_role("button", name="Register", exact=True).click()
    await expect(page.get_by_text("connected", exact=True)).to_be_visible()


async def make_application(page):
    await page.get_by_role("link", name="Applications", exact=True).click()
    await page.get_by_role("link", name="New application").click()
    await page.get_by_label("Name", exact=True).fill(HOST)
    await page.get_by_label("Domains").fill(HOST)
    await page.get_by_label("kubernetes-test-partition").check()
    await page.get_by_role("button", name="Create application").click()


async def choose_upstream(page, *, javascript=True):
    await page.get_by_label("Name", exact=True).fill(UPSTREAM)
    for field, value in (
        ("Kubernetes cluster", "test"),
        ("Namespace", "default"),
        ("Service", "test-hello"),
        ("Port", "80"),
    ):
        select = page.get_by_label(field, exact=True)
        if not javascript and not await select.locator("option", has_text=value).count():
            await page.get_by_role("button", name="Show what fits these choices").click()
        await select.select_option(label=value)
    await page.get_by_role("button", name="Create upstream").click()


async def add_rule(page):
    await page.get_by_role("link", name="Page rules").click()
    await page.get_by_role("link", name="New page rule").click()
    await page.get_by_label("Name", exact=True).fill("everything")
    await page.get_by_label("Upstream", exact=True).select_option(label=UPSTREAM)
    await page.get_by_role("button", name="Save rule").last.click()
    await expect(page.get_by_text(f"proxy to {UPSTREAM}")).to_be_visible()


async def release(page):
    await page.get_by_role("link", name=re.compile("^Release ")).click()
    await page.get_by_label("Comment").fill("the tutorial")
    await page.get_by_role("button", name=re.compile("^Release ")).click()
    await expect(page.get_by_text("1 of 1")).to_be_visible()


async def play(house, page, *, javascript=True):
    await make_gateways(house, page)
    await house.kubectl.apply(TOKEN_MANIFEST)
    await register_cluster(house, page, await house.kubectl.read_token("edge-reader-token"))
    await house.kubectl.apply(HELLO_MANIFEST)
    await make_application(page)
    await choose_upstream(page, javascript=javascript)
    await add_rule(page)
    await release(page)
    assert (await house.curl()).text.startswith("hello from test-hello-")


async def test_the_tutorial_by_clicking_and_the_servers_come_and_go_by_themselves(tmp_path, browser):
    async with running(tmp_path, tutorial=False, gateway=False) as house, browser(house.admin_url) as page:
        await play(house, page)
        await page.get_by_role("link", name="Upstreams").click()
        await page.get_by_role("link", name=UPSTREAM).click()
        ready = page.locator("#servers .badge", has_text=re.compile("^ready$"))
        await expect(ready).to_have_count(1)
        await house.kubectl.scale("test-hello", 3)
        await expect(ready).to_have_count(3)
        await house.kubectl.scale("test-hello", 1)
        await expect(page.locator("#servers tbody tr")).to_have_count(1)
        assert page.problems == []


async def test_the_tutorial_at_390_pixels_without_a_sideways_scrolling_page(tmp_path, browser):
    async with running(tmp_path, tutorial=False, gateway=False) as house, browser(house.admin_url, width=390) as page:
        await play(house, page)
        for path in ("/applications", "/gateways", "/kubernetes", "/access", "/access/audit", "/account"):
            await page.goto(path)
            assert await page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert page.problems == []


async def test_the_tutorial_without_javascript(tmp_path, browser):
    async with (
        running(tmp_path, tutorial=False, gateway=False) as house,
        browser(house.admin_url, javascript=False) as page,
    ):
        await play_without_javascript(house, page)


async def play_without_javascript(house, page):
    await make_gateways(house, page)
    await house.kubectl.apply(TOKEN_MANIFEST)
    await register_cluster(house, page, await house.kubectl.read_token("edge-reader-token"))
    await house.kubectl.apply(HELLO_MANIFEST)
    await make_application(page)
    await choose_upstream(page, javascript=False)
    await add_rule(page)
    await page.get_by_role("link", name=re.compile("^Release ")).click()
    await page.get_by_role("button", name=re.compile("^Release ")).click()
    await page.wait_for_url(re.compile(r"/releases/\d+$"))
    async with asyncio.timeout(10):
        while not await page.get_by_text("1 of 1").count():
            await page.reload()
    assert (await house.curl()).status_code == 200


async def test_with_the_keyboard_alone_somebody_signs_in_and_makes_a_partition(tmp_path, browser):
    async with (
        running(tmp_path, tutorial=False, gateway=False) as house,
        browser(house.admin_url, sign_in=False) as page,
    ):
        from tests.end_to_end.house import PASSWORD

        keyboard = page.keyboard
        await keyboard.type("admin")
        await keyboard.press("Tab")
        await keyboard.type(PASSWORD)
        await keyboard.press("Enter")
        await page.wait_for_url("**/applications")
        await press_until_focused(page, "Gateways")
        await keyboard.press("Enter")
        await page.wait_for_url("**/gateways")
        await page.locator("#new-partition").wait_for()
        await press_until_focused(page, "new-partition")
        await keyboard.type("made by keyboard")
        await keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="made by keyboard")).to_be_visible()


async def press_until_focused(page, wanted):
    """Tab on until the focused element has this id or text; each stop must be visible as one."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(
            "() => { const e = document.activeElement; const s = getComputedStyle(e);"
            " return [e.id, e.textContent.trim(), s.outlineStyle] }"
        )
        if wanted in focused[:2]:
            assert focused[2] != "none", f"the focus on {wanted} cannot be seen"
            return
    raise AssertionError(f"{wanted} cannot be reached with Tab")
