import pytest

from edge.model.actions import ClaimHeader, JwtAuth
from tests.gateway.tokens.signing import ec_key, pem, rsa_key
from tests.rules.checks.checking import compiles, fields

PRIVATE = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
GOOD = [
    JwtAuth(("HS256", "HS512"), "sealed:AAAA", issuer="me", audience=("you",), required=(), leeway=300, realm="shop"),
    JwtAuth(("RS256", "PS512"), public_keys=pem(rsa_key()) + pem(rsa_key(1)), place="cookie", name="s", forward=False),
    JwtAuth(("ES256",), jwks_url="https://id.example:8443/keys?x=y", claims=(ClaimHeader("sub", "X-User"),)),
]
WRONG = [
    (JwtAuth(()), "algorithms"),
    (JwtAuth(("HS256", "RS256"), "sealed:A"), "algorithms"),
    (JwtAuth(("RS256", "ES256"), jwks_url="https://a.example/"), "algorithms"),
    (JwtAuth(("HS256",)), "secret"),
    (JwtAuth(("HS256",), "in clear"), "secret"),
    (JwtAuth(("HS256",), "sealed:A", jwks_url="https://a.example/"), "jwks_url"),
    (JwtAuth(("HS256",), "sealed:A", public_keys=pem(rsa_key())), "public_keys"),
    (JwtAuth(("RS256",), "sealed:A", jwks_url="https://a.example/"), "secret"),
    (JwtAuth(("RS256",)), "public_keys"),
    (JwtAuth(("RS256",), public_keys=pem(rsa_key()), jwks_url="https://a.example/"), "public_keys"),
    (JwtAuth(("RS256",), public_keys="ssh-rsa AAAA"), "public_keys"),
    (JwtAuth(("RS256",), public_keys=pem(rsa_key()).replace("MII", "MIX")), "public_keys"),
    (JwtAuth(("RS256",), public_keys=PRIVATE), "public_keys"),
    (JwtAuth(("RS256",), public_keys=pem(ec_key())), "public_keys"),
    (JwtAuth(("ES384",), public_keys=pem(ec_key("P-256"))), "public_keys"),
    (JwtAuth(("RS256",), public_keys=pem(rsa_key()) * 9), "public_keys"),
    *(
        (JwtAuth(("RS256",), jwks_url=url), "jwks_url")
        for url in (
            "ftp://a.example/",
            "/keys",
            "https://",
            "https://a.example:x/",
            "https://a.example/a b",
            "https://u:p@a.example/",
            "https://a.example/#a",
            "http://a.example/\r\nX: y",
        )
    ),
    (JwtAuth(("RS256",), jwks_url="https://a.example/", leeway=301), "leeway"),
    (JwtAuth(("RS256",), jwks_url="https://a.example/", required=("",)), "required[0]"),
    (JwtAuth(("RS256",), jwks_url="https://a.example/", audience=("a",) * 101), "audience"),
    (JwtAuth(("RS256",), jwks_url="https://a.example/", name="X_Token"), "name"),
    (JwtAuth(("RS256",), jwks_url="https://a.example/", name="Cookie:"), "name"),
    (JwtAuth(("RS256",), jwks_url="https://a.example/", place="cookie", name="a b"), "name"),
    (JwtAuth(("RS256",), jwks_url="https://a.example/", place="query", name="t", forward=False), "forward"),
    *(
        (JwtAuth(("RS256",), jwks_url="https://a.example/", claims=(ClaimHeader("sub", name),)), "claims[0].header")
        for name in ("", "X User", "X_User", "Host", "Content-Length", "Connection", "Via", "Proxy-Authorization")
    ),
    (JwtAuth(("RS256",), jwks_url="https://a.example/", claims=(ClaimHeader("", "X-A"),)), "claims[0].claim"),
    (
        JwtAuth(("RS256",), jwks_url="https://a.example/", claims=(ClaimHeader("a", "X-A"), ClaimHeader("b", "x-a"))),
        "claims[1].header",
    ),
]


@pytest.mark.parametrize("action", GOOD, ids=repr)
def test_an_action_that_has_no_problem_compiles(action):
    assert compiles(action=action)


@pytest.mark.parametrize(("action", "field"), WRONG, ids=lambda value: value if isinstance(value, str) else None)
def test_a_wrong_action_is_refused_at_its_field(action, field):
    assert fields(action=action) == [f"actions[0].{field}"]
