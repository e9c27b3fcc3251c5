import asyncio
import os
import signal
import subprocess
import sys

import pytest

from edge.admin.releases.compiling import (
    ChildCompiler,
    CompilingFailed,
    InlineCompiler,
    compile_document,
    where_it_fails,
)
from edge.model import ApplicationDocument, Condition, Proxy, Respond, Rule, Server, SetRequestHeader, Upstream
from edge.model import document as documents

GOOD = documents.encode(
    ApplicationDocument(
        id="a",
        name="shop",
        domains=("shop.example",),
        upstreams=(Upstream(id="u", name="u", servers=(Server("10.0.0.1", 80),)),),
        rules=(Rule(id="r", actions=(Proxy("u"),)),),
    )
)
BAD = documents.encode(
    ApplicationDocument(
        id="a",
        name="shop",
        rules=(
            Rule(id="r", actions=(Respond(),)),
            Rule(id="s", conditions=(Condition("path", "matches", ("(",)),), actions=(Proxy("gone"),)),
        ),
    )
)


@pytest.fixture
async def child():
    compiler = ChildCompiler()
    yield compiler
    await compiler.close()


def test_a_good_document_is_named_by_its_hash():
    compiled = compile_document(GOOD)
    assert (compiled.hash, compiled.problems) == (documents.hash_of(GOOD), ())


def test_a_bad_document_has_no_name_but_problems_with_their_fields():
    compiled = compile_document(BAD)
    assert compiled.hash == ""
    assert [problem.field for problem in compiled.problems] == [
        "rules[1].conditions[0].values[0]",
        "rules[1].actions[0].upstream",
    ]


def test_what_no_check_foresaw_is_found_where_it_is():
    good = Condition("path", "exists"), Respond()
    assert where_it_fails([Rule("r", conditions=good[:1], actions=good[1:])]) == "rules"
    bad_condition = Rule("s", conditions=(good[0], Condition("path", "matches", ("(",))), actions=good[1:])
    bad_action = Rule("t", conditions=good[:1], actions=(good[1], SetRequestHeader("X", "${nothing}")))
    assert where_it_fails([Rule("r", actions=good[1:]), bad_condition, bad_action]) == "rules[1].conditions[1]"
    assert where_it_fails([Rule("r", actions=good[1:]), bad_action]) == "rules[1].actions[1]"


async def test_the_child_answers_as_the_function_does(child):
    inline = InlineCompiler()
    for body in (GOOD, BAD, GOOD):
        assert await child.compile(body) == compile_document(body) == await inline.compile(body)
    await inline.close()


async def test_documents_are_compiled_one_after_the_other_by_one_process(child):
    answers = await asyncio.gather(*(child.compile(body) for body in [GOOD, BAD] * 10))
    assert [bool(answer.hash) for answer in answers] == [True, False] * 10


async def test_a_child_that_was_killed_is_started_again(child):
    await child.start()
    os.kill(child._process.pid, signal.SIGKILL)
    await child._process.wait()
    assert (await child.compile(GOOD)).hash
    os.kill(child._process.pid, signal.SIGSTOP)
    asking = asyncio.get_running_loop().create_task(child.compile(GOOD))
    await asyncio.sleep(0)
    os.kill(child._process.pid, signal.SIGKILL)
    with pytest.raises(CompilingFailed, match="try again"):
        await asking
    assert (await child.compile(GOOD)).hash


async def test_a_document_that_takes_too_long_fails_and_the_next_does_not(child):
    hurried = ChildCompiler(timeout=0.0)
    with pytest.raises(CompilingFailed, match="no answer within 0 s"):
        await hurried.compile(GOOD)
    await hurried.close()
    assert (await child.compile(GOOD)).hash


async def test_a_caller_who_gives_up_does_not_leave_its_answer_to_the_next(child):
    await child.start()
    asking = asyncio.get_running_loop().create_task(child.compile(BAD))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (await child.compile(GOOD)).hash == documents.hash_of(GOOD)


def test_the_child_ends_when_its_admin_is_gone():
    command = [sys.executable, "-m", "edge.admin.releases.compiling"]
    child = subprocess.run(command, input=b"", capture_output=True, timeout=30)
    assert (child.returncode, child.stderr) == (0, b"")


def test_the_child_imports_nothing_of_the_admin_but_itself():
    code = (
        "import sys, edge.admin.releases.compiling;"
        "heavy = ('sqlalchemy', 'starlette', 'httpx', 'edge.store', 'edge.wire');"
        "print([name for name in heavy if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout.strip() == "[]"
