import datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

from edge.admin.applications.pem import read_chain, read_key
from edge.admin.errors import Invalid
from tests.support.authority import Authority, authority

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8


def now():
    """Asked after the certificate was made, so that whole days are left."""
    return datetime.datetime.now(datetime.UTC)


def written(key, encryption=None):
    return key.private_bytes(PEM, PKCS8, encryption or serialization.NoEncryption()).decode()


def test_the_names_are_the_alternative_names_and_not_the_common_name():
    chain, _ = authority().issue("WWW.example.com", "*.example.com", "10.0.0.1", common_name="other.example")
    assert read_chain(chain, "certificate").names == ("www.example.com", "*.example.com", "10.0.0.1")


def test_text_around_certificates_goes_and_the_chain_keeps_its_order():
    chain, _ = authority().issue("a.example")
    read = read_chain(f"subject=a.example\n{chain}\nissuer\n{authority().certificate}", "certificate")
    assert read.pem == chain + authority().certificate
    assert read.warnings(now()) == ["it expires on " + end(read) + ", in 9 days"]


def end(chain):
    return chain.first.not_valid_after_utc.strftime("%Y-%m-%d")


@pytest.mark.parametrize(
    ("days", "ago", "said"),
    [
        (40, 0, []),
        (-1, 0, ["it expired on {}: clients refuse it"]),
        (20, 0, ["it expires on {}, in 19 days"]),
        (40, 30, ["it is valid from"]),
    ],
)
def test_the_dates_are_warned_of(days, ago, said):
    chain = read_chain(authority().issue("a.example", days=days)[0], "certificate")
    found = chain.warnings(now() - datetime.timedelta(days=ago))
    assert len(found) == len(said)
    assert all(one.startswith(text.format(end(chain))) for one, text in zip(found, said, strict=True))


def test_no_name_and_a_wrong_order_are_warned_of():
    chain = read_chain(authority().issue(days=40, common_name="a.example")[0] + Authority("else").certificate, "c")
    assert chain.warnings(now()) == [
        "it names no host (no subject alternative name): clients refuse it",
        "certificate 2 of the chain did not issue certificate 1",
    ]


@pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_refused(text):
    with pytest.raises(Invalid, match="PEM form") as refused:
        read_chain(text, "certificate")
    assert refused.value.field == "certificate"


def test_the_key_must_be_the_certificates_own():
    chain, key = authority().issue("a.example")
    assert read_key(key, read_chain(chain, "certificate"), "key") == key
    with pytest.raises(Invalid, match="not the one of the"):
        read_key(authority().issue("a.example")[1], read_chain(chain, "certificate"), "key")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("secret nonsense", "expected a private key in PEM form"),
        ("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", "expected a private key in PEM form"),
        (written(ec.generate_private_key(ec.SECP256R1()), serialization.BestAvailableEncryption(b"x")), "passphrase"),
        (written(rsa.generate_private_key(65537, 1024)), "at least 2048 bits"),
        (written(x25519.X25519PrivateKey.generate()), "expected an RSA, ECDSA or EdDSA key"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_without_being_shown(key, said):
    chain = read_chain(authority().issue("a.example")[0], "certificate")
    with pytest.raises(Invalid, match=said) as refused:
        read_key(key, chain, "key")
    assert refused.value.field == "key"
    assert "secret" not in str(refused.value)
