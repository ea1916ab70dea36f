"""One seed, from the first desk's first record to a world at rest."""

from __future__ import annotations

from random import Random

from tests.simulation.checks import Watch, at_quiet
from tests.simulation.people import Person
from tests.simulation.world import SCOPES, SimDesk, World

DAY = 300.0
"""Seconds of trouble."""


def play(seed: int, *, doings: int = 60) -> World:
    """Raises Broken, or whatever the code under test raises."""
    world = World(seed)
    Watch(world)
    random = Random(world.random.random())
    people = [Person(desk, Random(world.random.random())) for desk in world.desks]
    world.healed = True  # the day begins well
    people[0].opens_shop()
    world.healed = False
    for desk in world.desks:
        desk.older = random.random() < 0.3
        world.at(random.uniform(0, 60), desk.start)
    for _ in range(doings):
        world.at(random.uniform(0, DAY), random.choice(people).acts)
    for moment in range(0, int(DAY), 10):
        world.at(moment, lambda: _fate(world, random))
    world.run(DAY)
    world.settle()
    at_quiet(world)
    return world


def _fate(world: World, random: Random) -> None:
    """Now and then something happens to the whole firm."""
    faults, desk = world.faults, random.choice(world.desks)
    if world.chance(faults.partition):
        desk.unplug()
        world.at(random.uniform(1, 60), lambda: _plug_in(desk))
    if world.chance(faults.skew):
        desk.skew = random.choice((0, -30, 120, -7200, 3 * 3600, random.uniform(-600, 600)))
    if world.chance(0.1):
        world.backup()
    if world.chance(faults.restore):
        world.restore()
    if world.chance(faults.entitle):
        holds = {"*", *random.sample(SCOPES, random.randint(0, 3))}
        world.entitle(desk.disk.site, frozenset(holds))
    if world.chance(0.05):
        desk.older = False


def _plug_in(desk: SimDesk) -> None:
    desk.unplugged = False
    if desk.session is not None:
        desk.session.retry()
