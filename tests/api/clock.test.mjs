/* More time, a clock that stands, an answer to the tier above: asked for with a declared reason,
 * approved above, and all of it in the timeline. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, refused, start } from "./lib.mjs";

const app = await start({ at: "2026-09-14T09:00:00+08:00" }); // a Monday
const unit = app.unit("620102003003");
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "李书记" });
const other = await app.user({ role: "secretary", unit: "620102003001", name: "别的书记" });
const street = await app.user({ role: "street", unit: "620102003", name: "街道" });
const district = await app.user({ role: "district", unit: "620102", name: "区里" });
const hotline = await app.user({ role: "hotline", unit: "620102003", name: "坐席" });
const team = await app.party({ name: "路灯队", kind: "team" });
const worker = await app.user({ role: "handler", party: team, name: "王师傅" });
const acts = (id) => `/api/matters/${id}/acts`;
const get = (who, id) => who.read(`/api/matters/${id}`);
const asks = async (who, id) => (await who.read(`/api/matters/${id}/asks`)).items;
const shanghai = (iso) =>
    new Date(Date.parse(iso) + 8 * HOUR).toISOString().slice(0, 16).replace("T", " ");

/* With the team since Monday 09:00: due on Thursday at 18:00. */
async function sent(title) {
    app.clock.set("2026-09-14T09:00:00+08:00");
    const { id } = await app.anon.order({ kind: "repair", title, unit });
    return secretary.act(id, "dispatch", { to: team.id });
}

test("more time: the handler asks, the street grants, and the limit is that much later", async () => {
    const { id, due_at } = await sent("灯头要换型号");
    assert.equal(shanghai(due_at), "2026-09-17 18:00");
    const bad = { act: "extend", text: "等配件" };
    refused(await worker.post(acts(id), { ...bad, within: "2 work days" }), 422, "/reason", "required");
    refused(await worker.post(acts(id), { ...bad, reason: "lazy", within: "2 work days" }), 422, "/reason", "unknown");
    refused(await worker.post(acts(id), { ...bad, reason: "materials" }), 422, "/within", "required");
    refused(await worker.post(acts(id), { ...bad, reason: "materials", within: "6 work days" }), 422, "/within", "too_long");
    const asked = await worker.act(id, "extend", { text: "等配件", reason: "materials", within: "2 work days" });
    assert.equal(asked.due_at, due_at, "asking changes nothing");
    assert.equal(asked.asks_open, 1);
    refused(await worker.post(acts(id), { act: "extend", text: "再问一次", reason: "materials", within: "1 work day" }), 409, "/act", "pending");
    const [ask] = await asks(street, id);
    assert.equal(ask.kind, "extend");
    assert.equal(ask.unit, app.unit("620102003"));
    assert.ok((await street.read("/api/matters?queue=asks")).items.some((m) => m.id === id));
    assert.ok(!(await secretary.read("/api/matters?queue=asks")).items.length, "the community is not asked");
    assert.ok(!(await get(secretary, id)).may.includes("answer"));
    refused(await secretary.post(acts(id), { act: "answer", ask: ask.id, granted: true }), 403, "/act", "side");
    refused(await street.post(acts(id), { act: "answer", ask: ask.id }), 422, "/granted", "required");
    refused(await street.post(acts(id), { act: "answer", ask: ask.id, granted: false }), 422, "/text", "required");
    const granted = await street.act(id, "answer", { ask: ask.id, granted: true });
    assert.equal(shanghai(granted.due_at), "2026-09-20 18:00", "Friday, and the Sunday that is worked");
    assert.equal(granted.extensions, 1);
    assert.equal(granted.asks_open, 0);
    refused(await street.post(acts(id), { act: "answer", ask: ask.id, granted: true }), 422, "/ask", "unknown");
    const told = (await worker.events(id)).slice(-2).map((e) => [e.act, e.reason, e.span, e.granted]);
    assert.deepEqual(told, [
        ["extend", "materials", "2 work days", undefined],
        ["answer", "extend", "2 work days", true],
    ]);
});

test("no more time, with the reason; and not more often than the pack allows", async () => {
    const { id, due_at } = await sent("只是忘了");
    const ask = async () => {
        await worker.act(id, "extend", { text: "等配件", reason: "materials", within: "1 work day" });
        return (await asks(street, id)).at(-1).id;
    };
    const no = await street.act(id, "answer", { ask: await ask(), granted: false, text: "库里有货" });
    assert.equal(no.due_at, due_at);
    await street.act(id, "answer", { ask: await ask(), granted: true });
    await street.act(id, "answer", { ask: await ask(), granted: true });
    const again = { act: "extend", text: "还等", reason: "materials", within: "1 work day" };
    refused(await worker.post(acts(id), again), 409, "/act", "times");
});

test("a pause: the clock stands, it shows, and runs on with what was left", async () => {
    const { id } = await sent("雨停了才能登高");
    app.clock.set("2026-09-15T10:00:00+08:00");
    await worker.act(id, "pause", { text: "连日大雨", reason: "weather", within: "10 days" });
    const [ask] = await asks(street, id);
    const before = await get(worker, id);
    const paused = await street.act(id, "answer", { ask: ask.id, granted: true });
    assert.equal(Date.parse(paused.paused_at), Date.parse("2026-09-15T10:00:00+08:00") + (Date.parse(paused.paused_at) % 1000));
    assert.equal(paused.pause_reason, "weather");
    assert.equal(paused.due_at, undefined, "nothing is due while it stands");
    assert.equal(paused.overdue, false);
    app.clock.set("2026-09-21T10:00:00+08:00"); // long past the old limit
    const standing = await get(secretary, id);
    assert.equal(standing.tier, "community", "nor does it go up");
    assert.equal(standing.overdue, false);
    const row = (await secretary.read("/api/matters?queue=unit")).items.find((m) => m.id === id);
    assert.ok(row.paused_at, "the list says so");
    const on = await worker.act(id, "resume");
    assert.equal(on.paused_at, undefined);
    assert.ok(Math.abs(on.remaining_minutes - before.remaining_minutes) <= 1, "to the minute");
    assert.equal(on.late, false);
});

test("a pause ends by itself when its time is over", async () => {
    const { id } = await sent("等天晴");
    await worker.act(id, "pause", { text: "大雨", reason: "weather", within: "2 days" });
    await street.act(id, "answer", { ask: (await asks(street, id))[0].id, granted: true });
    app.clock.advance(2 * DAY + HOUR);
    const m = await app.wait(async () => {
        const seen = await get(worker, id);
        return !seen.paused_at && seen;
    });
    assert.ok(m.due_at);
    const last = (await worker.events(id)).at(-1);
    assert.deepEqual([last.act, last.side], ["resume", "time"]);
});

test("what moves on while it stands runs again, and asks nobody any more", async () => {
    const { id } = await sent("一边等一边修好了");
    await worker.act(id, "pause", { text: "大雨", reason: "weather", within: "2 days" });
    await street.act(id, "answer", { ask: (await asks(street, id))[0].id, granted: true });
    const done = await worker.act(id, "submit", { text: "雨小时修好了" });
    assert.equal(done.paused_at, undefined);
    assert.ok(done.due_at, "it waits to be verified, and that has a limit");
    const late = await sent("问过就办完了");
    await worker.act(late.id, "extend", { text: "等配件", reason: "materials", within: "1 work day" });
    assert.equal((await worker.act(late.id, "submit", { text: "找到配件了" })).asks_open, 0);
    const [ask] = await asks(street, late.id);
    assert.ok(ask.answered_at && ask.granted === false, "overtaken");
});

test("督办: the street asks, the community answers, and nothing is called done before", async () => {
    const { id } = await sent("老人摔跤的地方");
    refused(await secretary.post(acts(id), { act: "supervise", text: "快点" }), 403, "/act", "side");
    const m = await street.act(id, "supervise", { text: "为什么还没修？", within: "4 work hours" });
    assert.equal(m.asks_open, 1);
    const [ask] = await asks(secretary, id);
    assert.equal(ask.kind, "supervise");
    assert.equal(shanghai(ask.due_at), "2026-09-14 15:00");
    assert.ok((await secretary.read("/api/matters?queue=asks")).items.some((row) => row.id === id));
    refused(await worker.post(acts(id), { act: "submit", text: "修好了" }), 409, "/act", "supervised");
    assert.ok((await get(secretary, id)).may.includes("answer"));
    refused(await secretary.post(acts(id), { act: "answer", ask: ask.id }), 422, "/text", "required");
    refused(await other.post(acts(id), { act: "answer", ask: ask.id, text: "不关我事" }), 404);
    await secretary.act(id, "answer", { ask: ask.id, text: "配件下午到，今晚亮。" });
    await worker.act(id, "submit", { text: "修好了" });
    const answer = (await street.events(id)).find((e) => e.act === "answer");
    assert.equal(answer.text, "配件下午到，今晚亮。");
    assert.equal(answer.reason, "supervise");
});

test("the hotline may ask how it stands, residents do not see what offices ask each other", async () => {
    app.clock.set("2026-09-14T09:00:00+08:00");
    const made = await app.anon.order({ kind: "repair", title: "热线追问", unit });
    await secretary.act(made.id, "dispatch", { to: team.id });
    await hotline.act(made.id, "supervise", { text: "市民来电追问" });
    const session = await app.anon.post("/api/sessions", { tracking: made.tracking_code });
    const headers = { Authorization: `Bearer ${session.body.token}` };
    const events = await app.anon.read(`/api/matters/${made.id}/events`, { headers });
    assert.deepEqual(events.items.map((e) => e.act), ["order", "dispatch"]);
    assert.deepEqual((await app.anon.read(`/api/matters/${made.id}/asks`, { headers })).items, []);
});

test("what the street is asked the district may answer, and the district asks itself", async () => {
    const { id } = await sent("归区里");
    await worker.act(id, "extend", { text: "等配件", reason: "materials", within: "1 work day" });
    await district.act(id, "answer", { ask: (await asks(district, id))[0].id, granted: true });
    await secretary.act(id, "escalate", { text: "街道办" });
    await street.act(id, "escalate", { text: "区里办" });
    await worker.act(id, "pause", { text: "听取意见", reason: "hearing", within: "1 day" });
    const ask = (await asks(district, id)).at(-1);
    assert.equal(ask.unit, app.unit("620102"));
    refused(await street.post(acts(id), { act: "answer", ask: ask.id, granted: true }), 403, "/act", "side");
    const m = await district.act(id, "answer", { ask: ask.id, granted: true });
    assert.ok(m.paused_at);
});
