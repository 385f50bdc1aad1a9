/* What happens is told to those it concerns, in their words: who asked, those who are to do it, the
 * unit in charge, and whoever watches; never to who did it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, expect, HOUR, refused, start } from "./lib.mjs";

const app = await start({ at: "2026-11-23T09:00:00+08:00" });
const unit = app.unit("620102003003");
const firm = await app.party({ name: "路灯公司", kind: "firm", unit: "620102" });
const who = {
    secretary: await app.user({ role: "secretary", unit: "620102003003", name: "李书记" }),
    deputy: await app.user({ role: "secretary", unit: "620102003003", name: "副书记" }),
    neighbour: await app.user({ role: "secretary", unit: "620102004", name: "邻街道书记" }),
    fitter: await app.user({ role: "handler", party: firm, name: "何师傅" }),
    watcher: await app.user({ role: "grid_worker", unit: "620102003003", name: "网格员" }),
    resident: await app.user({ person: await app.person({ name: "林岚" }), name: "林岚" }),
};
for (const name of ["resident"]) assert.ok(who[name].id);
// The account and the person are one where the administrator has said so.
const list = (client) => client.all("/api/notices?limit=2");
const acts = async (client, id) =>
    (await list(client)).filter((n) => n.matter === id).map((n) => n.act).reverse();
let id, number;

test("a lamp is out: each is told what concerns them", async () => {
    const person = await app.person({ name: "张秀英", phone: "13912345678" });
    const grand = await app.user({ person, name: "张秀英" });
    who.grand = grand;
    ({ id, number } = await grand.order({ kind: "repair", title: "路灯不亮", unit }));
    await who.watcher.act(id, "watch");
    await who.secretary.act(id, "dispatch", { to: firm.id });
    await who.fitter.act(id, "submit", { text: "换了灯头" });
    await app.indexed();
    assert.deepEqual(await acts(who.deputy, id), ["order", "submit"]);
    assert.deepEqual(await acts(who.secretary, id), ["order", "submit"]);
    assert.deepEqual(await acts(who.fitter, id), ["dispatch"]);
    // The watcher watches from after the order.
    assert.deepEqual((await acts(who.watcher, id)).slice(-2), ["dispatch", "submit"]);
    assert.deepEqual(await acts(who.neighbour, id), []);
    const [due] = (await list(who.fitter)).filter((n) => n.matter === id);
    assert.match(due.zh, new RegExp(`“路灯不亮”（${number}）派给了您这里，期限 2026-`));
    assert.match(due.en, new RegExp(`“路灯不亮” \\(${number}\\) was sent to you, due 2026-`));
});

test("the person who asked is told in their own words, wherever they have an account", async () => {
    const told = (await list(who.grand)).filter((n) => n.matter === id);
    assert.deepEqual(told.map((n) => n.act), ["submit", "dispatch"]);
    assert.match(told[0].zh, /您反映的“路灯不亮”（.*）说已办好，请看看是否解决。/);
    assert.ok(told.every((n) => n.unread === true));
});

test("internal words are told to nobody, public ones to who asked", async () => {
    const before = (await list(who.grand)).length;
    await who.secretary.act(id, "comment", { text: "先问物业", public: false });
    await app.indexed();
    assert.equal((await list(who.grand)).length, before);
    await who.secretary.act(id, "comment", { text: "明天来人" });
    await app.indexed();
    assert.equal((await list(who.grand))[0].act, "comment");
    assert.doesNotMatch(JSON.stringify(await list(who.grand)), /明天来人/, "what was written is not repeated");
});

test("read one, read all up to one; unread come first", async () => {
    const mine = await list(who.grand);
    const count = async () => (await who.grand.read("/api/notices/count")).unread;
    assert.equal(await count(), mine.length);
    expect(await who.grand.post("/api/notices/read", { notice: mine[0].id }), 204);
    assert.equal(await count(), mine.length - 1);
    const again = await list(who.grand);
    assert.deepEqual([again.length, again.at(-1).id, again.at(-1).unread], [mine.length, mine[0].id, false]);
    // Somebody else's number changes nothing of mine, nor mine of theirs.
    expect(await who.fitter.post("/api/notices/read", { upto: mine[0].id }), 204);
    assert.equal(await count(), mine.length - 1);
    expect(await who.grand.post("/api/notices/read", { upto: mine[0].id }), 204);
    assert.equal(await count(), 0);
    refused(await who.grand.post("/api/notices/read", {}), 422, "/notice", "one_of");
    refused(await who.grand.post("/api/notices/read", { notice: "1", upto: "1" }), 422, "/notice", "one_of");
    refused(await who.grand.get("/api/notices?after=x"), 422, "after", "cursor");
    refused(await app.anon.get("/api/notices"), 401);
});

test("time tells: due soon, and handed up, once each", async () => {
    const made = await who.watcher.order({ kind: "repair", title: "井盖松动", unit });
    await who.secretary.act(made.id, "dispatch", { to: firm.id });
    const { due_at } = await who.secretary.read(`/api/matters/${made.id}`);
    await app.indexed();
    app.clock.set(Date.parse(due_at) - 3 * HOUR);
    await app.wait(async () => (await acts(who.fitter, made.id)).includes("warn"));
    app.clock.set(Date.parse(due_at) + HOUR);
    await app.wait(async () => (await acts(who.fitter, made.id)).includes("escalate"));
    app.clock.advance(DAY);
    const last = await who.watcher.order({ kind: "repair", title: "又一件", unit });
    await app.wait(async () => (await acts(who.secretary, last.id)).includes("order"));
    assert.deepEqual(await acts(who.fitter, made.id), ["dispatch", "warn", "escalate"]);
    assert.deepEqual(await acts(who.deputy, made.id), ["order", "warn"]);
    assert.match((await list(who.deputy)).find((n) => n.act === "warn" && n.matter === made.id).zh, /快到期/);
});

test("after half a year they are gone; the timeline stays", async () => {
    await app.indexed();
    const [last] = app.rows("SELECT (SELECT max(id) FROM notice) AS n, (SELECT max(id) FROM outbox) AS o");
    const left = () =>
        app.rows(
            `SELECT (SELECT count(*) FROM notice WHERE id <= ?) +
                    (SELECT count(*) FROM outbox WHERE id <= ?) AS n`,
            BigInt(last.n),
            BigInt(last.o ?? 0),
        )[0].n;
    app.clock.advance(150 * DAY);
    await app.indexed();
    const before = left();
    assert.ok(before > 0);
    app.clock.advance(50 * DAY);
    await app.wait(() => left() === 0);
    const [{ n }] = app.rows("SELECT count(*) AS n FROM matter_event WHERE matter = ?", BigInt(id));
    assert.ok(n > 3);
});
