"""`edge admin` as an operator runs it: a real process on a free port."""

import asyncio
import os
import re
import signal
import socket
import ssl
import stat
import sys
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

TOKEN = "edge-test-token-of-the-environment"
PASSWORD = "a-test-password"
HEADERS = {"authorization": f"Bearer {TOKEN}"}


class Process:
    """One `edge admin`. `url` is from its ready line."""

    def __init__(self, process):
        self.process = process
        self.url = ""
        self.output = ""

    async def ready(self):
        self.output = (await self.process.stdout.readline()).decode()
        match = re.fullmatch(r"edge admin ready (https?://\S+)\n", self.output)
        assert match, (self.output, (await self.process.stderr.read()).decode())
        self.url = match[1]
        return self

    async def ended(self):
        """Its exit code, and what else it said."""
        async with asyncio.timeout(20):
            output, errors = await self.process.communicate()
        return self.process.returncode, output.decode(), errors.decode()

    async def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return await self.ended()


@pytest.fixture
async def start(tmp_path):
    """Starts `edge admin` with these options; whatever still runs at the end is killed."""
    started = []

    async def start(*options, environment=None):
        settings = {"EDGE_ADMIN_TOKEN": TOKEN, "EDGE_ADMIN_PASSWORD": PASSWORD} if environment is None else environment
        clean = {name: value for name, value in os.environ.items() if not name.startswith("EDGE_")}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "edge", "admin", "--data-dir", str(tmp_path / "data"), "--listen", "127.0.0.1:0"),
            *options,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=clean | settings,
        )
        started.append(process)
        return Process(process)

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_it_says_once_where_it_is_and_ends_cleanly_with_streams_and_sockets_open(start):
    admin = await (await start()).ready()
    async with (
        httpx.AsyncClient(base_url=f"{admin.url}/api/v1/", headers=HEADERS, timeout=20) as client,
        client.stream("GET", "events") as events,
    ):
        assert events.headers["content-type"].startswith("text/event-stream")
        lines = events.aiter_lines()
        assert (await anext(lines)).startswith("retry:")
        cluster = await join(client)
        gateway = await connect(admin.url, "gateway-1", cluster["token"])
        data = [line async for line in until(lines, "event: gateway-server")]
        assert data
        admin.process.send_signal(signal.SIGTERM)
        assert [line async for line in lines][-1:] != []
        await gateway.wait_closed()
        code, output, errors = await admin.ended()
    assert (code, output) == (0, "")
    assert "graceful shutdown exceeded" not in errors, "streams and sockets end by themselves, not by being cancelled"
    assert "Traceback" not in errors
    for secret in (TOKEN, PASSWORD, cluster["token"]):
        assert secret not in errors


async def until(lines, wanted):
    async for line in lines:
        yield line
        if line == wanted:
            return


async def join(client):
    partition = (await client.post("partitions", json={"name": "eu"})).json()
    cluster = (await client.post("gateway-clusters", json={"name": "eu-1", "partition": partition["id"]})).json()
    return (await client.post(f"gateway-clusters/{cluster['id']}/join-tokens", json={"uses": 2})).json()


CREDENTIAL = "A" * 43


def connect(url, name, join_token=None, credential=CREDENTIAL, **options):
    headers = {"Edge-Gateway-Name": name, "Edge-Gateway-Version": "0.1.0", "Edge-Gateway-Address": "0.0.0.0:8080"}
    headers["Authorization"] = f"Bearer {credential}"
    if join_token:
        headers["Edge-Join-Token"] = join_token
    address = url.replace("http", "ws", 1) + "/gateway/v1/connect"
    return websockets.connect(address, additional_headers=headers, proxy=None, **options)


async def refusal(url, *arguments, **options):
    with pytest.raises(websockets.InvalidStatus) as raised:
        await connect(url, *arguments, **options)
    response = raised.value.response
    assert response.headers["content-type"] == "application/json"
    return response.status_code, response.body.decode()


async def test_a_gateway_joins_is_refused_with_reasons_comes_back_and_is_sent_away(start):
    admin = await (await start()).ready()
    async with httpx.AsyncClient(base_url=f"{admin.url}/api/v1/", headers=HEADERS) as client:
        token = (await join(client))["token"]
        assert (await refusal(admin.url, "gateway-1"))[0] == 401
        assert (await refusal(admin.url, "gateway-1", "wrong"))[0] == 401

        gateway = await connect(admin.url, "gateway-1", token)
        assert gateway.protocol.extensions == [], "nothing is deflated"
        server = (await client.get("gateway-servers")).json()["items"][0]
        assert (server["name"], server["online"], server["address"]) == ("gateway-1", True, "127.0.0.1:8080")

        status, text = await refusal(admin.url, "gateway-1", token, credential="B" * 43)
        assert (status, '"conflict"' in text) == (409, True)

        await gateway.close()
        gateway = await connect(admin.url, "gateway-1")
        assert (await client.delete(f"gateway-servers/{server['id']}")).status_code == 204
        async with asyncio.timeout(5):
            await gateway.wait_closed()
        assert (gateway.close_code, gateway.close_reason) == (1000, "revoked")
        assert (await refusal(admin.url, "gateway-1"))[0] == 403
    assert (await admin.stop())[0] == 0


async def test_a_message_too_large_and_a_text_message_end_the_connection_and_nothing_else(start):
    admin = await (await start()).ready()
    async with httpx.AsyncClient(base_url=f"{admin.url}/api/v1/", headers=HEADERS) as client:
        token = (await join(client))["token"]
        for message, code in (("text", 1003), (b"x" * (16 * 1024 * 1024 + 1), 1009)):
            async with asyncio.timeout(20):
                gateway = await connect(admin.url, "gateway-1", token, max_size=None)
                try:
                    await gateway.send(message)
                except websockets.ConnectionClosed:
                    pass
                await gateway.wait_closed()
            assert gateway.close_code == code
        assert (await client.get("gateway-servers")).json()["items"][0]["name"] == "gateway-1"
        assert (await client.get(f"{admin.url}/gateway/v1/connect")).status_code == 400
    code, _, errors = await admin.stop()
    assert (code, "Traceback" in errors) == (0, False)


async def test_it_starts_again_on_its_own_data_and_a_second_one_says_why_it_cannot(start):
    admin = await (await start()).ready()
    async with httpx.AsyncClient(base_url=f"{admin.url}/api/v1/", headers=HEADERS) as client:
        await client.post("partitions", json={"name": "eu"})
    code, output, errors = await (await start()).ended()
    assert (code, output) == (1, "")
    assert errors.startswith("edge admin: ")
    assert "Traceback" not in errors
    assert (await admin.stop())[0] == 0
    admin = await (await start()).ready()
    async with httpx.AsyncClient(base_url=f"{admin.url}/api/v1/", headers=HEADERS) as client:
        assert [each["name"] for each in (await client.get("partitions")).json()["items"]] == ["eu"]
    assert (await admin.stop())[0] == 0


async def test_a_made_up_password_is_kept_in_a_private_file_where_there_is_no_terminal(start, tmp_path):
    admin = await (await start(environment={})).ready()
    file = tmp_path / "data" / "admin-password"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    code, _, errors = await admin.stop()
    assert code == 0
    assert str(file) in errors
    assert file.read_text().strip() not in errors


async def test_an_address_in_use_is_said_in_a_sentence(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, output, errors = await (await start("--listen", address)).ended()
    assert (code, output) == (1, "")
    assert errors == f"edge admin: cannot listen on {address}: Address already in use\n"


def certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder.joinpath("cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    folder.joinpath("key.pem").write_bytes(private)
    return folder / "cert.pem", folder / "key.pem"


async def test_with_a_certificate_it_is_https(start, tmp_path):
    cert, key = certificate(tmp_path)
    admin = await (await start("--tls-certificate", str(cert), "--tls-key", str(key))).ready()
    assert admin.url.startswith("https://")
    context = ssl.create_default_context(cafile=cert)
    async with httpx.AsyncClient(verify=context, base_url=admin.url.replace("127.0.0.1", "localhost")) as client:
        assert (await client.get("/healthz")).text == "ok\n"
        assert (await client.get("/readyz")).text == "ready\n"
    assert (await admin.stop())[0] == 0
    key.write_text("no key")
    code, _, errors = await (await start("--tls-certificate", str(cert), "--tls-key", str(key))).ended()
    assert code == 1
    assert errors.startswith("edge admin: cannot use the certificate and key ")
    assert "Traceback" not in errors
