import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from edge.rules.public_keys import family, fits, parse
from tests.gateway.tokens.signing import ec_key, pem, rsa_key


def test_several_keys_stand_one_after_the_other():
    keys = parse("first\n" + pem(rsa_key()) + "\nsecond\n" + pem(ec_key()))
    assert [key.key_size for key in keys] == [2048, 256]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected public keys in PEM form"),
        ("AAAA", "expected public keys in PEM form"),
        (pem(rsa_key()).replace("PUBLIC", "RSA PRIVATE"), "this is a private key"),
        (pem(rsa_key()).replace("PUBLIC KEY", "CERTIFICATE"), "got a certificate"),
        (pem(rsa_key()).replace("MII", "MIX"), "cannot be read"),
    ],
)
def test_what_is_no_public_key_is_refused_without_a_word_of_it(text, message):
    with pytest.raises(ValueError, match=message) as refused:
        parse(text)
    assert "AAAA" not in str(refused.value)


def test_a_key_fits_the_algorithms_of_its_kind_size_and_curve():
    keys = {
        "rsa": rsa_key().public_key(),
        "small": rsa.generate_private_key(65537, 1024).public_key(),
        "p256": ec_key("P-256").public_key(),
        "p521": ec_key("P-521").public_key(),
        "ed": ed25519.Ed25519PrivateKey.generate().public_key(),
        "private": rsa_key(),
    }
    fitting = {name: [a for a in ("RS256", "PS512", "ES256", "ES512") if fits(key, a)] for name, key in keys.items()}
    assert fitting == {
        "rsa": ["RS256", "PS512"],
        "small": [],
        "p256": ["ES256"],
        "p521": ["ES512"],
        "ed": [],
        "private": [],
    }


def test_rs_and_ps_share_keys():
    assert [family(name) for name in ("HS256", "RS256", "PS384", "ES512")] == ["HS", "RSA", "RSA", "ES"]
