/* One pipe bursts again and again. What was at a place before is one history, for those who look
 * after the place: how often, since when, and how it ended each time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, expect, refused, start } from "./lib.mjs";

const unit = "620102003003";
const app = await start({ at: "2025-06-02T09:00:00+08:00" });
const secretary = await app.user({ role: "secretary", unit, name: "李书记" });
const neighbour = await app.user({ role: "secretary", unit: "620102003001" });
const street = await app.user({ role: "street", unit: "620102003" });
const district = await app.user({ role: "district", unit: "620102" });
const team = await app.party({ name: "水暖队", kind: "team", unit });
const zhao = await app.user({ role: "handler", party: team });
const wang = await app.user({ person: await app.person({ name: "王明", unit }) });
const here = { lng: 103.87, lat: 36.07 };
const metres = (m) => ({ lng: here.lng, lat: here.lat + m / 111195 });

const leak = (more = {}) =>
    wang.order({
        kind: "repair",
        category: "heating-water.leak-water",
        title: "水管又爆了",
        unit: app.unit(unit),
        ...more,
    });
const history = (m, who = secretary) => who.read(`/api/matters/${m.id}/history`);
const mend = async (m) => {
    await secretary.act(m.id, "accept");
    await secretary.act(m.id, "dispatch", { to: team.id });
    await zhao.act(m.id, "submit", { text: "已修" });
    await secretary.act(m.id, "verify");
    await wang.act(m.id, "rate", { solved: true, score: 4 });
};
/* Sessions end after 30 days: everybody signs in again. */
async function later(days) {
    app.clock.advance(days * DAY);
    for (const c of [secretary, neighbour, street, district, zhao, wang]) {
        const { link } = expect(await app.admin().post(`/api/accounts/${c.id}/links`), 201);
        c.token = expect(await app.anon.post("/api/sessions", { link }), 201).token;
    }
}
let first;
let third;

test("once is no history yet", async () => {
    first = await leak({ place: "5号楼 2单元", ...here });
    const h = await history(first);
    assert.equal(h.count, 1);
    assert.equal(h.recurring, false);
    assert.equal(h.first_at, first.created_at);
    assert.equal(h.last_at, first.created_at);
    await mend(first);
});

test("the same words for the place, or a point near by, and the same group of trouble", async () => {
    await later(200);
    const words = await leak({ place: "5号楼、2单元。", category: "heating-water.pressure" });
    await later(100);
    third = await leak({ place: "单元门前", ...metres(40) });
    await leak({ place: "别处", ...metres(60) });
    await leak({ place: "5号楼2单元", category: "demand.noise", title: "半夜吵闹" });
    const byWords = await history(words);
    assert.deepEqual(byWords.items.map((i) => i.id), [words.id, first.id]);
    const byPoint = await history(third);
    assert.deepEqual(byPoint.items.map((i) => i.id).slice(-2), [third.id, first.id]);
    const all = await history(first);
    assert.deepEqual(all.items.map((i) => i.id), [third.id, words.id, first.id], "newest first");
    assert.equal(all.count, 3);
    assert.equal(all.first_at, first.created_at);
    assert.equal(all.last_at, third.created_at);
    const [, , oldest] = all.items;
    assert.equal(oldest.outcome, "solved");
    assert.equal(oldest.solved, true);
    assert.ok(oldest.closed_at);
    assert.equal(all.year, 3);
    assert.equal(all.recurring, true, "three times in twelve months");
});

test("what is longer ago than a year is told, and no longer makes it recurring", async () => {
    await later(80);
    const h = await history(first);
    assert.equal(h.count, 3);
    assert.equal(h.year, 2);
    assert.equal(h.recurring, false);
});

test("what was withdrawn is told and not counted; a merged report is the same time, not another", async () => {
    const again = await leak({ place: "5号楼2单元", ...here });
    await wang.act(again.id, "withdraw");
    const twin = await leak({ place: "5号楼2单元", ...here });
    // Nobody took the third up for months: by now it is the district's.
    expect(await district.post(`/api/matters/${twin.id}/merge`, { into: third.id }), 200);
    const h = await history(first);
    assert.equal(h.count, 4);
    assert.equal(h.items[0].outcome, "withdrawn");
    assert.equal(h.year, 2);
});

test("only for units, only as far as they reach, and never what is confidential", async () => {
    refused(await wang.get(`/api/matters/${first.id}/history`), 403, "/id", "side");
    refused(await zhao.get(`/api/matters/${first.id}/history`), 403, "/id", "side");
    refused(await neighbour.get(`/api/matters/${first.id}/history`), 404);
    const over = await wang.order({
        kind: "repair", category: "heating-water.no-water", title: "停水了",
        unit: app.unit("620102003001"), ...metres(10),
    });
    const next = (await history(over, neighbour)).items;
    assert.deepEqual(next.map((i) => i.id), [over.id], "what lies next door is the next one's");
    assert.ok((await history(over, street)).items.some((i) => i.id === first.id));
    const quiet = await wang.order({ kind: "counselling", title: "睡不着", place: "5号楼2单元", unit: app.unit(unit), ...here });
    assert.deepEqual(await history(quiet), { count: 0, year: 0, recurring: false, items: [] });
    assert.ok(!(await history(first)).items.some((i) => i.id === quiet.id));
});
