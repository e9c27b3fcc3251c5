"""What must not cost a request: each deed is done for real, and is over when its effect was seen.

The short forms are tests (`test_never_dropped`), the long ones a command (`make never-dropped`).
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.end_to_end.endpoint import Endpoint
from tests.end_to_end.house import House
from tests.end_to_end.steady import Interval, Steady
from tests.support.authority import authority


def workers_of(house: House, gateway: str = "gateway-1") -> list[int]:
    """The process ids of a gateway's workers, those that still drain included."""
    agent = house.children[gateway].pid
    return list(map(int, Path(f"/proc/{agent}/task/{agent}/children").read_text().split()))


async def ended(pid: int) -> None:
    """Wait until a process that is not ours has ended."""
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop.add_reader(descriptor, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def rule_edits(house: House, count: int) -> None:
    """Release `count` edits of the first page rule, one after the other, each awaited until it was applied and seen."""
    rule = (await house.admin.get(f"{house.application}/rules"))["items"][0]
    (proxying,) = (action for action in rule["actions"] if action["type"] == "proxy")
    for _ in range(count):
        edit = {"type": "set-response-header", "name": "X-Edit", "value": secrets.token_hex(8)}
        await house.admin.request("PUT", f"{house.application}/rules/{rule['id']}", {"actions": [edit, proxying]})
        await house.release()
        assert (await house.curl()).headers["x-edit"] == edit["value"]


async def rollout(house: House, load: Steady, pods: int) -> None:
    """Replace every one of the Deployment's `pods`, until the new ones alone are shown and all have answered."""
    old = {endpoint["pod"] for endpoint in (await house.endpoints(pods))["endpoints"]}
    assert len(old) == pods
    await house.kubectl.run("rollout", "restart", "deployment", "test-hello")
    await house.kubectl.run("rollout", "status", "deployment", "test-hello", "--timeout=60s")
    new = {endpoint["pod"] for endpoint in (await house.endpoints(pods))["endpoints"]}
    assert old.isdisjoint(new)
    load.pods.clear()
    async with asyncio.timeout(20):
        while not new <= set(load.pods):
            await load.more(50)
    assert old.isdisjoint(load.pods)


async def nothing() -> None:
    """For whom has no question."""


async def worker_told_to_end(house: House, load: Steady, still_there: Callable[[], Awaitable[None]] = nothing) -> None:
    """SIGTERM to the oldest worker; its successor answers, then `still_there` asks what holds up the drain, if
    anything. The caller ends that; a worker without it is awaited."""
    first, *_ = workers_of(house)
    os.kill(first, signal.SIGTERM)
    async with asyncio.timeout(20):
        await load.more(int(load.rate / 2))
        await still_there()
        if still_there is nothing:
            await ended(first)
            await load.more(int(load.rate / 4))


async def worker_killed(house: House, load: Steady) -> float:
    """SIGKILL to the worker that takes connections, until its successor has answered; when the process was gone. Until
    then the kernel takes what comes on the connections that it had."""
    *_, first = workers_of(house)
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(20):
        await ended(first)
        gone = load.now
        await load.more(int(load.rate / 2))
    assert first not in workers_of(house)
    return gone


def lost_only_what_was_held(seen: Interval, gone: float) -> None:
    """No connection was refused, nothing was answered with an error, and all that failed had been sent on connections
    of the worker that was killed before it was gone."""
    for failure in seen.failures:
        assert failure.reason.startswith("the connection ended"), failure
        assert failure.due <= gone, (failure, gone)


async def admin_killed_and_started_again(house: House, load: Steady) -> None:
    """SIGKILL to the Admin, a while without it, and a new one until a release has come through it."""
    await house.killed("admin")
    await load.more(int(load.rate / 2))
    await house.start_admin()
    await rule_edits(house, 1)


async def certificate_replaced(house: House, load: Steady, certificate: str) -> None:
    """Put another certificate in the place of `certificate` (its id), until new connections are shown it."""
    host = load.host
    shown = await house.certificate_shown(host, trusting())
    chain, key = authority().issue(host)
    await house.admin.request("PUT", f"certificates/{certificate}", made_of(host, chain, key))
    async with asyncio.timeout(20):
        while await house.certificate_shown(host, trusting()) == shown:
            await load.more(5)
    await load.more(int(load.rate / 4))


async def create_certificate(house: House, host: str) -> str:
    """Have the application served over HTTPS; the certificate's id."""
    chain, key = authority().issue(host)
    made = await house.admin.create("certificates", made_of(host, chain, key))
    settings = {"name": host, "domains": [host], "partitions": [house.partition], "certificates": [made["id"]]}
    await house.admin.request("PUT", house.application, settings)
    await house.release()
    identity: str = made["id"]
    return identity


def made_of(name: str, chain: str, key: str) -> dict[str, str]:
    return {"name": name, "certificate": chain, "key": key}


def trusting() -> ssl.SSLContext:
    """A client's context that knows the test authority."""
    return ssl.create_default_context(cadata=authority().certificate)


async def proxy_to(house: House, endpoints: list[Endpoint], **proxy: object) -> None:
    """Release that the application's rule sends everything to these endpoints; `proxy` adds to its action."""
    upstream = await house.admin.create(
        f"{house.application}/upstreams",
        {
            "name": "processes " + secrets.token_hex(4),
            "servers": [{"host": "127.0.0.1", "port": endpoint.port} for endpoint in endpoints],
        },
    )
    rule = (await house.admin.get(f"{house.application}/rules"))["items"][0]
    action = {"type": "proxy", "upstream": upstream["id"], **proxy}
    await house.admin.request("PUT", f"{house.application}/rules/{rule['id']}", {"actions": [action]})
    await house.release()


PER_TRY = 0.25
"""Seconds that an endpoint has for an answer, where a rule says so."""
IMPATIENT = {"per_try_timeout": PER_TRY, "conditions": ["connect-failure", "reset", "timeout"]}


async def endpoint_killed(load: Steady, endpoint: Endpoint) -> int:
    """What it holds is reset, and it refuses from now on; how many requests were in flight just then. What was due once
    it was gone is never lost: an idle connection to it is known to be closed, and a new one is refused."""
    held = load.in_flight
    endpoint.kill()
    await endpoint.gone()
    gone = load.now
    await load.more(int(load.rate / 2))
    late = [failure for failure in load.failures if failure.due > gone]
    assert not late, late
    return held


async def endpoint_stopped(load: Steady, endpoint: Endpoint, count: int) -> int:
    """One of `count` says nothing more, though connections to it are taken, where the rule is IMPATIENT; how many
    requests it had, or was given before the first of them had waited for too long."""
    held = load.in_flight
    endpoint.stop()
    await load.more(int(load.rate))
    return held + round(load.rate / count * (PER_TRY + 0.1))  # deadlines are kept to a twentieth of a second
