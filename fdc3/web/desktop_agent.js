// A desktop agent for one page: the API of FDC3 3.0, and what apps written for 2.2 and before use of theirs.
// Everything is a closure over the connection, so methods may be taken off their objects.

const identifier = (app) => {
  if (app === undefined || app === null) return undefined;
  if (isText(app)) return { appId: app };
  const { appId, instanceId, desktopAgent } = app;
  return { appId, instanceId, desktopAgent };
};

// After context and app come (metadata), or (newInstance, metadata), which is proposed for the standard.
function manner(first, second) {
  const [newInstance, metadata] = typeof first === "boolean" || !first ? [first ?? undefined, second] : [undefined, first];
  return { newInstance, metadata: provided(metadata) };
}

// A handler's outcome: a channel, a context, a context with metadata, or nothing.
function asResult(outcome) {
  if (["user", "app", "private"].includes(outcome?.type) && typeof outcome.broadcast === "function") {
    const { id, type, displayMetadata } = outcome;
    return { intentResult: { channel: { id, type, displayMetadata } } };
  }
  if (outcome?.type === undefined && isText(outcome?.context?.type)) {
    return { intentResult: { context: outcome.context }, metadata: provided(outcome.metadata) };
  }
  return { intentResult: outcome ? { context: outcome } : {} };
}

function makeIntents(connection, channels) {
  const { request, hear } = connection;

  function given(payload) {
    if (payload.error) throw new Error(payload.error);
    return payload;
  }

  async function raise(type, payload) {
    let uuid;
    let answered;
    const onAsked = (asked) => ([uuid, answered] = [asked, connection.result(asked)]);
    try {
      const { intentResolution } = await request(type, payload, { ms: LAUNCH_MS, onAsked });
      return Object.freeze({
        ...intentResolution,
        getResult: async () => {
          const { intentResult } = given(await answered);
          return intentResult?.channel ? channels.make(intentResult.channel) : intentResult?.context;
        },
        getResultMetadata: async () => told(given(await answered).resultMetadata),
      });
    } catch (error) {
      connection.forget(uuid);
      throw error;
    }
  }

  const listeners = [];
  const takes = ({ intent, types }, payload) =>
    intent === payload.intent && (types === undefined || types.includes(payload.context.type));

  hear("intentEvent", async ({ payload, meta }) => {
    let answer;
    let source;
    try {
      const listener = listeners.find((each) => takes(each, payload));
      if (!listener) throw new Error(`Nobody listens for ${payload.intent} any more`);
      answer = asResult(await listener.handler(payload.context, told(payload.metadata)));
    } catch (error) {
      console.error(error);
      answer = asResult();
      source = { appId: "unknown", intentHandlerError: "IntentHandlerRejected" }; // the standard has no words for it
    }
    const { raiseIntentRequestUuid } = payload;
    answer = { intentEventUuid: meta.eventUuid, raiseIntentRequestUuid, ...answer };
    request("intentResult", answer, { source }).catch((error) => console.error(error));
  });

  async function listen(intent, types, handler) {
    check(isText(intent) && typeof handler === "function");
    check(types === undefined || (Array.isArray(types) && types.every(isText)));
    const listener = { intent, types, handler };
    const stop = () => listeners.includes(listener) && listeners.splice(listeners.indexOf(listener), 1);
    listeners.push(listener);
    try {
      const { listenerUUID } = await request("addIntentListener", { intent, contextTypes: types });
      return once(() => (stop(), request("intentListenerUnsubscribe", { listenerUUID }).then(() => {})));
    } catch (error) {
      stop();
      throw error;
    }
  }

  return { raise, listen };
}

function makeDesktopAgent(send) {
  const connection = makeConnection(send);
  const { request } = connection;
  const channels = makeChannels(connection);
  const user = makeUserChannel(connection, channels);
  const intents = makeIntents(connection, channels);
  connection.hear("heartbeatEvent", ({ meta }) =>
    connection.notify("heartbeatAcknowledgement", { heartbeatEventUuid: meta.eventUuid }),
  );

  async function getInfo() {
    const { implementationMetadata: known } = await request("getInfo", {});
    // 3.0 has no such feature, because every agent has it. Apps of 2.2 ask.
    return { ...known, optionalFeatures: { OriginatingAppMetadata: true, ...known.optionalFeatures } };
  }

  const getUserChannels = async () => (await request("getUserChannels", {})).userChannels.map(channels.make);
  const joinUserChannel = (channelId) => user.join(channelId);
  const agent = {
    open: async (app, context, metadata) => {
      const asked = { app: identifier(app), context: context ?? undefined, metadata: provided(metadata) };
      return (await request("open", asked, { ms: LAUNCH_MS })).appIdentifier;
    },
    close: async () => {
      await request("close", {}); // answered only if it fails
    },
    findInstances: async (app) => (await request("findInstances", { app: identifier(app) })).appIdentifiers,
    getAppMetadata: async (app) => (await request("getAppMetadata", { app: identifier(app) })).appMetadata,
    getInfo,
    findIntent: async (intent, context, resultType) =>
      (await request("findIntent", { intent, context: context ?? undefined, resultType })).appIntent,
    findIntentsByContext: async (context, resultType) =>
      (await request("findIntentsByContext", { context, resultType })).appIntents,
    raiseIntent: (intent, context, app, ...more) =>
      intents.raise("raiseIntent", { intent, context, app: identifier(app), ...manner(...more) }),
    raiseIntentForContext: (context, app, ...more) =>
      intents.raise("raiseIntentForContext", { context, app: identifier(app), ...manner(...more) }),
    addIntentListener: (intent, handler) => listening(intents.listen(intent, undefined, handler)),
    addIntentListenerWithContext: (intent, types, handler) =>
      listening(intents.listen(intent, isText(types) ? [types] : (types ?? null), handler)),
    broadcast: async (context, metadata) => {
      await (await user.get())?.broadcast(context, metadata);
    },
    addContextListener: (type, handler) =>
      listening((async () => user.listen(...contextArguments(type, handler)))()),
    addEventListener: (type, handler) => user.watch(type, handler),
    getUserChannels,
    getSystemChannels: getUserChannels,
    joinUserChannel,
    joinChannel: joinUserChannel,
    leaveCurrentChannel: () => user.leave(),
    getCurrentChannel: () => user.get(),
    getOrCreateChannel: async (channelId) =>
      channels.make((await request("getOrCreateChannel", { channelId })).channel),
    createPrivateChannel: async () => channels.make((await request("createPrivateChannel", {})).privateChannel),
  };
  return { agent: Object.freeze(agent), connection, start: () => user.start() };
}
