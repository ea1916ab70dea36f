// FINOS's own broker (@finos/fdc3-web-impl) in memory, every message through JSON at every hop: the measure beside ours.
// Prints one line of JSON: {"<listeners>": {rate, serial: [us], intents: [us]}}. Arguments: a count, numbers of listeners.
import { BasicDirectory, ChannelType, DefaultFDC3Server, State } from "@finos/fdc3-web-impl";

const VOD = { type: "fdc3.instrument", id: { ticker: "VOD", ISIN: "GB00BH4HKS39" }, name: "Vodafone" };
const now = () => performance.now() * 1000;

class Context {
  apps = new Map();
  receivers = new Map();

  createUUID() { return crypto.randomUUID(); }
  async post(message, to) {
    const bytes = JSON.stringify(message);
    const receive = this.receivers.get(to);
    queueMicrotask(() => receive(JSON.parse(bytes)));
  }
  async open() { throw new Error("nothing to open"); }
  setFDC3Server() {}
  setInstanceDetails(id, details) { this.apps.set(id, details); }
  getInstanceDetails(id) { return this.apps.get(id); }
  async setAppState(id, state) { this.apps.get(id).state = state; }
  async getConnectedApps() { return [...this.apps.values()].filter(app => app.state === State.Connected); }
  async getAllApps() { return [...this.apps.values()]; }
  async isAppConnected(id) { return this.apps.get(id)?.state === State.Connected; }
  log() {}
  provider() { return "reference"; }
  providerVersion() { return "0"; }
  fdc3Version() { return "2.2"; }
  async narrowIntents(raiser, intents) { return intents; }
}

class App {
  pending = new Map();
  results = new Map();
  number = 0;

  constructor(server, context, id) {
    this.server = server;
    this.id = id;
    this.onEvent = () => {};
    context.setInstanceDetails(id, { appId: "bench", instanceId: id, state: State.Connected });
    context.receivers.set(id, message => this.receive(message));
  }

  receive(message) {
    const answers = message.type === "raiseIntentResultResponse" ? this.results : this.pending;
    const answer = answers.get(message.meta.requestUuid);
    if (!answer) {
      this.onEvent(message);
    } else {
      answers.delete(message.meta.requestUuid);
      answer(message.payload);
    }
  }

  send(type, payload, uuid = `${this.id}-${++this.number}`) {
    const source = { appId: "bench", instanceId: this.id };
    const bytes = JSON.stringify({ type, payload, meta: { requestUuid: uuid, timestamp: new Date(), source } });
    const answered = new Promise(done => this.pending.set(uuid, done));
    this.server.receive(JSON.parse(bytes), this.id);
    return answered;
  }

  async raise(intent, app) {
    const uuid = `${this.id}-${++this.number}`;
    const result = new Promise(done => this.results.set(uuid, done));
    await this.send("raiseIntentRequest", { intent, context: VOD, app }, uuid);
    return await result;
  }
}

async function measure(listeners, count) {
  const context = new Context();
  const user = { id: "bench", type: ChannelType.user, context: [], displayMetadata: {} };
  const server = new DefaultFDC3Server(context, new BasicDirectory([]), [user], false);
  const apps = Array.from({ length: listeners + 1 }, (_, number) => new App(server, context, `app-${number}`));
  const [sender, ...others] = apps;
  let heard = 0, expected = 0, all;
  for (const app of others) {
    await app.send("addContextListenerRequest", { channelId: "bench", contextType: "fdc3.instrument" });
    app.onEvent = () => { if (++heard === expected) all(); };
  }
  const round = number => new Promise(done => { heard = 0; expected = number * listeners; all = done; });
  const broadcast = () => sender.send("broadcastRequest", { channelId: "bench", context: VOD });

  async function inTurn(number) {
    const times = [];
    for (let done = 0; done < number; done++) {
      const everyone = round(1), began = now(), answered = broadcast();
      await everyone;
      times.push(now() - began);
      await answered;
    }
    return times;
  }
  async function burst(number, inFlight = 64) {
    const rounds = Math.ceil(number / inFlight), everyone = round(rounds * inFlight), began = now();
    for (let done = 0; done < rounds; done++) await Promise.all(Array.from({ length: inFlight }, broadcast));
    await everyone;
    return rounds * inFlight / (now() - began) * 1e6;
  }

  await inTurn(Math.ceil(count / 4));
  const serial = await inTurn(count);
  const rates = [];
  for (let run = 0; run < 5; run++) rates.push(await burst(count / 5));

  const handler = others[0];
  await handler.send("addIntentListenerRequest", { intent: "ViewInstrument" });
  handler.onEvent = event => handler.send("intentResultRequest", {
    intentEventUuid: event.meta.eventUuid,
    raiseIntentRequestUuid: event.payload.raiseIntentRequestUuid,
    intentResult: { context: event.payload.context },
  });
  const intents = [];
  for (let done = 0; done < count / 5; done++) {
    const began = now();
    await sender.raise("ViewInstrument", { appId: "bench", instanceId: handler.id });
    intents.push(now() - began);
  }
  return { rates, serial, intents };
}

const [count, ...sizes] = process.argv.slice(2).map(Number);
const found = {};
for (const listeners of sizes) found[listeners] = await measure(listeners, Math.ceil(count * 10 / listeners));
console.log(JSON.stringify(found));
