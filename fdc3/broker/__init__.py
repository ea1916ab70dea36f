"""The desktop agent itself, sans-I/O: a message in, effects out; clock and ids are passed in.

No sockets, tasks, threads or encoding. ``Broker`` is the door; the areas (channels, intents, apps) are behind it.
"""

from fdc3.broker.broker import Broker
from fdc3.broker.core import Instance, Timeouts
from fdc3.broker.effects import (
    CancelResolve,
    Close,
    Deliver,
    Effect,
    Launch,
    Lost,
    RaiseElsewhere,
    ResolutionRequest,
    Resolve,
)
from fdc3.broker.keeping import KeptInstance
from fdc3.broker.snapshot import ChannelState, InstanceState, IntentState, Snapshot

__all__ = [
    "Broker",
    "CancelResolve",
    "ChannelState",
    "Close",
    "Deliver",
    "Effect",
    "Instance",
    "InstanceState",
    "IntentState",
    "KeptInstance",
    "Launch",
    "Lost",
    "RaiseElsewhere",
    "ResolutionRequest",
    "Resolve",
    "Snapshot",
    "Timeouts",
]
