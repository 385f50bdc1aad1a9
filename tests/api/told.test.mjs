/* Whoever a matter concerns hears of it, however they came to it: as one of many households, as a
 * helper at a whistle, as the tier that is asked, as the person whose confidence was opened. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expect, start } from "./lib.mjs";
import { listen } from "./sse.mjs";

const app = await start({ at: "2026-09-14T09:00:00+08:00" }); // a Monday
const code = "620102003003";
const unit = app.unit(code);
const firm = await app.party({ name: "热力公司", kind: "firm", unit: code });
const water = await app.party({ name: "水务", kind: "department", unit: code });
const clinic = await app.party({ name: "心理服务站", kind: "organisation", unit: code });
const wang = await app.person({ name: "王一", unit: code });
const phoned = await app.person({ name: "李二", phone: "13912345678", unit: code });
const silent = await app.person({ name: "孙奶奶", unit: code });
const asker = await app.person({ name: "赵三", unit: code });
const who = {
    secretary: await app.user({ role: "secretary", unit: code, name: "李书记" }),
    street: await app.user({ role: "street", unit: "620102003", name: "街道" }),
    fitter: await app.user({ role: "handler", party: firm, name: "何师傅" }),
    plumber: await app.user({ role: "handler", party: water, name: "水务科长" }),
    doctor: await app.user({ role: "handler", party: clinic, name: "安老师" }),
    auditor: await app.user({ role: "auditor", unit: "620102003", name: "审计" }),
    wang: await app.user({ person: wang, name: "王一" }),
    asker: await app.user({ person: asker, name: "赵三" }),
    stranger: await app.user({ person: await app.person({ name: "周四", unit: code }) }),
};
const told = async (client, id) => {
    await app.indexed();
    return (await client.all("/api/notices?limit=50")).filter((n) => n.matter === id).map((n) => n.act).reverse();
};
const STEPS = ["accept", "dispatch", "submit", "verify"];
const flats = Array.from({ length: 277 }, (_, i) => `3号楼${1 + (i % 4)}单元${101 + (i >> 2)}`);
let cold;

test("280 households of a cold building are each told of every public step, by what reaches them", async () => {
    const stream = await listen(who.wang);
    const outside = await listen(who.stranger);
    cold = await who.asker.order({ kind: "heating-water", title: "3号楼不热", unit });
    const households = [
        ...flats.map((label) => ({ label })),
        ...[wang, phoned, silent].map((p) => ({ person: p.id })),
    ];
    expect(await who.secretary.post(`/api/matters/${cold.id}/households`, { households }), 200);
    await who.secretary.act(cold.id, "accept");
    await who.secretary.act(cold.id, "dispatch", { to: firm.id });
    await who.secretary.act(cold.id, "comment", { text: "先不要告诉住户", public: false });
    await who.fitter.act(cold.id, "submit", { text: "修好了换热站" });
    await who.secretary.act(cold.id, "verify");
    // Who has an account, in the program, and live on the open page.
    assert.deepEqual(await told(who.wang, cold.id), STEPS);
    await stream.next((e) => e.data.matter === cold.id && e.data.act === "verify");
    assert.deepEqual(stream.events.filter((e) => e.data.matter === cold.id).map((e) => e.data.act), STEPS);
    assert.deepEqual(outside.events.filter((e) => e.data?.matter === cold.id), []);
    stream.close();
    outside.close();
    // Who has a phone, by message; who has none, on the list of those to call.
    const messages = (person) =>
        app.rows(
            `SELECT o.channel, e.act FROM outbox o JOIN matter_event e ON e.seq = o.seq
             WHERE o.matter = ? AND o.person = ? ORDER BY o.seq`,
            BigInt(cold.id),
            BigInt(person.id),
        );
    assert.deepEqual(messages(phoned).filter((m) => m.channel === "sms"), STEPS.map((act) => ({ channel: "sms", act })));
    assert.deepEqual(messages(silent), [{ channel: "call", act: "verify" }], "one call, of how it stands now");
    // Nobody on record: a slip for each door, which says where it stands on the day it is printed.
    const steps = app.rows(
        `SELECT e.act, count(*) AS n FROM notice n JOIN matter_event e ON e.seq = n.seq
         WHERE n.matter = ? AND n.house IS NOT NULL AND n.account IS NULL AND n.person IS NULL
         GROUP BY e.seq ORDER BY e.seq`,
        BigInt(cold.id),
    );
    assert.deepEqual(steps, STEPS.map((act) => ({ act, n: flats.length })));
    const slips = (await who.secretary.all("/api/calls?limit=100")).filter((c) => c.kind === "slip" && c.matter === cold.id);
    assert.deepEqual(slips.map((s) => s.label).sort(), [...flats].sort());
    for (const s of slips) assert.deepEqual([s.name, s.phone], [undefined, undefined]);
    assert.ok(!JSON.stringify(slips).includes("先不要"));
});

test("who asked hears as who asked, once, though they live there too", async () => {
    expect(await who.secretary.post(`/api/matters/${cold.id}/households`, { households: [{ person: asker.id }] }), 200);
    await who.asker.act(cold.id, "rate", { solved: true, score: 5 });
    await app.indexed();
    const twice = app.rows(
        "SELECT seq, count(*) AS n FROM notice WHERE matter = ? AND account = ? GROUP BY seq HAVING n > 1",
        BigInt(cold.id),
        BigInt(who.asker.id),
    );
    assert.deepEqual(twice, []);
});

test("a whistle is told to the lead and to every helper", async () => {
    const { id } = await who.asker.order({ kind: "repair", title: "路面塌陷", unit });
    await who.secretary.act(id, "accept");
    const parts = [{ to: water.id, text: "先断水" }];
    await who.secretary.act(id, "whistle", { to: firm.id, parts, text: "吹哨" });
    assert.deepEqual(await told(who.fitter, id), ["whistle"]);
    assert.deepEqual(await told(who.plumber, id), ["whistle"]);
    assert.deepEqual(await told(who.doctor, id), []);
});

test("the tier that is asked hears the question, and who asked for more time the answer", async () => {
    const { id } = await who.asker.order({ kind: "repair", title: "井盖松动", unit });
    await who.secretary.act(id, "accept");
    await who.secretary.act(id, "dispatch", { to: firm.id });
    await who.fitter.act(id, "pause", { text: "等配件", reason: "materials", within: "2 work days" });
    assert.deepEqual(await told(who.street, id), ["pause"]);
    const before = await told(who.asker, id);
    assert.ok(!before.includes("pause"), "not yet so: who asked is not told");
    const [ask] = (await who.street.read(`/api/matters/${id}/asks`)).items;
    await who.street.act(id, "answer", { ask: ask.id, granted: true });
    assert.deepEqual((await told(who.asker, id)).slice(before.length), ["answer"]);
    assert.ok((await told(who.fitter, id)).includes("answer"));
});

test("breaking the glass is told to the person, the handler and the auditor, and to no colleague", async () => {
    const { id } = await who.asker.order({ kind: "counselling", title: "睡不着", unit });
    await who.secretary.act(id, "dispatch", { to: clinic.id });
    await who.doctor.act(id, "claim");
    expect(await who.street.post(`/api/matters/${id}/break_glass`, { reason: "电话不接，担心安全" }), 201);
    for (const name of ["asker", "doctor", "auditor"])
        assert.ok((await told(who[name], id)).includes("glass"), name);
    for (const name of ["secretary", "fitter", "stranger"])
        assert.ok(!(await told(who[name], id)).includes("glass"), name);
    const notes = await who.auditor.all("/api/notices");
    assert.ok(!JSON.stringify(notes).includes("睡不着"), "what it is about stays between them");
});
