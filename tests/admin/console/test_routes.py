"""Every page in every state that matters, for the least and the most powerful visitor."""

import re

from edge.admin.console.routes import PAGES
from edge.admin.views import CertificateBody, UserBody
from tests.admin.console.visitor import text, visiting
from tests.admin.house import ADMIN, in_virtual_time
from tests.support.authority import authority


async def furnished(visitor):
    """One of everything; the ids by the names that the paths use."""
    house = visitor.house
    partition = await house.partition("kubernetes-test-partition")
    gateway = await house.gateway(partition, "gateway-1")
    cluster = await house.cluster("test")
    application = await house.application("shop", ["shop.example"], [partition])
    upstream = await house.service(application, cluster)
    static = await house.upstream(application)
    rule = await house.rule(application, upstream, "everything")
    chain, key = authority().issue("shop.example")
    body = CertificateBody(name="shop", certificate=chain, key=key)
    certificate = (await visitor.admin.certificates.create(ADMIN, body)).id
    await house.release(application, "first <b>release</b>")
    await house.rule(application, static, "pending one")
    assert gateway.served() == [("shop", 1)]
    return {
        "application": application,
        "upstreams": upstream,
        "rules": rule,
        "kubernetes": cluster,
        "static": static,
        "certificates": certificate,
    }


def paths(ids):
    for path in PAGES:
        kind = path.split("/{id}")[0].rsplit("/", 1)[1] if "{id}" in path else ""
        yield (
            path.replace("{application}", ids["application"])
            .replace("{version}", "1")
            .replace("{id}", ids.get(kind, ids["upstreams"]))
        )


@in_virtual_time
async def test_every_page_shows_to_an_admin_with_balanced_tags_and_no_markup_from_data(tmp_path):
    async with visiting(tmp_path) as visitor:
        ids = await furnished(visitor)
        for path in paths(ids):
            page = await visitor.get(path)
            assert page.status_code == (303 if path == "/" else 200), path
            assert "<b>release</b>" not in page.text, path
            for tag in ("div", "form", "table", "section", "details", "ul", "ol"):
                opened, closed = len(re.findall(rf"<{tag}[ >]", page.text)), page.text.count(f"</{tag}>")
                assert opened == closed, f"{path}: <{tag}> {opened} opened, {closed} closed"


@in_virtual_time
async def test_every_label_and_description_of_a_page_names_an_element_that_is_there_once(tmp_path):
    async with visiting(tmp_path) as visitor:
        ids = await furnished(visitor)
        for path in paths(ids):
            page = (await visitor.get(path)).text
            found = re.findall(r'\sid="([^"]+)"', page)
            assert len(found) == len(set(found)), f"{path}: {sorted(id for id in found if found.count(id) > 1)}"
            named = re.findall(r'\s(?:for|aria-describedby|popovertarget)="([^"]+)"', page)
            assert set(named) <= set(found), f"{path}: {set(named) - set(found)}"


@in_virtual_time
async def test_a_viewer_sees_everything_but_access_and_may_do_nothing(tmp_path):
    async with visiting(tmp_path) as visitor:
        ids = await furnished(visitor)
        body = UserBody(name="reader", role="viewer", password="only reading here")
        await visitor.admin.users.create(ADMIN, body)
        await visitor.post("/sign-out")
        await visitor.sign_in("reader", "only reading here")
        for path in paths(ids):
            page = await visitor.get(path)
            forbidden = path.startswith("/access") or path in ("/kubernetes/new", "/certificates/new")
            assert page.status_code == (403 if forbidden else 303 if path == "/" else 200), path
        answer = await visitor.post("/gateways/partitions", {"name": "mine"})
        assert answer.status_code == 403
        assert "the role viewer may not" in text(answer)


@in_virtual_time
async def test_no_page_holds_a_secret(tmp_path):
    async with visiting(tmp_path) as visitor:
        ids = await furnished(visitor)
        for path in paths(ids):
            page = await visitor.get(path)
            assert "kubernetes-s3cr3t" not in page.text
            assert "correct horse" not in page.text
