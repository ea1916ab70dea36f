"""What a page does with the API, as a table: the claim, the page's script, and what the script is to return.

One table for every door. The scripts see ``agent``, ``heard`` and what ``web_doors.PRELUDE`` defines. ``CALLS`` are in
every version from 2.2 on, ``OLDER`` in 2.2 and before. What 3.0 adds is in ``web_calls_newer``.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Call(NamedTuple):
    claim: str
    script: str
    returns: Any
    without: tuple[str, ...] = ()
    """The standard's own clients that do not do this, though the standard asks for it."""


NPM = "2.2.0"
"""The client on npm."""
ALPHA = "3.0.0-alpha.2"


def refused(call: str, error: str, *without: str) -> Call:
    return Call(f"{call} is refused with {error}", f"return await failure(async () => {{ {call} }})", error, without)


CALLS = (
    # Apps
    Call(
        "getInfo tells who asks",
        "const { provider, appMetadata } = await agent.getInfo(); return [provider, appMetadata.appId]",
        ["Deskline", "one"],
    ),
    Call(
        "getAppMetadata of an app",
        "return (await agent.getAppMetadata({ appId: 'crm' })).title",
        "Crm",
    ),
    Call(
        "getAppMetadata and findInstances agree on an instance",
        "const [crm] = await agent.findInstances({ appId: 'crm' });"
        "return (await agent.getAppMetadata(crm)).instanceId === crm.instanceId",
        True,
    ),
    Call("open starts an app", "return (await agent.open({ appId: 'listening' })).appId", "listening"),
    Call(
        "open brings a context",
        "await told(); await agent.open({ appId: 'listening' }, SARAH); return await until(1)",
        ["Sarah"],
    ),
    refused("await agent.open({ appId: 'nothing' })", "AppNotFound"),
    refused("await agent.open({ appId: 'program' })", "ErrorOnLaunch"),
    refused("await agent.open({ appId: 'silent' }, SARAH)", "AppTimeout"),
    refused("await agent.open({ appId: 'crm' }, { name: 'typeless' })", "MalformedContext"),
    refused("await agent.findInstances({ appId: 'nothing' })", "NoAppsFound"),
    refused("await agent.getAppMetadata({ appId: 'nothing' })", "TargetAppUnavailable"),
    refused("await agent.getAppMetadata({ appId: 'crm', instanceId: 'x' })", "TargetInstanceUnavailable"),
    # User channels
    Call(
        "getUserChannels are the recommended eight",
        "const all = await agent.getUserChannels();return [all.length, all[0].id, all[0].type, all[0].displayMetadata]",
        [8, "fdc3.channel.1", "user", {"name": "Channel 1", "color": "red", "glyph": "1"}],
    ),
    Call(
        "joinUserChannel, getCurrentChannel, leaveCurrentChannel",
        "const before = await agent.getCurrentChannel(); await agent.joinUserChannel('fdc3.channel.2');"
        "const during = await agent.getCurrentChannel(); await agent.leaveCurrentChannel();"
        "return [before, during.id, during.type, await agent.getCurrentChannel()]",
        [None, "fdc3.channel.2", "user", None],
    ),
    Call(
        "addContextListener hears the channel joined, and what was said there before",
        "await say(TOM, 'fdc3.channel.3');"
        "await agent.addContextListener('fdc3.contact', c => heard.push(c.name));"
        "await agent.joinUserChannel('fdc3.channel.3'); await until(1);"
        "await say(SARAH, 'fdc3.channel.3'); return await until(2)",
        ["Tom", "Sarah"],
    ),
    Call(
        "addContextListener hears its type alone, and nothing after unsubscribe",
        "await agent.joinUserChannel('fdc3.channel.5');"
        "const one = await agent.addContextListener('fdc3.contact', c => heard.push('one'));"
        "await agent.addContextListener(null, c => heard.push(c.type));"
        "await say({ type: 'x' }, 'fdc3.channel.5'); await until(1); await one.unsubscribe();"
        "await say(SARAH, 'fdc3.channel.5'); return await until(2)",
        ["x", "fdc3.contact"],
    ),
    Call(
        "broadcast reaches the channel and not its sender",
        "await agent.joinUserChannel('fdc3.channel.6');"
        "await agent.addContextListener(null, c => heard.push(c.name)); await agent.broadcast(SARAH);"
        "await say(TOM, 'fdc3.channel.6'); const names = await until(1);"
        "return [names, (await (await agent.getCurrentChannel()).getCurrentContext()).name]",
        [["Tom"], "Tom"],
    ),
    Call(
        "broadcast on no channel goes to nobody",
        "return [(await agent.broadcast(SARAH)) ?? null, await agent.getCurrentChannel()]",
        [None, None],
    ),
    Call(
        "userChannelChanged when the app moves",
        "await agent.addEventListener('userChannelChanged', e => heard.push(e.type ? 'moved' : e));"
        "await agent.joinUserChannel('fdc3.channel.7'); return await until(1)",
        ["moved"],
        (NPM,),
    ),
    Call(
        "an app moved by the trader hears its new channel",
        "await agent.addContextListener('fdc3.contact', c => heard.push(c.name));"
        "const changed = new Promise(done => agent.addEventListener('userChannelChanged', done));"
        "await agent.raiseIntent('Move', { type: 'x', channel: 'fdc3.channel.8' }, { appId: 'crm' });"
        "await changed; await say(SARAH, 'fdc3.channel.8'); return await until(1)",
        ["Sarah"],
    ),
    refused("await agent.joinUserChannel('nowhere')", "NoChannelFound"),
    # App channels
    Call(
        "getOrCreateChannel, broadcast, getCurrentContext",
        "const channel = await agent.getOrCreateChannel('orders');"
        "const none = await channel.getCurrentContext(); await channel.broadcast(SARAH);"
        "await channel.broadcast({ type: 'x' });"
        "return [channel.id, channel.type, none, (await channel.getCurrentContext()).type,"
        " (await channel.getCurrentContext('fdc3.contact')).name, await channel.getCurrentContext('y')]",
        ["orders", "app", None, "x", "Sarah", None],
    ),
    Call(
        "addContextListener of a channel hears later contexts alone, until unsubscribe",
        "const channel = await agent.getOrCreateChannel('trades'); await say(TOM, 'trades');"
        "const one = await channel.addContextListener('fdc3.contact', (c, m) => heard.push(c.name));"
        "await channel.addContextListener(null, c => heard.push('any'));"
        "await say(SARAH, 'trades'); await until(2); await one.unsubscribe(); await say(SARAH, 'trades');"
        "return await until(3)",
        ["Sarah", "any", "any"],
    ),
    refused("await (await agent.getOrCreateChannel('orders')).broadcast({ name: 'typeless' })", "MalformedContext"),
    # Private channels
    Call(
        "a private channel given as a result",
        "await told();"
        "const raised = await agent.raiseIntent('GivePrivate', { type: 'x' }, { appId: 'crm' });"
        "const channel = await raised.getResult();"
        "const one = await channel.addContextListener('private', c => heard.push(c.name)); await until(2);"
        "await channel.broadcast(SARAH); await until(3); await one.unsubscribe(); await until(4);"
        "await channel.disconnect(); return [channel.type, (await until(5)).sort()]",
        ["private", ["added private", "disconnected", "said Sarah", "unsubscribed private", "welcome"]],
    ),
    Call(
        "createPrivateChannel and its events, of the other party alone",
        "const channel = await agent.createPrivateChannel();"
        "for (const kind of ['addContextListener', 'unsubscribe', 'disconnect'])"
        "  await channel.addEventListener(kind, e => heard.push([e.type, e.details?.contextType ?? null]));"
        "await channel.addContextListener(null, () => {});"
        "await agent.addIntentListener('Stream', async () => channel);"
        "const { appMetadata: { appId, instanceId } } = await agent.getInfo();"
        "window.streaming = agent.raiseIntent('Take', { type: 'x', appId, instanceId }, { appId: 'crm' });"
        "return await until(3)",
        [["addContextListener", "fdc3.contact"], ["unsubscribe", "fdc3.contact"], ["disconnect", None]],
    ),
    refused(
        "const channel = await agent.createPrivateChannel(); await agent.getOrCreateChannel(channel.id)",
        "AccessDenied",
    ),
    refused(
        "const gone = await agent.createPrivateChannel(); await gone.disconnect(); await gone.broadcast(SARAH)",
        "NoChannelFound",
    ),
    # Finding intents
    Call(
        "findIntent, also by context and by type of result",
        "const by = async (...more) => (await agent.findIntent('ViewContact', ...more)).apps[0].appId;"
        "return [await by(), await by(SARAH), await by(SARAH, 'fdc3.contact')]",
        ["crm", "crm", "crm"],
    ),
    Call(
        "findIntentsByContext",
        "return (await agent.findIntentsByContext(SARAH)).map(x => x.intent.name).filter(n => n === 'ViewContact')",
        ["ViewContact"],
    ),
    refused("await agent.findIntent('Nothing')", "NoAppsFound"),
    refused("await agent.findIntent('ViewContact', SARAH, 'other')", "NoAppsFound"),
    refused("await agent.findIntentsByContext({ type: 'nothing' })", "NoAppsFound"),
    refused("await agent.findIntentsByContext({ name: 'typeless' })", "MalformedContext"),
    # Raising intents
    Call(
        "raiseIntent tells who took it and brings a context",
        "const raised = await agent.raiseIntent('ViewContact', SARAH, { appId: 'crm' });"
        "return [raised.intent, raised.source.appId, (await raised.getResult()).name]",
        ["ViewContact", "crm", "Sarah"],
    ),
    Call(
        "getResult of a handler that returns nothing",
        "const raised = await agent.raiseIntent('GiveNothing', SARAH, { appId: 'crm' });"
        "return (await raised.getResult()) ?? null",
        None,
    ),
    Call(
        "getResult of a handler that returns a channel",
        "const raised = await agent.raiseIntent('GiveChannel', SARAH, { appId: 'crm' });"
        "const channel = await raised.getResult(); await channel.broadcast(SARAH);"
        "return [channel.id, channel.type]",
        ["given", "app"],
    ),
    Call(
        "raiseIntent starts an app that the trader chooses",
        "const raised = await agent.raiseIntent('Ambiguous', SARAH); return (await raised.getResult()).name",
        "Sarah",
    ),
    Call(
        "raiseIntentForContext",
        "const [crm] = await agent.findInstances({ appId: 'crm' });"
        "const raised = await agent.raiseIntentForContext(SARAH, crm);"
        "return [raised.intent, raised.source.appId]",
        ["ViewContact", "crm"],
    ),
    Call(
        "addIntentListener handles an intent, with its source, until unsubscribe",
        "const one = await agent.addIntentListener('Look', async (c, m) => ({ type: 'seen', by: m.source.appId }));"
        "const { appMetadata: { appId, instanceId } } = await agent.getInfo();"
        "const raised = await agent.raiseIntent('Look', SARAH, { appId, instanceId });"
        "const result = await raised.getResult(); await one.unsubscribe();"
        "return [result.by, await failure(() => agent.findIntent('Look'))]",
        ["one", "NoAppsFound"],
    ),
    refused("await agent.raiseIntent('Nothing', SARAH)", "NoAppsFound"),
    refused("await agent.raiseIntentForContext({ type: 'nothing' })", "NoAppsFound"),
    refused("await agent.raiseIntent('ViewContact', { name: 'typeless' })", "MalformedContext"),
    refused("await agent.raiseIntent('ViewContact', SARAH, { appId: 'nobody' })", "TargetAppUnavailable"),
    refused(
        "await agent.raiseIntent('ViewContact', SARAH, { appId: 'crm', instanceId: 'x' })",
        "TargetInstanceUnavailable",
    ),
    refused("await agent.raiseIntentForContext(SARAH, { appId: 'nobody' })", "TargetAppUnavailable"),
    refused(
        "await agent.raiseIntent('ViewContact', SARAH, { appId: 'crm', desktopAgent: 'elsewhere' })",
        "DesktopAgentNotFound",
    ),
    refused("await agent.raiseIntent('Ambiguous', { ...SARAH, name: 'cancel' })", "UserCancelledResolution"),
    refused("await agent.raiseIntent('Ambiguous', { ...SARAH, name: 'wait' })", "ResolverTimeout"),
    refused("await agent.raiseIntent('Ambiguous', { ...SARAH, name: 'fail' })", "ResolverUnavailable"),
    refused("await agent.raiseIntent('Ignored', SARAH, { appId: 'silent' })", "IntentDeliveryFailed"),
    refused(
        "await agent.addIntentListener('Same', () => {}); await agent.addIntentListener('Same', () => {})",
        "IntentListenerConflict",
    ),
    # What the client on npm does not do
    Call(
        "addContextListener on a channel joined already hears what was said there before",
        "await say(TOM, 'fdc3.channel.3'); await agent.joinUserChannel('fdc3.channel.3');"
        "await agent.addContextListener(null, c => heard.push(c.name)); return await until(1)",
        ["Tom"],
        (NPM,),
    ),
    Call(
        "addContextListener is told the source",
        "await agent.joinUserChannel('fdc3.channel.4');"
        "await agent.addContextListener(null, (c, m) => heard.push(m.source.appId));"
        "await say(SARAH, 'fdc3.channel.4'); return await until(1)",
        ["crm"],
        (NPM,),
    ),
    Call(
        "an event listener of a private channel ends, and null stands for all events",
        "const raised = await agent.raiseIntent('LeavePrivate', { type: 'x' }, { appId: 'crm' });"
        "const channel = await raised.getResult();"
        "const ended = await channel.addEventListener('disconnect', () => heard.push('not any more'));"
        "await channel.addEventListener(null, e => heard.push(e.type)); await ended.unsubscribe();"
        "await channel.addContextListener(null, () => {}); return await until(1)",
        ["disconnect"],
        (NPM, ALPHA),
    ),
    refused(
        "await (await agent.raiseIntent('Fail', SARAH, { appId: 'crm' })).getResult()",
        "IntentHandlerRejected",
        NPM,
        ALPHA,
    ),
    refused(
        "await (await agent.raiseIntent('Vanish', SARAH, { appId: 'ghost' })).getResult()",
        "NoResultReturned",
        NPM,
        ALPHA,
    ),
    Call(
        "methods may be taken off a channel",
        "const { broadcast, id } = await agent.getOrCreateChannel('loose'); await broadcast(SARAH); return id",
        "loose",
        (NPM,),
    ),
    # The forms of it all
    Call(
        "methods may be taken off their objects",
        "const { broadcast, getOrCreateChannel } = agent; await broadcast(SARAH);"
        "return (await getOrCreateChannel('loose')).id",
        "loose",
    ),
)

OLDER = (
    Call(
        "an app given by its name",
        "const raised = await agent.raiseIntent('ViewContact', SARAH, 'crm');"
        "const other = await agent.raiseIntentForContext(SARAH, 'crm');"
        "return [raised.source.appId, other.source.appId, (await agent.open('listening')).appId]",
        ["crm", "crm", "listening"],
    ),
    Call(
        "addContextListener with a handler alone",
        "await agent.joinChannel('fdc3.channel.5'); await agent.addContextListener(c => heard.push(c.name));"
        "await say({ ...TOM, type: 'older' }, 'fdc3.channel.5');"
        "while (!heard.includes('Tom')) await until(heard.length + 1); return (await agent.getSystemChannels()).length",
        8,
    ),
    Call(
        "the older events of a private channel",
        "const channel = await agent.createPrivateChannel();"
        "channel.onAddContextListener(kind => heard.push('added ' + kind));"
        "channel.onUnsubscribe(kind => heard.push('ended ' + kind)); channel.onDisconnect(() => heard.push('left'));"
        "await agent.addIntentListener('Stream', async () => channel);"
        "const { appMetadata: { appId, instanceId } } = await agent.getInfo();"
        "window.streaming = agent.raiseIntent('Take', { type: 'x', appId, instanceId }, { appId: 'crm' });"
        "return await until(3)",
        ["added fdc3.contact", "ended fdc3.contact", "left"],
    ),
    Call(
        "userChannelChanged by its older field, and the feature that 3.0 has no name for",
        "await agent.addEventListener('userChannelChanged', e => heard.push(e.details.newChannelId));"
        "await agent.raiseIntent('Move', { type: 'x', channel: 'fdc3.channel.7' }, { appId: 'crm' });"
        "return [await until(1), (await agent.getInfo()).optionalFeatures.OriginatingAppMetadata]",
        [["fdc3.channel.7"], True],
    ),
)
"""Forms that FDC3 has given up, which apps written for 2.2 and before use."""

MEMBERS = {
    "agent": "addContextListener addEventListener addIntentListener broadcast createPrivateChannel findInstances "
    "findIntent findIntentsByContext getAppMetadata getCurrentChannel getInfo getOrCreateChannel getUserChannels "
    "joinUserChannel leaveCurrentChannel open raiseIntent raiseIntentForContext",
    "channel": "addContextListener broadcast getCurrentContext",
    "private": "addContextListener addEventListener broadcast disconnect getCurrentContext",
    "listener": "unsubscribe",
    "resolution": "getResult",
}
"""The functions of FDC3 2.2 by what has them, without those given up."""
ERRORS = (
    "AccessDenied AppNotFound AppTimeout DesktopAgentNotFound ErrorOnLaunch IntentDeliveryFailed IntentHandlerRejected "
    "IntentListenerConflict MalformedContext NoAppsFound NoChannelFound NoResultReturned ResolverTimeout "
    "ResolverUnavailable TargetAppUnavailable TargetInstanceUnavailable UserCancelledResolution"
)
"""The errors of FDC3 2.2 that an app which has joined can be answered with, but ``ApiTimeout`` and
``CreationFailed``, which this agent has no cause for."""
