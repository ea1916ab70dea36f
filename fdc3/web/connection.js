// Asking the agent, and hearing what it says: a pipe of JSON messages (DACP of FDC3 3.0). Own code, no dependencies.

const EXCHANGE_MS = 10_000;
const LAUNCH_MS = 100_000; // where an app may have to be started, or the user asked

// `crypto.randomUUID` is for secure addresses only.
function newUuid() {
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
  const [a, b, c, d] = [hex.slice(0, 4), hex.slice(4, 6), hex.slice(6, 8), hex.slice(8, 10)].map((x) => x.join(""));
  return `${a}-${b}-4${c.slice(1)}-8${d.slice(1)}-${hex.slice(10).join("")}`;
}

// `send` takes a message; `received` is to be called with each that comes.
function makeConnection(send) {
  const waiting = new Map(); // requestUuid -> settle(message)
  const results = new Map(); // requestUuid of a raised intent -> settle(payload)
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

function once(unsubscribe) {
  let ended = null;
  return Object.freeze({ unsubscribe: () => (ended ??= Promise.resolve(unsubscribe())) });
}

// A listener that is to come. Apps of FDC3 1 took it for the listener itself.
const listening = (promise) =>
  Object.assign(promise, { unsubscribe: () => promise.then((listener) => listener.unsubscribe()) });

function check(holds) {
  if (!holds) throw new Error("InvalidArguments");
}

const isText = (value) => typeof value === "string";

// What an app may say of a context that it sends; it may hand on what it was told of one.
function provided(metadata) {
  const { traceId, signature, antiReplay, custom } = metadata ?? {};
  return { traceId, signature, antiReplay, custom };
}

// What an app is told of a context.
const told = (metadata) => (metadata ? { ...metadata, timestamp: new Date(metadata.timestamp) } : undefined);
