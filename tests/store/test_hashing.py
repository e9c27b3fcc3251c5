import random

import argon2

from edge.store.hashing import _NOBODY, hash_password, hash_token, new_token, verify_password


def test_a_password_is_kept_as_argon2id_and_recognised():
    hashed = hash_password("correct horse")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify_password(hashed, "correct horse")
    assert not verify_password(hashed, "wrong horse")


def test_without_a_user_or_with_a_broken_hash_no_password_is_right():
    assert not verify_password(None, "anything")
    assert not verify_password("not a hash", "anything")


def test_tokens_carry_32_random_bytes_and_are_kept_as_sha_256():
    source = random.SystemRandom()
    first, second = new_token(source), new_token(source)
    assert first != second
    assert first.startswith("edge_")
    assert len(first) == len("edge_") + 43
    assert hash_token("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_user_who_is_not_there_costs_what_one_who_is_there_costs():
    assert argon2.extract_parameters(_NOBODY) == argon2.extract_parameters(hash_password("anything"))
