import hashlib

import pytest

from edge.rules import passwords

SALT = b"salt of 16 bytes"


def cheap(password):
    return passwords.hash_password(password, SALT, cost=10, lanes=1)


def test_a_password_matches_its_hash_and_no_other():
    read = passwords.parse_hash(cheap("pässword"))
    assert read.matches("pässword".encode())
    assert not any(read.matches(wrong) for wrong in (b"", b"password", "pässword ".encode()))


def test_it_is_scrypt_as_others_write_it():
    read = passwords.parse_hash(cheap("a"))
    assert read.digest == hashlib.scrypt(b"a", salt=SALT, n=1024, r=8, p=1, dklen=32)
    assert passwords.parse_hash("$scrypt$ln=10,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + "A" * 43).salt == b"saltsaltsaltsalt"


def test_what_is_stored_is_as_dear_as_it_should_be():
    assert passwords.hash_password("a", SALT).startswith("$scrypt$ln=14,r=8,p=5$")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "password",
        "$2b$12$abcdefghijklmnopqrstuv",
        "$scrypt$ln=9,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + "A" * 43,
        "$scrypt$ln=17,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + "A" * 43,
        "$scrypt$ln=16,r=8,p=5$c2FsdHNhbHRzYWx0c2FsdA$" + "A" * 43,
        "$scrypt$ln=14,r=99,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + "A" * 43,
        "$scrypt$ln=10,r=8,p=1$!$" + "A" * 43,
        "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + "A" * 42,
        cheap("a") + "\n",
    ],
)
def test_what_is_no_hash_or_would_cost_too_much_or_too_little_is_refused(text):
    assert not passwords.is_hash(text)


def test_nobody_has_no_password_and_costs_as_much_as_the_dearest():
    dear, low = passwords.parse_hash(passwords.hash_password("a", SALT, 11, 1)), passwords.parse_hash(cheap("a"))
    nobody = passwords.nobody([low, dear])
    assert nobody.work == dear.work
    assert not nobody.matches(b"a")
