/* One round: somebody passes a dark lamp and says so, without an account. The secretary takes it
 * on, the electricians mend it, the secretary looks at it, and whoever asked says that it is solved
 * and how well. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Client, expect, refused, start } from "./lib.mjs";

const app = await start();
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "李书记" });
const electricians = await app.party({ name: "市政路灯维修队", kind: "team", duty: "路灯" });
const wang = await app.user({ role: "handler", party: electricians, name: "王师傅" });

let matter;
let code;
let tracker;

test("anybody can report a lamp, and is given a code to follow it", async () => {
    matter = await app.anon.order({
        kind: "repair",
        category: "demand.street-lamp",
        title: "小区门口路灯不亮",
        text: "大雁滩小区东门口的路灯坏了三天了。",
        place: "东门口",
        unit: app.unit("620102003003"),
        lng: 103.87,
        lat: 36.07,
    });
    code = matter.tracking_code;
    assert.match(code, /^[0-9a-z]{16}$/, "80 bits in letters and digits");
    assert.match(matter.number, /^雁南-\d{8}-0001$/);
    assert.equal(matter.stage, "new");
    assert.equal(matter.awaits, "accept");
    assert.equal(matter.outcome, "none");
    assert.equal(matter.open, true);
    assert.equal(matter.source, "web");
    assert.equal(matter.charge, app.unit("620102003003"));
    assert.ok(matter.due_at, "somebody must answer by then");
});

test("the code is told once and stored nowhere in the clear", async () => {
    for (const name of fs.readdirSync(app.data).filter((n) => n.startsWith("linli.db")))
        assert.ok(!fs.readFileSync(path.join(app.data, name)).includes(code), name);
    assert.ok(!app.log().includes(code));
    const seen = await secretary.read(`/api/matters/${matter.id}`);
    assert.equal(seen.tracking_code, undefined);
});

test("the code opens a session for this matter and for no other", async () => {
    const other = await app.anon.order({
        kind: "repair",
        title: "别的路灯不亮",
        unit: app.unit("620102003003"),
    });
    const session = expect(await app.anon.post("/api/sessions", { tracking: code }), 201);
    assert.equal(session.matter, matter.id);
    assert.equal(session.account, undefined);
    tracker = new Client(app.url, session.token);
    const seen = await tracker.read(`/api/matters/${matter.id}`);
    assert.equal(seen.title, "小区门口路灯不亮");
    assert.deepEqual(seen.may, ["withdraw"]);
    refused(await tracker.get(`/api/matters/${other.id}`), 404);
    refused(await tracker.get(`/api/matters/${other.id}/events`), 404);
    refused(await tracker.post(`/api/matters/${other.id}/acts`, { act: "withdraw" }), 404);
    const wrong = code.slice(0, -1) + (code.endsWith("0") ? "1" : "0");
    refused(await app.anon.post("/api/sessions", { tracking: wrong }), 401, "/tracking", "wrong");
});

test("a code is read as people write it: in capitals, in groups, o for 0", async () => {
    const typed = code
        .toUpperCase()
        .replace(/(.{4})/g, "$1 ")
        .replaceAll("0", "O");
    expect(await app.anon.post("/api/sessions", { tracking: typed.trim() }), 201);
});

test("the secretary finds it in the queue, accepts and dispatches it", async () => {
    const queue = await secretary.read("/api/matters?queue=unit&awaits=accept");
    assert.ok(queue.items.some((m) => m.id === matter.id));
    const accepted = await secretary.act(matter.id, "accept");
    assert.equal(accepted.stage, "accepted");
    assert.equal(accepted.awaits, "dispatch");
    assert.ok(accepted.answered_at, "the first answer is a fact of its own");
    refused(await wang.get(`/api/matters/${matter.id}`), 404, undefined);
    const sent = await secretary.act(matter.id, "dispatch", { to: electricians.id });
    assert.equal(sent.stage, "doing");
    assert.equal(sent.party_name, "市政路灯维修队");
    assert.equal(sent.version, 3);
});

test("it may be dispatched only to a party there is, and must be to one", async () => {
    const target = `/api/matters/${matter.id}/acts`;
    refused(await secretary.post(target, { act: "dispatch" }), 422, "/to", "required");
    refused(
        await secretary.post(target, { act: "dispatch", to: matter.id }),
        422,
        "/to",
        "unknown",
    );
    refused(await secretary.post(target, { act: "verify" }), 409, "/act", "stage");
    refused(await secretary.post(target, { act: "submit", text: "好了" }), 403, "/act", "side");
    refused(await secretary.post(target, { act: "claim", version: 1 }), 409, "/version", "stale");
});

test("the handler sees it now, claims it and submits the result", async () => {
    const [row] = (await wang.read("/api/matters?queue=party")).items;
    assert.equal(row.id, matter.id);
    assert.equal((await wang.read("/api/matters?queue=mine")).items.length, 0);
    const claimed = await wang.act(matter.id, "claim");
    assert.equal(claimed.handler, wang.id);
    assert.equal((await wang.read("/api/matters?queue=mine")).items[0].id, matter.id);
    const target = `/api/matters/${matter.id}/acts`;
    refused(await wang.post(target, { act: "submit" }), 422, "/text", "required");
    refused(await wang.post(target, { act: "submit", text: "  " }), 422, "/text", "required");
    const done = await wang.act(matter.id, "submit", { text: "换了灯头，已经亮了。" });
    assert.equal(done.stage, "done");
    assert.equal(done.awaits, "verify");
    assert.equal(done.outcome, "none", "nobody has looked at it yet");
});

test("the secretary verifies: handled, not yet confirmed", async () => {
    const queue = await secretary.read("/api/matters?queue=verify");
    assert.deepEqual(
        queue.items.map((m) => m.id),
        [matter.id],
    );
    const handled = await secretary.act(matter.id, "verify");
    assert.equal(handled.stage, "handled");
    assert.equal(handled.outcome, "handled");
    assert.equal(handled.open, true);
    assert.equal(handled.solved, undefined);
    assert.ok(!handled.may.includes("rate"), "the unit does not judge itself");
});

test("whoever asked says that it is solved, gives a score and words", async () => {
    const target = `/api/matters/${matter.id}/acts`;
    refused(await tracker.post(target, { act: "rate", score: 5 }), 422, "/solved", "required");
    refused(await tracker.post(target, { act: "rate", solved: true, score: 6 }), 422, "/score");
    refused(await secretary.post(target, { act: "rate", solved: true }), 403, "/act", "side");
    const closed = await tracker.act(matter.id, "rate", {
        solved: true,
        score: 5,
        text: "亮了，谢谢王师傅。",
    });
    assert.equal(closed.stage, "closed");
    assert.equal(closed.outcome, "solved");
    assert.equal(closed.open, false);
    assert.equal(closed.solved, true);
    assert.equal(closed.score, 5);
    assert.ok(closed.closed_at);
    assert.equal(closed.due_at, undefined);
    assert.equal(closed.overdue, false);
});

const ROUND = ["order", "accept", "dispatch", "claim", "submit", "verify", "rate"];

test("the timeline tells colleagues who did what, and nobody who asked", async () => {
    const events = await secretary.events(matter.id);
    assert.deepEqual(
        events.map((e) => e.act),
        ROUND,
    );
    assert.deepEqual(
        events.map((e) => e.by_name),
        [undefined, "李书记", "李书记", "王师傅", "王师傅", "李书记", undefined],
    );
    assert.deepEqual(
        events.map((e) => e.side),
        ["anyone", "unit", "unit", "handler", "handler", "unit", "requester"],
    );
    assert.deepEqual(
        events.map((e) => e.to_stage),
        ["new", "accepted", "doing", "doing", "done", "handled", "closed"],
    );
    assert.equal(events[2].party_name, "市政路灯维修队");
    assert.equal(events[4].text, "换了灯头，已经亮了。");
    assert.deepEqual([events[6].solved, events[6].score], [true, 5]);
    for (let i = 1; i < events.length; i++) assert.ok(events[i].at >= events[i - 1].at);
});

test("whoever asked sees the same steps without the names of those who work", async () => {
    const events = await tracker.events(matter.id);
    assert.deepEqual(
        events.map((e) => e.act),
        ROUND,
    );
    assert.ok(events.every((e) => e.by_name === undefined));
    assert.ok(!JSON.stringify(events).includes("李书记"));
});

test("every step of the round is in the audit, once", async () => {
    const rows = app.rows(
        "SELECT act, account, role FROM audit WHERE subject = ? ORDER BY seq",
        BigInt(matter.id),
    );
    // Signing in with the tracking code (twice) is about this matter, too.
    const acts = rows.filter((r) => r.act.startsWith("matters."));
    assert.deepEqual(
        acts.map((r) => r.act),
        ["matters.create", ...Array(6).fill("matters.act")],
    );
    assert.deepEqual(
        acts.map((r) => r.role),
        ["none", "secretary", "secretary", "handler", "handler", "secretary", "resident"],
    );
});
