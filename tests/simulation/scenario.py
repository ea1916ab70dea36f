"""One seed, from the first desk's first record to a world at rest."""

from __future__ import annotations

from random import Random

from tests.simulation.checks import Watch, at_quiet, count
from tests.simulation.people import Person
from tests.simulation.world import SCOPES, TOO_OLD, SimDesk, World

DAY = 300.0
"""Seconds of trouble."""
DOINGS = 60
"""What people do in them, all together."""


def play(seed: int) -> World:
    """Raises Broken, or whatever the code under test raises."""
    try:
        return play_in(World(seed))
    except Exception as error:
        error.add_note(f"To see it again: python -m tests.simulation {seed}")
        raise


def play_in(world: World) -> World:
    Watch(world)
    random = Random(world.random.random())
    people = [Person(desk, Random(world.random.random())) for desk in world.desks]
    world.healed = True  # the day begins well
    people[0].opens_shop()
    world.healed = False
    for desk in world.desks:
        desk.older = desk.stays_older or random.random() < 0.3
        world.tally["older desk"] += desk.older
        world.at(random.uniform(0, 60), desk.start)
    for _ in range(DOINGS):
        world.at(random.uniform(0, DAY), random.choice(people).acts)
    if random.random() < 0.5:  # a desk with its cable out for half of the day
        away = random.choice(world.desks)
        world.at(DAY / 3, away.unplug)
        world.at(DAY / 3 + random.uniform(0, DAY / 2), lambda: _plug_in(away))
    for moment in range(0, int(DAY), 10):
        world.at(moment, lambda: _fate(world, random))
    world.run(DAY)
    world.settle()
    at_quiet(world)
    count(world)
    return world


def _fate(world: World, random: Random) -> None:
    """Now and then something happens to the whole firm."""
    faults, desk = world.faults, random.choice(world.desks)
    if world.chance(faults.partition, "unplugged"):
        desk.unplug()
        world.at(random.uniform(1, 60), lambda: _plug_in(desk))
    if world.chance(faults.skew, "clock set"):
        desk.skew = random.choice((0, -30, 120, -7200, 3 * 3600, random.uniform(-600, 600)))
    if world.chance(0.1, "backed up"):
        world.backup()
    if world.chance(faults.restore, "restore"):
        world.restore()
    if world.chance(faults.entitle, "entitled"):
        holds = {"*", *random.sample(SCOPES, random.randint(0, 3))}
        world.change(desk.site, holds=frozenset(holds))
    if world.chance(faults.entitle, "given back"):
        site = desk.site
        before = world.devices[site].holds
        world.change(site, holds=frozenset(random.sample(sorted(before), len(before) // 2)))
        world.at(random.choice((0.0, 1.0, 30.0)), lambda: world.change(site, holds=before))
    if world.chance(faults.revoke, "revoked") and sum(each.revoked for each in world.desks) + 1 < len(world.desks):
        world.change(desk.site, revoked=True)
    if world.chance(faults.too_old, "too old"):  # the server was updated, and this desk's program was not
        desk.schema = TOO_OLD
        world.at(random.uniform(10, 120), desk.update)
    if world.chance(faults.erase, "erase"):
        firm = world.ledger.firms[world.firm]
        contacts = sorted(key[1] for key in firm.states if key[0] == "contact")
        if contacts:
            world.erase(random.choice(contacts))
    if desk.older and not desk.stays_older and world.chance(0.1, "upgraded"):
        desk.older = False


def _plug_in(desk: SimDesk) -> None:
    desk.unplugged = False
    if desk.session is not None:
        desk.session.retry()
