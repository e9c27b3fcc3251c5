"""Compiling a release: is the draft an application that every gateway can run, and what is its name (its hash)?

Compiling 1,000 applications takes seconds of Python, and a busy thread delays the loop that pushes endpoints by
5–13 ms each time it holds the interpreter. So it is done by a child process, `python -m
edge.admin.releases.compiling`, over its standard input and output: frames of four bytes length and JSON. The child
imports the model and the rules only, is given no secret, ends at the end of its input (also when the Admin is killed),
and is started again when it died. In virtual time there is no other process, and the same function runs inline.
"""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import BinaryIO, Protocol

import msgspec

from edge.model import document as documents
from edge.model.actions import Respond
from edge.model.rule import Rule
from edge.rules.compile import compile_rules
from edge.rules.validate import Problem, document_problems

TIMEOUT = 30.0

_LENGTH = struct.Struct("!I")


class Compiled(msgspec.Struct, frozen=True):
    """The document's name, or why there is none."""

    hash: str
    problems: tuple[Problem, ...] = ()


class CompilingFailed(Exception):
    """The compiler itself failed: the message says how; nothing is known about the document."""


class Compiler(Protocol):
    async def compile(self, body: bytes) -> Compiled:
        """Compile an encoded ApplicationDocument. Raises CompilingFailed."""

    async def close(self) -> None:
        """End it."""


def compile_document(body: bytes) -> Compiled:
    """The work itself: decode, validate, compile the rules as a gateway would, hash."""
    document = documents.decode(body)
    problems = list(document_problems(document))
    if not problems:
        try:
            compile_rules(document.rules)
        except Exception as error:  # whatever it is, no gateway may be the first to find it
            reason = f"cannot be compiled: {type(error).__name__}: {error}"
            problems.append(Problem(where_it_fails(document.rules), reason))
    return Compiled("" if problems else documents.hash_of(body), tuple(problems))


def where_it_fails(rules: Sequence[Rule]) -> str:
    """The field of the first condition or action that cannot be compiled; "rules" when each can."""
    for number, rule in enumerate(rules):
        for index, condition in enumerate(rule.conditions):
            if not _can_be_compiled(Rule(rule.id, conditions=(condition,), actions=(Respond(),))):
                return f"rules[{number}].conditions[{index}]"
        for index, action in enumerate(rule.actions):
            if not _can_be_compiled(Rule(rule.id, actions=(action,))):
                return f"rules[{number}].actions[{index}]"
    return "rules"


def _can_be_compiled(rule: Rule) -> bool:
    try:
        compile_rules((rule,))
    except Exception:
        return False
    return True


class InlineCompiler:
    """Compiles where it is called: for virtual time."""

    async def compile(self, body: bytes) -> Compiled:
        return compile_document(body)

    async def close(self) -> None:
        pass


class ChildCompiler:
    """Compiles in one child process, one document at a time."""

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self._timeout = timeout
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<ChildCompiler pid={self._process.pid if self._process else None}>"

    async def start(self) -> None:
        """Start the child now rather than with the first release."""
        async with self._turn:
            await self._running()

    async def compile(self, body: bytes) -> Compiled:
        async with self._turn:
            try:
                return await asyncio.wait_for(self._ask(body), self._timeout)
            except (TimeoutError, OSError, EOFError, msgspec.MsgspecError) as error:
                await self._stop()
                reason = f"no answer within {self._timeout:g} s" if isinstance(error, TimeoutError) else "it ended"
                raise CompilingFailed(f"the release compiler failed ({reason}); try again") from error
            except asyncio.CancelledError:
                await self._stop()  # its next answer would be to this question
                raise

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            environment = {name: value for name, value in os.environ.items() if not name.startswith("EDGE_")}
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "edge.admin.releases.compiling"), stdin=PIPE, stdout=PIPE, env=environment
            )
        return self._process

    async def _ask(self, body: bytes) -> Compiled:
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(_LENGTH.pack(len(body)) + body)
        await process.stdin.drain()
        (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
        return msgspec.json.decode(await process.stdout.readexactly(length), type=Compiled)

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.communicate()  # reads to the end and closes the pipes

    async def close(self) -> None:
        async with self._turn:
            await self._stop()


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """The child: answer each document until the input ends."""
    while len(head := source.read(_LENGTH.size)) == _LENGTH.size:
        (length,) = _LENGTH.unpack(head)
        answer = msgspec.json.encode(compile_document(source.read(length)))
        sink.write(_LENGTH.pack(len(answer)) + answer)
        sink.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the Admin, which ends this by closing the pipe
    serve(sys.stdin.buffer, sys.stdout.buffer)
