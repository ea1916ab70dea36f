// The host page: opens web apps, gives each page in them a message port (FDC3's Web Connection Protocol), and carries
// what passes through the ports to the desktop agent and back, over one websocket. It decides nothing: who a page is,
// and what it may do, is the agent's business. The frames are described in fdc3/transports/web_frames.py.

const LARGEST = 1024 * 1024 - 4096; // bytes the agent takes in one frame, with room for the frame's own
const RETRY_MS = { first: 100, longest: 1000 };

const names = new Map(); // window (as other windows see it) -> its name
const ports = new Map(); // number -> our end of the page's message port
const announced = new Set(); // numbers that the agent has been told
const unsent = [];
let lastPort = 0;
let socket = null;
let joined = false;
let retry = RETRY_MS.first;

// The secret leaves the address, where it could be read or sent on. For when this tab is loaded again, what the agent
// gave for it is kept: the one in the address may be good for a single time.
const kept = JSON.parse(sessionStorage.getItem("kept") ?? "{}");
const given = location.hash.slice(1) || kept.given || "";
let secret = given === kept.given ? kept.secret : given;
history.replaceState(null, "", location.pathname);
const load = crypto.randomUUID();

// The agent

function connect() {
  socket = new WebSocket(`ws://${location.host}/web`);
  socket.onopen = () => socket.send(JSON.stringify(["join", secret, load]));
  socket.onmessage = (event) => fromAgent(JSON.parse(event.data));
  socket.onclose = (event) => {
    joined = false;
    if (event.code === 1008 || event.code === 4001) {
      ports.forEach((_, number) => drop(number));
      say("This page is not connected to Deskline any more. Open it from Deskline again.");
      return;
    }
    say("The connection to Deskline is broken; trying again…");
    setTimeout(connect, retry);
    retry = Math.min(retry * 2, RETRY_MS.longest);
  };
}

function fromAgent([kind, ...rest]) {
  switch (kind) {
    case "message":
      ports.get(rest[0])?.postMessage(rest[1]);
      break;
    case "joined":
      arrived(new Set(rest[0]), rest[1]);
      break;
    case "open":
      openApp(...rest);
      break;
    case "close":
      names.forEach((name, opened) => name === rest[0] && opened.close());
      break;
    case "look":
      look();
      break;
    case "shut":
      drop(rest[0]);
      break;
  }
}

function arrived(living, next) {
  secret = next;
  sessionStorage.setItem("kept", JSON.stringify({ given, secret }));
  announced.forEach((number) => living.has(number) || drop(number));
  joined = true;
  retry = RETRY_MS.first;
  unsent.splice(0).forEach((text) => socket.send(text));
  ports.forEach((_, number) => announced.add(number));
  say("Connected to Deskline.");
  listApps();
}

function send(text) {
  if (joined) socket.send(text);
  else unsent.push(text);
}

// Windows

function openApp(openId, url, name, title) {
  const opened = window.open(url, "_blank");
  if (opened) names.set(opened, name);
  document.getElementById("blocked").hidden = opened !== null;
  if (!opened) console.warn(`The browser blocked the window of ${title}`);
  send(JSON.stringify(["opened", openId, opened !== null]));
}

function look() {
  for (const [opened, name] of names) {
    if (opened.closed) {
      names.delete(opened);
      send(JSON.stringify(["gone", name]));
    }
  }
}

// The name of a window: one that we opened, or a frame in it, or a window that one of these opened. Else undefined.
function nameOf(source) {
  for (let known = source, steps = 0; known && steps < 32; steps += 1) {
    if (names.has(known)) {
      if (!names.has(source)) names.set(source, `x-${crypto.randomUUID()}`);
      return names.get(source);
    }
    known = known.parent === known ? known.opener : known.parent;
  }
  return undefined;
}

// Pages

window.addEventListener("message", (event) => {
  const hello = event.data;
  if (hello?.type !== "WCP1Hello" || !event.source || !/^https?:/.test(event.origin)) return;
  const name = nameOf(event.source);
  if (name === undefined) return;
  const number = ++lastPort;
  const { port1, port2 } = new MessageChannel();
  ports.set(number, port1);
  port1.onmessage = (message) => fromPage(number, message.data);
  send(JSON.stringify(["hello", number, name, event.origin, hello]));
  if (joined) announced.add(number);
  const handshake = {
    type: "WCP3Handshake",
    payload: {
      fdc3Version: String(hello.payload?.fdc3Version).startsWith("3") ? "3.0" : "2.2",
      intentResolverUrl: false,
      channelSelectorUrl: false,
      messageExchangeTimeout: 10000,
      appLaunchTimeout: 100000,
    },
    meta: { connectionAttemptUuid: hello.meta?.connectionAttemptUuid, timestamp: new Date() },
  };
  event.source.postMessage(handshake, { targetOrigin: event.origin, transfer: [port2] });
});

function fromPage(number, message) {
  let text;
  try {
    text = JSON.stringify(message, keepContextTypes) ?? "null";
  } catch {
    return; // no JSON, so no FDC3
  }
  // A message that is too large loses its payload, and the agent answers what is left with an error.
  const tooLarge = text.length * 3 > LARGEST && new TextEncoder().encode(text).length > LARGEST;
  if (tooLarge) text = JSON.stringify({ type: message.type, meta: message.meta });
  send(`["message",${number},${text}]`);
}

// A field that is there without a value is lost in JSON. The first clients of 3.0 say in their greeting that they speak
// 2.2, and this field, which only they have, tells the agent better.
function keepContextTypes(key, value) {
  return key === "contextTypes" && value === undefined ? null : value;
}

function drop(number) {
  ports.get(number)?.close();
  ports.delete(number);
  announced.delete(number);
}

// The screen

function say(words) {
  document.getElementById("status").textContent = words;
}

async function listApps() {
  const answer = await fetch("/v2/apps");
  const { applications } = await answer.json();
  const rows = applications.filter((app) => app.type === "web" && app.details.url).map(row);
  document.getElementById("apps").replaceChildren(...rows);
}

function row(app) {
  const item = document.createElement("li");
  const label = document.createElement("span");
  const button = document.createElement("button");
  label.textContent = app.description ? `${app.title}: ${app.description}` : app.title;
  button.textContent = "Open";
  button.setAttribute("aria-label", `Open ${app.title}`);
  button.onclick = () => {
    const opened = /^https?:/i.test(app.details.url) && window.open(app.details.url, "_blank");
    if (opened) names.set(opened, `x-${crypto.randomUUID()}`);
  };
  item.append(label, button);
  return item;
}

window.addEventListener("beforeunload", (event) => {
  if (ports.size > 0) event.preventDefault(); // the apps would be cut off
});
window.addEventListener("hashchange", () => location.reload()); // another address of ours, in the same tab
new Worker("clock.js").onmessage = look;
connect();
