// A desktop agent for one page (FDC3 2.2), over a pipe of JSON messages (DACP). Own code, without dependencies.
// Everything is a closure over the connection, so methods may be taken off their objects.
"use strict";

const makeDesktopAgent = (() => {
  const EXCHANGE_MS = 10_000;
  const LAUNCH_MS = 100_000; // where an app may have to be started, or the user asked

  // `crypto.randomUUID` is for secure addresses only.
  function newUuid() {
    const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
    const [a, b, c, d] = [hex.slice(0, 4), hex.slice(4, 6), hex.slice(6, 8), hex.slice(8, 10)].map((x) => x.join(""));
    return `${a}-${b}-4${c.slice(1)}-8${d.slice(1)}-${hex.slice(10).join("")}`;
  }

  const identifier = (app) => {
    if (app === undefined || app === null) return undefined;
    if (typeof app === "string") return { appId: app };
    const { appId, instanceId, desktopAgent } = app;
    return { appId, instanceId, desktopAgent };
  };

  // Asking the agent, and hearing what it says. `send` takes a message; `received` is to be called with each that comes.
  function makeConnection(send) {
    const waiting = new Map(); // requestUuid -> settle(message)
    const results = new Map(); // requestUuid of a raised intent -> settle(message)
    const hearers = new Map(); // type of event -> Set of functions
    let ready;
    let refuse;
    const joined = new Promise((resolve, reject) => ([ready, refuse] = [resolve, reject]));
    joined.catch(() => {});

    async function request(...asked) {
      await joined;
      return ask(...asked);
    }

    function ask(type, payload, { ms = EXCHANGE_MS, source, onAsked } = {}) {
      const meta = { requestUuid: newUuid(), timestamp: new Date(), source };
      onAsked?.(meta.requestUuid);
      const answer = new Promise((resolve, reject) => {
        const timer = setTimeout(() => settle({ payload: { error: "ApiTimeout" } }), ms);
        function settle({ payload }) {
          clearTimeout(timer);
          waiting.delete(meta.requestUuid);
          if (payload.error) reject(new Error(payload.error));
          else resolve(payload);
        }
        waiting.set(meta.requestUuid, settle);
      });
      send({ type: `${type}Request`, payload, meta });
      return answer;
    }

    function result(requestUuid) {
      return new Promise((resolve) => results.set(requestUuid, resolve));
    }

    function notify(type, payload) {
      send({ type: `${type}Request`, payload, meta: { requestUuid: newUuid(), timestamp: new Date() } });
    }

    function hear(type, hearer) {
      if (!hearers.has(type)) hearers.set(type, new Set());
      hearers.get(type).add(hearer);
      return () => hearers.get(type).delete(hearer);
    }

    function received(message) {
      const uuid = message.meta.requestUuid;
      if (message.type === "raiseIntentResultResponse") {
        results.get(uuid)?.(message.payload);
        results.delete(uuid);
      } else if (uuid !== undefined) {
        waiting.get(uuid)?.(message);
      } else {
        for (const hearer of [...(hearers.get(message.type) ?? [])]) hearer(message);
      }
    }

    const forget = (uuid) => results.delete(uuid);
    return { joined, request, ask, result, forget, notify, hear, received, ready, refuse };
  }

  // A handler that fails is the app's business: it is reported, and nothing else is disturbed.
  function call(handler, ...what) {
    try {
      Promise.resolve(handler(...what)).catch((error) => console.error(error));
    } catch (error) {
      console.error(error);
    }
  }

  const from = (payload) => (payload.originatingApp ? { source: payload.originatingApp } : undefined);

  function once(unsubscribe) {
    let ended = null;
    return Object.freeze({ unsubscribe: () => (ended ??= Promise.resolve(unsubscribe())) });
  }

  // addContextListener(type, handler), (null, handler), or the older (handler)
  function contextArguments(type, handler) {
    const both = typeof type === "function" ? [null, type] : [type ?? null, handler];
    if (typeof both[1] !== "function" || (both[0] !== null && typeof both[0] !== "string")) {
      throw new Error("A context listener takes a context type or null, and a function");
    }
    return both;
  }

  function makeChannels(connection) {
    const { request, hear } = connection;

    async function listen(channelId, type, handler) {
      const stop = hear("broadcastEvent", ({ payload }) => {
        if (payload.channelId === channelId && [null, payload.context.type].includes(type)) {
          call(handler, payload.context, from(payload));
        }
      });
      try {
        const { listenerUUID } = await request("addContextListener", { channelId, contextType: type });
        return once(() => (stop(), request("contextListenerUnsubscribe", { listenerUUID }).then(() => {})));
      } catch (error) {
        stop();
        throw error;
      }
    }

    function makeChannel({ id, type, displayMetadata }, more = {}) {
      return Object.freeze({
        id,
        type,
        displayMetadata,
        broadcast: async (context) => {
          await request("broadcast", { channelId: id, context });
        },
        getCurrentContext: async (contextType) =>
          (await request("getCurrentContext", { channelId: id, contextType: contextType ?? null })).context,
        addContextListener: async (kind, handler) => listen(id, ...contextArguments(kind, handler)),
        ...more,
      });
    }

    function makePrivate(description) {
      const id = description.id;
      const kinds = {
        addContextListener: "privateChannelOnAddContextListenerEvent",
        unsubscribe: "privateChannelOnUnsubscribeEvent",
        disconnect: "privateChannelOnDisconnectEvent",
      };

      async function addEventListener(type, handler) {
        const wanted = type === null || type === undefined ? Object.keys(kinds) : [type];
        if (!wanted.every((kind) => kind in kinds)) throw new Error(`There is no event ${type} of a private channel`);
        const stops = wanted.map((kind) =>
          hear(kinds[kind], ({ payload }) => {
            const details = kind === "disconnect" ? null : { contextType: payload.contextType };
            if (payload.privateChannelId === id) call(handler, { type: kind, details });
          }),
        );
        const stop = () => stops.forEach((end) => end());
        const asked = { privateChannelId: id, listenerType: type ?? null };
        try {
          const { listenerUUID } = await request("privateChannelAddEventListener", asked);
          return once(() => (
            stop(),
            request("privateChannelUnsubscribeEventListener", { listenerUUID }).then(() => {})
          ));
        } catch (error) {
          stop();
          throw error;
        }
      }

      // The older form answers at once.
      function on(type, handler) {
        const listening = addEventListener(type, (event) => handler(event.details?.contextType ?? undefined));
        listening.catch((error) => console.error(error));
        return once(async () => (await listening).unsubscribe());
      }

      return makeChannel(description, {
        addEventListener,
        onAddContextListener: (handler) => on("addContextListener", handler),
        onUnsubscribe: (handler) => on("unsubscribe", handler),
        onDisconnect: (handler) => on("disconnect", handler),
        disconnect: async () => {
          await request("privateChannelDisconnect", { channelId: id });
        },
      });
    }

    return { make: (description) => (description.type === "private" ? makePrivate : makeChannel)(description) };
  }

  // The user channel: which one, who listens on it, and what was said on it before they did.
  function makeUserChannel(connection, channels) {
    const { request, hear } = connection;
    const listeners = new Set();
    const watchers = new Set();
    let current = null;
    let replayed = Promise.resolve();

    hear("broadcastEvent", ({ payload }) => {
      if (payload.channelId !== null && payload.channelId !== current) return;
      for (const listener of [...listeners]) {
        if (listener.type === null || listener.type === payload.context.type) {
          listener.heard = true;
          call(listener.handler, payload.context, from(payload));
        }
      }
    });

    hear("channelChangedEvent", ({ payload }) => {
      current = payload.newChannelId;
      listeners.forEach((listener) => (listener.heard = false));
      replayed = replay([...listeners]);
      watchers.forEach((handler) =>
        call(handler, { type: "userChannelChanged", details: { currentChannelId: current } }),
      );
    });

    async function replay(audience) {
      const channelId = current;
      for (const listener of channelId === null ? [] : audience) {
        const asked = { channelId, contextType: listener.type };
        const { context } = await request("getCurrentContext", asked).catch(() => ({ context: null }));
        if (context && channelId === current && !listener.heard && listeners.has(listener)) {
          listener.heard = true;
          call(listener.handler, context);
        }
      }
    }

    // Before anything that the app asks.
    async function start() {
      await connection.ask("addEventListener", { type: "USER_CHANNEL_CHANGED" });
      current = (await connection.ask("getCurrentChannel", {})).channel?.id ?? null;
    }

    async function listen(type, handler) {
      const listener = { type, handler, heard: false };
      listeners.add(listener);
      try {
        const { listenerUUID } = await request("addContextListener", { channelId: null, contextType: type });
        await replay([listener]);
        return once(() => (
          listeners.delete(listener),
          request("contextListenerUnsubscribe", { listenerUUID }).then(() => {})
        ));
      } catch (error) {
        listeners.delete(listener);
        throw error;
      }
    }

    async function watch(type, handler) {
      if (type !== null && type !== undefined && type !== "userChannelChanged") {
        throw new Error(`There is no event ${type} of the desktop agent`);
      }
      await connection.joined;
      watchers.add(handler);
      return once(() => void watchers.delete(handler));
    }

    async function join(channelId) {
      await request("joinUserChannel", { channelId });
      await replayed;
    }

    async function leave() {
      await request("leaveCurrentChannel", {});
    }

    async function get() {
      const { channel } = await request("getCurrentChannel", {});
      return channel ? channels.make(channel) : null;
    }

    return { start, listen, watch, join, leave, get };
  }

  function makeIntents(connection, channels) {
    const { request, hear } = connection;

    function given({ error, intentResult }) {
      if (error) throw new Error(error);
      return intentResult?.channel ? channels.make(intentResult.channel) : intentResult?.context;
    }

    async function raise(type, payload) {
      let uuid;
      let result;
      const onAsked = (asked) => ([uuid, result] = [asked, connection.result(asked)]);
      try {
        const { intentResolution } = await request(type, payload, { ms: LAUNCH_MS, onAsked });
        return Object.freeze({ ...intentResolution, getResult: () => result.then(given) });
      } catch (error) {
        connection.forget(uuid);
        throw error;
      }
    }

    const listeners = [];
    hear("intentEvent", async ({ payload, meta }) => {
      let intentResult = {};
      let source;
      try {
        const listener = listeners.find(({ intent }) => intent === payload.intent);
        if (!listener) throw new Error(`Nobody listens for ${payload.intent} any more`);
        const outcome = await listener.handler(payload.context, from(payload));
        if (["user", "app", "private"].includes(outcome?.type) && typeof outcome.broadcast === "function") {
          const { id, type, displayMetadata } = outcome;
          intentResult = { channel: { id, type, displayMetadata } };
        } else if (outcome) {
          intentResult = { context: outcome };
        }
      } catch (error) {
        console.error(error);
        source = { appId: "unknown", intentHandlerError: "IntentHandlerRejected" }; // 2.2 has no words for it
      }
      const { raiseIntentRequestUuid } = payload;
      const answer = { intentEventUuid: meta.eventUuid, raiseIntentRequestUuid, intentResult };
      request("intentResult", answer, { source }).catch((error) => console.error(error));
    });

    async function listen(intent, handler) {
      if (typeof handler !== "function") throw new Error("An intent listener takes an intent and a function");
      const listener = { intent, handler };
      const stop = () => listeners.includes(listener) && listeners.splice(listeners.indexOf(listener), 1);
      listeners.push(listener);
      try {
        const { listenerUUID } = await request("addIntentListener", { intent });
        return once(() => (stop(), request("intentListenerUnsubscribe", { listenerUUID }).then(() => {})));
      } catch (error) {
        stop();
        throw error;
      }
    }

    return { raise, listen };
  }

  return function makeDesktopAgent(send) {
    const connection = makeConnection(send);
    const { request } = connection;
    const channels = makeChannels(connection);
    const user = makeUserChannel(connection, channels);
    const intents = makeIntents(connection, channels);
    connection.hear("heartbeatEvent", ({ meta }) =>
      connection.notify("heartbeatAcknowledgement", { heartbeatEventUuid: meta.eventUuid }),
    );

    const getUserChannels = async () => (await request("getUserChannels", {})).userChannels.map(channels.make);
    const joinUserChannel = (channelId) => user.join(channelId);
    const agent = {
      open: async (app, context) =>
        (await request("open", { app: identifier(app), context }, { ms: LAUNCH_MS })).appIdentifier,
      findInstances: async (app) => (await request("findInstances", { app: identifier(app) })).appIdentifiers,
      getAppMetadata: async (app) => (await request("getAppMetadata", { app: identifier(app) })).appMetadata,
      getInfo: async () => (await request("getInfo", {})).implementationMetadata,
      findIntent: async (intent, context, resultType) =>
        (await request("findIntent", { intent, context, resultType })).appIntent,
      findIntentsByContext: async (context, resultType) =>
        (await request("findIntentsByContext", { context, resultType })).appIntents,
      raiseIntent: (intent, context, app) => intents.raise("raiseIntent", { intent, context, app: identifier(app) }),
      raiseIntentForContext: (context, app) =>
        intents.raise("raiseIntentForContext", { context, app: identifier(app) }),
      addIntentListener: (intent, handler) => intents.listen(intent, handler),
      broadcast: async (context) => (await user.get())?.broadcast(context),
      addContextListener: async (type, handler) => user.listen(...contextArguments(type, handler)),
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
  };
})();
