/* kill -9 in the middle of work, many times over. Clients report matters under keys of their own;
 * at a seeded moment the server is killed; it starts again on the same folder and every key is sent
 * again with the same body. What was acknowledged comes back word for word, and every key ends up
 * as exactly one matter with exactly one event. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, test } from "node:test";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BIN, Client, ROOT, folderCopy, linli } from "../api/lib.mjs";

const { DatabaseSync } = await import("node:sqlite");
const ROUNDS = 20;
const CLIENTS = 16;
const BUDGET_MS = 85_000;
const began = Date.now();

const data = await folderCopy();
let running = null;
after(() => running?.child.kill("SIGKILL"));

/* A seeded generator (mulberry32): numbers in [0, 1). */
function random(seed) {
    return () => {
        seed = (seed + 0x6d2b79f5) | 0;
        let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

/* A server on the folder: {child, url, ended}. */
async function serve() {
    const child = spawn(BIN, ["serve", "--data", data, "--port", "0", "--quiet", "--throttle", "0"], {
        cwd: ROOT,
        stdio: ["ignore", "pipe", "pipe"],
    });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (s) => (errors += s));
    const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve(code ?? signal)));
    const url = await new Promise((resolve, reject) => {
        let out = "";
        child.stdout.setEncoding("utf8").on("data", (s) => {
            const found = /serves at (http:\S+)/.exec((out += s));
            if (found) resolve(found[1]);
        });
        ended.then((code) => reject(new Error(`linli serve ended with ${code}: ${errors}`)));
    });
    running = { child, url, ended };
    return running;
}

async function killNow(server) {
    server.child.kill("SIGKILL");
    assert.equal(await server.ended, "SIGKILL");
}

function query(sql, ...args) {
    const db = new DatabaseSync(path.join(data, "linli.db"), { readOnly: true });
    const q = db.prepare(sql);
    q.setReadBigInts(true);
    const rows = q.all(...args);
    db.close();
    return rows;
}
const number = (sql, ...args) => Number(query(sql, ...args)[0].n);

const unit = String(query("SELECT id FROM unit WHERE code = '620102003003'")[0].id);

/* Everything ever asked for: {key, body, answer} where answer is the text of a 201. */
const asked = [];
let serial = 0;

function ask() {
    const n = String(++serial).padStart(8, "0");
    const title = `断电前后 ${n}`;
    const body = { kind: "repair", title, text: "水管爆裂。".repeat(serial % 40), unit };
    const command = { key: `kill-test-key-${n}`, body, title, answer: null };
    asked.push(command);
    return command;
}

async function send(client, command) {
    const r = await client.post("/api/matters", command.body, { key: command.key });
    assert.equal(r.status, 201, r.text);
    return r;
}

/* One client: asks on and on until the connection is lost. */
async function work(url, state) {
    const client = new Client(url);
    while (!state.over) {
        const command = ask();
        let r;
        try {
            r = await send(client, command);
        } catch (e) {
            if (e.code === "ERR_ASSERTION") throw e;
            return; // the server is gone: whether it was done is not known
        }
        assert.equal(r.headers["idempotent-replayed"], undefined);
        command.answer = r.text;
    }
}

/* All keys of these commands again, as clients do that never saw an answer. */
async function retry(url, commands) {
    const client = new Client(url);
    const queue = [...commands];
    let replayed = 0;
    const one = async () => {
        for (let c = queue.pop(); c; c = queue.pop()) {
            const r = await send(client, c);
            if (c.answer !== null) {
                assert.equal(r.text, c.answer, "the same answer as before");
                assert.equal(r.headers["idempotent-replayed"], "true");
            }
            replayed += r.headers["idempotent-replayed"] === "true";
            c.answer = r.text;
        }
    };
    await Promise.all(Array.from({ length: CLIENTS }, one));
    return replayed;
}

/* In the tables: what was acknowledged exactly once, nothing by halves. */
function look(commands) {
    const counts = new Map(
        query("SELECT title, count(*) AS n, min(id) AS id FROM matter GROUP BY title").map((r) => [r.title, r]),
    );
    for (const c of commands) {
        const row = counts.get(c.title);
        if (c.answer === null) {
            assert.ok(!row || row.n === 1n, `${c.title}: ${row?.n} matters`);
            continue;
        }
        assert.equal(row?.n, 1n, `${c.title} was acknowledged`);
        assert.equal(String(row.id), JSON.parse(c.answer).id);
    }
    assert.equal(
        number("SELECT count(*) AS n FROM matter_event WHERE matter NOT IN (SELECT id FROM matter)"),
        0,
        "events of no matter",
    );
    assert.equal(
        number(
            "SELECT count(*) AS n FROM matter m WHERE m.title LIKE '断电前后%' AND " +
                "(SELECT count(*) FROM matter_event e WHERE e.matter = m.id) <> 1",
        ),
        0,
        "matters without their one event",
    );
    assert.equal(
        number(
            "SELECT count(*) AS n FROM matter m WHERE m.title LIKE '断电前后%' AND " +
                "(SELECT count(*) FROM audit a WHERE a.subject = m.id) <> 1",
        ),
        0,
        "matters without their one audit row",
    );
    const numbers = number("SELECT count(*) - count(DISTINCT number) AS n FROM matter");
    assert.equal(numbers, 0, "a number was given twice");
}

let acknowledged = 0;
let inDoubt = 0;
let doneInDoubt = 0;

for (let round = 1; round <= ROUNDS; round++) {
    test(`kill -9, round ${round}: nothing acknowledged is lost, nothing is done twice`, async (t) => {
        if (Date.now() - began > BUDGET_MS) return t.skip("out of time");
        const rand = random(round);
        const from = asked.length;
        const server = await serve();
        const state = { over: false };
        const clients = Array.from({ length: CLIENTS }, () => work(server.url, state));
        await sleep(20 + Math.floor(rand() * 400));
        await killNow(server);
        state.over = true;
        await Promise.all(clients);

        const ours = asked.slice(from);
        const sure = ours.filter((c) => c.answer !== null).length;
        const again = await serve();
        look(ours);
        const replayed = await retry(again.url, ours);
        assert.ok(replayed >= sure);
        look(ours);
        acknowledged += sure;
        inDoubt += ours.length - sure;
        doneInDoubt += replayed - sure;
        // Every other time the server is killed while it does nothing, too.
        if (round % 2) {
            again.child.kill("SIGTERM");
            assert.equal(await again.ended, 0);
        } else {
            await killNow(again);
        }
    });
}

test("over all rounds: every key is one matter, and the kills were in the middle of work", async (t) => {
    t.diagnostic(`${acknowledged} acknowledged, ${inDoubt} in doubt, of which ${doneInDoubt} done`);
    assert.ok(acknowledged > 5 * ROUNDS, `${acknowledged} acknowledged`);
    assert.ok(inDoubt > ROUNDS, `${inDoubt} in doubt`);
    const server = await serve();
    assert.equal(await retry(server.url, asked), asked.length, "all were done before");
    look(asked);
    assert.equal(
        number("SELECT count(*) AS n FROM matter WHERE title LIKE '断电前后%'"),
        asked.length,
    );
    await killNow(server);
    assert.equal(query("PRAGMA integrity_check")[0].integrity_check, "ok");
});

test("a second process is refused the folder, until the first is killed", async () => {
    const first = await serve();
    const second = await linli("serve", "--data", data, "--port", "0");
    assert.notEqual(second.code, 0);
    assert.match(second.stderr, /another Linli process|另一个/);
    const one = new Client(first.url);
    const command = ask();
    const r = await send(one, command);
    await killNow(first);
    // No lock file to remove by hand: the kernel has let go of it.
    const third = await serve();
    const replay = await send(new Client(third.url), command);
    assert.equal(replay.text, r.text);
    await killNow(third);
});
