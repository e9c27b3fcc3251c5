"""Tokens as an issuer signs them, and as an attacker would."""

import base64
import functools
import json

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SECRET = "0123456789abcdef" * 4


@functools.cache
def rsa_key(number=0):
    return rsa.generate_private_key(65537, 2048)


@functools.cache
def ec_key(curve="P-256"):
    return ec.generate_private_key({"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}[curve])


def pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def jwk(key, **more):
    algorithm = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return json.loads(algorithm.to_jwk(key.public_key())) | more


def signed(claims, key=SECRET, algorithm="HS256", **header):
    return jwt.encode(claims, key, algorithm=algorithm, headers=header or None)


def encoded(part):
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(header, claims, signature=b"x"):
    return f"{encoded(header)}.{encoded(claims)}.{encoded(signature)}"
