/* 分层办理: what a community does not get done goes up, to the street, then to the district; by hand
 * with a reason, or by itself when it is overdue. Each tier has its own limit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, refused, start } from "./lib.mjs";

const app = await start({ at: "2026-09-14T09:00:00+08:00" }); // a Monday
const unit = app.unit("620102003003");
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "李书记" });
const street = await app.user({ role: "street", unit: "620102003", name: "街道" });
const district = await app.user({ role: "district", unit: "620102", name: "区里" });
const neighbour = await app.user({ role: "street", unit: "620102004", name: "邻街" });
const team = await app.party({ name: "路灯队", kind: "team" });
const worker = await app.user({ role: "handler", party: team, name: "王师傅" });
const get = (who, id) => who.read(`/api/matters/${id}`);
const shanghai = (iso) =>
    new Date(Date.parse(iso) + 8 * HOUR).toISOString().slice(0, 16).replace("T", " ");
const until = (who, id, what) => app.wait(async () => what(await get(who, id)));
const order = (title) => app.anon.order({ kind: "repair", title, unit });

test("by hand, with a reason: the street is in charge, and the community no longer", async () => {
    const { id } = await order("路面塌陷");
    await secretary.act(id, "accept");
    refused(await secretary.post(`/api/matters/${id}/acts`, { act: "escalate" }), 422, "/text", "required");
    const up = await secretary.act(id, "escalate", { text: "要挖路，社区没有权限" });
    assert.equal(up.tier, "street");
    assert.equal(up.charge, app.unit("620102003"));
    assert.equal(up.escalations, 1);
    assert.ok(!up.may.includes("dispatch"), "it is the street's now");
    refused(await secretary.post(`/api/matters/${id}/acts`, { act: "dispatch", to: team.id }), 403, "/act", "side");
    const mine = await street.read("/api/matters?queue=charge");
    assert.ok(mine.items.some((m) => m.id === id && m.tier === "street"));
    assert.ok(!(await secretary.read("/api/matters?queue=charge")).items.some((m) => m.id === id));
    assert.ok((await secretary.read("/api/matters?queue=unit")).items.some((m) => m.id === id), "still seen");
    await street.act(id, "dispatch", { to: team.id });
});

test("the same step has another limit at another tier", async () => {
    app.clock.set("2026-09-14T09:00:00+08:00");
    const { id, due_at } = await order("井盖松动");
    assert.equal(shanghai(due_at), "2026-09-14 15:00", "four working hours for the community");
    await secretary.act(id, "accept");
    const up = await secretary.act(id, "escalate", { text: "归街道管" });
    assert.equal(shanghai(up.due_at), "2026-09-15 18:00", "a working day for the street");
    const sent = await street.act(id, "dispatch", { to: team.id });
    assert.equal(shanghai(sent.due_at), "2026-09-20 18:00", "five working days to do it; Sunday 20 is worked");
});

test("overdue, it goes up by itself, twice, and then stays with the district, overdue", async () => {
    app.clock.set("2026-09-14T09:00:00+08:00");
    const { id } = await order("没人管的路灯");
    app.clock.set("2026-09-14T15:00:01+08:00");
    const one = await until(street, id, (m) => m.tier === "street" && m);
    assert.equal(one.late, true);
    assert.equal(one.overdue, false, "the street has time of its own");
    assert.equal(one.stage, "accepted");
    app.clock.set("2026-09-15T18:00:01+08:00");
    const two = await until(district, id, (m) => m.tier === "district" && m);
    assert.equal(two.charge, app.unit("620102"));
    assert.equal(two.escalations, 2);
    assert.ok(!two.may.includes("escalate"), "nobody is above");
    app.clock.set("2026-09-17T18:00:00+08:00");
    const acts = async () => (await district.events(id)).map((e) => e.act);
    await app.wait(async () => (await acts()).includes("overdue"));
    const told = (await acts()).filter((act) => act !== "warn");
    assert.deepEqual(told, ["order", "escalate", "escalate", "overdue"]);
    assert.equal((await get(district, id)).overdue, true);
});

test("what was with a handler stays with it, and the street looks after it", async () => {
    app.clock.set("2026-09-14T09:00:00+08:00");
    const { id } = await order("灯杆倾斜");
    await secretary.act(id, "dispatch", { to: team.id });
    app.clock.advance(5 * DAY);
    const up = await until(street, id, (m) => m.tier === "street" && m);
    assert.equal(up.party, team.id);
    assert.equal(up.stage, "doing");
    assert.ok((await worker.read("/api/matters?queue=party")).items.some((m) => m.id === id));
    const done = await worker.act(id, "submit", { text: "扶正了" });
    assert.equal(done.late, true, "late for the community, whatever came of it");
});

test("a warning comes before it is due, once, and not to who asked", async () => {
    app.clock.set("2026-09-14T09:00:00+08:00");
    const { id, tracking_code } = await order("小区门口积水");
    await secretary.act(id, "dispatch", { to: team.id }); // due Thursday 18:00, warned at 14:00
    app.clock.set("2026-09-17T13:59:00+08:00");
    assert.ok(!(await secretary.events(id)).some((e) => e.act === "warn"));
    app.clock.set("2026-09-17T14:00:01+08:00");
    await app.wait(async () => (await secretary.events(id)).some((e) => e.act === "warn"));
    const session = await app.anon.post("/api/sessions", { tracking: tracking_code });
    const events = await app.anon.read(`/api/matters/${id}/events`, {
        headers: { Authorization: `Bearer ${session.body.token}` },
    });
    assert.deepEqual(events.items.map((e) => e.act), ["order", "dispatch"]);
});

test("the neighbouring street sees nothing of it", async () => {
    const { id } = await order("河边护栏");
    await secretary.act(id, "accept");
    await secretary.act(id, "escalate", { text: "归街道管" });
    refused(await neighbour.get(`/api/matters/${id}`), 404);
});

test("every tier's step stands in the audit, once", async () => {
    const counts = app.rows(
        "SELECT m.id, (SELECT count(*) FROM matter_event e WHERE e.matter = m.id AND e.account IS NOT NULL) AS events, " +
            "(SELECT count(*) FROM audit a WHERE a.subject = m.id AND a.account <> 0) AS audited FROM matter m",
    );
    assert.ok(counts.length >= 6);
    for (const c of counts) assert.equal(c.audited, c.events);
});
