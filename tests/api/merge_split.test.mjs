/* Two reports of one trouble become one matter, and one again two when they turn out to be
 * different. Every requester is told, each under an id of their own; nobody's words are shown to
 * another, and nothing counts as solved because it was merged. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, DAY, expect, HOUR, refused, start } from "./lib.mjs";

const unit = "620102003003";
const app = await start({ at: "2026-11-24T09:00:00+08:00" });
const secretary = await app.user({ role: "secretary", unit, name: "李书记" });
const neighbour = await app.user({ role: "secretary", unit: "620102003001", name: "邻社区书记" });
const street = await app.user({ role: "street", unit: "620102003", name: "街道" });
const worker = await app.user({ role: "grid_worker", unit, name: "小陈" });
const team = await app.party({ name: "维修队", kind: "team", unit });
const wang = await app.user({ person: await app.person({ name: "王明", unit }) });

const lamp = (title, more = {}) => ({ kind: "repair", title, unit: app.unit(unit), ...more });
const merge = (who, id, into, more) => who.post(`/api/matters/${id}/merge`, { into, ...more });
const split = (who, id, reason = "不是同一盏灯") =>
    who.post(`/api/matters/${id}/split`, { reason });
const get = (id, who = secretary) => who.read(`/api/matters/${id}`);
const follow = async (code) =>
    new Client(app.url, expect(await app.anon.post("/api/sessions", { tracking: code }), 201).token);
const queue = async () =>
    (await secretary.all("/api/matters?queue=unit&limit=100")).map((m) => m.id);

const a = await app.anon.order(lamp("东门路灯不亮"));
const b = await wang.order(lamp("东门黑灯瞎火", { text: "我每天夜班回家" }));
const c = await app.anon.order(lamp("东门的灯又坏了"));

test("who manages the unit merges, and only what is theirs", async () => {
    refused(await merge(worker, b.id, a.id), 403, "/into", "side");
    refused(await merge(wang, b.id, a.id), 403, "/into", "side");
    refused(await merge(neighbour, b.id, a.id), 404);
    const foreign = await app.anon.order({ ...lamp("邻社区路灯"), unit: app.unit("620102003001") });
    refused(await merge(secretary, b.id, foreign.id), 422, "/into", "unknown");
    refused(await merge(secretary, b.id, secretary.id), 422, "/into", "unknown");
    refused(await merge(secretary, b.id, b.id), 422, "/into", "same");
    const far = await app.anon.order({ ...lamp("外区路灯"), unit: app.unit("610103") });
    refused(await merge(secretary, b.id, far.id), 422, "/into", "unknown");
    // The street manages both of its communities.
    expect(await merge(street, foreign.id, a.id), 200);
    expect(await split(street, foreign.id), 200);
});

test("a merged report leaves the queues, open or closed, and is not solved", async () => {
    const merged = expect(await merge(secretary, b.id, a.id, { text: "两位说的是同一盏灯" }), 200);
    assert.equal(merged.outcome, "merged");
    assert.equal(merged.stage, "new");
    assert.equal(merged.closed_at, undefined);
    assert.equal(merged.solved, undefined);
    assert.ok(!(await queue()).includes(b.id));
    const closed = await secretary.all("/api/matters?queue=closed&limit=100");
    assert.ok(!closed.some((m) => m.id === b.id));
    const [row] = app.rows("SELECT auto_at, due_at, open FROM matter WHERE id = ?", BigInt(b.id));
    assert.equal(row.auto_at, null, "time does nothing to it");
    assert.equal(row.open, 0);
    assert.deepEqual((await get(b.id)).may, []);
});

test("both requesters are told", async () => {
    const told = (await wang.events(b.id)).find((e) => e.act === "merge");
    assert.equal(told.text, "两位说的是同一盏灯");
    const asker = await follow(a.tracking_code);
    assert.ok((await asker.events(a.id)).some((e) => e.act === "join"));
});

test("no cycles, and chains are one long: what followed follows the new lead", async () => {
    refused(await merge(secretary, a.id, b.id), 409, "/into", "merged");
    const fault = refused(await merge(secretary, c.id, b.id), 409, "/into", "merged").errors[0];
    assert.equal(fault.allowed, a.id, "it says which one leads");
    refused(await merge(secretary, b.id, c.id), 409, "/act", "merged");
    expect(await merge(secretary, a.id, c.id), 200);
    assert.equal((await get(b.id)).merged_into, c.id);
    assert.equal((await get(a.id)).merged_into, c.id);
    assert.equal((await get(c.id)).households.count, 2);
    assert.equal((await get(a.id)).households.count, 2, "the lead's, from wherever one looks");
    assert.equal((await wang.events(b.id)).filter((e) => e.act === "merge").length, 2);
    const leads = app.rows("SELECT count(*) AS n FROM matter m JOIN matter l ON l.id = m.merged_into WHERE l.merged_into IS NOT NULL");
    assert.equal(leads[0].n, 0);
});

test("the requester sees the lead's progress under their own id, in lists too", async () => {
    await secretary.act(c.id, "dispatch", { to: team.id });
    const seen = await get(b.id, wang);
    assert.equal(seen.stage, "doing");
    assert.equal(seen.open, true);
    assert.equal(seen.title, "东门黑灯瞎火");
    assert.equal(seen.text, "我每天夜班回家");
    assert.equal(seen.merged_into, undefined);
    const [row] = (await wang.read("/api/matters?queue=requested")).items;
    assert.equal(row.id, b.id);
    assert.equal(row.stage, "doing");
    assert.equal(row.merged_into, undefined);
    const events = await wang.events(b.id);
    assert.ok(events.some((e) => e.act === "dispatch"));
    const seqs = events.map((e) => e.seq);
    assert.deepEqual(seqs, [...seqs].sort((x, y) => x - y));
    assert.equal(new Set(seqs).size, seqs.length);
    assert.deepEqual(seen.may, []);
});

test("pages of a timeline that comes from two matters hold each step once", async () => {
    const whole = (await wang.events(b.id)).map((e) => e.seq);
    const paged = await wang.all(`/api/matters/${b.id}/events?limit=1`);
    assert.deepEqual(paged.map((e) => e.seq), whole);
});

test("split: back to the stage before, with a limit that begins now; all are told", async () => {
    refused(await split(worker, b.id), 403, "/reason", "side");
    refused(await split(secretary, c.id), 409, "", "not_merged");
    app.clock.advance(2 * DAY);
    const before = Date.parse((await get(c.id)).due_at);
    const back = expect(await split(secretary, b.id), 200);
    assert.equal(back.stage, "new");
    assert.equal(back.awaits, "accept");
    assert.equal(back.outcome, "none");
    assert.equal(back.open, true);
    assert.equal(back.merged_into, undefined);
    assert.ok(back.remaining_minutes > 0 && back.remaining_minutes <= 4 * 60, "4 work hours from now");
    assert.equal(Date.parse((await get(c.id)).due_at), before, "the lead's clock is its own");
    assert.ok((await queue()).includes(b.id));
    const told = (await wang.events(b.id)).find((e) => e.act === "split");
    assert.equal(told.text, "不是同一盏灯");
    assert.ok((await secretary.events(c.id)).some((e) => e.act === "split"));
    assert.equal((await get(c.id)).households.count, 1);
    assert.equal((await get(b.id, wang)).stage, "new");
    expect(await wang.post(`/api/matters/${b.id}/acts`, { act: "withdraw" }), 200);
});

test("households that came with a report go with it again", async () => {
    const lead = await app.anon.order(lamp("南门路灯"));
    const more = await app.anon.order(lamp("南门也黑"));
    const add = (id, labels) => secretary.post(`/api/matters/${id}/affected`, { labels });
    expect(await add(lead.id, ["1号", "2号"]), 200);
    expect(await add(more.id, ["2号", "3号", "4号"]), 200);
    expect(await merge(secretary, more.id, lead.id), 200);
    assert.equal((await get(lead.id)).households.count, 5, "2号 is counted once, and the report");
    refused(await add(more.id, ["5号"]), 409, "", "stage");
    expect(await split(secretary, more.id), 200);
    assert.equal((await get(lead.id)).households.count, 2);
    const back = await secretary.all(`/api/matters/${more.id}/affected`);
    assert.deepEqual(back.map((h) => h.label).sort(), ["3号", "4号"]);
});

test("what is closed is neither merged nor merged into", async () => {
    const one = await wang.order(lamp("西门路灯"));
    const two = await wang.order(lamp("西门灯"));
    await wang.act(one.id, "withdraw");
    refused(await merge(secretary, one.id, two.id), 409, "", "stage");
    refused(await merge(secretary, two.id, one.id), 409, "/into", "stage");
    refused(await app.anon.post(`/api/matters/${one.id}/join`, {}), 409, "", "stage");
});

test("more than 500 households do not move: the other one follows", async () => {
    const many = await app.anon.order(lamp("全小区停电"));
    const one = await app.anon.order(lamp("家里停电"));
    const add = (from, n) =>
        secretary.post(`/api/matters/${many.id}/affected`, {
            labels: Array.from({ length: n }, (_, i) => `${from + i}室`),
        });
    expect(await add(1, 500), 200);
    refused(await add(501, 501), 422, "/labels", "too_long");
    expect(await add(501, 1), 200);
    refused(await merge(secretary, many.id, one.id), 409, "/into", "too_many");
    expect(await merge(secretary, one.id, many.id), 200);
    assert.equal((await get(many.id)).households.count, 502);
});

test("the same request twice merges once", async () => {
    const one = await app.anon.order(lamp("北门路灯"));
    const two = await app.anon.order(lamp("北门灯"));
    const key = "merge-once-0123456789";
    const first = await secretary.post(`/api/matters/${two.id}/merge`, { into: one.id }, { key });
    const again = await secretary.post(`/api/matters/${two.id}/merge`, { into: one.id }, { key });
    assert.deepEqual(expect(again, 200), expect(first, 200));
    assert.equal((await get(one.id)).households.count, 1);
    app.clock.advance(HOUR);
    const joined = expect(await app.anon.post(`/api/matters/${two.id}/join`, {}).then(async (r) => {
        refused(r, 409, "/act", "merged");
        return app.anon.post(`/api/matters/${one.id}/join`, {});
    }), 201);
    assert.equal((await get(joined.report)).merged_into, one.id);
});
