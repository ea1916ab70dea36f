// Channels as an app holds them, and the user channel that it is on.

// addContextListener(type, handler), (null, handler), or the older (handler)
function contextArguments(type, handler) {
  const both = typeof type === "function" ? [null, type] : [type ?? null, handler];
  check(typeof both[1] === "function" && (both[0] === null || isText(both[0])));
  return both;
}

const cleared = ({ channelId, contextType }) => ({ type: "contextCleared", details: { channelId, contextType } });

function makeChannels(connection) {
  const { request, hear } = connection;

  async function listen(channelId, type, handler) {
    const stop = hear("broadcastEvent", ({ payload }) => {
      if (payload.channelId === channelId && [null, payload.context.type].includes(type)) {
        call(handler, payload.context, told(payload.metadata));
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

  function hearCleared(id, handler) {
    return hear("contextClearedEvent", ({ payload }) => payload.channelId === id && call(handler, cleared(payload)));
  }

  function makeChannel({ id, type, displayMetadata }, more = {}) {
    const current = (contextType) => request("getCurrentContext", { channelId: id, contextType: contextType ?? null });
    return Object.freeze({
      id,
      type,
      displayMetadata,
      broadcast: async (context, metadata) => {
        await request("broadcast", { channelId: id, context, metadata: provided(metadata) });
      },
      getCurrentContext: async (contextType) => (await current(contextType)).context,
      getCurrentContextWithMetadata: async (contextType) => {
        const { context, metadata } = await current(contextType);
        return context ? { context, metadata: told(metadata) } : null;
      },
      clearContext: async (contextType) => {
        await request("clearContext", { channelId: id, contextType: contextType ?? null });
      },
      addContextListener: (kind, handler) =>
        listening((async () => listen(id, ...contextArguments(kind, handler)))()),
      addEventListener: async (kind, handler) => {
        check([null, undefined, "contextCleared"].includes(kind) && typeof handler === "function");
        await connection.joined;
        return once(hearCleared(id, handler));
      },
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
      const all = type === null || type === undefined;
      check((all || type === "contextCleared" || type in kinds) && typeof handler === "function");
      const stops = Object.keys(kinds)
        .filter((kind) => all || kind === type)
        .map((kind) =>
          hear(kinds[kind], ({ payload: { privateChannelId, contextType } }) => {
            if (privateChannelId === id) call(handler, { type: kind, details: { channelId: id, contextType } });
          }),
        );
      if (all || type === "contextCleared") stops.push(hearCleared(id, handler));
      const stop = () => stops.forEach((end) => end());
      try {
        await connection.joined;
        if (type === "contextCleared") return once(stop); // of which every party is told
        const asked = { privateChannelId: id, listenerType: type ?? null };
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
      const added = addEventListener(type, (event) => handler(event.details.contextType ?? undefined));
      added.catch((error) => console.error(error));
      return once(async () => (await added).unsubscribe());
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
        call(listener.handler, payload.context, told(payload.metadata));
      }
    }
  });

  hear("channelChangedEvent", ({ payload }) => {
    current = payload.currentChannelId;
    listeners.forEach((listener) => (listener.heard = false));
    replayed = replay([...listeners]);
    // The standard's first client of 2.2 calls it newChannelId, and apps know it by that name.
    tell({ type: "userChannelChanged", details: { currentChannelId: current, newChannelId: current } });
  });

  hear("contextClearedEvent", ({ payload }) => tell(cleared(payload)));

  function tell(event) {
    for (const { type, handler } of [...watchers]) if (type === null || type === event.type) call(handler, event);
  }

  async function replay(audience) {
    const channelId = current;
    for (const listener of channelId === null ? [] : audience) {
      const asked = { channelId, contextType: listener.type };
      const { context, metadata } = await request("getCurrentContext", asked).catch(() => ({ context: null }));
      if (context && channelId === current && !listener.heard && listeners.has(listener)) {
        listener.heard = true;
        call(listener.handler, context, told(metadata));
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
    const watcher = { type: type ?? null, handler };
    check([null, "userChannelChanged", "contextCleared"].includes(watcher.type) && typeof handler === "function");
    await connection.joined;
    watchers.add(watcher);
    return once(() => void watchers.delete(watcher));
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
