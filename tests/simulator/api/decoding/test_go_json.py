"""Go's complaints about texts that are no JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.api.decoding.go_json import complaint

END = "unexpected end of JSON input"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", END),
        (b"{", END),
        (b'{"a', END),
        (b'{"a":tru', END),
        (b"apiVersion: v1", "invalid character 'a' looking for beginning of value"),
        (b"[}", "invalid character '}' looking for beginning of value"),
        (b"[1,]", "invalid character ']' looking for beginning of value"),
        (b"{a:1}", "invalid character 'a' looking for beginning of object key string"),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a":1 "b"}', "invalid character '\"' after object key:value pair"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b"{}{", "invalid character '{' after top-level value"),
        (b"01", "invalid character '1' after top-level value"),
        (b'"a\nb"', "invalid character '\\n' in string literal"),
        (b'"\\x"', "invalid character 'x' in string escape code"),
        (b'"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"),
        (b"-x", "invalid character 'x' in numeric literal"),
        (b"1.x", "invalid character 'x' after decimal point in numeric literal"),
        (b"1e+x", "invalid character 'x' in exponent of numeric literal"),
        (b'{"x":NaN}', "invalid character 'N' looking for beginning of value"),
        (b"nuts", "invalid character 't' in literal null (expecting 'l')"),
        (b"'a'", "invalid character '\\'' looking for beginning of value"),
        (b"\xff", "invalid character 'ÿ' looking for beginning of value"),
        (b"[" * 10_001, "exceeded max depth"),
    ],
)
def test_the_first_complaint_is_go_s(text: bytes, says: str) -> None:
    assert complaint(text) == says


@given(st.text(alphabet='{}[]",:\\ue0123.-truefalsn \n', max_size=24))
@settings(max_examples=300)
def test_what_python_takes_it_takes_and_nothing_else(text: str) -> None:
    try:
        json.loads(text)
        good = True
    except ValueError:
        good = False
    assert (complaint(text.encode()) == "") is good
