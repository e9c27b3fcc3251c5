import pytest

from tests.admin.console.visitor import text, visiting
from tests.admin.house import in_virtual_time


@in_virtual_time
async def test_who_is_not_signed_in_is_asked_to_and_comes_back_to_the_page(tmp_path):
    async with visiting(tmp_path, signed_in=False) as visitor:
        answer = await visitor.get("/gateways")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=/gateways"
        assert (await visitor.sign_in(next="/gateways")).headers["location"] == "/gateways"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {},
    ],
)
def test_a_form_from_elsewhere_is_refused_and_does_nothing(tmp_path, headers):
    @in_virtual_time
    async def run():
        async with visiting(tmp_path) as visitor:
            answer = await visitor.post("/gateways/partitions", {"name": "planted"}, headers)
            assert answer.status_code == 403
            assert "planted" not in (await visitor.get("/gateways")).text

    run()


@in_virtual_time
async def test_a_browser_without_sec_fetch_site_is_known_by_an_equal_origin(tmp_path):
    async with visiting(tmp_path) as visitor:
        answer = await visitor.post("/gateways/partitions", {"name": "mine"}, {"origin": "http://localhost"})
        assert answer.status_code == 303


@in_virtual_time
async def test_a_field_with_a_null_character_is_refused_as_a_page(tmp_path):
    async with visiting(tmp_path) as visitor:
        answer = await visitor.post("/gateways/partitions", {"name": "a\0b"})
        assert answer.status_code == 400
        assert "U+0000" in text(answer)


@in_virtual_time
async def test_what_is_not_there_is_a_page_that_says_so(tmp_path):
    async with visiting(tmp_path) as visitor:
        for path in ("/applications/nope", "/kubernetes/nope", "/applications/nope/releases/1"):
            answer = await visitor.get(path)
            assert answer.status_code == 404
            assert answer.headers["content-type"].startswith("text/html")


@in_virtual_time
async def test_a_notice_is_shown_once_and_escaped(tmp_path):
    async with visiting(tmp_path) as visitor:
        visitor.client.cookies.set("edge-notice", "%3Cscript%3Ealert(1)%3C/script%3E")
        page = await visitor.get("/applications")
        assert "&lt;script&gt;alert(1)" in page.text
        assert 'edge-notice=""; ' in page.headers["set-cookie"]
        assert "max-age=0" in page.headers["set-cookie"].lower()


@in_virtual_time
async def test_pages_are_never_stored_and_allow_no_inline_script_or_frame(tmp_path):
    async with visiting(tmp_path) as visitor:
        page = await visitor.get("/applications")
        assert page.headers["cache-control"] == "no-store"
        policy = page.headers["content-security-policy"]
        assert "unsafe-inline" not in policy
        assert "frame-ancestors 'none'" in policy
