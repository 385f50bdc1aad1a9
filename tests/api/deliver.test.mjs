/* What leaves the house: text messages, WeChat and webhooks, to receivers of this test's own that
 * check, fail and come back; and the people whom no machine reaches. */
import assert from "node:assert/strict";
import { createHmac, timingSafeEqual } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { DAY, expect, folderCopy, HOUR, linli, MINUTE, refused, SECOND, start } from "./lib.mjs";
import { receiver } from "./receiver.mjs";

let down = false;
const SMS = await receiver((q, n) => (down || n === 1 ? { status: 500 } : { text: '{"code":0}' }));
let stale = true;
const WECHAT = await receiver((q) => {
    if (q.path.startsWith("/token")) return { text: '{"access_token":"tok en/1","expires_in":7200}' };
    if (q.json.touser === "blocked-00") return { text: '{"errcode":43004,"errmsg":"require subscribe"}' };
    if (stale) {
        stale = false;
        return { text: '{"errcode":42001,"errmsg":"access_token expired"}' };
    }
    return { text: '{"errcode":0,"errmsg":"ok","msgid":1}' };
});
const folder = await folderCopy();
fs.writeFileSync(
    path.join(folder, "deliver.json"),
    JSON.stringify({
        sms: {
            url: `${SMS.url}/send`,
            body: '{"to":"{phone}","say":"{text}","sign":"邻里"}',
            headers: ["X-Key: k-1"],
            accept: '"code":0',
        },
        wechat: {
            url: `${WECHAT.url}/send`,
            token_url: `${WECHAT.url}/token`,
            template: "T-1",
            data: { thing1: "{title}", character_string2: "{number}", const3: "{text}" },
        },
    }),
);
const app = await start({ data: folder, at: "2026-11-23T09:00:00+08:00" });
const unit = app.unit("620102003003");
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "李书记" });
const neighbour = await app.user({ role: "secretary", unit: "620102004001", name: "邻社区" });
const system = await app.user({ role: "system_admin", unit: "620102003", name: "系统管理员" });
const firm = await app.party({ name: "路灯公司", kind: "firm", unit: "620102" });
const onBehalf = (person, title) =>
    secretary.order({ kind: "repair", title, unit, requester: person.id });
const outbox = (matter) => app.rows("SELECT * FROM outbox WHERE matter = ? ORDER BY id", BigInt(matter));
const settled = (matter, state) =>
    app.wait(() => outbox(matter).length > 0 && outbox(matter).every((o) => o.state === state));

test("a text message to who has only a phone; it fails first, and is sent a little later", async () => {
    const person = await app.person({ name: "王小明", phone: "13912345678" });
    assert.deepEqual(await secretary.read(`/api/persons/${person.id}/preference`), { channel: "sms", chosen: false });
    const { id, number } = await onBehalf(person, '路灯"不亮"\\');
    await SMS.got(1);
    await settled(id, "failed");
    const [failed] = outbox(id);
    assert.deepEqual([failed.error, failed.attempts], ["http_500", 1]);
    assert.ok(failed.next_at - app.clock.now() > 3 * SECOND, "not at once");
    app.clock.advance(6 * SECOND);
    await settled(id, "sent");
    const [, sent] = await SMS.got(2);
    assert.equal(sent.headers["x-key"], "k-1");
    assert.equal(sent.json.to, "13912345678");
    assert.equal(sent.json.say, `您反映的“路灯"不亮"\\”已经收到，编号 ${number}。`);
    const [told] = (await secretary.read(`/api/matters/${id}/deliveries`)).items;
    assert.deepEqual([told.channel, told.act, told.state, told.attempts, told.error], ["sms", "order", "sent", 2, undefined]);
    refused(await neighbour.get(`/api/matters/${id}/deliveries`), 404);
    assert.doesNotMatch(app.log(), /13912345678/);
    assert.ok(!JSON.stringify(outbox(id)).includes("13912345678"));
});

test("WeChat: the token is fetched once, and again when it is no longer good", async () => {
    const person = await app.person({ name: "赵六" });
    const set = (body) => secretary.post(`/api/persons/${person.id}/preference`, body);
    refused(await set({ channel: "wechat" }), 422, "/openid", "required");
    refused(await set({ channel: "sms", openid: "oABC-123_x" }), 422, "/openid", "not_allowed");
    refused(await set({ channel: "sms" }), 422, "/channel", "no_phone");
    expect(await set({ channel: "wechat", openid: "oABC-123_x" }), 200);
    const { id, number } = await onBehalf(person, "楼道灯坏了");
    await WECHAT.got(2);
    await settled(id, "failed");
    assert.equal(outbox(id)[0].error, "wechat_42001");
    app.clock.advance(6 * SECOND);
    await settled(id, "sent");
    const all = WECHAT.all.map((q) => q.path);
    assert.deepEqual(all, ["/token", "/send?access_token=tok%20en%2F1", "/token", "/send?access_token=tok%20en%2F1"]);
    assert.deepEqual(WECHAT.all[3].json, {
        touser: "oABC-123_x",
        template_id: "T-1",
        data: {
            thing1: { value: "楼道灯坏了" },
            character_string2: { value: number },
            const3: { value: `您反映的“楼道灯坏了”已经收到，编号 ${number}。` },
        },
    });
    const raw = app.rows("SELECT CAST(address AS TEXT) AS a FROM preference");
    assert.ok(raw.every((r) => !String(r.a).includes("oABC")), "sealed");
});

test("who can never be reached by a message is called instead; masked, revealed, done", async () => {
    const person = await app.person({ name: "钱七", phone: "13800001111" });
    expect(await secretary.post(`/api/persons/${person.id}/preference`, { channel: "wechat", openid: "blocked-00" }), 200);
    const { id, number } = await onBehalf(person, "垃圾没清");
    await app.wait(() => outbox(id).length === 2);
    assert.deepEqual(outbox(id).map((o) => [o.channel, o.state, o.why]), [
        ["wechat", "given_up", null],
        ["call", "waiting", "failed"],
    ]);
    const calls = (client) => client.all("/api/calls");
    const mine = (await calls(secretary)).find((c) => c.matter === id);
    assert.deepEqual([mine.name, mine.why, mine.kind, mine.number], ["钱*", "failed", "call", number]);
    assert.match(mine.phone, /^138\*+1111$/);
    assert.match(mine.zh, /您反映的“垃圾没清”已经收到/);
    assert.deepEqual(await calls(neighbour), []);
    refused(await neighbour.post(`/api/calls/${mine.id}/reveal`, { reason: "想看看号码" }), 404);
    const clear = expect(await secretary.post(`/api/calls/${mine.id}/reveal`, { reason: "打电话告知" }), 200);
    assert.deepEqual(clear, { name: "钱七", phone: "13800001111" });
    const [audit] = app.rows("SELECT reason FROM audit WHERE act = 'calls.reveal' ORDER BY seq DESC");
    assert.equal(audit.reason, "打电话告知");
    expect(await secretary.post(`/api/calls/${mine.id}/done`, { outcome: "no_answer" }), 204);
    assert.equal((await calls(secretary)).find((c) => c.id === mine.id).attempts, 1);
    expect(await secretary.post(`/api/calls/${mine.id}/done`, { outcome: "reached" }), 204);
    assert.ok(!(await calls(secretary)).some((c) => c.id === mine.id));
});

test("no phone at all, or a wish for paper: on the list, and a slip to print", async () => {
    const nobody = await app.person({ name: "孙奶奶" });
    const paper = await app.person({ name: "周爷爷", phone: "13800002222" });
    expect(await secretary.post(`/api/persons/${paper.id}/preference`, { channel: "slip" }), 200);
    const a = await onBehalf(nobody, "水管漏水");
    const b = await secretary.order({
        kind: "repair", title: "门<b>坏了</b>&", text: "第一行\n第二行", unit, requester: paper.id,
    });
    await app.indexed();
    const list = await secretary.all("/api/calls");
    const of = (m) => list.filter((c) => c.matter === m.id).map((c) => [c.kind, c.why, c.phone !== undefined]);
    assert.deepEqual(of(a), [["call", "no_phone", false]]);
    assert.deepEqual(of(b), [["slip", "chosen", true]]);
    const slip = await secretary.get(`/api/matters/${b.id}/slip`);
    assert.equal(slip.status, 200);
    assert.equal(slip.headers["content-type"], "text/html; charset=utf-8");
    assert.match(slip.headers["content-security-policy"], /default-src 'none'; style-src 'self'/);
    for (const text of [b.number, "门&lt;b&gt;坏了&lt;/b&gt;&amp;", "第一行<br>第二行", "接下来", "Next", "期限"])
        assert.ok(slip.text.includes(text), text);
    assert.doesNotMatch(slip.text, /周|13800002222|<b>/);
    assert.equal((await app.anon.get("/slip.css")).status, 200);
    refused(await neighbour.get(`/api/matters/${b.id}/slip`), 404);
});

test("who only left a number, as callers do, is sent a message there; without one, nothing", async () => {
    const sent = SMS.all.length;
    const desk = await app.user({ role: "hotline", unit: "620102003", name: "热线" });
    const of = { kind: "suggestion", title: "路灯又不亮", unit };
    const { id } = await desk.order({ ...of, contact_name: "吴先生", contact_phone: "13600003333" });
    const silent = await app.anon.order({ ...of, contact_name: "郑女士" });
    await settled(id, "sent");
    const all = await SMS.got(sent + 1);
    assert.equal(all.at(-1).json.to, "13600003333");
    await app.wait(() => outbox(silent.id)[0]?.state === "given_up");
    assert.deepEqual(outbox(silent.id).map((o) => [o.channel, o.error]), [["sms", "no_address"]]);
    // When the message does not get there, the place where it is calls; the number is the matter's.
    down = true;
    const again = await desk.order({ ...of, contact_name: "吴先生", contact_phone: "13600003333" });
    for (const wait of [5 * SECOND, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 0]) {
        await app.wait(() => ["failed", "given_up"].includes(outbox(again.id)[0]?.state));
        app.clock.advance(wait + SECOND);
        await app.wait(() => outbox(again.id)[0].next_at === null || outbox(again.id)[0].next_at > app.clock.now());
    }
    await app.wait(() => outbox(again.id).length === 2);
    const call = (await secretary.all("/api/calls")).find((c) => c.matter === again.id);
    assert.deepEqual([call.name, call.why], ["吴**", "failed"]);
    const clear = expect(await secretary.post(`/api/calls/${call.id}/reveal`, { reason: "打电话告知" }), 200);
    assert.deepEqual(clear, { name: "吴先生", phone: "13600003333" });
    const worker = await app.account({ unit: "620102003003", name: "没有档案" });
    refused(await worker.post("/api/preference", { channel: "call" }), 422, "/channel", "no_person");
});

/* As a receiver of Standard Webhooks checks it. */
function verified(q, secret) {
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    const signed = `${q.headers["webhook-id"]}.${q.headers["webhook-timestamp"]}.${q.body}`;
    const want = createHmac("sha256", key).update(signed).digest();
    const got = q.headers["webhook-signature"].split(" ").map((s) => s.split(","));
    return got.some(([v, sum]) => v === "v1" && timingSafeEqual(Buffer.from(sum, "base64"), want));
}

test("a webhook: signed, asked-for acts only, tried again with the same id when told to wait", async () => {
    const hook = await receiver((q, n) =>
        n === 1 ? { status: 503, headers: { "Retry-After": "120" } } : n === 2 ? { status: 302, headers: { Location: "/x" } } : { status: 204 },
    );
    const made = expect(
        await system.post("/api/webhooks", { unit: app.unit("620102003"), url: `${hook.url}/in`, acts: "dispatch,submit" }),
        201,
    );
    assert.match(made.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    const [listed] = (await system.read("/api/webhooks")).items;
    assert.deepEqual([listed.id, listed.acts, listed.secret], [made.id, "dispatch,submit", undefined]);
    const { id, number } = await secretary.order({ kind: "repair", title: "井盖松动", unit });
    await secretary.act(id, "dispatch", { to: firm.id });
    await hook.got(1);
    const row = () => outbox(id).find((o) => o.channel === "webhook");
    await app.wait(() => row()?.state === "failed");
    assert.equal(row().error, "http_503");
    assert.ok(row().next_at - app.clock.now() > 110 * SECOND, "as long as it asks");
    app.clock.advance(121 * SECOND);
    await hook.got(2);
    await app.wait(() => row().state === "failed");
    assert.equal(row().error, "http_302");
    app.clock.advance(2 * MINUTE);
    await app.wait(() => row().state === "sent");
    assert.equal(hook.all.length, 3, "no redirect is followed");
    assert.ok(hook.all.every((q) => verified(q, made.secret) && q.path === "/in"));
    assert.ok(!verified({ ...hook.all[2], body: `${hook.all[2].body} ` }, made.secret), "and the check can fail");
    assert.equal(new Set(hook.all.map((q) => q.headers["webhook-id"])).size, 1);
    assert.equal(new Set(hook.all.map((q) => q.body)).size, 1);
    const { type, data } = hook.all[2].json;
    assert.deepEqual([type, data.act, data.matter, data.number, data.title], ["matter.dispatch", "dispatch", id, number, undefined]);
    const [sent] = (await system.read(`/api/webhooks/${made.id}/deliveries`)).items;
    assert.deepEqual([sent.state, sent.attempts, `msg_${sent.id}`], ["sent", 3, hook.all[0].headers["webhook-id"]]);
    expect(await system.post(`/api/webhooks/${made.id}/end`), 204);
    refused(await system.post("/api/webhooks", { unit: app.unit("610103"), url: `${hook.url}/in` }), 422, "/unit");
    for (const url of ["ftp://a/b/c", "http://u@a/b", "file:///etc/passwd", "http:///a/b", "https://a b/c"])
        refused(await system.post("/api/webhooks", { unit: app.unit("620102003"), url }), 422, "/url");
    refused(await secretary.post("/api/webhooks", { unit, url: `${hook.url}/in` }), 403);
});

test("410 Gone ends a webhook; one that never answers well is given up after a day's tries", async () => {
    const gone = await receiver(() => ({ status: 410 }));
    const down = await receiver(() => ({ status: 500 }));
    for (const r of [gone, down])
        expect(await system.post("/api/webhooks", { unit: app.unit("620102003003"), url: `${r.url}/` }), 201);
    const { id } = await secretary.order({ kind: "repair", title: "墙面渗水", unit });
    const [{ seq: first }] = app.rows("SELECT min(seq) AS seq FROM matter_event WHERE matter = ?", BigInt(id));
    const hooks = () => outbox(id).filter((o) => o.channel === "webhook" && o.seq === first);
    await app.wait(() => hooks().length === 2 && hooks().some((o) => o.state === "given_up"));
    assert.equal(hooks().find((o) => o.state === "given_up").error, "gone");
    const ended = (await system.read("/api/webhooks")).items.find((w) => w.url === `${gone.url}/`);
    assert.ok(ended.ended_at);
    for (const [n, wait] of [5 * SECOND, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY].entries()) {
        await down.got(n + 1);
        await app.wait(() => hooks().every((o) => o.state !== "sending" && o.state !== "waiting"));
        assert.equal(hooks().filter((o) => o.state === "failed").length, 1, `after try ${n + 1}`);
        app.clock.advance(wait + SECOND);
    }
    await down.got(7);
    await app.wait(() => hooks().every((o) => o.state === "given_up"));
    app.clock.advance(3 * DAY);
    assert.deepEqual(hooks().map((o) => o.attempts).sort(), [1, 7]);
});

test("the program stops at once while the other side keeps it waiting, and sends it again", async () => {
    let release;
    const slow = await receiver((q, n) => (n === 1 ? { wait: new Promise((r) => (release = r)) } : {}));
    const to = { unit: app.unit("620102003003"), url: `${slow.url}/`, acts: "order" };
    const made = expect(await system.post("/api/webhooks", to), 201);
    const { id } = await secretary.order({ kind: "repair", title: "路面塌了", unit });
    await slow.got(1);
    const before = Date.now();
    await app.stop();
    assert.ok(Date.now() - before < 5 * SECOND);
    release();
    assert.equal(outbox(id).find((o) => o.webhook === made.id).state, "sending");
    const again = await start({ data: folder, at: "2027-01-23T09:00:00+08:00" });
    const of = (q) => q.headers["webhook-id"];
    await app.wait(() => slow.all.slice(1).some((q) => of(q) === of(slow.all[0])));
    await again.stop();
});

test("one that keeps us waiting does not hold up the others", async () => {
    fs.writeFileSync(path.join(folder, "deliver.json"), "{}");
    const app = await start({ data: folder, at: "2027-03-23T09:00:00+08:00" });
    const clerk = await app.user({ role: "secretary", unit: "620102004001", name: "书记" });
    const admin = await app.user({ role: "system_admin", unit: "620102004", name: "管理员" });
    let release;
    const held = new Promise((r) => (release = r));
    const [slow, quick] = [await receiver(() => ({ wait: held })), await receiver()];
    const hook = (r, acts) => admin.post("/api/webhooks", { unit: app.unit("620102004001"), url: `${r.url}/`, acts });
    expect(await hook(slow, "order"), 201);
    expect(await hook(quick, "comment"), 201);
    const { id } = await clerk.order({ kind: "repair", title: "护栏断了", unit: app.unit("620102004001") });
    await slow.got(1);
    await clerk.act(id, "comment", { text: "已围挡" });
    await quick.got(1, 5000);
    assert.equal(slow.all.length, 1);
    release();
    await app.stop();
});

test("a wrong deliver.json is refused at start, with its line", async () => {
    const bad = async (text) => {
        fs.writeFileSync(path.join(folder, "deliver.json"), text);
        return linli("serve", "--data", folder, "--port", "0");
    };
    for (const [text, says] of [
        ['{"sms":\n{', /第 2 行|line 2/],
        ["[]", /JSON object/],
        ['{"sms":{"url":"ftp://a","body":"x"}}', /sms needs url/],
        ['{"wechat":{"url":"https://a"}}', /wechat needs/],
    ]) {
        const r = await bad(text);
        assert.equal(r.code, 1);
        assert.match(r.stderr, says);
    }
});
