"""Another desk of the firm, in a process of its own: makes changes when told to, and says when the server has them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from app.records.change import Change
from app.records.tables import Contact, FollowUp, Organization
from tests.sync.serving import Server, Station

BATCH = 50


def _customer(number: int) -> Organization:
    return Organization(
        name=f"Colleague's customer {number}", short_name=f"Customer {number}", kind="corporate", status="active"
    )


async def main(folder: Path, server: Server, changes: int) -> None:
    station = Station(folder, server)
    await station.enrol("colleague")
    await station.start()
    houses = [_customer(number) for number in range(100)]
    await station.write(lambda change: change.add_all(houses))
    await station.until(lambda: station.statuses and not station.status.counts.to_sync, "the customers", 120)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)

    def some(start: int) -> None:
        def work(change: Change) -> None:
            for number in range(start, start + BATCH):
                house = houses[number % len(houses)].id
                if number % 2:
                    change.add(FollowUp(what=f"Call back about {number}", owner="trader", organization_id=house))
                else:
                    change.add(Contact(name=f"Person {number}", title="Dealer", organization_id=house))

        with station.records.change(f"user:{station.user.id}") as change:
            work(change)

    for start in range(0, changes, BATCH):
        await asyncio.to_thread(some, start)
    await station.until(lambda: not station.status.counts.to_sync, "the changes at the server", 300)
    print("pushed", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await station.close()


if __name__ == "__main__":
    running = Server(Path(sys.argv[2]))
    running.url = sys.argv[3]
    asyncio.run(main(Path(sys.argv[1]), running, int(sys.argv[4])))
