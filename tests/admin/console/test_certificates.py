from tests.admin.console.visitor import text, visiting
from tests.admin.house import VIEWER, in_virtual_time
from tests.support.authority import authority


def form(*names, name="shop"):
    chain, key = authority().issue(*names or ("www.shop.example",))
    return {"name": name, "certificate": chain, "key": key}


@in_virtual_time
async def test_a_certificate_is_added_renewed_and_deleted_and_its_key_never_shown(tmp_path):
    async with visiting(tmp_path) as visitor:
        assert "No certificate yet" in text(await visitor.get("/certificates"))
        first = form()
        page = await visitor.done("/certificates/new", first)
        assert "www.shop.example" in text(page)
        assert "PRIVATE KEY" not in page.text.replace("Private key", "")
        path = page.url.path
        page = await visitor.done(path, form("a.shop.example"))
        assert "Saved: gateways show it from now on" in text(page)
        assert "a.shop.example" in text(await visitor.get("/certificates"))
        assert "No certificate yet" in text(await visitor.done(f"{path}/delete"))


@in_virtual_time
async def test_a_key_of_another_certificate_is_refused_at_its_field_and_not_repeated(tmp_path):
    async with visiting(tmp_path) as visitor:
        wrong = form() | {"key": form()["key"]}
        answer = await visitor.post("/certificates/new", wrong)
        assert answer.status_code == 422
        assert 'aria-describedby="e-key"' in answer.text
        assert wrong["key"].splitlines()[1] not in answer.text
        assert wrong["certificate"].splitlines()[1] in answer.text


@in_virtual_time
async def test_an_application_chooses_certificates_and_cas_and_saving_its_form_keeps_them(tmp_path):
    async with visiting(tmp_path) as visitor:
        page = await visitor.done("/certificates/new", form("www.other.example"))
        id = page.url.path.rpartition("/")[2]
        application = await visitor.house.application("shop", ["www.shop.example"])
        path = f"/applications/{application}"
        authority_pem = authority("clients").certificate
        fields = {"name": "shop", "domains": "www.shop.example", "certificates": id, "client_mode": "optional"}
        page = await visitor.done(path, fields | {"client_ca": authority_pem})
        view = await visitor.house.admin.applications.get(VIEWER, application)
        assert view.certificates == [id]
        assert (view.client_certificates.mode, view.client_certificates.ca_certificate.strip()) == (
            "optional",
            authority_pem.strip(),
        )
        assert "it is for none of the domains" in text(page)
        assert authority_pem.splitlines()[1] in page.text
        answer = await visitor.post(path, fields | {"client_ca": "nonsense"})
        assert answer.status_code == 422
        assert 'aria-describedby="e-client_ca"' in answer.text
