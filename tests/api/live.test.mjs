/* A street lamp is out; everybody concerned has a page open that moves by itself. Each sees what
 * they could look up, nothing else, and misses nothing when the line breaks. */
import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { Client, expect, HOUR, refused, SECOND, start } from "./lib.mjs";
import { listen } from "./sse.mjs";

const app = await start();
const unit = app.unit("620102003003");
const firm = await app.party({ name: "路灯公司", kind: "firm", unit: "620102" });
const person = await app.person({ name: "林岚" });
const who = {
    secretary: await app.user({ role: "secretary", unit: "620102003003", name: "李书记" }),
    street: await app.user({ role: "street", unit: "620102003", name: "街道张科" }),
    neighbour: await app.user({ role: "secretary", unit: "620102004", name: "邻街道书记" }),
    fitter: await app.user({ role: "handler", party: firm, name: "何师傅" }),
    resident: await app.user({ person, name: "林岚" }),
    other: await app.user({ person: await app.person({ name: "王平" }), name: "王平" }),
};
const metric = async (name) => {
    const { text } = await app.anon.get("/metrics");
    return Number(new RegExp(`^linli_${name} (\\d+)$`, "m").exec(text)[1]);
};
const order = (title, by = who.resident) => by.order({ kind: "repair", title, unit });
const acts = (s, id) => s.events.filter((e) => e.data?.matter === id).map((e) => e.data.act);

test("each hears of what they may see, and of nothing else", async () => {
    const streams = {};
    for (const [name, client] of Object.entries(who)) streams[name] = await listen(client);
    const { id, number } = await order("路灯不亮");
    await who.secretary.act(id, "comment", { text: "先问物业", public: false });
    await who.secretary.act(id, "dispatch", { to: firm.id });
    await who.fitter.act(id, "comment", { text: "灯头要定做", public: false });
    await who.fitter.act(id, "submit", { text: "换了灯头" });
    const all = ["order", "comment", "dispatch", "comment", "submit"];
    // The last event of each comes after all that came before it.
    for (const name of ["secretary", "street", "fitter", "resident"])
        await streams[name].next((e) => e.data.matter === id && e.data.act === "submit");
    for (const name of ["secretary", "street"]) assert.deepEqual(acts(streams[name], id), all);
    assert.deepEqual(acts(streams.resident, id), ["order", "dispatch", "submit"]);
    // The firm: from when it was sent to it, and its own comment, not the unit's.
    assert.deepEqual(acts(streams.fitter, id).slice(-3), ["dispatch", "comment", "submit"]);
    assert.ok(!acts(streams.fitter, id).slice(0, -3).includes("comment"));
    const first = streams.secretary.events.find((e) => e.data.matter === id);
    assert.equal(first.type, "matter");
    assert.deepEqual(Object.keys(first.data).sort(), ["act", "at", "matter", "number", "seq", "stage", "title"]);
    assert.deepEqual([first.data.number, first.data.title, first.id], [number, "路灯不亮", String(first.data.seq)]);
    // Something the others do hear of, later than all of it, and nothing of the lamp.
    const there = await who.neighbour.order({ kind: "repair", title: "井盖松动", unit: app.unit("620102004001") });
    await streams.neighbour.next((e) => e.data.matter === there.id);
    const own = await order("楼道灯", who.other);
    await streams.other.next((e) => e.data.matter === own.id);
    for (const name of ["neighbour", "other"]) assert.deepEqual(acts(streams[name], id), []);
    assert.deepEqual(acts(streams.secretary, there.id), []);
    for (const s of Object.values(streams)) s.close();
});

test("a line that broke goes on where it was, by header or by address", async () => {
    const before = await listen(who.secretary);
    const one = await order("第一件");
    const at = (await before.next((e) => e.data.matter === one.id)).id;
    before.close();
    await before.ended;
    const missed = [];
    for (let i = 0; i < 300; i++) missed.push(order(`错过的第${i}件`, who.secretary));
    const ids = new Set((await Promise.all(missed)).map((m) => m.id));
    for (const how of [{ last: at }, { after: at }, { last: at, after: 0 }]) {
        const again = await listen(who.secretary, how);
        const next = await order("正在发生");
        await again.next((e) => e.data.matter === next.id);
        const got = again.events.map((e) => e.data);
        assert.deepEqual(new Set(got.map((d) => d.matter)), new Set([...ids, next.id]));
        assert.equal(got.length, ids.size + 1, "nothing twice");
        assert.deepEqual(got.map((d) => d.seq), got.map((d) => d.seq).toSorted((a, b) => a - b), "in order");
        again.close();
        ids.add(next.id);
    }
    // The other street's reader missed none of these.
    const far = await listen(who.neighbour, { last: at });
    await app.wait(() => Number(far.last) >= Number(at) + 300); // and knows where it stands
    assert.deepEqual(far.events, []);
    far.close();
});

test("events that come while a stream catches up are told once", async () => {
    const streams = [];
    let busy = true;
    const flood = (async () => {
        const made = [];
        while (busy) made.push(...(await Promise.all([1, 2, 3, 4].map((i) => order(`水漫${i}`, who.secretary)))));
        return made;
    })();
    for (let i = 0; i < 12; i++) streams.push(await listen(who.secretary, { after: 0 }));
    busy = false;
    const made = await flood;
    const end = await order("最后一件");
    for (const s of streams) {
        await s.next((e) => e.data.matter === end.id);
        const seqs = s.events.map((e) => e.data.seq);
        assert.equal(new Set(seqs).size, seqs.length, "nothing twice");
        assert.deepEqual(seqs, seqs.toSorted((a, b) => a - b), "in order");
        for (const m of made) assert.ok(acts(s, m.id).includes("order"), `misses ${m.title}`);
        s.close();
    }
});

test("who has been away from another time is told to look anew", async () => {
    const s = await listen(who.secretary, { last: "999999999" });
    await s.next((e) => e.type === "reset");
    assert.ok(Number(s.last) < 999999999);
    s.close();
});

test("a heartbeat every twenty seconds; the stream outlives every timeout", async () => {
    const s = await listen(who.secretary);
    assert.equal(s.pulses, 0);
    app.clock.advance(25 * SECOND);
    await app.wait(() => s.pulses > 0);
    const next = await order("还在");
    await s.next((e) => e.data.matter === next.id);
    s.close();
});

test("the end of a session, an account or a hat ends the stream", async () => {
    const link = async (account) =>
        expect(await app.admin().post(`/api/accounts/${account}/links`), 201).link;
    const session = async (account) =>
        new Client(app.url, expect(await app.anon.post("/api/sessions", { link: await link(account) }), 201).token);
    const ends = async (client, how) => {
        const s = await listen(client);
        assert.equal(s.status, 200);
        await how();
        app.clock.advance(30 * SECOND);
        await s.ended;
    };
    const out = await session(who.street.id);
    await ends(out, async () => expect(await out.delete("/api/session"), 204));
    const gone = await app.user({ role: "secretary", unit: "620102003003" });
    await ends(gone, async () => expect(await app.admin().post(`/api/accounts/${gone.id}/disable`), 204));
    const moved = await app.user({ role: "secretary", unit: "620102003003" });
    await ends(moved, async () =>
        expect(await app.admin().post(`/api/accounts/${moved.id}/hats/${moved.hat}/revoke`), 204),
    );
    // More to see is a new stream, too: the reader opens it where the old one stopped.
    const grown = await app.user({ role: "secretary", unit: "620102003003" });
    await ends(grown, () => app.grant(grown, { role: "secretary", unit: app.unit("620102004") }));
    // A session of thirty days ends by itself.
    app.clock.advance(31 * 24 * HOUR);
});

test("without a permission, a hat or a sensible question there is no stream", async () => {
    refused(await app.anon.get("/api/live"), 401);
    const admin = await app.user({ role: "system_admin", unit: "620102" });
    refused(await admin.get("/api/live"), 403);
    const fresh = await app.user({ role: "secretary", unit: "620102003003" });
    for (const bad of ["x", "-1", "1.5", "9".repeat(19)])
        refused(await fresh.get("/api/live", { headers: { "Last-Event-ID": bad } }), 400, "Last-Event-ID", "form");
    refused(await fresh.get("/api/live?after=-1"), 422, "after");
    refused(await fresh.get("/api/live?unit=1"), 422, "unit");
});

test("whoever follows by a tracking code hears of that matter alone", async () => {
    const mine = await app.anon.order({ kind: "repair", title: "匿名路灯", unit });
    const { token } = expect(await app.anon.post("/api/sessions", { tracking: mine.tracking_code }), 201);
    const s = await listen(new Client(app.url, token));
    const worker = await app.user({ role: "secretary", unit: "620102003003" });
    const noise = await order("别的", worker);
    await worker.act(mine.id, "dispatch", { to: firm.id });
    await s.next((e) => e.data.act === "dispatch");
    assert.deepEqual(acts(s, noise.id), []);
    s.close();
});

test("a reader that does not read is dropped; one in HTTP/1.0 is served", async () => {
    const worker = await app.user({ role: "secretary", unit: "620102003003" });
    const head = (v) => `GET /api/live HTTP/${v}\r\nHost: a\r\nAuthorization: Bearer ${worker.token}\r\n\r\n`;
    const { port } = new URL(app.url);
    const deaf = net.connect({ port, highWaterMark: 1024 });
    deaf.on("error", () => {});
    deaf.write(head("1.1"));
    deaf.pause();
    const old = net.connect({ port });
    let text = "";
    old.setEncoding("utf8").on("data", (d) => (text += d));
    old.write(head("1.0"));
    await app.wait(() => text.includes("retry:"));
    const { id } = await order("吵闹", worker);
    await app.wait(() => text.includes(`"matter":"${id}"`));
    assert.doesNotMatch(text, /chunked/i);
    const dropped = await metric("live_dropped_total");
    const talk = () => Promise.all(Array.from({ length: 64 }, (_, i) => worker.act(id, "comment", { text: `第${i}句` })));
    for (let i = 0; i < 400 && (await metric("live_dropped_total")) === dropped; i++) await talk();
    assert.equal(await metric("live_dropped_total"), dropped + 1);
    assert.ok(old.readable && !old.destroyed, "whoever reads stays");
    old.destroy();
    deaf.destroy();
    await app.wait(async () => (await metric("live_streams")) === 0);
});

test("bytes after the question do not break the reply, nor grow in memory", async () => {
    const worker = await app.user({ role: "secretary", unit: "620102003003" });
    const { port } = new URL(app.url);
    const s = net.connect({ port });
    let text = "";
    s.setEncoding("utf8").on("data", (d) => (text += d));
    s.on("error", () => {});
    s.write(`GET /api/live HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${worker.token}\r\n\r\n`);
    await app.wait(() => text.includes("retry:"));
    s.write("GET / HTTP/1.1\r\nHost : a\r\n\r\n" + "x".repeat(1 << 20));
    const { id } = await order("听得见", worker);
    await app.wait(() => text.includes(id));
    assert.doesNotMatch(text, /400 Bad/);
    s.destroy();
});

test("the server stops with streams open", async () => {
    const worker = await app.user({ role: "secretary", unit: "620102003003" });
    const s = await listen(worker);
    await app.stop();
    await s.ended;
    assert.ok(s.events.length === 0);
});
