"""Too much, too large, too deep, and numbers that are none."""

from __future__ import annotations

import asyncio
import zlib

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from app.records.ids import new_id
from app.sync.protocol import MAX_FRAME, Failure, Hello, Page, Pull, Push, Receipt, Reserve, SnapshotWanted
from tests.rights.conftest import House
from tests.rights.hostile import Desk, Office, Talk, forged
from tests.rights.test_forgery import signed_in

LINE = {"limit": "100", "used": "0", "currency": "USD", "status": "active"}


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(bytes(MAX_FRAME + 1), id="oversize"),
        pytest.param(b"\x01\x01" + zlib.compress(bytes(50 * MAX_FRAME)), id="bomb"),
        pytest.param(b"\x01\x00" + b"\x91" * 100_000, id="deep"),
        pytest.param(b"\x01\x00\x93\xa4Push\xdd\xff\xff\xff\xff", id="four billion entries announced"),
        pytest.param(b"\x01\x00" + msgspec.msgpack.encode(["Push", [], ["x"] * 1_000_000]), id="a million withdrawn"),
        pytest.param(b"\x01\x00" + msgspec.msgpack.encode(["Administer", "everything"]), id="unknown message"),
        pytest.param(b"\x01\x00" + msgspec.msgpack.encode(["Pull", "all"]), id="a text for a number"),
    ],
)
async def test_a_frame_that_is_none_ends_the_connection_and_harms_nobody(office: Office, frame: bytes) -> None:
    desk, access = await signed_in(office, "trader")
    async with desk.talk(access) as talk:
        await talk.hello()
        with pytest.raises(ConnectionClosed) as closed:
            await _until_closed(talk, frame)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code in (1009, 4400)
    async with desk.talk(access) as talk:
        await talk.hello()


@pytest.mark.parametrize(
    "value",
    [
        '"1e999999"',
        '"-1e999999999999999999"',
        '"1e-999999"',
        '"NaN"',
        '"Infinity"',
        '"sNaN"',
        "[0,[1],2]",
        "true",
        '{"a":1}',
        '"0x10"',
        '"' + "9" * 100_000 + '"',
        "1" * 400,
        "1e308",
        '"١٢"',
    ],
)
@pytest.mark.parametrize("table", ["credit_line", "deal"])
async def test_an_amount_that_is_no_number_of_this_world_is_refused(office: Office, table: str, value: str) -> None:
    desk, access = await signed_in(office, "trader", "credit-officer")
    line = new_id()
    await office.stands(("credit_line", line, LINE, "desk:rates"))
    if table == "credit_line":
        entry = desk.site.update("credit_line", line, {"used": "0"}, {"used": "1"})
        forged(desk.site, entry, after=f'{{"used":{value}}}')
    else:
        entry = desk.site.insert("deal", {})
        forged(desk.site, entry, after=f'{{"credit":{{"line_id":"{line}","this_deal":{value}}}}}')
    async with desk.talk(access) as talk, asyncio.timeout(10):
        await talk.hello()
        await talk.send(Push(tuple(desk.site.chain)))
        answer = await talk.anything()
        if isinstance(answer, Receipt):
            (item,) = [each for each in await talk.items() if each.site == desk.site.id]
            assert item.outcome == "rejected"
        else:
            assert isinstance(answer, Failure)
            assert answer.code == "malformed"
    state = await office.state("credit_line", line)
    assert state is not None
    assert state.fields["used"] == "0"


@pytest.mark.parametrize("amount", ["-50", "1e999999999", "NaN", "-Infinity", "", "x", "9" * 100_000])
async def test_a_reserve_of_nonsense_holds_nothing(office: Office, amount: str) -> None:
    desk, access = await signed_in(office, "trader")
    line = new_id()
    await office.stands(("credit_line", line, LINE, "desk:rates"))
    async with desk.talk(access) as talk, asyncio.timeout(10):
        await talk.hello()
        await talk.send(Reserve(line, amount))
        await talk.hello()
    assert await office.state("credit_reserve", line) is None


async def test_a_reserve_never_exceeds_the_line_and_a_viewer_holds_none(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    viewer, looks = await signed_in(office, "viewer", name="vic")
    line = new_id()
    await office.stands(("credit_line", line, LINE, "desk:rates"))
    async with viewer.talk(looks) as talk:
        await talk.hello()
        await talk.send(Reserve(line, "50"))
        await talk.hello()
    assert await office.state("credit_reserve", line) is None
    async with desk.talk(access) as talk:
        await talk.hello()
        await talk.send(Reserve(line, "1000000"))
        await talk.hello()
    state = await office.state("credit_reserve", line)
    assert state is not None
    assert state.fields["sites"] == {desk.site.id: {"granted": "100", "consumed": "0"}}


async def test_credit_is_used_by_deals_and_freed_by_their_cancellation_alone(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    line, deal = new_id(), new_id()
    check = {"line_id": line, "this_deal": "60"}
    await office.stands(("credit_line", line, LINE, "desk:rates"))
    site = desk.site

    def one(*changes: tuple[str, str, dict[str, object] | None, dict[str, object]]) -> None:
        transaction = new_id()
        for table, record_id, before, after in changes:
            op = "insert" if before is None else "update"
            site.log(table, record_id, op, before, after, transaction=transaction)  # type: ignore[arg-type]

    one(("deal", new_id(), None, {"credit": check}))  # without its use
    one(("credit_line", line, {"used": "0"}, {"used": "60"}))  # a use without its deal
    one(("deal", deal, None, {"credit": check, "status": "registered"}),
        ("credit_line", line, {"used": "0"}, {"used": "60"}))  # fmt: skip
    one(("credit_line", line, {"used": "60"}, {"used": "0"}))  # freed by nothing
    one(("deal", deal, {"credit": check}, {"credit": {**check, "this_deal": "1000"}}))  # grown, to free more
    cancelled = ("deal", deal, {"status": "registered"}, {"status": "cancelled"})
    one(cancelled, ("credit_line", line, {"used": "60"}, {"used": "-40"}))  # freed beyond the deal
    one(cancelled, ("credit_line", line, {"used": "60"}, {"used": "0"}))
    again = ("deal", deal, {"status": "cancelled"}, {"status": "cancelled"})
    one(again, ("credit_line", line, {"used": "60"}, {"used": "0"}))  # freed twice
    one(("deal", deal, {"status": "cancelled"}, {"status": "registered"}))  # restored without its use
    async with desk.talk(access) as talk:
        fates = {item.transaction: item.outcome for item in await talk.fates()}
    assert list(fates.values()) == [
        "rejected", "rejected", "applied", "rejected", "rejected", "rejected", "applied", "rejected", "rejected",
    ]  # fmt: skip
    state = await office.state("credit_line", line)
    assert state is not None
    assert state.fields["used"] == "0"


async def test_no_record_grows_beyond_what_a_desk_can_take(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    contact = new_id()
    await office.stands(("contact", contact, {"name": "Ines"}, "desk:rates"))
    async with desk.talk(access) as talk, asyncio.timeout(60):
        for number in range(4):
            start = len(desk.site.chain)
            desk.site.update("contact", contact, {}, {f"field {number}": "x" * 900_000})
            await talk.fates(start)
        state = await office.state("contact", contact)
        assert state is not None
        assert sum(len(str(value)) for value in state.fields.values()) < 2_000_000
        page = await talk.records("desk:rates")
        assert len(page.records) == 1


async def test_strange_texts_are_kept_as_they_are_or_refused(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    names = [
        "\x00\x1b[2J\x7f",
        "\u202eexe.",
        "'; DROP TABLE record; --",
        "%s%n{0}",
        '\n{"level":"error"}',
        "x" * 500_000,
    ]
    for name in names:
        desk.site.insert("contact", {"name": name})
    desk.site.insert("contact", {"name": "many", **{f"field{number}": number for number in range(5_000)}})
    for number in range(300):
        desk.site.insert(f"table{number}", {"name": "x"})
    async with desk.talk(access) as talk, asyncio.timeout(60):
        items = await talk.fates()
    for name, item in zip(names, items, strict=False):
        assert item.fields is not None
        assert msgspec.json.decode(item.fields)["name"] == name
    assert {item.outcome for item in items[len(names) + 1 :]} == {"rejected"}


@pytest.mark.parametrize("deep", [100, 400, 900, 100_000])
async def test_values_within_values_within_values_are_refused(office: Office, deep: int) -> None:
    desk, access = await signed_in(office, "trader")
    entry = desk.site.insert("contact", {"name": "x"})
    forged(desk.site, entry, after='{"notes":' + "[" * deep + "]" * deep + "}")
    async with desk.talk(access) as talk, asyncio.timeout(10):
        await talk.hello()
        await talk.send(Push(tuple(desk.site.chain)))
        answer = await talk.anything()
        if isinstance(answer, Receipt):
            assert [each.outcome for each in await talk.items() if each.site == desk.site.id] == ["rejected"]
        else:
            assert isinstance(answer, Failure)
            assert answer.code == "malformed"


@pytest.mark.parametrize("where", ["table", "record_id", "transaction", "organization_id", "interaction_id", "desk"])
@pytest.mark.parametrize("what", ["x" * 100_000, "\x00", "\ud7ff" * 2000])
async def test_a_name_that_is_none_is_refused_and_is_not_the_databases_fault(
    office: Office, where: str, what: str, house: House
) -> None:
    noted = len(house.logged())
    desk, access = await signed_in(office, "sales-manager")
    table = {"desk": "organization", "interaction_id": "call_report"}.get(where, "contact")
    entry = desk.site.insert(table, {"name": "x"} | ({where: what} if where.endswith("_id") or where == "desk" else {}))
    if where in ("table", "record_id", "transaction"):
        forged(desk.site, entry, **{where: what})
    async with desk.talk(access) as talk, asyncio.timeout(10):
        await talk.hello()
        await talk.send(Push(tuple(desk.site.chain)))
        answer = await talk.anything()
        if isinstance(answer, Receipt):
            assert [each.outcome for each in await talk.items() if each.site == desk.site.id] == ["rejected"]
        else:
            assert isinstance(answer, Failure)
            assert answer.code == "malformed"
    assert not [line for line in house.logged()[noted:] if line["level"] == "error"]


async def test_many_connections_of_one_desk_are_one(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    other, theirs = await signed_in(office, "trader", name="bob")
    async with asyncio.timeout(60):
        for _ in range(5):
            async with asyncio.TaskGroup() as group:
                for _ in range(30):
                    group.create_task(_opened(desk, access))
        async with other.talk(theirs) as talk:
            await talk.hello()
        metrics = (await office.client.get("/metrics")).text
        connections = [line for line in metrics.splitlines() if line.startswith("deskline_connections ")]
        assert float(connections[0].split()[1]) < 10


async def _until_closed(talk: Talk, frame: bytes) -> None:
    await talk.socket.send(frame)
    while True:
        assert isinstance(await talk.anything(), Failure)


async def _opened(desk: Desk, access: str) -> None:
    try:
        async with desk.talk(access) as talk:
            await talk.send(Hello(desk.site.id, "1.0", 3, "", 0, 0))
            await talk.socket.recv()
    except ConnectionClosed:
        pass  # another took over


async def test_a_desk_that_does_not_read_holds_up_nobody(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    other, theirs = await signed_in(office, "trader", name="bob")
    await office.stands(*(("contact", new_id(), {"notes": "x" * 50_000}, "desk:rates") for _ in range(40)))
    async with desk.talk(access) as slow, other.talk(theirs) as talk, asyncio.timeout(20):
        await slow.hello()
        slow.socket.transport.pause_reading()
        for _ in range(100):
            await slow.send(SnapshotWanted("desk:rates"))
        head = (await talk.hello()).head
        other.site.insert("contact", {"name": "Ines"})
        await talk.push()
        assert len((await talk.ask(Pull(head), Page)).items) == 1
        slow.socket.transport.abort()
