/* 千秋社区 of 天长 (scenes/tianchang.md), with its real code: what is heard in the members' council
 * room 党员议事厅 (T4), close by, and what came of it, asked through the API. The room itself,
 * its booking, its topics and resolutions, is not shown: the program has neither booking nor
 * deliberation yet. Nor does the place have a pack of its own: that of 雁南 is in force. It published
 * no number, so the rows say what the records made here must give. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { MINUTE, ROOT, expect } from "../api/lib.mjs";
import { place } from "./place.mjs";
import { scene, tableRows } from "./lib.mjs";

const COUNTY = "341181";
const COMMUNITY = "341181004008";
const ROOM = "党员议事厅";
const app = await place(COUNTY, { [COUNTY]: path.join(ROOT, "packs/yannan.yaml") });
const unit = app.unit(COMMUNITY);

const secretary = await app.user({ role: "secretary", unit: COMMUNITY, name: "千秋书记" });
const host = await app.user({ role: "social_worker", unit: COMMUNITY, name: "议事厅值班" });
const elders = await app.party({ name: "老党员调解队", kind: "team", unit: COMMUNITY });
const mediator = await app.user({ role: "handler", party: elders, name: "调解员" });
const people = [];
for (const name of ["丁兰", "戴强", "宣秀", "崇明", "华梅"]) {
    const person = await app.person({ name, unit: COMMUNITY });
    people.push({ name, id: person.id, self: await app.user({ person, name }) });
}

/* Somebody comes into the room, and whoever is there writes down what is said; or, without a place,
 * writes from home. */
async function heard(kind, title, { id, self }, where = { place: ROOM }) {
    const order = { kind, title, unit, ...where };
    const made = where.place
        ? await host.order({ ...order, requester: id })
        : await self.order(order);
    await secretary.act(made.id, "accept");
    await secretary.act(made.id, "dispatch", { to: elders.id });
    return made.id;
}
async function handled(id, { self }) {
    await mediator.act(id, "submit", { text: "办好了" });
    const { may } = await secretary.read(`/api/matters/${id}`);
    if (may.includes("verify")) await secretary.act(id, "verify");
    await self.act(id, "rate", { solved: true, score: 5 });
}

/* Two neighbours sit down in the room, agree, and both sign, as does the mediator. */
async function mediated(id, sides) {
    const open = { type: "0201", way: "0103" };
    expect(await secretary.post(`/api/matters/${id}/mediation`, open), 201);
    const at = `/api/mediations/${id}`;
    const add = async (who) =>
        expect(await secretary.post(`${at}/persons`, who), 200).persons.at(-1).id;
    const signers = [];
    for (const { name, id: person } of sides)
        signers.push(await add({ side: "party", name, person }));
    signers.push(await add({ side: "mediator", name: "调解员", party: elders.id }));
    const when = new Date(app.clock.now() - MINUTE).toISOString();
    const sitting = { at: when, place: ROOM, came: signers };
    expect(await mediator.post(`${at}/sessions`, sitting), 200);
    const agreed = { text: "双方同意：十日内修好水管，费用各付一半。" };
    const { hash } = expect(await mediator.post(`${at}/agreement`, agreed), 200);
    for (const [n, signer] of signers.entries()) {
        const points = Array.from({ length: 12 }, (_, i) => `${10 + i * (n + 2)},${20 + (i % 5)}`);
        const drawn = `M${points.join(" L")}`;
        expect(await mediator.post(`${at}/signatures`, { signer, hash, drawn }), 200);
    }
}

const demands = ["楼前缺路灯", "健身器材松动", "下水道反味"];
for (const [i, title] of demands.entries())
    await handled(await heard("repair", title, people[i]), people[i]);
for (const [a, b] of [[0, 1], [2, 3]]) {
    const id = await heard("dispute", "楼上漏水，两家争执", people[a]);
    await mediated(id, [people[a], people[b]]);
    await handled(id, people[a]);
}
/* These do not count: one from home, one that is still being worked on. */
await handled(await heard("repair", "单元门坏了", people[4], {}), people[4]);
await heard("repair", "车棚漏雨", people[4]);
await app.indexed();

/* ---- the figures ---- */

/* Heard in the room by somebody at work there, and ended as the one who came says: solved. */
async function ended(kind) {
    const list = await secretary.all(`/api/matters?queue=closed&kind=${kind}`);
    const there = list.filter((m) => m.place === ROOM && m.source === "worker");
    return there.filter((m) => m.outcome === "solved");
}
/* Of the disputes, those with a sitting in the room and an agreement that every signature fits. */
async function agreed() {
    let n = 0;
    for (const { id } of await ended("dispute")) {
        const r = await secretary.get(`/api/mediations/${id}`);
        if (r.status !== 200 || !r.body.concluded) continue;
        const { whole } = await secretary.read(`/api/mediations/${id}/verify`);
        if (whole && r.body.sessions.some((s) => s.place === ROOM)) n++;
    }
    return n;
}
const keys = (table, column, more = "1") =>
    tableRows(app, table, `SELECT ${column} FROM ${table} WHERE ${more}`);
const closed = (kind) => `kind = '${kind}' AND place = '${ROOM}' AND open = 0`;

test("what was not heard there, or is not done, is there and does not count", async () => {
    const all = await secretary.all("/api/matters?queue=unit&limit=100");
    const done = await secretary.all("/api/matters?queue=closed&limit=100");
    assert.ok(all.some((m) => m.title === "车棚漏雨" && m.place === ROOM && m.open));
    assert.ok(done.some((m) => m.title === "单元门坏了" && m.place === undefined));
});
scene("tianchang", [
    {
        id: "T4",
        title: "议事厅听取并办好的诉求 demands heard in the room and handled",
        published: "–",
        expected: demands.length,
        compute: async () => (await ended("repair")).length,
        records: () => keys("matter", "id", closed("repair")),
    },
    {
        id: "T4",
        title: "议事厅调解成功的纠纷 disputes mediated in the room and signed",
        published: "–",
        expected: 2,
        compute: agreed,
        records: () => [
            ...keys("matter", "id", closed("dispute")),
            ...keys("mediation", "matter"),
            ...keys("mediation_session", "id"),
            ...keys("mediation_agreement", "id"),
            ...keys("mediation_signature", "id"),
        ],
    },
]);
