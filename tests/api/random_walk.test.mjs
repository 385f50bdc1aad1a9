/* Anybody does anything they may, in any order, while time passes. Whatever happens, no matter is
 * ever stranded, no clock runs while it stands, every act has one row in the audit, the counts a
 * matter carries are those of the rows behind them, and the figures are what a recount gives.
 * LINLI_SEED=N repeats a walk. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, linli, MINUTE, start } from "./lib.mjs";

const SEED = Number(process.env.LINLI_SEED ?? 20260914);
const MATTERS = 24;
const STEPS = 700;
const KINDS = ["repair", "heating-water", "property", "dispute", "safety", "hardship", "legacy", "suggestion"];

/* mulberry32: small, seeded, good enough to walk by. */
let state = SEED >>> 0;
function random() {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const pick = (list) => list[Math.floor(random() * list.length)];

const app = await start({ at: "2026-03-02T09:00:00+08:00" });
const unit = app.unit("620102003003");
const person = await app.person({ name: "王小明" });
const resident = await app.user({ person });
const offices = {
    secretary: await app.user({ role: "secretary", unit: "620102003003" }),
    street: await app.user({ role: "street", unit: "620102003" }),
    district: await app.user({ role: "district", unit: "620102" }),
    grid: await app.user({ role: "grid_worker", unit: "620102003003" }),
    hotline: await app.user({ role: "hotline", unit: "620102003" }),
};
const parties = [];
const handlers = [];
for (const name of ["甲队", "乙队", "丙队", "丁队"]) {
    parties.push(await app.party({ name, kind: "team" }));
    handlers.push(await app.user({ role: "handler", party: parties.at(-1) }));
}
const everyone = [resident, ...Object.values(offices), ...handlers];

/* What an act needs, made up: mostly right, and a little at random. */
async function inputs(who, id, act) {
    const m = (await who.get(`/api/matters/${id}`)).body;
    const others = parties.filter((p) => p.id !== m.party);
    switch (act) {
        case "dispatch":
        case "transfer":
            return { to: pick(parties).id, text: "随机派出" };
        case "whistle": {
            const [lead, ...rest] = [...others].sort(() => random() - 0.5);
            return { to: lead.id, parts: rest.slice(0, 2).map((p) => ({ to: p.id, text: "配合" })), text: "吹哨" };
        }
        case "extend":
        case "pause":
            return { text: "随机理由", reason: pick(["materials", "hearing", "upper"]), within: pick(["1 day", "2 work days", "5 hours"]) };
        case "supervise":
            return { text: "为什么还没有办？" };
        case "answer": {
            const open = (await who.read(`/api/matters/${id}/asks`)).items.filter((a) => !a.answered_at);
            const ask = pick(open);
            if (ask?.kind === "settle") return { ask: ask.id, to: pick(parties).id, text: "由它办" };
            return ask?.kind === "supervise"
                ? { ask: ask.id, text: "正在办" }
                : { ask: ask?.id, granted: random() < 0.6, text: "已阅" };
        }
        case "rate":
            return { solved: random() < 0.7, score: 1 + Math.floor(random() * 5), text: "随机评价" };
        default:
            return { text: "随机办理" };
    }
}

/* Time passes, and whoever was signed in for weeks signs in again. */
let signedIn = app.clock.now();
async function pass(ms) {
    app.clock.advance(ms);
    if (app.clock.now() - signedIn < 20 * DAY) return;
    signedIn = app.clock.now();
    for (const who of everyone) await app.renew(who);
}

const isOpen = async (id) => (await offices.district.read(`/api/matters/${id}`)).open;

/* One act somebody may do; null when what stands in its way is a rule, which says so. */
async function step(who, id, act, version) {
    const body = { act, version, ...(await inputs(who, id, act)) };
    const r = await who.post(`/api/matters/${id}/acts`, body);
    if (r.status === 200) return r.body;
    const codes = r.body.errors.map((e) => e.code);
    // The question picked may be another office's; and time may have acted meanwhile.
    if (act === "answer" && r.status === 403) return null;
    if (codes.includes("stale")) return null;
    const rules = ["supervised", "parts", "pending", "times", "twice", "unknown", "too_long", "asks", "no_limit", "paused", "required"];
    assert.ok([409, 422].includes(r.status) && codes.every((c) => rules.includes(c)), `${act}: ${r.text}`);
    return null;
}

/* Whoever may do something other than asking another office. */
async function movers(id) {
    const found = [];
    for (const who of everyone) {
        const r = await who.get(`/api/matters/${id}`);
        if (r.status !== 200) continue;
        for (const act of r.body.may) found.push([who, act, r.body.version]);
    }
    return found;
}

const inOrder = ([who, act, version], id) => [who, id, act, version];

async function consistent(id) {
    const m = await offices.district.read(`/api/matters/${id}`);
    const asks = (await offices.district.read(`/api/matters/${id}/asks`)).items;
    const parts = (await offices.district.read(`/api/matters/${id}/parts`)).items;
    assert.equal(m.asks_open, asks.filter((a) => !a.answered_at).length, `asks of ${id}`);
    assert.equal(m.parts_open, parts.filter((p) => ["open", "refused"].includes(p.state)).length, `parts of ${id}`);
    if (m.paused_at) assert.equal(m.due_at, undefined, "a clock runs while it stands");
    if (!m.open) assert.equal(m.asks_open + m.parts_open, 0, "what has ended asks nobody");
    return m;
}

const ids = [];
let done = 0;

/* What the walk alone might not come by: each of these stands for a while. */
async function stand(id) {
    const { secretary, street } = offices;
    await secretary.act(id, "accept");
    await secretary.act(id, "dispatch", { to: parties[0].id, text: "派出" });
    await handlers[0].act(id, "pause", { text: "大雨", reason: "hearing", within: "2 days" });
    const [ask] = (await street.read(`/api/matters/${id}/asks`)).items;
    await street.act(id, "answer", { ask: ask.id, granted: true });
}

test(`anybody does anything, ${STEPS} times over ${MATTERS} matters (seed ${SEED})`, async () => {
    for (let i = 0; i < MATTERS; i++)
        ids.push((await resident.order({ kind: KINDS[i % KINDS.length], title: `随机走 ${i}`, unit })).id);
    for (const id of [ids[0], ids[2], ids[3]]) await stand(id);
    for (let i = 0; i < STEPS; i++) {
        const id = pick(ids);
        const ways = await movers(id);
        if (await isOpen(id)) assert.ok(ways.length > 0, `${id} is stranded`);
        if (ways.length) {
            if (await step(...inOrder(pick(ways), id))) done++;
        }
        if (random() < 0.2) await pass(pick([10 * MINUTE, 3 * HOUR, DAY, 5 * DAY]));
        if (i % 10 === 0) await consistent(id);
    }
    assert.ok(done > 100, `only ${done} acts went through`);
});

test("every matter comes to an end by what people and time may do", async () => {
    const onward = ["answer", "report", "resume", "accept", "submit", "verify", "dispatch", "claim", "rate", "close"];
    for (const id of ids) {
        for (let i = 0; i < 60 && (await isOpen(id)); i++) {
            const ways = await movers(id);
            const ahead = onward.flatMap((act) => ways.filter(([, a]) => a === act));
            let moved = null;
            for (const way of ahead) if ((moved = await step(...inOrder(way, id)))) break;
            assert.ok(moved || ahead.length === 0 || i < 59, `${id} is stuck`);
        }
        const m = await consistent(id);
        assert.equal(m.open, false, `${id} is still in ${m.stage}: ${JSON.stringify(m)}`);
    }
});

test("no clock ran while it stood", () => {
    const events = app.rows("SELECT matter, act, reason, granted, side, from_stage, to_stage FROM matter_event ORDER BY seq");
    const standing = new Set();
    let stood = 0;
    for (const e of events) {
        const granted = e.act === "answer" && e.reason === "pause" && e.granted === 1;
        if (granted) {
            standing.add(e.matter);
            stood++;
        } else if (standing.has(e.matter)) {
            const time = ["warn", "overdue", "escalate", "close"].includes(e.act) && e.side === "time";
            assert.ok(!time, `${e.act} while ${e.matter} stood`);
            if (e.act === "resume" || e.from_stage !== e.to_stage || ["dispatch", "whistle", "escalate"].includes(e.act))
                standing.delete(e.matter);
        }
    }
    assert.ok(stood > 0, "no pause was ever granted: this walk shows nothing of pauses");
});

test("every act of a person has one row in the audit, and time's have none", () => {
    const [events] = app.rows("SELECT count(*) AS n FROM matter_event WHERE account IS NOT NULL");
    const [audited] = app.rows("SELECT count(*) AS n FROM audit WHERE act IN ('matters.act', 'matters.create')");
    assert.equal(audited.n, events.n);
    const [time] = app.rows("SELECT count(*) AS n FROM matter_event WHERE side = 'time'");
    assert.ok(time.n > 0, "time never did anything");
});

test("what a matter says of itself is what its events say", () => {
    const wrong = app.rows(`SELECT m.id FROM matter m WHERE
        m.transfers > (SELECT count(*) FROM matter_event e WHERE e.matter = m.id AND e.act = 'transfer')
        OR m.returns <> (SELECT count(*) FROM matter_event e WHERE e.matter = m.id AND e.act = 'return')
        OR m.reopens <> (SELECT count(*) FROM matter_event e WHERE e.matter = m.id AND e.act = 'reopen')
        OR m.escalations <> (SELECT count(*) FROM matter_event e WHERE e.matter = m.id AND e.act = 'escalate')
        OR m.extensions <> (SELECT count(*) FROM matter_event e WHERE e.matter = m.id AND e.act = 'answer' AND e.reason = 'extend' AND e.granted = 1)`);
    assert.deepEqual(wrong, []);
});

test("the figures are what a recount from matters and events gives", async () => {
    await app.indexed();
    await app.stop();
    const r = await linli("figures", "check", "--data", app.data);
    assert.equal(r.code, 0, r.stdout + r.stderr);
    assert.match(r.stdout, new RegExp(`matters ${MATTERS}, `));
});
