/* Somebody asks for a counsellor. What they say is between them and the one who takes it on: every
 * role is held against every way there is to see a matter. Whoever must look all the same breaks
 * the glass, for a reason, and the handler, the auditor and the person are told. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Client, DAY, expect, refused, start } from "./lib.mjs";
import { operations, request } from "./support_table.mjs";

const unit = "620102003003";
const app = await start({ at: "2026-11-24T09:00:00+08:00" });
const TITLE = "想找心理医生聊聊";
const TEXT = "离婚以后整夜失眠，常常不想活";
const PLACE = "紫藤苑九栋";
const SAID = "第一次面谈记录：有自伤念头";
const JUDGED = "谢谢您救了我";
const REASON = "本人电话不接，担心安全";
const SECRETS = [TITLE, TEXT, PLACE, SAID, JUDGED, "失眠", "面谈"];
const shows = (text) => SECRETS.filter((s) => text.includes(s));

const clinic = await app.party({ name: "心理服务站", kind: "organisation", unit });
const other = await app.party({ name: "维修队", kind: "team", unit });
const person = await app.person({ name: "王明", unit });
const wang = await app.user({ person });
const an = await app.user({ role: "handler", party: clinic, name: "安老师" });
const bo = await app.user({ role: "handler", party: clinic, name: "薄老师" });
const secretary = await app.user({ role: "secretary", unit, name: "李书记" });
const street = await app.user({ role: "street", unit: "620102003", name: "街道值班" });
const auditor = await app.user({ role: "auditor", unit: "620102003" });
const outside = {
    nobody: app.anon,
    resident: await app.user({ person: await app.person({ name: "邻居", unit }) }),
    volunteer: await app.user({ role: "volunteer", party: clinic }),
    handler_elsewhere: await app.user({ role: "handler", party: other }),
    grid_worker: await app.user({ role: "grid_worker", unit }),
    social_worker: await app.user({ role: "social_worker", unit }),
    hotline: await app.user({ role: "hotline", unit }),
    neighbour: await app.user({ role: "secretary", unit: "620102003001" }),
    street,
    district: await app.user({ role: "district", unit: "620102" }),
    system_admin: await app.user({ role: "system_admin", unit: "620102" }),
    security_admin: app.admin(unit),
    auditor,
};

const QUEUES = operations()
    .find((o) => o.op === "matters.list")
    .params.find((p) => p.name === "queue").schema.enum;
/* Every route there is about a matter, out of the route table: [operation, how it is asked]. */
const about = operations().filter(
    (o) => o.path.startsWith("/api/matters/{id}") && o.op !== "matters.break_glass",
);
const ways = (id) =>
    about.map((o) => {
        const place = { id, unit: app.unit(unit), party: clinic.id, person: person.id, serial: 1 };
        const { target, body } = request(o, place);
        return [o.op, (c) => c.request(o.verb, target, body)];
    });
const lists = [
    ...QUEUES.map((q) => `/api/matters?queue=${q}&limit=100`),
    `/api/matters?q=${encodeURIComponent("失眠")}`,
    `/api/matters?q=${encodeURIComponent("保密事项")}`,
    `/api/matters?kind=counselling`,
    `/api/matters/similar?unit=${app.unit(unit)}&q=${encodeURIComponent("离婚 失眠 心理医生")}&kind=counselling&lng=103.87&lat=36.07`,
];

async function seesNothing(name, client, id, number, but = []) {
    for (const [way, ask] of ways(id).filter(([way]) => !but.includes(way))) {
        const r = await ask(client);
        const cell = `${way} by ${name}: ${r.status} ${r.text}`;
        assert.deepEqual(shows(r.text), [], cell);
        // Who may break the glass learns that there is something behind it; nobody else does.
        const glass = way === "matters.opened" && ["street", "district"].includes(name);
        assert.ok(glass ? r.status === 403 : [401, 403, 404].includes(r.status), cell);
        if (!glass && r.status === 403) assert.equal(r.body.errors[0].code, "permission", cell);
    }
    for (const target of lists) {
        const r = await client.get(target);
        const cell = `${target} by ${name}: ${r.text}`;
        assert.deepEqual(shows(r.text), [], cell);
        assert.ok(!r.text.includes(id) && !r.text.includes(number), cell);
    }
}

let matter;
const read = (who) => who.read(`/api/matters/${matter.id}`);

test("the one who asks reads back what they wrote", async () => {
    matter = await wang.order({
        kind: "counselling",
        title: TITLE,
        text: TEXT,
        place: PLACE,
        unit: app.unit(`${unit}-G1`),
        lng: 103.87,
        lat: 36.07,
        contact_name: "王明",
        contact_phone: "13912345678",
    });
    assert.equal(matter.title, TITLE);
    assert.equal(matter.confidential, true);
    const seen = await read(wang);
    assert.equal(seen.title, TITLE);
    assert.equal(seen.text, TEXT);
    assert.equal(seen.place, PLACE);
    const [row] = (await wang.read("/api/matters?queue=requested")).items;
    assert.equal(row.title, "保密事项", "in lists it is a word that says nothing");
    assert.equal(row.confidential, true);
});

test("the unit in charge sees that there is one, and what it must keep", async () => {
    const seen = await read(secretary);
    assert.equal(seen.number, matter.number);
    assert.equal(seen.title, "保密事项");
    assert.equal(seen.stage, "new");
    assert.ok(seen.due_at);
    for (const hidden of ["text", "place", "lng", "category", "requester", "reporter"])
        assert.equal(seen[hidden], undefined, hidden);
    assert.deepEqual(seen.may, ["decline", "dispatch"]);
    refused(await secretary.post(`/api/matters/${matter.id}/reveal`, { reason: "想打个电话" }), 404);
    for (const target of lists) {
        const r = await secretary.get(target);
        assert.deepEqual(shows(r.text), [], target);
        const own = target.includes("queue=confidential");
        assert.equal(r.text.includes(matter.id), own, `${target}: in one queue of its own`);
    }
});

test("before it is sent out, nobody else sees that it is there", async () => {
    await app.indexed();
    for (const [name, client] of [...Object.entries(outside), ["an", an], ["bo", bo]])
        await seesNothing(name, client, matter.id, matter.number);
});

test("sent to a party, its accounts read it, until one has taken it", async () => {
    await secretary.act(matter.id, "dispatch", { to: clinic.id });
    delete outside.volunteer; // held as the clinic: one of its accounts now
    for (const who of [an, bo]) assert.equal((await read(who)).text, TEXT);
    assert.ok((await bo.read("/api/matters?queue=party")).items.some((m) => m.id === matter.id));
    const claimed = await an.act(matter.id, "claim");
    assert.equal(claimed.text, TEXT);
    await an.act(matter.id, "comment", { text: SAID, public: false });
    assert.ok((await an.read("/api/matters?queue=mine")).items.some((m) => m.id === matter.id));
    await seesNothing("bo", bo, matter.id, matter.number);
    for (const [name, client] of Object.entries(outside))
        await seesNothing(name, client, matter.id, matter.number);
});

test("the timeline: words for the two of them, steps for the unit in charge", async () => {
    assert.ok((await an.events(matter.id)).some((e) => e.text === SAID));
    const unitSees = await secretary.events(matter.id);
    assert.ok(unitSees.some((e) => e.act === "claim"));
    assert.deepEqual(shows(JSON.stringify(unitSees)), []);
    assert.equal(unitSees.find((e) => e.act === "comment").text, undefined);
    assert.deepEqual(shows(JSON.stringify(await wang.events(matter.id))), [], "an internal note");
    const contact = expect(
        await an.post(`/api/matters/${matter.id}/reveal`, { reason: "约下一次时间" }), 200);
    assert.equal(contact.phone, "13912345678");
    refused(await secretary.post(`/api/matters/${matter.id}/reveal`, { reason: "约第二次" }), 404);
});

test("it is not merged, joined or shared among households, and nothing is kept beside it", async () => {
    const lamp = await app.anon.order({ kind: "repair", title: "路灯不亮", unit: app.unit(unit) });
    const post = (way, body) => secretary.post(`/api/matters/${matter.id}/${way}`, body);
    refused(await post("merge", { into: lamp.id }), 409, "", "stage");
    refused(await post("affected", { labels: ["1号"] }), 409, "", "stage");
    refused(await post("join", {}), 404);
    const note = { title: SAID, due_at: "2099-01-01T00:00:00Z" };
    refused(await an.post(`/api/matters/${matter.id}/milestones`, note), 409, "/title", "confidential");
    refused(await secretary.post(`/api/matters/${lamp.id}/merge`, { into: matter.id }), 422, "/into", "unknown");
});

test("breaking the glass takes the place, the role and a reason", async () => {
    const target = `/api/matters/${matter.id}/break_glass`;
    for (const who of ["grid_worker", "social_worker", "hotline", "auditor", "resident"])
        refused(await outside[who].post(target, { reason: REASON }), 403);
    refused(await outside.neighbour.post(target, { reason: REASON }), 404);
    refused(await street.post(target, {}), 422, "/reason", "required");
    refused(await street.post(target, { reason: "急" }), 422, "/reason");
    const opened = `/api/matters/${matter.id}/opened`;
    refused(await street.get(opened), 403, "/reason", "glass");
    const { until } = expect(await street.post(target, { reason: REASON }), 201);
    assert.ok(Math.abs(Date.parse(until) - app.clock.now() - DAY) < 5000);
    const seen = await street.read(opened);
    assert.equal(seen.text, TEXT);
    assert.ok(seen.events.some((e) => e.text === SAID));
    // Reading only, and there only: everything else stays as it was, and for every colleague.
    await seesNothing("street", street, matter.id, matter.number, ["matters.opened"]);
    refused(await secretary.get(opened), 403, "/reason", "glass");
    refused(await outside.district.get(opened), 403, "/reason", "glass");
});

test("the person, the handler and the auditor are told at once", async () => {
    for (const who of [wang, an]) {
        const [look] = (await who.read(`/api/matters/${matter.id}/glass`)).items;
        assert.equal(look.by_name, "街道值班");
        assert.equal(look.role, "street");
        assert.equal(look.reason, REASON);
        const event = (await who.events(matter.id)).find((e) => e.act === "glass");
        assert.equal(event.text, REASON);
        assert.equal(event.role, "street");
    }
    assert.deepEqual((await secretary.read(`/api/matters/${matter.id}/glass`)).items, []);
    const rows = (await auditor.read(`/api/audit?act=matters.break_glass&subject=${matter.id}`)).items;
    assert.equal(rows.length, 1);
    assert.equal(rows[0].reason, REASON);
    const [row] = app.rows("SELECT handler, person, account, until - at AS lasts FROM glass");
    assert.deepEqual(row, { handler: an.id, person: person.id, account: street.id, lasts: DAY });
});

test("after 24 hours the glass is whole again", async () => {
    app.clock.advance(DAY + 1000);
    refused(await street.get(`/api/matters/${matter.id}/opened`), 403, "/reason", "glass");
});

test("to its end: result and judgement are sealed like the rest", async () => {
    await an.act(matter.id, "submit", { text: `${SAID}；已转介医院` });
    await wang.act(matter.id, "rate", { solved: true, score: 5, text: JUDGED });
    const [row] = app.rows("SELECT words, title, text, place, lng, category, community, street, grid, district FROM matter WHERE id = ?", BigInt(matter.id));
    assert.deepEqual(row, { words: null, title: "保密事项", text: null, place: null, lng: null, category: null, community: null, street: null, grid: null, district: 0 });
    assert.ok((await wang.events(matter.id)).some((e) => e.text === JUDGED));
    const seen = await read(secretary);
    for (const hidden of ["solved", "score", "words", "requester"]) assert.equal(seen[hidden], undefined, hidden);
    for (const [name, client] of Object.entries(outside))
        await seesNothing(name, client, matter.id, matter.number);
});

test("passed on to another counsellor, the one before no longer reads it", async () => {
    const second = await app.party({ name: "区心理中心", kind: "organisation", unit });
    const chen = await app.user({ role: "handler", party: second, name: "陈医生" });
    const made = await wang.order({ kind: "counselling", title: TITLE, text: TEXT, unit: app.unit(unit) });
    await secretary.act(made.id, "dispatch", { to: clinic.id });
    await an.act(made.id, "claim");
    await an.act(made.id, "transfer", { to: second.id, text: "更适合" });
    for (const who of [an, bo]) await seesNothing("the one before", who, made.id, made.number);
    assert.equal((await chen.read(`/api/matters/${made.id}`)).text, TEXT);
    await chen.act(made.id, "return", { text: "满员" });
    await seesNothing("chen", chen, made.id, made.number);
    assert.equal((await secretary.read(`/api/matters/${made.id}`)).stage, "new");
});

test("without an account, the code shows it, and nothing else does", async () => {
    const made = await app.anon.order({ kind: "counselling", title: TITLE, text: TEXT, unit: app.unit(unit) });
    const session = expect(await app.anon.post("/api/sessions", { tracking: made.tracking_code }), 201);
    const client = new Client(app.url, session.token);
    assert.equal((await client.read(`/api/matters/${made.id}`)).text, TEXT);
    await seesNothing("wang", wang, made.id, made.number);
});

test("no word of it lies in the folder in the clear, nor in the log", async () => {
    await app.indexed();
    for (const name of fs.readdirSync(app.data).filter((n) => n.startsWith("linli.db"))) {
        const bytes = fs.readFileSync(path.join(app.data, name));
        for (const s of SECRETS) assert.ok(!bytes.includes(Buffer.from(s)), `${s} in ${name}`);
    }
    assert.deepEqual(shows(app.log()), []);
    const terms = app.rows("SELECT count(*) AS n FROM matter_term WHERE matter = ?", BigInt(matter.id));
    assert.equal(terms[0].n, 0);
});
