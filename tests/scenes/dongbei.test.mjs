/* 东北社区 (scenes/dongbei.md), with its real code: what its people file and do here, asked through
 * the API. The place has no pack of its own yet: the kinds, services and indicators of 雁南 are in
 * force, with 8 services where the place offers 26 (D7). Where it published no number, the row says
 * what the records made here must give. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { HOUR, ROOT, expect, scratch } from "../api/lib.mjs";
import { idNumber, place } from "./place.mjs";
import { scene, tableRows } from "./lib.mjs";

const COUNTY = "511324";
const TOWN = "511324101"; // 新政镇
const COMMUNITY = "511324101004";

/* ---- the pack: as it is, and without each of its services in another community ---- */

const PACK = path.join(ROOT, "packs/yannan.yaml");
const yaml = fs.readFileSync(PACK, "utf8");
const packs = { [COUNTY]: PACK };
const others = ["001", "002", "003", "005", "006", "007", "008", "011"].map((n) => TOWN + n);
const blocks = yaml.match(/^ {2}- service: .*\n(?: {4}.*\n)+/gm);
assert.ok(blocks.length <= others.length, "a community for each service");
const dir = scratch();
for (const [i, block] of blocks.entries()) {
    packs[others[i]] = path.join(dir, `${i}.yaml`);
    fs.writeFileSync(packs[others[i]], yaml.replace(block, ""));
}

const app = await place(COUNTY, packs);

/* ---- who is there ---- */

const admin = await app.user({ role: "system_admin", unit: COUNTY });
const grids = [];
for (let i = 1; i <= 6; i++) {
    const grid = { parent: app.unit(COMMUNITY), level: "grid", name: `第${i}网格` };
    const code = `${COMMUNITY}-G${i}`;
    app.units[code] = expect(await admin.post("/api/units", { ...grid, code }), 201).id;
    grids.push(code);
}
const secretary = await app.user({ role: "secretary", unit: COMMUNITY, name: "何书记" });
const desk = await app.user({ role: "social_worker", unit: COMMUNITY, name: "窗口小唐" });
const walker = await app.user({ role: "grid_worker", unit: grids[0], name: "网格员小蒲" });
const town = await app.user({ role: "street", unit: TOWN, name: "镇值班" });
const county = await app.user({ role: "district", unit: COUNTY, name: "县民政" });
const auditor = await app.user({ role: "auditor", unit: TOWN, name: "审计" });
const team = await app.party({ name: "社区维修队", kind: "team", unit: COMMUNITY });
const elders = await app.party({ name: "老党员调解队", kind: "team", unit: COMMUNITY });
const water = await app.party({ name: "供水公司", kind: "firm", unit: TOWN });
const room = await app.party({ name: "谈心室", kind: "organisation", unit: COMMUNITY });
const handlers = new Map();
for (const party of [team, elders, water])
    handlers.set(party, await app.user({ role: "handler", party, name: `${party.name}的人` }));

/* Residents, each with an account. */
const people = [];
for (const [i, name] of ["蒲兰", "唐贵", "何芳", "邓秀", "罗明", "谢英"].entries()) {
    const id_number = idNumber(COUNTY, "19480312", i + 1);
    const person = await app.person({ name, id_number, unit: COMMUNITY });
    people.push({ id_number, person: person.id, self: await app.user({ person, name }) });
}
const unit = app.unit(COMMUNITY);
const month = (ms) => new Date(ms + 8 * HOUR).toISOString().slice(0, 7);
const months = `from=${month(app.clock.now() - HOUR)}`; // where a month ends while this runs
const rows = (table, more, ...args) =>
    tableRows(app, table, `SELECT id FROM ${table} WHERE ${more}`, ...args.map(BigInt));

/* ---- D3: one matter in each grid; the last is beyond the community ---- */

for (const [i, code] of grids.entries()) {
    const dispute = i === 1 || i === 4;
    const to = i === 5 ? water : dispute ? elders : team;
    const { self } = people[i];
    const { id } = await self.order({
        kind: dispute ? "dispute" : "repair",
        title: dispute ? "楼道堆物，两家争执" : "楼道灯不亮",
        unit: app.unit(code),
    });
    await secretary.act(id, "accept");
    await secretary.act(id, "dispatch", { to: to.id });
    await handlers.get(to).act(id, "submit", { text: "办好了" });
    if (!dispute) await secretary.act(id, "verify");
    await self.act(id, "rate", { solved: true, score: 5 });
}

const INSIDE = `indicator=inside_grid_rate&${months}`;
const share = (met, all) => `${met}/${all} = ${((100 * met) / all).toFixed(1)} %`;
/* Over the grids: what is filed at the community's window lies in none of them. */
async function inside() {
    let [met, all] = [0, 0];
    const read = async (grid, part) => {
        const query = `unit=${app.unit(grid)}&${INSIDE}&part=${part}`;
        return (await secretary.all(`/api/figures/records?${query}`)).length;
    };
    for (const grid of grids) {
        met += await read(grid, "numerator");
        all += await read(grid, "denominator");
    }
    return share(met, all);
}
const indicator = async () =>
    (await secretary.read(`/api/figures?unit=${unit}&${INSIDE}&by=unit`)).rows;

/* ---- D8, D13: services ---- */

let asked = COMMUNITY;
/* Services that say all that one needs to know before one goes. */
async function catalogue() {
    const at = `unit=${app.unit(asked)}`;
    let told = 0;
    for (const { code } of (await app.anon.read(`/api/services?${at}`)).items) {
        const s = await app.anon.read(`/api/services/${code}?${at}`);
        if (s.who_zh && s.where_zh && s.words_zh && s.bring.length) told++;
    }
    return told;
}
const services = () =>
    blocks.map((block, i) => ({
        name: `pack: ${block.split("\n")[0].trim()}`,
        async without(compute) {
            asked = others[i];
            try {
                return await compute();
            } finally {
                asked = COMMUNITY;
            }
        },
    }));

const answers = (o) => Object.entries(o).map(([field, value]) => ({ field, value }));
const consent = { consent_how: "in_person", consent_text: "本人同意代为申请" };

/* 优待证: two file at home, one at the window, and one has to come again with a photograph. */
for (const [i, { id_number, person, self }] of people.slice(0, 4).entries()) {
    const filing = {
        service: "elder-card",
        unit,
        answers: answers({ "id-number": id_number, local: "yes" }),
        materials: i === 3 ? ["id-card"] : ["id-card", "photo"],
    };
    const at = { applicant: person, at_window: true, ...consent };
    const { id } = expect(
        await (i < 2 ? self : desk).post("/api/filings", i < 2 ? filing : { ...filing, ...at }),
        201,
    );
    if (i === 3) {
        expect(await desk.post(`/api/filings/${id}/notice`, {}), 200);
        expect(await desk.post(`/api/filings/${id}/trips`, { who: "applicant" }), 200);
        expect(await desk.post(`/api/filings/${id}/materials`, { have: ["photo"] }), 200);
    }
    if (!(await secretary.read(`/api/filings/${id}`)).accepted) await secretary.act(id, "accept");
    await secretary.act(id, "submit", { text: "证已办好" });
    await self.act(id, "rate", { solved: true, score: 5 });
}
const filings = async (service) => {
    const list = await secretary.all(`/api/filings?unit=${unit}&limit=100`);
    const full = list.filter((f) => f.service === service && !f.open && f.complete_at);
    return Promise.all(full.map((f) => secretary.read(`/api/filings/${f.id}`)));
};
async function trips() {
    const done = (await filings("elder-card")).map((f) => f.visits.length);
    const once = done.filter((n) => n <= 1).length;
    return `${once}/${done.length}, ${done.reduce((a, b) => a + b, 0)} trips in all`;
}

/* 临时救助: a worker applies for three who cannot; each hears how it goes. */
const relief = [];
for (const { id_number, person, self } of people.slice(3)) {
    const filed = expect(
        await desk.post("/api/filings", {
            service: "temporary-relief",
            unit,
            applicant: person,
            ...consent,
            answers: answers({
                household: "single",
                income: "600",
                cause: "other",
                "id-number": id_number,
                phone: "13919876543",
                rent: "no",
            }),
            materials: ["id-card"],
        }),
        201,
    );
    if (!filed.accepted) await secretary.act(filed.id, "accept");
    await secretary.act(filed.id, "submit", { text: "救助金已发放" });
    await self.act(filed.id, "rate", { solved: true, score: 5 });
    relief.push({ id: filed.id, person, self });
}
async function helped() {
    let n = 0;
    for (const f of await filings("temporary-relief")) {
        const { self } = relief.find((r) => r.person === f.applicant);
        const told = (await self.all("/api/notices?limit=50")).filter((x) => x.matter === f.id);
        const steps = new Set(told.map((x) => x.act));
        const heard = ["order", "accept", "submit"].every((act) => steps.has(act));
        if (f.on_behalf && f.consented && f.consents.length && heard) n++;
    }
    return n;
}

/* ---- D10: counselling ---- */

const ma = await app.user({ role: "handler", party: room, name: "马大姐" });
const SAID = "儿子媳妇总吵架，夜里睡不着";
const NOTED = "谈了一小时，约下周再来";
const talks = [];
for (const { self } of people.slice(0, 3)) {
    const talk = { kind: "counselling", title: "想找人谈谈", text: SAID, unit };
    const { id } = await self.order(talk);
    await secretary.act(id, "dispatch", { to: room.id });
    await ma.act(id, "claim");
    await ma.act(id, "comment", { text: NOTED, public: false });
    talks.push({ id, self });
}
const elsewhere = await app.person({ name: "邻居", unit: COMMUNITY });
const everybody = {
    nobody: app.anon,
    resident: await app.user({ person: elsewhere }),
    volunteer: await app.user({ role: "volunteer", party: team }),
    handler: handlers.get(team),
    colleague: await app.user({ role: "handler", party: room, name: "同事" }),
    grid_worker: walker,
    social_worker: desk,
    secretary,
    street: town,
    district: county,
    hotline: await app.user({ role: "hotline", unit: COMMUNITY }),
    system_admin: admin,
    security_admin: app.admin(COUNTY),
    auditor,
};
/* Those that the counsellor reads and no one else does. The secretary learns that there is one. */
async function confidential() {
    let n = 0;
    for (const { id } of await ma.all("/api/matters?queue=mine")) {
        const noted = (await ma.events(id)).some((e) => e.text === NOTED);
        const open = noted && (await ma.read(`/api/matters/${id}`)).text === SAID;
        let kept = true;
        for (const [role, client] of Object.entries(everybody)) {
            const no = role === "secretary" ? [200] : [401, 403, 404];
            for (const what of ["", "/events"]) {
                const r = await client.get(`/api/matters/${id}${what}`);
                kept &&= no.includes(r.status) && ![SAID, NOTED].some((w) => r.text.includes(w));
            }
        }
        if (open && kept) n++;
    }
    return n;
}

const looks = [
    [town, talks[0], "电话不接，担心安全"],
    [county, talks[1], "家属来访，核实情况"],
];
for (const [client, { id }, reason] of looks)
    expect(await client.post(`/api/matters/${id}/break_glass`, { reason }), 201);
await app.indexed();

/* Looks whose reason stands in the audit, told to the person, the counsellor, the auditor. */
async function looked() {
    let n = 0;
    for (const { id, self } of talks)
        for (const { reason } of (await self.read(`/api/matters/${id}/glass`)).items) {
            const target = `/api/audit?act=matters.break_glass&subject=${id}`;
            const kept = (await auditor.read(target)).items.some((a) => a.reason === reason);
            let told = true;
            for (const client of [self, ma, auditor])
                told &&= (await client.all("/api/notices?limit=50")).some(
                    (x) => x.matter === id && x.act === "glass",
                );
            if (kept && told) n++;
        }
    return n;
}

/* ---- the figures ---- */

const ready = await indicator();
test("the indicator says what the records behind it say", async () => {
    const sum = (key) => ready.reduce((total, row) => total + row[key], 0);
    assert.equal(ready.length, grids.length);
    assert.equal(await inside(), share(sum("numerator"), sum("denominator")));
});
test("the service's own figure says the same of the trips", async () => {
    const { figures } = await secretary.read(`/api/service-figures?unit=${unit}`);
    const { done, one_trip } = figures.find((f) => f.service === "elder-card");
    assert.deepEqual([one_trip, done], [3, 4]);
});

const PARTS =
    "SELECT c.matter, c.indicator FROM figure_part c JOIN figure_place p ON p.id = c.place " +
    "WHERE p.grid > 0 AND c.indicator = ?";
const FILED = "SELECT matter FROM filing WHERE service = ?";

scene("dongbei", [
    {
        id: "D2",
        title: "网格 grids",
        published: 6,
        compute: async () =>
            (await app.anon.all(`/api/units?parent=${unit}&level=grid`)).length,
        records: () => rows("unit", "parent = ? AND level = 'grid'", unit),
    },
    {
        id: "D3",
        title: "问题在网格解决 solved inside the grid",
        published: "–",
        expected: "5/6 = 83.3 %",
        compute: inside,
        records: () => [
            ...tableRows(app, "figure_part", PARTS, BigInt(ready[0].definition)),
            ...rows("matter", "grid IS NOT NULL"),
        ],
    },
    {
        id: "D8",
        title: "民生事务一本通 services that say who, what to bring, where and how long",
        published: "–",
        expected: blocks.length,
        compute: catalogue,
        records: services,
    },
    {
        id: "D8",
        title: "最多跑一次 done with at most one trip",
        published: "–",
        expected: "3/4, 3 trips in all",
        compute: trips,
        records: () => [
            ...tableRows(app, "filing", FILED, "elder-card"),
            ...rows("filing_trip", "1"),
        ],
    },
    {
        id: "D10",
        title: "谈心室 matters whose words the counsellor alone reads",
        published: "–",
        expected: 3,
        compute: confidential,
        records: () => rows("matter", "kind = 'counselling'"),
    },
    {
        id: "D10",
        title: "查看保密事项 looks in an emergency, recorded and told",
        published: "–",
        expected: 2,
        compute: looked,
        records: () => [
            ...rows("glass", "1"),
            ...tableRows(app, "audit", "SELECT seq FROM audit WHERE act = 'matters.break_glass'"),
            ...rows("notice", "act = 'glass'"),
        ],
    },
    {
        id: "D13",
        title: "临时救助 applied for on behalf, with consent, the resident told",
        published: "–",
        expected: 3,
        compute: helped,
        records: () => [
            ...tableRows(app, "filing", FILED, "temporary-relief"),
            ...rows("filing_consent", `matter IN (${relief.map((r) => r.id)})`),
            ...relief.flatMap(({ id, self }) =>
                rows("notice", "matter = ? AND account = ?", id, self.id),
            ),
        ],
    },
]);
