import pytest

from edge.admin.errors import Conflict, Forbidden, Invalid, NotFound
from edge.admin.views import ApplicationBody, CertificateBody, ReleaseBody
from edge.model import ClientCertificates, certificate
from tests.admin.house import ADMIN, EDITOR, RELEASER, VIEWER, house, in_virtual_time, settle
from tests.support.authority import authority


def body(*names, name="shop", **more):
    chain, key = authority().issue(*names or ("www.shop.example",))
    return CertificateBody(**{"name": name, "certificate": chain, "key": key, **more})


def secret(given):
    return given.key.splitlines()[1]


async def released(h, **settings):
    """A gateway, and an application with these settings that is released to it."""
    eu = await h.partition()
    gateway = await h.gateway(eu)
    shop = await h.application(partitions=[eu])
    await h.rule(shop, await h.upstream(shop))
    await use(h, shop, eu, **settings)
    return gateway, eu, shop


async def use(h, application, partition, **settings):
    given = ApplicationBody(name="shop", domains=["www.shop.example"], partitions=[partition], **settings)
    await h.admin.applications.replace(EDITOR, application, given)
    view = await h.admin.releases.create(RELEASER, application, ReleaseBody())
    await settle()
    return view


def held(gateway):
    """The certificates that a gateway was given."""
    content = gateway.content
    return [certificate.decode(content.documents[entry.hash]) for entry in content.manifest.certificates]


@in_virtual_time
async def test_a_certificate_reaches_the_gateways_of_the_applications_that_name_it_and_no_others(tmp_path):
    async with house(tmp_path) as h:
        used, unused = body(), body(name="unused")
        made = await h.admin.certificates.create(RELEASER, used)
        await h.admin.certificates.create(RELEASER, unused)
        gateway, _, _ = await released(h, certificates=[made.id])
        other = await h.gateway(await h.partition("us"), "g2")
        await settle()
        [given] = held(gateway)
        assert (given.id, given.names, given.chain, given.key) == (
            made.id,
            ("www.shop.example",),
            used.certificate,
            used.key,
        )
        assert held(other) == []


@in_virtual_time
async def test_a_renewed_one_replaces_the_old_at_once_and_the_release_stays_what_it_was(tmp_path):
    async with house(tmp_path) as h:
        made = await h.admin.certificates.create(RELEASER, body())
        gateway, _, shop = await released(h, certificates=[made.id])
        before = (await h.admin.releases.list(VIEWER, shop)).items
        renewed = body()
        await h.admin.certificates.replace(RELEASER, made.id, renewed)
        await settle()
        assert [given.key for given in held(gateway)] == [renewed.key]
        after = (await h.admin.releases.list(VIEWER, shop)).items
        assert [(one.version, one.hash, one.sync.complete) for one in after] == [
            (one.version, one.hash, one.sync.complete) for one in before
        ]
        assert (await h.admin.changes.list(VIEWER, shop)).items == []


@in_virtual_time
async def test_which_certificates_an_application_uses_waits_for_its_release(tmp_path):
    async with house(tmp_path) as h:
        made = await h.admin.certificates.create(RELEASER, body())
        gateway, eu, shop = await released(h)
        assert held(gateway) == []
        clients = ClientCertificates(authority("clients").certificate)
        given = ApplicationBody(
            name="shop",
            domains=["www.shop.example"],
            partitions=[eu],
            certificates=[made.id],
            client_certificates=clients,
        )
        await h.admin.applications.replace(EDITOR, shop, given)
        await settle()
        assert held(gateway) == []
        changes = (await h.admin.changes.list(VIEWER, shop)).items
        assert [change.text for change in changes] == [
            "Add certificate shop",
            "Answer only clients with a certificate of the given CAs",
        ]
        await h.admin.releases.create(RELEASER, shop, ReleaseBody())
        await settle()
        assert len(held(gateway)) == 1
        await h.admin.releases.rollback(RELEASER, shop, 1, ReleaseBody())
        await settle()
        assert held(gateway) == []


@in_virtual_time
async def test_the_key_is_sealed_and_nowhere_shown(tmp_path):
    given = body()
    async with house(tmp_path, f"sqlite:///{tmp_path}/edge.db") as h:
        made = await h.admin.certificates.create(RELEASER, given)
        gateway, _, shop = await released(h, certificates=[made.id])
        assert secret(given) not in repr(await h.admin.certificates.get(VIEWER, made.id))
        assert secret(given) not in repr((await h.admin.audit.list(ADMIN)).items)
        assert secret(given) not in repr((await h.admin.releases.list(VIEWER, shop)).items)
        assert secret(given) not in repr(held(gateway))
    assert secret(given).encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


@in_virtual_time
async def test_certificates_in_service_are_published_again_after_a_restart(tmp_path):
    url = f"sqlite:///{tmp_path}/edge.db"
    async with house(tmp_path, url) as h:
        made = await h.admin.certificates.create(RELEASER, body())
        await released(h, certificates=[made.id])
    async with house(tmp_path, url) as h:
        gateway = h.known_gateway()
        await gateway.connect()
        assert [given.id for given in held(gateway)] == [made.id]


@in_virtual_time
async def test_without_a_key_the_stored_one_stays_if_it_fits(tmp_path):
    async with house(tmp_path) as h:
        given = body()
        made = await h.admin.certificates.create(RELEASER, given)
        renamed = CertificateBody(name="renamed", certificate=given.certificate)
        assert (await h.admin.certificates.replace(RELEASER, made.id, renamed)).name == "renamed"
        other = CertificateBody(name="renamed", certificate=body().certificate)
        with pytest.raises(Invalid, match="give its key too"):
            await h.admin.certificates.replace(RELEASER, made.id, other)
        with pytest.raises(Invalid, match="needs its private key"):
            await h.admin.certificates.create(RELEASER, CertificateBody(name="x", certificate=given.certificate))


@in_virtual_time
async def test_one_that_is_used_cannot_be_deleted(tmp_path):
    async with house(tmp_path) as h:
        made = await h.admin.certificates.create(RELEASER, body())
        _, eu, shop = await released(h, certificates=[made.id])
        with pytest.raises(Conflict, match='is used by application "shop"'):
            await h.admin.certificates.delete(RELEASER, made.id)
        await use(h, shop, eu)
        await h.admin.certificates.delete(RELEASER, made.id)
        assert (await h.admin.certificates.list(VIEWER)).items == []
        with pytest.raises(Conflict, match=r"names the certificate .* deleted since"):
            await h.admin.releases.rollback(RELEASER, shop, 1, ReleaseBody())


@in_virtual_time
async def test_an_application_with_certificates_is_deleted_with_its_places_in_manifests(tmp_path):
    async with house(tmp_path) as h:
        made = await h.admin.certificates.create(RELEASER, body())
        gateway, _, shop = await released(h, certificates=[made.id])
        await h.admin.applications.delete(RELEASER, shop)
        await settle()
        assert held(gateway) == []
        await h.admin.certificates.delete(RELEASER, made.id)


@in_virtual_time
async def test_unknown_certificates_unreadable_cas_and_lesser_roles_are_refused(tmp_path):
    async with house(tmp_path) as h:
        with pytest.raises(Invalid) as refused:
            await h.admin.applications.create(EDITOR, ApplicationBody(name="a", certificates=["nothing"]))
        assert refused.value.field == "certificates[0]"
        clients = ClientCertificates("nonsense")
        with pytest.raises(Invalid) as refused:
            await h.admin.applications.create(EDITOR, ApplicationBody(name="a", client_certificates=clients))
        assert refused.value.field == "client_certificates.ca_certificate"
        with pytest.raises(Forbidden):
            await h.admin.certificates.create(EDITOR, body())
        with pytest.raises(NotFound):
            await h.admin.certificates.get(VIEWER, "nothing")
