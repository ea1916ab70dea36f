// PouchDB in step with express-pouchdb over loopback HTTP, LevelDB on both sides: the measure beside our desk and server.
// A server process and this one. Prints one line of JSON: {"<batch>": {push, pull}}, each [seconds, CPU seconds of both].
// Arguments: a folder for the databases, a number of documents, batch sizes.
import { fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const PouchDB = require("pouchdb");
const [folder, count, ...batches] = process.argv.slice(2);

if (count === "serve") {
  mkdirSync(join(folder, "server"), { recursive: true });
  const served = PouchDB.defaults({ prefix: join(folder, "server") + "/" });
  const options = { mode: "minimumForPouchDB", inMemoryConfig: true, logPath: join(folder, "log.txt") };
  const app = require("express")().use("/", require("express-pouchdb")(served, options));
  const listening = app.listen(0, "127.0.0.1", () => process.send(listening.address().port));
  process.on("message", () => process.send(used()));
} else {
  const server = fork(process.argv[1], [folder, "serve"]);
  const answer = () => new Promise(take => server.once("message", take));
  try {
    const port = await answer();
    const both = async () => { server.send("used"); return used() + await answer(); };
    const found = {};
    for (const batch of batches) found[batch] = await measure(`http://127.0.0.1:${port}/bench${batch}`, Number(batch), both);
    console.log(JSON.stringify(found));
  } finally {
    server.kill();
  }
}

function used() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function measure(remote, batch, both) {
  const desk = new PouchDB(join(folder, `desk${batch}`)), other = new PouchDB(join(folder, `other${batch}`));
  const followUp = number => ({
    _id: `019aa000-0000-7000-8000-${String(number).padStart(12, "0")}`, what: `Call back about ${number}`,
    owner: "trader", organization_id: "019aa000-0000-7000-8000-000000000000", contact_id: null, interaction_id: null,
    assignee_id: null, due: null, status: "open",
  });
  for (let at = 0; at < count; at += 1000) {
    await desk.bulkDocs(Array.from({ length: Math.min(1000, count - at) }, (_, number) => followUp(at + number)));
  }
  const push = await timed(() => PouchDB.replicate(desk, remote, { batch_size: batch }), both);
  const pull = await timed(() => PouchDB.replicate(remote, other, { batch_size: batch }), both);
  await desk.close();
  await other.close();
  return { push, pull };
}

async function timed(replicate, both) {
  const before = await both(), began = performance.now();
  const result = await replicate();
  const took = (performance.now() - began) / 1000;
  if (result.docs_written !== Number(count)) throw new Error(`${result.docs_written} of ${count} documents came`);
  return [took, await both() - before];
}
