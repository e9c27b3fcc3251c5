"""Client certificates, on real handshakes."""

import asyncio
import ssl

import pytest

from edge.model import ClientCertificates
from tests.gateway.tls.securing import application, ask, certified, client_context, connect, contents, request, securing
from tests.support.authority import Authority, authority

BANK = certified("bank", "www.bank.example", "open.example")
CLIENTS = ClientCertificates(authority("clients").certificate)
OPTIONAL = ClientCertificates(authority("clients").certificate, "optional")
VERSIONS = [
    pytest.param((ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2), id="1.2"),
    pytest.param((ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3), id="1.3"),
]


def bank(clients=CLIENTS):
    return application("bank", "www.bank.example", certificates=("bank",), clients=clients)


OPEN = application("open", "open.example", certificates=("bank",))
REFUSED = (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)


@pytest.mark.parametrize("versions", VERSIONS)
async def test_only_clients_with_a_certificate_of_the_ca_are_answered(tmp_path, versions):
    shown = {
        "right": authority("clients").client("alice"),
        "wrong CA": Authority("clients").client("mallory"),
        "expired": authority("clients").client("bob", days=-1),
        "a server's": authority("clients").issue("www.bank.example"),
    }
    async with securing(contents([bank(), OPEN], [BANK])) as (_, port, _):
        right = client_context(shown.pop("right"), tmp_path, versions)
        assert (await ask(port, "www.bank.example", context=right))[:2] == (200, "bank")
        assert (await ask(port, "open.example", context=client_context(versions=versions)))[:2] == (200, "open")
        with pytest.raises(REFUSED):
            await ask(port, "www.bank.example", context=client_context(versions=versions))
        for given in shown.values():
            with pytest.raises(REFUSED):
                await ask(port, "www.bank.example", context=client_context(given, tmp_path, versions))


async def test_a_server_name_of_an_open_application_does_not_open_the_guarded_one():
    async with securing(contents([bank(), OPEN], [BANK])) as (_, port, plain):
        assert (await ask(port, "open.example", "www.bank.example"))[0] == 421
        reader, writer = await asyncio.open_connection("127.0.0.1", plain)
        assert (await request(reader, writer, "www.bank.example"))[0] == 403
        assert await request(reader, writer, "open.example") == (200, "open")
        writer.close()


async def test_optional_takes_none_or_a_good_one_and_no_other(tmp_path):
    async with securing(contents([bank(OPTIONAL)], [BANK])) as (_, port, _):
        assert (await ask(port, "www.bank.example"))[0] == 200
        good = client_context(authority("clients").client("alice"), tmp_path)
        assert (await ask(port, "www.bank.example", context=good))[0] == 200
        bad = client_context(Authority("clients").client("mallory"), tmp_path)
        with pytest.raises(REFUSED):
            await ask(port, "www.bank.example", context=bad)


async def test_a_session_begun_without_a_certificate_opens_nothing_once_one_is_required():
    async with securing(contents([bank(None)], [BANK])) as (worker, port, _):
        context = client_context(versions=(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2))
        reader, writer = await connect(port, "www.bank.example", context)
        assert (await request(reader, writer, "www.bank.example"))[0] == 200
        worker.serving.apply(contents([bank()], [BANK], number=2))
        assert (await request(reader, writer, "www.bank.example"))[0] == 421
        session = writer.get_extra_info("ssl_object").session
        writer.close()
        assert session.has_ticket
        with pytest.raises(REFUSED):
            await ask(port, "www.bank.example", context=context)


async def test_a_connection_goes_on_when_its_name_moves_to_an_application_that_asks_for_no_more():
    async with securing(contents([OPEN], [BANK])) as (worker, port, _):
        reader, writer = await connect(port, "open.example")
        moved = application("moved", "open.example", certificates=("bank",))
        worker.serving.apply(contents([moved], [BANK], number=2))
        assert await request(reader, writer, "open.example") == (200, "moved")
        writer.close()
