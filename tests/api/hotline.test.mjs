/* A cold flat in January: the hotline desk of the street takes the call down, sends it at once to
 * the heating company, and answers a question of policy by itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, refused, start } from "./lib.mjs";

const app = await start({ at: "2026-01-10T21:00:00+08:00" });
const desk = await app.user({ role: "hotline", unit: "620102003", name: "热线 3 号" });
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "李书记" });
const heating = await app.party({ name: "供热公司", kind: "firm", unit: "620102" });
const plumber = await app.user({ role: "handler", party: heating, name: "马师傅" });

let matter;

test("the desk takes the call down with its source and whom to ring back", async () => {
    matter = await desk.order({
        kind: "heating-water",
        category: "heating-water.no-heat",
        title: "家里暖气不热",
        text: "华富小区 3 号楼都不热",
        unit: app.unit("620102003003"),
        source: "hotline_12345",
        contact_name: "刘女士",
        contact_phone: "13893012345",
    });
    assert.equal(matter.source, "hotline_12345");
    assert.ok(matter.may.includes("dispatch"), "this kind the desk may send out itself");
});

test("an hour is an hour at night, too", () => {
    const due = Date.parse(matter.due_at) - Date.parse(matter.created_at);
    assert.equal(due, HOUR);
    assert.ok(!matter.provisional);
});

test("a source the pack does not know is refused; without one it is the desk's own", async () => {
    const call = { kind: "repair", title: "楼道灯不亮", unit: app.unit("620102003003") };
    refused(
        await desk.post("/api/matters", { ...call, source: "telepathy" }),
        422,
        "/source",
        "unknown",
    );
    assert.equal((await desk.order(call)).source, "hotline");
});

test("the desk sends it to the heating company, which has a day from then", async () => {
    app.clock.advance(10 * MINUTE);
    const sent = await desk.act(matter.id, "dispatch", { to: heating.id });
    assert.equal(sent.stage, "doing");
    const due = Date.parse(sent.due_at) - app.clock.now();
    assert.ok(Math.abs(due - 24 * HOUR) < MINUTE, `${due}`);
    const [event] = (await secretary.events(matter.id)).slice(-1);
    assert.deepEqual([event.act, event.side, event.by_name], ["dispatch", "hotline", "热线 3 号"]);
});

test("ordinary repairs only the community sends out", async () => {
    const lamp = await desk.order({
        kind: "repair",
        title: "路灯闪烁",
        unit: app.unit("620102003003"),
    });
    assert.deepEqual(lamp.may, ["supervise"], "it may ask how it stands, and no more");
    const r = await desk.post(`/api/matters/${lamp.id}/acts`, { act: "dispatch", to: heating.id });
    refused(r, 403, "/act", "side");
});

test("the company mends it and the desk still sees how it went", async () => {
    await plumber.act(matter.id, "claim");
    await plumber.act(matter.id, "submit", { text: "排气后恢复供暖" });
    const seen = await desk.read(`/api/matters/${matter.id}`);
    assert.equal(seen.stage, "done");
    refused(await desk.post(`/api/matters/${matter.id}/reveal`, { reason: "回访来电人" }), 403);
});

test("a question of policy the desk answers at once: handled, not yet clear", async () => {
    const question = await desk.order({
        kind: "inquiry",
        category: "policy.elders",
        title: "高龄补贴怎么领",
        unit: app.unit("620102003004"),
    });
    const answered = await desk.act(question.id, "submit", { text: "带身份证到民情驿站登记。" });
    assert.equal(answered.stage, "handled");
    assert.equal(answered.outcome, "handled");
    assert.equal(answered.open, true);
});

test("the desk sees its street and no other", async () => {
    const seen = await desk.all("/api/matters?queue=unit");
    assert.ok(seen.length >= 4);
    const elsewhere = await app.anon.order({
        kind: "repair",
        title: "人行道塌陷",
        unit: app.unit("620102004001"),
    });
    refused(await desk.get(`/api/matters/${elsewhere.id}`), 404);
    refused(
        await desk.post("/api/matters", {
            kind: "property",
            title: "物业费问题",
            unit: app.unit("620102004001"),
        }),
        403,
        "/kind",
        "side",
    );
});
