import msgspec
import pytest
from structlog.testing import capture_logs

from edge import virtual_time
from edge.gateway.agent.disk import Disk, decode, encode
from edge.model import KeyEntry
from edge.model.document import hash_of
from edge.tasks import Tasks
from edge.wire.content import Content
from tests.wire.house import document, release, state


def content(number=1, *, text="hello", origin="admin"):
    manifest, documents = release(number, document("shop", "cart", text=text))
    old, more = release(1, document("shop", text="old"))
    known = state(number, "10.0.0.1", service="cart")
    return Content(manifest, documents | more, {known.source.key: known}, origin, old.applications)


def test_what_was_written_is_read_back_and_says_disk(tmp_path):
    async def main():
        disk = Disk(tmp_path / "snapshot")
        disk.follow(content)
        disk.note()
        await disk.write()

    virtual_time.run(main())
    assert Disk(tmp_path / "snapshot").load() == content(origin="disk")


def test_only_the_owner_can_read_it_and_nothing_else_is_left_behind(tmp_path):
    test_what_was_written_is_read_back_and_says_disk(tmp_path)
    assert (tmp_path / "snapshot").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["snapshot"]


def test_the_key_of_an_application_is_read_back_and_missed_when_it_is_not_there():
    key = b'{"application":"shop","key":"AAAA"}'
    given = content()
    entry = KeyEntry("shop", hash_of(key))
    manifest = msgspec.structs.replace(given.manifest, keys=(entry,))
    whole = msgspec.structs.replace(given, manifest=manifest, documents={**given.documents, entry.hash: key})
    assert decode(encode(whole)) == msgspec.structs.replace(whole, origin="disk")
    with pytest.raises(ValueError, match="the key of shop is missing or damaged"):
        decode(encode(msgspec.structs.replace(whole, documents=given.documents)))


def test_without_a_file_there_is_nothing(tmp_path):
    with capture_logs() as logs:
        assert Disk(tmp_path / "snapshot").load() is None
    assert logs == []


def damaged():
    file = encode(content())
    yield "is empty", b""
    yield "was cut", file[:-1]
    yield "lost its head", file.partition(b"\n")[2]
    yield "is of a later format", file.replace(b"edge-snapshot 1", b"edge-snapshot 2", 1)
    for place in (70, 90, len(file) // 2, len(file) - 1):
        yield f"has another byte at {place}", file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :]


@pytest.mark.parametrize("file", [pytest.param(file, id=words) for words, file in damaged()])
def test_a_damaged_file_counts_as_none_and_the_log_says_so(tmp_path, file):
    (tmp_path / "snapshot").write_bytes(file)
    with capture_logs() as logs:
        assert Disk(tmp_path / "snapshot").load() is None
    assert [entry["event"] for entry in logs] == ["the snapshot on disk cannot be used"]


def test_a_document_that_is_not_its_hash_is_damage_too():
    whole = content()
    wrong = Content(whole.manifest, dict.fromkeys(whole.documents, b"{}"), whole.sources)
    with pytest.raises(ValueError, match="of shop is missing or damaged"):
        decode(encode(wrong))
    with pytest.raises(ValueError, match="of shop is missing or damaged"):
        decode(encode(Content(whole.manifest, {}, {})))


def test_many_changes_become_few_writes_and_the_last_one_is_written(tmp_path):
    asked = []

    async def main():
        import asyncio

        disk, tasks, current = Disk(tmp_path / "snapshot"), Tasks(), {}

        def answer():
            asked.append(current["content"].manifest.revision.number)
            return current["content"]

        disk.follow(answer)
        tasks.start(disk.run(), "disk")
        for number in range(1, 101):
            current["content"] = content(number)
            disk.note()
            await asyncio.sleep(0.001)
        await asyncio.sleep(2)
        await tasks.close()

    virtual_time.run(main())
    assert len(asked) <= 4
    assert Disk(tmp_path / "snapshot").load().manifest.revision.number == 100


def test_a_release_is_written_at_once_also_right_after_another_write(tmp_path):
    async def main():
        import asyncio

        disk, tasks, current = Disk(tmp_path / "snapshot"), Tasks(), {"content": content(1)}
        disk.follow(lambda: current["content"])
        tasks.start(disk.run(), "disk")
        disk.note()
        await asyncio.sleep(0.01)
        current["content"] = content(2)
        disk.note_release()
        await asyncio.sleep(0.001)
        assert Disk(tmp_path / "snapshot").load().manifest.revision.number == 2
        await tasks.close()

    virtual_time.run(main())


def test_a_folder_that_cannot_be_written_is_logged_and_harms_nothing(tmp_path):
    async def main():
        disk = Disk(tmp_path / "gone" / "snapshot")
        disk.follow(content)
        disk.note()
        await disk.write()

    with capture_logs() as logs:
        virtual_time.run(main())
    assert logs[0]["event"] == "the snapshot could not be written"
