/* One-stop service: an old man applies for his allowance and hears once what is missing; a
 * neighbour files for a lady who cannot come; and the street sees how often people had to walk. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { Client, expect, refused, start, DAY } from "./lib.mjs";

const { DatabaseSync } = await import("node:sqlite");

const community = "620102003003";
const OLD_ID = "620102194505127317";
const LADY_ID = "620102195203146525";
const PHONE = "13919876543";
const app = await start({ at: "2026-11-23T10:00:00+08:00" });
const window_ = await app.user({ role: "social_worker", unit: community, name: "窗口小王" });
const secretary = await app.user({ role: "secretary", unit: community, name: "李书记" });
const street = await app.user({ role: "street", unit: "620102003", name: "街道" });
const elsewhere = await app.user({ role: "secretary", unit: "620102004001", name: "邻街道" });
const auditor = await app.user({ role: "auditor", unit: "620102", name: "审计员" });
const oldMan = await app.person({ name: "陈大爷", id_number: OLD_ID, unit: community });
const lady = await app.person({ name: "王秀兰", id_number: LADY_ID, unit: community });
const zhao = await app.person({ name: "赵邻居", unit: community });
const old = await app.user({ person: oldMan, name: "陈大爷" });
const neighbour = await app.user({ person: zhao, name: "赵邻居" });
const ladySelf = await app.user({ person: lady, name: "王阿姨" });
const at = app.unit(community);
const answers = (o) => Object.entries(o).map(([field, value]) => ({ field, value }));
const HARDSHIP = {
    household: "single", income: "820.50", cause: "illness", "id-number": OLD_ID, phone: PHONE,
    rent: "yes",
};
const codes = (list) => list.map((m) => m.code);

test("anybody reads what can be applied for, and finds it by words and category", async () => {
    const { items } = await app.anon.read(`/api/services?unit=${at}`);
    assert.equal(items.length, 8);
    const found = await app.anon.read(`/api/services?unit=${at}&q=${encodeURIComponent("津贴")}`);
    assert.deepEqual(codes(found.items), ["age-allowance"]);
    const english = await app.anon.read(`/api/services?unit=${at}&q=PROOF`);
    assert.deepEqual(codes(english.items), ["residence-proof"]);
    const two = await app.anon.read(`/api/services?unit=${at}&category=policy.subsistence`);
    assert.deepEqual(codes(two.items), ["subsistence", "temporary-relief"]);
});

test("what to bring is told with its conditions, or as the answers decide", async () => {
    const all = await app.anon.read(`/api/services/subsistence?unit=${at}`);
    const lease = all.bring.find((m) => m.code === "lease");
    assert.deepEqual(lease.when, { field: "rent", choices: ["yes"] });
    assert.equal(lease.needed, undefined, "nobody knows yet");
    assert.equal(all.bring[0].needed, true);
    assert.equal(all.words_zh, "30 个工作日");
    assert.equal(all.fields.find((f) => f.code === "members").when.field, "household");
    const mine = await app.anon.read(
        `/api/services/subsistence?unit=${at}&answers=rent:yes,cause:illness`);
    const needed = codes(mine.bring.filter((m) => m.needed));
    assert.deepEqual(needed, ["id-card", "hukou", "consent-check", "income-proof", "lease", "medical"]);
    refused(await app.anon.get(`/api/services/subsistence?unit=${at}&answers=rent:maybe`), 422, "answers");
    refused(await app.anon.get(`/api/services/no-such?unit=${at}`), 404, "code", "unknown");
});

let mine;
test("every fault of a form is told at once, each by its field, and nothing is kept", async () => {
    const before = app.rows("SELECT count(*) AS n FROM matter")[0].n;
    const r = await old.post("/api/filings", {
        service: "subsistence", unit: at,
        answers: answers({
            household: "crowd", members: "儿子", income: "a lot", "id-number": "620102194505127310",
            colour: "red",
        }),
    });
    const { errors } = refused(r, 422, "/answers/household", "choice");
    const got = Object.fromEntries(errors.map((e) => [e.field, e.code]));
    assert.deepEqual(got, {
        "/answers/colour": "unknown", "/answers/household": "choice",
        "/answers/members": "not_asked", "/answers/income": "number",
        "/answers/cause": "required", "/answers/id-number": "id_number",
        "/answers/phone": "required", "/answers/rent": "required",
    });
    assert.equal(app.rows("SELECT count(*) AS n FROM matter")[0].n, before);
});

test("complete the first time at a window: accepted at once, one trip", async () => {
    const f = expect(await window_.post("/api/filings", {
        service: "elder-card", unit: at, applicant: oldMan.id, at_window: true,
        consent_how: "in_person", consent_text: "本人在窗口，同意代为填写",
        answers: answers({ "id-number": OLD_ID, local: "yes" }), materials: ["id-card", "photo"],
    }), 201);
    assert.deepEqual([f.complete, f.accepted, f.stage, f.trips], [true, true, "accepted", 1]);
    assert.deepEqual(f.missing, []);
    assert.equal(f.promised_at, "2026-11-26T10:00:00.000Z", "three working days");
    await secretary.act(f.id, "submit", { text: "证已办好" });
    refused(await window_.post(`/api/filings/${f.id}/materials`, { lack: ["photo"] }), 409, "/act", "stage");
});

test("he files online; what is missing waits, and nobody can accept it meanwhile", async () => {
    mine = expect(await old.post("/api/filings", {
        service: "subsistence", unit: at, answers: answers(HARDSHIP), materials: ["id-card"],
    }), 201);
    assert.equal(mine.on_behalf, false);
    assert.deepEqual([mine.complete, mine.accepted, mine.trips], [false, false, 0]);
    assert.deepEqual(codes(mine.missing), ["hukou", "consent-check", "income-proof", "lease", "medical"]);
    const m = await secretary.read(`/api/matters/${mine.id}`);
    assert.equal(m.title, "低保申请");
    assert.ok(!m.may.includes("accept"));
    refused(await secretary.post(`/api/matters/${mine.id}/acts`, { act: "accept" }), 409, "/act", "held");
});

test("personal answers are sealed, masked, and shown for a reason that stays", async () => {
    const seen = await window_.get(`/api/filings/${mine.id}`);
    const by = Object.fromEntries(seen.body.answers.map((a) => [a.field, a]));
    assert.equal(by.household.value, "single");
    assert.equal(by["id-number"].value, undefined);
    assert.equal(by["id-number"].sealed, "620102********7317");
    assert.equal(by.phone.sealed, "139****6543");
    assert.equal(by.cause.sealed, "***");
    for (const secret of [OLD_ID, PHONE, "820.50"]) {
        assert.ok(!seen.text.includes(secret), secret);
        for (const name of fs.readdirSync(app.data).filter((n) => n.startsWith("linli.db")))
            assert.ok(!fs.readFileSync(path.join(app.data, name)).includes(secret), secret);
        assert.ok(!app.log().includes(secret), secret);
    }
    refused(await old.post(`/api/filings/${mine.id}/reveal`, { reason: "看看自己的" }), 403);
    const clear = expect(await window_.post(`/api/filings/${mine.id}/reveal`, { reason: "核对收入" }), 200);
    assert.equal(clear.answers.find((a) => a.field === "income").sealed, "820.50");
    const [row] = await auditor.all(`/api/audit?subject=${mine.id}&act=filings.reveal`);
    assert.equal(row.reason, "核对收入");
    refused(await elsewhere.get(`/api/filings/${mine.id}`), 404);
    refused(await neighbour.get(`/api/filings/${mine.id}`), 404);
});

test("the window tells everything missing, once", async () => {
    refused(await old.post(`/api/filings/${mine.id}/notice`, {}), 403, "/act", "side");
    app.clock.advance(DAY);
    const f = expect(await window_.post(`/api/filings/${mine.id}/notice`, {}), 200);
    assert.ok(f.told_at);
    assert.equal(f.stage, "waiting");
    assert.deepEqual(codes(f.materials.filter((m) => m.told)),
        ["hukou", "consent-check", "income-proof", "lease", "medical"]);
    const last = (await old.events(mine.id)).at(-1);
    assert.equal(last.text, "还缺：户口本、收入财产核对授权书、收入证明、租房合同、医院诊断和费用单");
    const m = await old.read(`/api/matters/${mine.id}`);
    assert.ok(Date.parse(m.due_at) > app.clock.now() + 50 * DAY, "his time, not the office's");
    // Again: the same notice stands, with its time, and nothing is written.
    const again = expect(await window_.post(`/api/filings/${mine.id}/notice`, {}), 200);
    assert.equal(again.told_at, f.told_at);
    assert.equal((await old.events(mine.id)).length, 2);
});

test("a second, different notice is refused, and so is asking for more by the back door", async () => {
    const r = await window_.post(`/api/filings/${mine.id}/materials`, { lack: ["id-card"] });
    refused(r, 409, "/materials/id-card", "told_once");
    // He himself may take back what he ticked; that gives the desk no second notice.
    expect(await old.post(`/api/filings/${mine.id}/materials`, { lack: ["id-card"] }), 200);
    refused(await window_.post(`/api/filings/${mine.id}/notice`, {}), 409, "/materials/id-card", "told_once");
    expect(await old.post(`/api/filings/${mine.id}/materials`, { have: ["id-card"] }), 200);
    refused(await window_.post(`/api/filings/${mine.id}/notice`, { law: "新规定要身份证原件" }), 409,
        "/law", "unchanged");
});

test("when the answers change, what they newly call for may be told", async () => {
    app.clock.advance(60_000);
    const f = expect(await old.post(`/api/filings/${mine.id}/answers`, {
        answers: answers({ ...HARDSHIP, cause: "disability" }),
    }), 200);
    assert.deepEqual(codes(f.missing), ["hukou", "consent-check", "income-proof", "lease", "disability-card"]);
    refused(await window_.post(`/api/filings/${mine.id}/materials`, { lack: ["id-card"] }), 409,
        "/materials/id-card", "told_once"); // the answers have nothing to do with it
    app.clock.advance(60_000);
    const told = expect(await window_.post(`/api/filings/${mine.id}/notice`, {}), 200);
    assert.ok(told.materials.find((m) => m.code === "disability-card").told);
    app.clock.advance(60_000);
    refused(await window_.post(`/api/filings/${mine.id}/materials`, { lack: ["id-card"] }), 409,
        "/materials/id-card", "told_once");
});

test("he brings it all: the matter goes back to the desk, and the clock runs from now", async () => {
    const done = expect(await old.post(`/api/filings/${mine.id}/materials`, {
        have: ["hukou", "consent-check", "income-proof", "lease", "disability-card"],
    }), 200);
    assert.deepEqual([done.complete, done.accepted, done.stage], [true, false, "new"]);
    assert.equal(Date.parse(done.complete_at) > Date.parse(mine.filed_at) + DAY, true);
    assert.ok(Date.parse(done.promised_at) > Date.parse(done.complete_at) + 40 * DAY);
    const m = await secretary.read(`/api/matters/${mine.id}`);
    assert.ok(m.may.includes("accept"));
    await secretary.act(mine.id, "accept");
    assert.equal((await old.read(`/api/filings/${mine.id}`)).accepted, true);
    refused(await old.post(`/api/filings/${mine.id}/answers`, { answers: answers(HARDSHIP) }), 409, "/act", "stage");
});

let hers;
test("a neighbour files for a lady, by her name and number, with her consent", async () => {
    const filing = {
        service: "age-allowance", unit: at, applicant_name: "王秀兰", applicant_id_number: LADY_ID,
        answers: answers({ "id-number": LADY_ID, local: "yes" }), materials: ["id-card"],
    };
    refused(await neighbour.post("/api/filings", filing), 422, "/consent_how", "required");
    const consent = { consent_how: "phone", consent_text: "王阿姨在电话里请我代办高龄津贴" };
    refused(await neighbour.post("/api/filings", { ...filing, ...consent, applicant_name: "王秀" }),
        422, "/applicant_id_number", "unknown");
    refused(await neighbour.post("/api/filings", { ...filing, ...consent, applicant_name: undefined,
        applicant_id_number: undefined, applicant: lady.id }), 422, "/applicant", "unknown");
    hers = expect(await neighbour.post("/api/filings", { ...filing, ...consent }), 201);
    assert.deepEqual([hers.on_behalf, hers.consented, hers.applicant], [true, true, lady.id]);
    const seen = await ladySelf.read(`/api/filings/${hers.id}`);
    assert.equal(seen.consents[0].text, "王阿姨在电话里请我代办高龄津贴");
    assert.deepEqual([seen.consents[0].how, seen.consents[0].by_name], ["phone", "赵邻居"]);
    assert.equal((await ladySelf.read("/api/matters?queue=requested")).items[0].id, hers.id);
    for (const name of fs.readdirSync(app.data).filter((n) => n.startsWith("linli.db")))
        assert.ok(!fs.readFileSync(path.join(app.data, name)).includes("王阿姨在电话里"));
    expect(await neighbour.post(`/api/filings/${hers.id}/materials`, { have: ["hukou"] }), 200);
    assert.deepEqual((await neighbour.all("/api/filings")).map((r) => r.id), [hers.id]);
});

test("she withdraws her consent: the neighbour can no longer act, nor look", async () => {
    refused(await neighbour.post(`/api/filings/${hers.id}/consents/withdraw`, {}), 403, "/act", "side");
    const f = expect(await ladySelf.post(`/api/filings/${hers.id}/consents/withdraw`, {}), 200);
    assert.equal(f.consented, false);
    assert.ok(f.consents[0].withdrawn_at);
    refused(await neighbour.post(`/api/filings/${hers.id}/materials`, { have: ["bank-card"] }), 404);
    refused(await neighbour.get(`/api/filings/${hers.id}`), 404);
    refused(await ladySelf.post(`/api/filings/${hers.id}/consents/withdraw`, {}), 409, "/act", "none");
});

test("a worker who files for somebody needs consent as well, and loses it alike", async () => {
    const filing = {
        service: "elder-card", unit: at, applicant: lady.id, at_window: true,
        answers: answers({ "id-number": LADY_ID, local: "no" }), materials: ["id-card", "photo"],
    };
    refused(await window_.post("/api/filings", { ...filing, applicant: undefined }), 422, "/applicant");
    refused(await window_.post("/api/filings", filing), 422, "/consent_how", "required");
    const f = expect(await window_.post("/api/filings", {
        ...filing, consent_how: "written", consent_text: "委托书存社区",
    }), 201);
    refused(await secretary.post(`/api/filings/${f.id}/consents/withdraw`, {}), 422, "/text", "required");
    expect(await secretary.post(`/api/filings/${f.id}/consents/withdraw`, { text: "本人来电说不办了" }), 200);
    refused(await window_.post(`/api/filings/${f.id}/materials`, { have: ["permit"] }), 403, "/act", "consent");
    expect(await window_.post(`/api/filings/${f.id}/consents`, { how: "in_person", text: "又同意了" }), 200);
    expect(await window_.post(`/api/filings/${f.id}/trips`, { who: "applicant" }), 200);
    const done = expect(await window_.post(`/api/filings/${f.id}/materials`, { have: ["permit"] }), 200);
    assert.deepEqual([done.accepted, done.trips], [true, 2]);
    assert.deepEqual(done.visits.map((v) => v.who), ["applicant", "applicant"]);
    await secretary.act(f.id, "submit", { text: "证已办好" });
});

test("who has two hats is asked about both: the first need not be the one that may", async () => {
    const sun = await app.person({ name: "孙干事", unit: community });
    const both = await app.user({ person: sun, name: "孙干事" });
    await app.grant(both, { role: "social_worker", unit: at }, community);
    const filing = { service: "age-allowance", unit: at, answers: answers({ "id-number": OLD_ID, local: "yes" }) };
    const own = expect(await both.post("/api/filings", filing, { hat: both.hat }), 201);
    assert.deepEqual([own.on_behalf, own.applicant], [false, sun.id], "named, the self hat files for oneself");
    assert.ok(expect(await both.post(`/api/filings/${own.id}/notice`, {}), 200).told_at);
});

test("one applies where the person lives", async () => {
    const r = await old.post("/api/filings", {
        service: "residence-proof", unit: app.unit("620102004001"), answers: [],
    });
    refused(r, 422, "/unit", "not_home");
    refused(await old.post("/api/filings", {
        service: "residence-proof", unit: at, answers: [], at_window: true,
    }), 422, "/at_window", "not_allowed");
    refused(await old.post(`/api/filings/${mine.id}/trips`, { who: "applicant" }), 403, "/act", "side");
});

test("what was never completed is closed, and does not count as done", async () => {
    const f = expect(await ladySelf.post("/api/filings", {
        service: "temporary-relief", unit: at, answers: answers({ ...HARDSHIP, cause: "accident" }),
    }), 201);
    expect(await window_.post(`/api/filings/${f.id}/notice`, {}), 200);
    await secretary.act(f.id, "close");
    const { figures } = await secretary.read("/api/service-figures");
    const relief = figures.find((x) => x.service === "temporary-relief");
    assert.deepEqual([relief.filed, relief.done], [1, 0]);
});

test("trips are counted: the share done with at most one", async () => {
    const { figures } = await street.read(`/api/service-figures?unit=${app.unit("620102003")}`);
    const elder = figures.find((f) => f.service === "elder-card");
    assert.deepEqual(elder, { service: "elder-card", filed: 2, done: 2, one_trip: 1, share: 0.5 });
    const low = figures.find((f) => f.service === "subsistence");
    assert.deepEqual([low.filed, low.done, low.share], [1, 0, undefined]);
    const rows = await secretary.all(`/api/filings?unit=${at}&limit=2`);
    assert.equal(rows.length, 6);
    assert.deepEqual(rows.map((r) => r.trips).sort(), [0, 0, 0, 0, 1, 2]);
    assert.deepEqual((await old.all("/api/filings")).map((r) => r.id), [mine.id, rows.at(-1).id]
        .sort().reverse(), "one's own");
    assert.equal((await neighbour.all("/api/filings")).length, 0, "the consent no longer stands");
    refused(await elsewhere.get(`/api/service-figures?unit=${at}`), 422, "unit", "unknown");
    refused(await elsewhere.get(`/api/filings?unit=${at}`), 422, "unit", "unknown");
});

test("when the list itself changes, what it newly asks may be told, with the rule that did", async () => {
    const filed = expect(await old.post("/api/filings", {
        service: "age-allowance", unit: at, materials: ["id-card", "hukou"],
        answers: answers({ "id-number": OLD_ID, local: "yes" }),
    }), 201);
    expect(await window_.post(`/api/filings/${filed.id}/notice`, {}), 200);
    const moved = app.clock.now();
    await app.stop();
    const data = fs.mkdtempSync(path.join(os.tmpdir(), "linli-law-"));
    fs.cpSync(app.data, data, { recursive: true });
    const db = new DatabaseSync(path.join(data, "linli.db"));
    const [{ yaml }] = db.prepare("SELECT yaml FROM pack WHERE name = 'yannan'").all();
    const more = yaml.replace("      - {material: child-id", "      - {material: alive, name: 生存认证, en: Proof of life}\n      - {material: child-id");
    assert.notEqual(more, yaml);
    db.prepare("INSERT INTO pack (name, hash, yaml, loaded_at) VALUES ('yannan', 'new', ?, 1)").run(more);
    db.exec("UPDATE pack_at SET pack = (SELECT max(id) FROM pack)");
    db.close();
    const next = await start({ data, at: new Date(moved).toISOString() });
    after(() => fs.rmSync(data, { recursive: true, force: true }));
    const desk = new Client(next.url, window_.token);
    refused(await desk.post(`/api/filings/${filed.id}/notice`, { law: "改" }), 422, "/law", "too_short");
    const plain = expect(await desk.post(`/api/filings/${filed.id}/notice`, {}), 200);
    assert.deepEqual(codes(plain.missing), ["bank-card"], "held to the list it was filed under");
    const told = expect(await desk.post(`/api/filings/${filed.id}/notice`, { law: "自本月起要生存认证" }), 200);
    assert.deepEqual(codes(told.missing), ["bank-card", "alive"]);
    const last = (await desk.events(filed.id)).at(-1);
    assert.equal(last.text, "规定有变化：自本月起要生存认证。还缺：社保卡、生存认证");
    refused(await desk.post(`/api/filings/${filed.id}/notice`, { law: "自本月起要生存认证" }), 409, "/law", "unchanged");
});
