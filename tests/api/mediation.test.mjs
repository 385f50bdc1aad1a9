/* Water comes through Mrs Zhou's ceiling; Mr Wu upstairs says it is not his pipe. Two evenings at
 * the community, an agreement, three signatures on a screen, a promise that is not kept in time, and
 * somebody who comes back to see. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { DAY, expect, HOUR, refused, start } from "./lib.mjs";

const { DatabaseSync } = await import("node:sqlite");
const community = "620102003003";
const PHONE = "13919876543";
const app = await start({ at: "2026-11-23T18:00:00+08:00" });
const secretary = await app.user({ role: "secretary", unit: community, name: "李书记" });
const street = await app.user({ role: "street", unit: "620102003", name: "街道" });
const grid = await app.user({ role: "grid_worker", unit: "620102003003-G1", name: "网格员" });
const hall = await app.party({ name: "人民调解委员会", kind: "team", unit: community });
const mediator = await app.user({ role: "volunteer", party: hall, name: "老徐" });
const firm = await app.party({ name: "雁南物业", kind: "firm", unit: community });
const firmUser = await app.user({ role: "handler", party: firm, name: "物业小马" });
const zhou = await app.person({ name: "周梅", phone: PHONE, unit: community });
const wu = await app.person({ name: "吴强", unit: community });
const zhouSelf = await app.user({ person: zhou, name: "周梅" });
const wuSelf = await app.user({ person: wu, name: "吴强" });
const stranger = await app.user({ person: await app.person({ name: "旁人", unit: community }), name: "旁人" });
const auditor = await app.user({ role: "auditor", unit: "620102", name: "审计员" });

const strokes = (n) => Array.from({ length: 12 }, (_, i) => `${i ? "L" : "M"}${10 + i * n},${20 + ((i * 7) % 11)}`).join(" ");
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const TEXT = "一、吴强于十一月三十日前换掉卫生间水管。\n二、吴强赔周梅粉刷费八百元。\n三、物业每周查看一次。";
const onDisk = (secret) =>
    fs.readdirSync(app.data).filter((n) => n.startsWith("linli.db"))
        .some((n) => fs.readFileSync(path.join(app.data, n)).includes(secret));
let at, people, d;

test("the codes are those of GB/T 31000-2015, in two levels", async () => {
    const { types, ways } = await app.anon.read("/api/mediation-codes");
    assert.equal(types.length, 95);
    assert.equal(ways.length, 18);
    assert.equal(types.find((t) => t.code === "0201").zh, "用水排水通行通风采光");
    for (const { code } of [...types, ...ways].filter((t) => t.code.length === 4))
        assert.ok([...types, ...ways].some((t) => t.code === code.slice(0, 2)), code);
});

test("the unit in charge begins to mediate", async () => {
    const matter = await zhouSelf.order({ kind: "dispute", title: "楼上漏水，天花板泡坏了", unit: app.unit(community) });
    const open = `/api/matters/${matter.id}/mediation`;
    at = `/api/mediations/${matter.id}`;
    refused(await secretary.get(at), 404);
    refused(await secretary.post(open, { type: "0298", way: "0103" }), 422, "/type", "unknown");
    refused(await secretary.post(open, { type: "0201", way: "88" }), 422, "/way", "unknown");
    refused(await street.post(open, { type: "0201", way: "0103" }), 403, "/act", "side");
    d = expect(await secretary.post(open, { type: "0201", way: "0103" }), 201);
    assert.deepEqual([d.id, d.type_zh, d.way_zh, d.concluded], [matter.id, "用水排水通行通风采光", "人民调解", false]);
    refused(await secretary.post(open, { type: "0201", way: "0103" }), 409, "/act", "exists");
});

test("who is in it: sealed, masked, and only they, the mediator and the unit see it", async () => {
    const add = async (who) => expect(await secretary.post(`${at}/persons`, who), 200).persons.at(-1).id;
    refused(await secretary.post(`${at}/persons`, { side: "party", name: "吴强", person: hall.id }), 422, "/person", "unknown");
    for (const account of [street.id, grid.id])
        refused(await secretary.post(`${at}/persons`, { side: "mediator", name: "街道", account }), 422, "/account", "unknown");
    people = {
        zhou: await add({ side: "party", name: "周梅", phone: PHONE, person: zhou.id }),
        wu: await add({ side: "party", name: "吴强", person: wu.id }),
        xu: await add({ side: "mediator", name: "徐建国", party: hall.id }),
    };
    await add({ side: "mediator", name: "李书记", account: secretary.id });
    const seen = await wuSelf.get(at);
    assert.deepEqual(seen.body.persons.map((p) => p.name), ["周*", "吴*", "徐**", "李**"]);
    assert.equal(seen.body.persons[0].phone, "139****6543");
    expect(await zhouSelf.get(at), 200);
    expect(await mediator.get(at), 200);
    for (const other of [stranger, street, grid, firmUser]) refused(await other.get(at), 404);
    refused(await auditor.get(at), 403);
    for (const secret of ["徐建国", PHONE]) assert.ok(!onDisk(secret) && !app.log().includes(secret), secret);
});

test("two sessions; notes stay with those who mediate, for a reason", async () => {
    const first = { at: new Date(app.clock.now() - HOUR).toISOString(), place: "社区调解室" };
    refused(await mediator.post(`${at}/sessions`, { ...first, at: "2099-01-01T00:00:00Z" }), 422, "/at", "future");
    refused(await mediator.post(`${at}/sessions`, { ...first, came: [zhou.id] }), 422, "/came", "unknown");
    expect(await mediator.post(`${at}/sessions`, { ...first, came: [people.zhou], notes: "周梅单独谈，情绪激动" }), 200);
    app.clock.advance(DAY);
    const second = { at: new Date(app.clock.now() - HOUR).toISOString(), place: "吴强家中" };
    expect(await mediator.post(`${at}/sessions`, { ...second, came: Object.values(people) }), 200);
    d = await wuSelf.read(at);
    assert.deepEqual(d.sessions.map((s) => s.came.length), [1, 3]);
    assert.ok(d.sessions.every((s) => s.notes === undefined), "not for the parties");
    refused(await wuSelf.post(`${at}/reveal`, { reason: "想看看记录" }), 403);
    const clear = expect(await mediator.post(`${at}/reveal`, { reason: "准备第二次调解" }), 200);
    assert.equal(clear.sessions[0].notes, "周梅单独谈，情绪激动");
    assert.equal(clear.persons[2].name, "徐建国");
    const [row] = await auditor.all(`/api/audit?subject=${d.id}&act=mediations.reveal`);
    assert.equal(row.reason, "准备第二次调解");
    refused(await wuSelf.post(`${at}/sessions`, second), 403);
    assert.ok(!onDisk("情绪激动"));
});

test("the agreement is read and signed by its hash; a person signs for oneself only", async () => {
    const sign = (who, signer, more = {}) =>
        who.post(`${at}/signatures`, { signer, hash: d.hash, drawn: strokes(3), ...more });
    refused(await sign(zhouSelf, people.zhou, { hash: sha256("别的") }), 409, "/hash", "none");
    d = expect(await mediator.post(`${at}/agreement`, { text: `${TEXT}旧稿` }), 200);
    const draft = d.hash;
    d = expect(await mediator.post(`${at}/agreement`, { text: TEXT }), 200);
    assert.equal(d.hash, sha256(TEXT), "anybody can compute it");
    assert.equal((await zhouSelf.read(at)).text, TEXT);
    refused(await sign(zhouSelf, people.zhou, { hash: draft }), 409, "/hash", "stale");
    refused(await sign(zhouSelf, people.wu), 403, "/signer", "side");
    refused(await sign(zhouSelf, zhou.id), 422, "/signer", "unknown");
    for (const drawn of ["M1,1 L2,2", `${strokes(3)}"/><script>`, strokes(3).replaceAll(",", " ")])
        refused(await sign(zhouSelf, people.zhou, { drawn }), 422, "/drawn", "form");
    d = expect(await sign(zhouSelf, people.zhou), 200);
    assert.deepEqual(d.persons.map((p) => p.has_signed), [true, false, false, false]);
    refused(await sign(zhouSelf, people.zhou), 409, "/signer", "signed");
});

test("after the first signature the text can change only by voiding all of them", async () => {
    refused(await secretary.post(`${at}/agreement`, { text: `${TEXT}四、另加。` }), 409, "/text", "signed");
    d = expect(await secretary.post(`${at}/agreement`, { text: `${TEXT}四、互相道歉。`, void_reason: "双方要求加一条" }), 200);
    assert.deepEqual([d.signatures.length, d.persons[0].has_signed, d.concluded], [0, false, false]);
    const kept = app.rows("SELECT count(*) AS n FROM mediation_agreement WHERE voided_at IS NOT NULL");
    assert.equal(kept[0].n, 2, "what was voided is kept");
});

test("three signatures conclude it, in front of the mediator or on one's own phone", async () => {
    const sign = (who, signer, n) => who.post(`${at}/signatures`, { signer, hash: d.hash, drawn: strokes(n) });
    expect(await sign(zhouSelf, people.zhou, 3), 200);
    assert.equal(expect(await sign(mediator, people.xu, 5), 200).concluded, false);
    d = expect(await sign(mediator, people.wu, 4), 200);
    assert.equal(d.concluded, true);
    assert.ok((await zhouSelf.events(d.id)).some((e) => e.text === "调解协议已由各方签字。"));
    const v = await wuSelf.read(`${at}/verify`);
    assert.deepEqual([v.whole, v.text, v.signatures.map((s) => s.matches)], [true, true, [true, true, true]]);
    const clear = expect(await secretary.post(`${at}/reveal`, { reason: "归档核对签字" }), 200);
    for (const s of clear.signatures)
        assert.equal(s.hash, sha256(`${clear.text}\n${s.signer}\n${Date.parse(s.at)}\n${s.drawn}`));
    refused(await secretary.post(`${at}/persons`, { side: "party", name: "后来人" }), 409, "/act", "signed");
    assert.ok(!onDisk("赔周梅") && !onDisk(strokes(4)));
});

/* Whoever holds the file changes a row behind the program's back, and puts it back after. */
async function tampered(change, undo, ask) {
    const db = new DatabaseSync(path.join(app.data, "linli.db"));
    db.exec("PRAGMA busy_timeout = 5000");
    db.exec(change);
    try {
        return await ask();
    } finally {
        db.exec(undo);
        db.close();
    }
}

test("a changed text, hash, stroke, signer or time is found", async () => {
    const verify = () => secretary.read(`${at}/verify`);
    const one = "(SELECT min(id) FROM mediation_signature WHERE agreement = (SELECT agreement FROM mediation))";
    const three = one.replace("min", "max");
    const now = "(SELECT agreement FROM mediation)";
    const matches = (v) => v.signatures.map((s) => s.matches);
    const keep = "CREATE TABLE keep_a AS SELECT * FROM mediation_agreement; CREATE TABLE keep_s AS SELECT * FROM mediation_signature;";
    const back = "UPDATE mediation_agreement SET text = (SELECT text FROM keep_a k WHERE k.id = mediation_agreement.id), hash = (SELECT hash FROM keep_a k WHERE k.id = mediation_agreement.id); " +
        "UPDATE mediation_signature SET drawn = (SELECT drawn FROM keep_s k WHERE k.id = mediation_signature.id), at = (SELECT at FROM keep_s k WHERE k.id = mediation_signature.id), signer = (SELECT signer FROM keep_s k WHERE k.id = mediation_signature.id); DROP TABLE keep_a; DROP TABLE keep_s;";
    const cases = [
        // Bytes of the sealed text.
        [`UPDATE mediation_agreement SET text = CAST(substr(text, 1, 40) || x'00' || substr(text, 42) AS BLOB) WHERE id = ${now}`, [false, [false, false, false]]],
        // A text that was sealed by the program itself, an earlier draft, with a hash that fits it.
        [`UPDATE mediation_agreement SET text = (SELECT k.text FROM keep_a k WHERE k.id = (SELECT min(id) FROM keep_a)), hash = (SELECT k.hash FROM keep_a k WHERE k.id = (SELECT min(id) FROM keep_a)) WHERE id = ${now}`, [true, [false, false, false]]],
        // The same with the hash left as it was.
        [`UPDATE mediation_agreement SET text = (SELECT k.text FROM keep_a k WHERE k.id = (SELECT min(id) FROM keep_a)) WHERE id = ${now}`, [false, [false, false, false]]],
        // The strokes of one under the name of another.
        [`UPDATE mediation_signature SET drawn = (SELECT drawn FROM keep_s WHERE id = ${three}) WHERE id = ${one}`, [true, [false, true, true]]],
        [`UPDATE mediation_signature SET at = at + 1 WHERE id = ${three}`, [true, [true, true, false]]],
        [`UPDATE mediation_signature SET signer = signer + 9 WHERE id = ${one}`, [true, [false, true, true]]],
    ];
    for (const [sql, [text, signatures]] of cases) {
        const v = await tampered(`${keep} ${sql}`, back, verify);
        assert.deepEqual([v.whole, v.text, matches(v)], [false, text, signatures], sql);
    }
    assert.equal((await verify()).whole, true, "put back as it was");
});

test("a promise that is not kept in time shows as overdue, and how it went is recorded", async () => {
    const due = (days) => new Date(app.clock.now() + days * DAY).toISOString();
    refused(await secretary.post(`${at}/dues`, { kind: "promise", what: "换水管", due_at: due(5) }), 422, "/who", "required");
    refused(await secretary.post(`${at}/dues`, { kind: "promise", who: people.wu, what: "换水管", due_at: due(-1) }), 422, "/due_at", "past");
    expect(await mediator.post(`${at}/dues`, { kind: "promise", who: people.wu, what: "换掉卫生间水管", due_at: due(5) }), 200);
    d = expect(await mediator.post(`${at}/dues`, { kind: "revisit", due_at: due(12) }), 200);
    assert.deepEqual(d.dues.map((x) => [x.kind, x.overdue]), [["promise", false], ["revisit", false]]);
    const list = (who, more = "") => who.read(`/api/mediation-dues?unit=${app.unit(community)}${more}`);
    assert.equal((await list(secretary, "&overdue=true")).items.length, 0);
    app.clock.advance(6 * DAY);
    const late = (await list(secretary, "&overdue=true")).items;
    assert.deepEqual(late.map((x) => [x.mediation, x.kind, x.overdue]), [[d.id, "promise", true]]);
    assert.deepEqual((await list(street)).items.map((x) => x.overdue), [true, false], "the street sees when, and not what");
    assert.equal((await wuSelf.read(at)).dues[0].overdue, true);
    assert.deepEqual((await secretary.all(`/api/mediation-dues?unit=${app.unit(community)}&limit=1`)).length, 2);
    refused(await wuSelf.get(`/api/mediation-dues?unit=${app.unit(community)}`), 422, "unit", "unknown");
    assert.deepEqual((await wuSelf.read("/api/mediation-dues")).items, []);
    assert.equal((await secretary.read("/api/mediation-dues")).items.length, 2, "the hat's own unit");
    const kept = expect(await mediator.post(`${at}/dues/${d.dues[0].id}/done`, { result: "kept", text: "十二月一日已换，周梅确认" }), 200);
    assert.deepEqual([kept.dues[0].result, kept.dues[0].overdue, kept.dues[0].text], ["kept", false, "十二月一日已换，周梅确认"]);
    refused(await mediator.post(`${at}/dues/${d.dues[0].id}/done`, { result: "broken" }), 409, "/act", "done");
});

test("somebody comes back to see", async () => {
    app.clock.advance(10 * DAY);
    const due = (await secretary.read(`/api/mediation-dues?unit=${app.unit(community)}&overdue=true&kind=revisit`)).items;
    assert.equal(due.length, 1);
    d = expect(await secretary.post(`${at}/dues/${due[0].id}/done`, { result: "kept", text: "没有再漏" }), 200);
    assert.ok(d.dues[1].done_at);
    assert.deepEqual((await secretary.read(`/api/mediation-dues?unit=${app.unit(community)}`)).items, []);
    assert.ok(!onDisk("没有再漏"));
});

test("a firm that is in dispute itself reads and signs, and runs nothing", async () => {
    const matter = await zhouSelf.order({ kind: "dispute", title: "物业不修门禁", unit: app.unit(community) });
    expect(await secretary.post(`/api/matters/${matter.id}/mediation`, { type: "0402", way: "0103" }), 201);
    const own = `/api/mediations/${matter.id}`;
    const p = expect(await secretary.post(`${own}/persons`, { side: "party", name: "雁南物业", party: firm.id }), 200).persons[0];
    expect(await firmUser.get(own), 200);
    refused(await firmUser.post(`${own}/agreement`, { text: "物业不承担任何责任，双方同意。" }), 403, "/act", "side");
    const { hash } = expect(await secretary.post(`${own}/agreement`, { text: "物业十日内修好门禁，双方同意。" }), 200);
    expect(await firmUser.post(`${own}/signatures`, { signer: p.id, hash, drawn: strokes(2) }), 200);
    refused(await wuSelf.get(own), 404);
});
