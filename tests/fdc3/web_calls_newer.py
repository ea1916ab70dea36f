"""What a page does with the API of 3.0; see ``web_calls``."""

from __future__ import annotations

from web_calls import ALPHA, Call, refused

SAID = (
    "const said = { traceId: 't-1', signature: { protected: 'p', signature: 's' },"
    " antiReplay: { iat: 1, exp: 2, jti: 'j' }, custom: { desk: 'rates' } };"
    "const same = ({ traceId, signature, antiReplay, custom }) =>"
    " JSON.stringify({ traceId, signature, antiReplay, custom }) === JSON.stringify(said);"
)
NEWER = (
    Call(
        "a context is kept with what was said of it",
        f"{SAID} const channel = await agent.getOrCreateChannel('signed');"
        "const none = await channel.getCurrentContextWithMetadata('fdc3.contact');"
        "await channel.broadcast(SARAH, said);"
        "const { context, metadata } = await channel.getCurrentContextWithMetadata('fdc3.contact');"
        "return [none, context.name, metadata.source.appId, same(metadata), isNaN(new Date(metadata.timestamp))]",
        [None, "Sarah", "one", True, False],
    ),
    Call(
        "handlers of contexts are told what was said of them, also of what was said before",
        "await agent.joinUserChannel('fdc3.channel.4'); await say(TOM, 'fdc3.channel.4', { traceId: 'before' });"
        "await agent.addContextListener('fdc3.contact', (c, m) => heard.push([m.source.appId, m.traceId]));"
        "await until(1); await say(SARAH, 'fdc3.channel.4', { traceId: 'now' }); return await until(2)",
        [["crm", "before"], ["crm", "now"]],
    ),
    Call(
        "broadcast, open and raiseIntent take metadata",
        f"{SAID} await agent.joinUserChannel('fdc3.channel.6'); await agent.broadcast(SARAH, said);"
        "const current = await (await agent.getCurrentChannel()).getCurrentContextWithMetadata();"
        "const { appId } = await agent.open({ appId: 'listening' }, null, said);"
        "const raised = await agent.raiseIntent('Metadata', SARAH, { appId: 'crm' }, said);"
        "return [same(current.metadata), appId, same(await raised.getResult())]",
        [True, "listening", True],
    ),
    Call(
        "raiseIntentForContext takes metadata",
        f"{SAID} await agent.addIntentListenerWithContext('Own', 'own', async (c, m) => ({{ type: 'own', m }}));"
        "const { appMetadata: { appId, instanceId } } = await agent.getInfo();"
        "const raised = await agent.raiseIntentForContext({ type: 'own' }, { appId, instanceId }, said);"
        "return [raised.intent, same((await raised.getResult()).m)]",
        ["Own", True],
    ),
    Call(
        "getResultMetadata",
        "const raised = await agent.raiseIntent('Signed', SARAH, { appId: 'crm' }, { traceId: 'mine' });"
        "const { source, traceId, custom } = await raised.getResultMetadata();"
        "return [(await raised.getResult()).name, source.appId, traceId, custom]",
        ["Sarah", "crm", "theirs", {"desk": "rates"}],
    ),
    Call(
        "an intent handler gives a context with metadata",
        f"{SAID} await agent.addIntentListener('Give', async c => ({{ context: c, metadata: said }}));"
        "const { appMetadata: { appId, instanceId } } = await agent.getInfo();"
        "const raised = await agent.raiseIntent('Give', SARAH, { appId, instanceId });"
        "return [(await raised.getResult()).name, same(await raised.getResultMetadata())]",
        ["Sarah", True],
    ),
    Call(
        "addIntentListenerWithContext takes its types alone",
        "await agent.addIntentListenerWithContext('Show', 'a', async c => ({ type: 'one' }));"
        "await agent.addIntentListenerWithContext('Show', ['b', 'c'], async c => ({ type: 'more' }));"
        "const { appMetadata: { appId, instanceId } } = await agent.getInfo();"
        "const show = async type =>"
        " await (await agent.raiseIntent('Show', { type }, { appId, instanceId })).getResult();"
        "return [(await show('a')).type, (await show('c')).type, await failure(() => show('d')),"
        " await failure(() => agent.addIntentListenerWithContext('Show', ['c', 'd'], () => {}))]",
        ["one", "more", "NoAppsFound", "IntentListenerConflict"],
    ),
    Call(
        "clearContext and contextCleared of a channel",
        "const channel = await agent.getOrCreateChannel('clear');"
        "const one = await channel.addEventListener('contextCleared', e => heard.push([e.type, e.details]));"
        "await channel.broadcast(SARAH); await channel.broadcast({ type: 'x' });"
        "await channel.clearContext('fdc3.contact'); await until(1);"
        "const left = [await channel.getCurrentContext('fdc3.contact'), (await channel.getCurrentContext()).type];"
        "await channel.clearContext(); await until(2); await one.unsubscribe(); await channel.clearContext();"
        "return [left, await channel.getCurrentContext(), heard]",
        [
            [None, "x"],
            None,
            [
                ["contextCleared", {"channelId": "clear", "contextType": "fdc3.contact"}],
                ["contextCleared", {"channelId": "clear", "contextType": None}],
            ],
        ],
        (ALPHA,),
    ),
    Call(
        "contextCleared of any channel, and of a private one",
        "await agent.addEventListener('contextCleared', e => heard.push(e.details.channelId === 'clear'));"
        "await (await agent.getOrCreateChannel('clear')).clearContext(); await until(1);"
        "const channel = await agent.createPrivateChannel(); await channel.broadcast(SARAH);"
        "await channel.addEventListener(null, e => heard.push([e.type, e.details.channelId === channel.id]));"
        "await channel.clearContext('fdc3.contact'); return (await until(3)).sort()",
        [["contextCleared", True], False, True],
        (ALPHA,),
    ),
    Call(
        "userChannelChanged by its newer field",
        "const one = await agent.addEventListener(null, e => heard.push([e.type, e.details.currentChannelId]));"
        "await agent.joinUserChannel('fdc3.channel.7'); const first = [...await until(1)];"
        "await agent.leaveCurrentChannel(); await until(2); await one.unsubscribe();"
        "await agent.joinUserChannel('fdc3.channel.7'); return [first, heard]",
        [
            [["userChannelChanged", "fdc3.channel.7"]],
            [["userChannelChanged", "fdc3.channel.7"], ["userChannelChanged", None]],
        ],
        (ALPHA,),
    ),
    Call(
        "newInstance starts an app, or takes only one that runs",
        "const none = await failure(() => agent.raiseIntent('Ambiguous', SARAH, { appId: 'another' }, false));"
        "const running = await agent.open({ appId: 'listening' }, TOM);"
        "const raise = async (...how) => (await agent.raiseIntent('Ambiguous', SARAH, { appId: 'listening' }, ...how));"
        "const same = raised => raised.source.instanceId === running.instanceId;"
        "return [none, same(await raise(false)), same(await raise(true, { traceId: 't' }))]",
        ["TargetInstanceUnavailable", True, False],
        (ALPHA,),
    ),
    refused("await agent.addContextListener(1, 2)", "InvalidArguments", ALPHA),
    refused("await agent.addIntentListenerWithContext('Show', null, () => {})", "InvalidArguments", ALPHA),
    refused("await agent.addEventListener('unknown', () => {})", "InvalidArguments", ALPHA),
)

NEWER_MEMBERS = {
    "agent": "addIntentListenerWithContext close",
    "channel": "addEventListener clearContext getCurrentContextWithMetadata",
    "private": "clearContext getCurrentContextWithMetadata",
    "resolution": "getResultMetadata",
}
"""What 3.0 adds."""
