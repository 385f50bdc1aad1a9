/* 吹哨: one leads, several help, each with a part and a limit of its own. The whole is done when
 * all parts are. Who refuses is heard by the tier above, and what that says is final; so is what it
 * says when a matter goes round in circles. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, refused, start } from "./lib.mjs";

const app = await start({ at: "2026-09-14T09:00:00+08:00" }); // a Monday
const unit = app.unit("620102003003");
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "李书记" });
const street = await app.user({ role: "street", unit: "620102003", name: "街道" });
const party = {};
const user = {};
for (const name of ["城管", "水务", "交警", "供电"]) {
    party[name] = await app.party({ name, kind: "department" });
    user[name] = await app.user({ role: "handler", party: party[name], name: `${name}科长` });
}
const acts = (id) => `/api/matters/${id}/acts`;
const get = (who, id) => who.read(`/api/matters/${id}`);
const parts = async (who, id) => (await who.read(`/api/matters/${id}/parts`)).items;
const ids = (page) => page.items.map((m) => m.id);

async function accepted(title) {
    const { id } = await app.anon.order({ kind: "repair", title, unit });
    await secretary.act(id, "accept");
    return id;
}
const whistle = {
    to: party.城管.id,
    parts: [
        { to: party.水务.id, text: "先断水，再回填", within: "8 work hours" },
        { to: party.交警.id, text: "封半幅路" },
    ],
};

test("a lead and two co-handlers, each sees it and has a part", async () => {
    const id = await accepted("路面塌陷，水管外露");
    refused(await secretary.post(acts(id), { act: "whistle", to: party.城管.id }), 422, "/parts", "required");
    const bad = (parts) => secretary.post(acts(id), { act: "whistle", to: party.城管.id, parts });
    refused(await bad([{ to: party.城管.id, text: "x" }]), 422, "/parts/0/to", "twice");
    refused(await bad([{ to: party.水务.id, text: "x" }, { to: party.水务.id, text: "y" }]), 422, "/parts/1/to", "twice");
    refused(await bad([{ to: "1", text: "x" }]), 422, "/parts/0/to", "unknown");
    refused(await bad([{ to: party.水务.id, text: "x", within: "soon" }]), 422, "/parts/0/within");
    refused(await secretary.post(acts(id), { act: "dispatch", to: party.城管.id, parts: whistle.parts }), 422, "/parts", "not_allowed");
    const m = await secretary.act(id, "whistle", whistle);
    assert.equal(m.stage, "doing");
    assert.equal(m.party, party.城管.id);
    assert.equal(m.parts_open, 2);
    assert.deepEqual(ids(await user.水务.read("/api/matters?queue=parts")), [id]);
    assert.deepEqual(ids(await user.城管.read("/api/matters?queue=party")), [id]);
    assert.deepEqual(ids(await user.供电.read("/api/matters?queue=parts")), []);
    const [water, police] = await parts(user.水务, id);
    assert.equal(water.due_at, new Date(Date.parse("2026-09-15T10:00:00+08:00")).toISOString().slice(0, 16) + water.due_at.slice(16));
    assert.equal(police.due_at, m.due_at, "without a limit of its own, that of the whole");
    assert.deepEqual((await get(user.水务, id)).may, ["report", "refuse"]);
});

test("the lead cannot call it done before every part is", async () => {
    const id = await accepted("路面塌陷二");
    await secretary.act(id, "whistle", whistle);
    refused(await user.城管.post(acts(id), { act: "submit", text: "好了" }), 409, "/act", "parts");
    refused(await user.水务.post(acts(id), { act: "report" }), 422, "/text", "required");
    const one = await user.水务.act(id, "report", { text: "已断水回填" });
    assert.equal(one.parts_open, 1);
    refused(await user.水务.post(acts(id), { act: "report", text: "又一次" }), 409, "/act", "part");
    refused(await user.城管.post(acts(id), { act: "submit", text: "好了" }), 409, "/act", "parts");
    app.clock.advance(10 * 24 * HOUR);
    const two = await user.交警.act(id, "report", { text: "已恢复通行" });
    assert.equal(two.parts_open, 0);
    const states = (await parts(secretary, id)).map((p) => [p.party_name, p.state, p.late]);
    assert.deepEqual(states, [["水务", "done", false], ["交警", "done", true]]);
    const done = await user.城管.act(id, "submit", { text: "路面恢复" });
    assert.equal(done.stage, "done");
});

test("a refusal goes up with its reason, and what the tier above says is final", async () => {
    const id = await accepted("电缆裸露");
    await secretary.act(id, "whistle", { to: party.城管.id, parts: [{ to: party.水务.id, text: "抢修" }] });
    refused(await user.水务.post(acts(id), { act: "refuse" }), 422, "/text", "required");
    const no = await user.水务.act(id, "refuse", { text: "电缆不归水务" });
    assert.equal(no.parts_open, 1, "still nobody's: the whole waits");
    const asks = (await street.read(`/api/matters/${id}/asks`)).items;
    assert.deepEqual(asks.map((a) => [a.kind, a.text, a.party_name]), [["settle", "电缆不归水务", "水务"]]);
    refused(await street.post(acts(id), { act: "answer", ask: asks[0].id }), 422, "/to", "required");
    refused(await street.post(acts(id), { act: "answer", ask: asks[0].id, to: party.城管.id }), 422, "/to", "twice");
    await street.act(id, "answer", { ask: asks[0].id, to: party.供电.id, text: "归供电" });
    const [part] = await parts(street, id);
    assert.deepEqual([part.party_name, part.state, part.settled], ["供电", "open", true]);
    assert.deepEqual((await get(user.供电, id)).may, ["report"], "it cannot be refused again");
    refused(await user.供电.post(acts(id), { act: "refuse", text: "也不归我" }), 409, "/act", "settled");
    await user.供电.act(id, "report", { text: "已处理" });
    await user.城管.act(id, "submit", { text: "完成" });
});

test("blown again, the new parts stand in the place of those still open", async () => {
    const id = await accepted("塌陷三");
    await secretary.act(id, "whistle", whistle);
    await user.水务.act(id, "report", { text: "断水了" });
    const again = await secretary.act(id, "whistle", { to: party.水务.id, parts: [{ to: party.供电.id, text: "移杆" }] });
    assert.equal(again.parts_open, 1);
    assert.deepEqual((await parts(secretary, id)).map((p) => p.state), ["done", "dropped", "open"]);
    assert.ok(!(await get(user.交警, id)).may.includes("report"));
});

test("passed on a third time, it is not passed on: the tier above says who does it", async () => {
    const id = await accepted("谁都说不归我");
    await secretary.act(id, "dispatch", { to: party.城管.id });
    await user.城管.act(id, "transfer", { to: party.水务.id, text: "归水务" });
    await user.水务.act(id, "transfer", { to: party.交警.id, text: "归交警" });
    const third = await user.交警.act(id, "transfer", { to: party.供电.id, text: "归供电" });
    assert.equal(third.party, party.交警.id, "it stays where it is");
    assert.equal(third.transfers, 3);
    refused(await user.交警.post(acts(id), { act: "transfer", to: party.城管.id, text: "回城管" }), 409, "/act", "pending");
    const [ask] = (await street.read(`/api/matters/${id}/asks`)).items;
    assert.deepEqual([ask.kind, ask.party_name], ["settle", "供电"]);
    const settled = await street.act(id, "answer", { ask: ask.id, to: party.城管.id, text: "城管牵头办" });
    assert.equal(settled.party, party.城管.id);
    assert.equal(settled.settled, true);
    assert.ok(!(await get(user.城管, id)).may.includes("transfer"));
    refused(await user.城管.post(acts(id), { act: "transfer", to: party.水务.id, text: "不归我" }), 409, "/act", "settled");
    await user.城管.act(id, "submit", { text: "办了" });
});
