/* Before a report is sent, what is open near by and reads alike is shown, so that a second report
 * joins the first. A stranger sees what it is, where and how far it is, and nothing more; only kinds
 * that anybody may report. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expect, refused, start } from "./lib.mjs";

const unit = "620102003003";
const app = await start();
const secretary = await app.user({ role: "secretary", unit });
const wang = await app.user({ person: await app.person({ name: "王明", unit }) });
const here = { lng: 103.87, lat: 36.07 };
/* Metres to the north. */
const north = (m) => ({ lng: here.lng, lat: here.lat + m / 111195 });
const near = async (more, who = app.anon) => {
    const q = new URLSearchParams({ unit: app.unit(unit), ...more });
    return (await who.read(`/api/matters/similar?${q}`)).items;
};
const lamp = (title, more = {}) =>
    wang.order({ kind: "repair", title, unit: app.unit(unit), ...more });

const gate = await lamp("东门路灯不亮", {
    ...here,
    text: "昨晚摔了一跤，请打13912345678",
    place: "东门口",
});
const far = await lamp("西门路灯不亮", { ...north(400), place: "西门口" });
const pipe = await lamp("地下室漏水", { ...north(100) });
const unplaced = await lamp("电梯困人，按钮失灵");
await wang.order({ kind: "dispute", title: "东门路灯邻里纠纷", unit: app.unit(unit), ...here });
await wang.order({ kind: "counselling", title: "东门路灯下的心事", unit: app.unit(unit), ...here });

test("near and alike comes first; what a stranger sees, and no more", async () => {
    const [first] = await near({ ...here, q: "路灯不亮了", kind: "repair" });
    assert.deepEqual(first, {
        id: gate.id,
        kind: "repair",
        title: "东门路灯不亮",
        stage: "new",
        place: "东门口",
        created_at: gate.created_at,
        affected: 0,
        metres: 0,
    });
});

test("by place alone: what is within 300 metres and of the same kind", async () => {
    const found = await near({ ...here, kind: "repair" });
    assert.deepEqual(found.map((m) => m.id), [gate.id, pipe.id]);
    assert.ok(Math.abs(found[1].metres - 100) <= 1, `${found[1].metres} m`);
    // 290 and 310 metres: over the border of a cell, and over the limit.
    assert.ok((await near({ ...north(-290), kind: "repair" })).some((m) => m.id === gate.id));
    assert.ok(!(await near({ ...north(-310), kind: "repair" })).some((m) => m.id === gate.id));
});

test("by words alone: in the same community, however far", async () => {
    assert.deepEqual((await near({ q: "电梯按钮失灵" })).map((m) => m.id), [unplaced.id]);
    const lamps = (await near({ q: "路灯不亮" })).map((m) => m.id);
    assert.deepEqual(lamps.sort(), [gate.id, far.id].sort());
    assert.equal((await near({ q: "路灯不亮" })).find((m) => m.metres !== undefined), undefined);
    assert.deepEqual(await near({ q: "下水道堵塞" }), []);
    assert.deepEqual(await near({}), [], "nothing asked, nothing alike");
});

test("in a grid of the community, the same; in another community, nothing by words", async () => {
    const grid = { unit: app.unit(`${unit}-G1`), q: "路灯不亮" };
    assert.equal((await near(grid)).length, 2);
    assert.deepEqual(await near({ unit: app.unit("620102003001"), q: "路灯不亮" }), []);
    // … but a point knows no border between communities.
    const over = await near({ unit: app.unit("620102003001"), ...here, q: "路灯不亮" });
    assert.deepEqual(over.map((m) => m.id), [gate.id]);
});

test("never what not everybody may report, and nothing confidential", async () => {
    for (const who of [app.anon, wang, secretary]) {
        const found = await near({ ...here, q: "东门路灯", kind: "dispute" }, who);
        assert.ok(found.length > 0);
        for (const m of found) assert.equal(m.kind, "repair");
        assert.deepEqual((await near({ ...here, kind: "counselling", q: "心事" }, who)), []);
    }
    const text = JSON.stringify(await near({ ...here, q: "路灯" }));
    assert.doesNotMatch(text, /摔了一跤|139/);
});

test("at most five; who has joined is counted; what is closed is gone", async () => {
    for (let i = 0; i < 6; i++) await lamp(`北门路灯不亮${i}`, north(i));
    assert.equal((await near({ ...here, q: "路灯不亮", kind: "repair" })).length, 5);
    expect(await app.anon.post(`/api/matters/${gate.id}/join`, {}), 201);
    const joined = (await near({ ...here, q: "东门路灯", kind: "repair" }))[0];
    assert.equal(joined.id, gate.id);
    assert.equal(joined.affected, 1, "and the joined report is not offered itself");
    await wang.act(gate.id, "withdraw");
    assert.ok(!(await near({ ...here, q: "东门路灯" })).some((m) => m.id === gate.id));
});

test("what cannot be asked", async () => {
    const get = (q) => app.anon.get(`/api/matters/similar?${new URLSearchParams(q)}`);
    refused(await get({ unit: app.unit(unit), lng: 103 }), 422, "lat", "pair");
    refused(await get({ unit: gate.id, q: "路灯" }), 422, "unit", "unknown");
    refused(await get({ q: "路灯" }), 422, "unit", "required");
});
