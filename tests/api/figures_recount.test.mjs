/* Whatever is done to matters, in whatever order, the figures are what the records give: six people
 * do at random what they may, across a turn of the month; then the figures are compared with a count
 * made here from the rows of matters and their events, and with the program's own recount. Sums that
 * were altered by hand are found, and put right. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { HOUR, linli, start } from "./lib.mjs";

const STEPS = 2400;
const MATTERS = 120;
const COMMUNITY = "620102003003";
const STREET = "620102003";
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const app = await start({ at: "2026-10-22T09:00:00+08:00" });

/* Small and good enough to wander with (mulberry32): the same seed, the same walk. */
let state = seed;
function random(n) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
}
const pick = (list) => list[random(list.length)];

const persons = [
    await app.person({ name: "王小明", unit: COMMUNITY }),
    await app.person({ name: "李小红", unit: COMMUNITY }),
];
const residents = [await app.user({ person: persons[0] }), await app.user({ person: persons[1] })];
const parties = [
    await app.party({ name: "社区维修队", kind: "team", unit: COMMUNITY }),
    await app.party({ name: "城管执法队", unit: STREET }),
    await app.party({ name: "供水公司", kind: "firm", unit: "620102" }),
];
const staff = [
    await app.user({ role: "secretary", unit: COMMUNITY }),
    await app.user({ role: "grid_worker", unit: `${COMMUNITY}-G1` }),
    await app.user({ role: "street", unit: STREET }),
    await app.user({ role: "hotline", unit: STREET }),
];
for (const party of parties) staff.push(await app.user({ role: "handler", party }));
const everybody = [...residents, ...residents, ...staff];
const district = await app.user({ role: "district", unit: "620102" });

const KINDS = ["repair", "heating-water", "inquiry", "wish", "suggestion", "safety"];
const SOURCES = ["web", "wechat", "phone", "hotline_12345"];
const UNITS = [`${COMMUNITY}-G1`, `${COMMUNITY}-G2`, COMMUNITY, "620102003001"];
const matters = [];

async function order() {
    const m = { kind: pick(KINDS), title: "随便什么事", unit: app.unit(pick(UNITS)), source: pick(SOURCES) };
    const r = await pick(residents).post("/api/matters", m);
    if (r.status === 201) matters.push(r.body.id);
}

async function act() {
    const id = pick(matters);
    const by = pick(everybody);
    const seen = await by.get(`/api/matters/${id}`);
    if (seen.status !== 200 || !seen.body.may.length) return false;
    const what = pick(seen.body.may);
    if (["withdraw", "decline"].includes(what) && random(4)) return false; // or all is over too soon
    const sent = ["dispatch", "transfer"].includes(what) ? { to: pick(parties).id } : {};
    const rated = what === "rate" ? { solved: random(3) > 0, ...(random(4) ? { score: 1 + random(5) } : {}) } : {};
    const r = await by.post(`/api/matters/${id}/acts`, { act: what, text: "随便说说", ...sent, ...rated });
    return r.status === 200;
}

test(`people do what they may (SEED=${seed})`, async () => {
    let done = 0;
    for (let i = 0; i < STEPS; i++) {
        if (random(12) === 0) app.clock.advance(random(7) * HOUR);
        if (matters.length < MATTERS && (matters.length < 5 || random(6) === 0)) await order();
        else done += await act();
    }
    assert.ok(matters.length > MATTERS / 2 && done > 200, `${matters.length} ${done}`);
    await app.indexed();
});

/* ---- counted here ---- */

const month = (ms) => new Date(ms + 8 * HOUR).toISOString().slice(0, 7);
const ended = (m) => m.open === 0;
const taken = (m) => ended(m) && !["withdrawn", "declined"].includes(m.outcome);
const kept = (m) => m.outcome === "withdrawn";

/* [time, does it count, is it left out, does it meet it] */
const DEFINITIONS = {
    arrived: [(m) => m.created_at, () => true, () => false, () => true],
    closed: [(m) => m.closed_at, ended, (m) => !taken(m), () => true],
    response_rate: [(m) => m.created_at, () => true, kept, (m) => m.answered_at && m.answered_at - m.created_at <= 24 * HOUR],
    solved_rate: [(m) => m.closed_at, taken, (m) => m.solved === null, (m) => m.solved === 1],
    satisfied_rate: [(m) => m.closed_at, taken, (m) => m.score === null, (m) => m.score >= 4],
    on_time_rate: [(m) => m.closed_at, ended, (m) => !taken(m), (m) => m.late === 0],
    returned_rate: [(m) => m.closed_at, ended, kept, (m) => m.acts.includes("return")],
    transferred_rate: [(m) => m.closed_at, ended, kept, (m) => m.acts.includes("transfer")],
    reopened_rate: [(m) => m.created_at, (m) => ended(m) || m.acts.includes("reopen"), kept, (m) => m.acts.includes("reopen")],
};

const records = () => {
    const acts = Map.groupBy(app.rows("SELECT matter, act FROM matter_event ORDER BY seq"), (e) => e.matter);
    return app.rows("SELECT * FROM matter").map((m) => ({ ...m, acts: acts.get(m.id).map((e) => e.act) }));
};

function count([at, counts, out, meets], list) {
    const sum = { numerator: 0, denominator: 0, left_out: 0 };
    for (const m of list.filter((m) => at(m) !== null && counts(m))) {
        if (out(m)) sum.left_out++;
        else sum.denominator++;
        if (!out(m) && meets(m)) sum.numerator++;
    }
    return sum;
}

const LEVELS = [
    ["grid", `${COMMUNITY}-G1`], ["grid", `${COMMUNITY}-G2`], ["community", COMMUNITY],
    ["community", "620102003001"], ["street", STREET], ["district", "620102"],
];
const zero = (s) => !s.numerator && !s.denominator && !s.left_out;

test("every figure of every unit, month, kind and source is what is counted here", async () => {
    await app.renew(district); // the walk may have taken more than a session's life
    const all = records();
    let compared = 0;
    for (const [level, code] of LEVELS) {
        const here = all.filter((m) => m[level] === app.unit(code));
        for (const by of ["month", "kind", "source"]) {
            const q = `unit=${app.unit(code)}&from=2026-10&to=2026-11&by=${by}`;
            const { rows } = await district.read(`/api/figures?${q}`);
            for (const [name, definition] of Object.entries(DEFINITIONS)) {
                const key = (m) => (by === "month" ? definition[0](m) && month(definition[0](m)) : m[by]);
                const mine = Object.fromEntries(
                    [...Map.groupBy(here, key)].map(([k, list]) => [k, count(definition, list)]).filter(([, s]) => !zero(s)),
                );
                const theirs = Object.fromEntries(
                    rows
                        .filter((r) => r.indicator === name)
                        .map(({ [by]: k, numerator, denominator, left_out }) => [k, { numerator, denominator, left_out }])
                        .filter(([, s]) => !zero(s)),
                );
                assert.deepEqual(theirs, mine, `${name} of ${code} by ${by}`);
                compared += Object.keys(mine).length;
            }
        }
    }
    assert.ok(compared > 200, `${compared} figures`);
});

test("the records behind each figure are as many as it says", async () => {
    const q = `unit=${app.unit(STREET)}&from=2026-10&to=2026-11`;
    const { rows } = await district.read(`/api/figures?${q}`);
    for (const r of rows.filter((r) => DEFINITIONS[r.indicator])) {
        const get = async (part) =>
            (await district.all(`/api/figures/records?${q}&indicator=${r.indicator}&part=${part}&limit=7`)).length;
        assert.equal(await get("numerator"), r.numerator, r.indicator);
        assert.equal(await get("denominator"), r.denominator, r.indicator);
        assert.equal(await get("left_out"), r.left_out, r.indicator);
    }
});

/* ---- counted by the program, and altered by hand ---- */

const check = (...more) => linli("figures", "check", "--data", app.data, ...more);
function alter(sql) {
    const db = new DatabaseSync(path.join(app.data, "linli.db"));
    assert.equal(Number(db.prepare(sql).run().changes), 1, sql);
    db.close();
}
const ONE = (table, key, where) => `WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE ${where} LIMIT 1)`;
const SUM_KEY = "unit, indicator, kind, source, month, county";

test("the recount finds nothing, finds each thing that was altered, and puts it right", async () => {
    await app.stop();
    const clean = await check();
    assert.equal(clean.code, 0, clean.stdout + clean.stderr);
    assert.match(clean.stdout, /wrong: matters 0, sums 0\n/);
    const altered = [
        [`UPDATE figure SET met = met + 1 ${ONE("figure", SUM_KEY, "met > 0")}`, "matters 0, sums 1"],
        [`UPDATE figure SET skipped = skipped - 1 ${ONE("figure", SUM_KEY, "skipped > 0 AND kind <> ''")}`, "matters 0, sums 1"],
        [`DELETE FROM figure ${ONE("figure", SUM_KEY, "n > 0")}`, "matters 0, sums 1"],
        [`UPDATE figure_spread SET n = n + 1 ${ONE("figure_spread", `${SUM_KEY}, bucket`, "n > 0")}`, "matters 0, sums 1"],
        [`UPDATE matter SET created_at = created_at - 7776000000 ${ONE("matter", "id", "outcome <> ''")}`, "matters 1, sums 0"],
    ];
    for (const [sql, found] of altered) {
        alter(sql);
        const wrong = await check();
        assert.equal(wrong.code, 3, `${sql}: ${wrong.stdout}`);
        assert.ok(wrong.stdout.includes(`wrong: ${found}\n`), `${sql}: ${wrong.stdout}`);
        assert.equal((await check("--repair")).code, 0);
        const right = await check();
        assert.equal(right.code, 0, right.stdout);
    }
});
