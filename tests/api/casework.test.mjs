/* The property deeds of the former 陇南办事处 were never issued: 99 households, an authority outside
 * the tree to write to, years of work. The secretary keeps it together: the list of households,
 * four milestones that each of them passes, letters and their answers, and a follow-up every month.
 * Nothing is typed twice: every figure is counted from the households' own lines. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { DAY, expect, folderCopy, linli, refused, scratch, start } from "./lib.mjs";

const UNIT = "620102003003";
const ID_NUMBER = "620102195203146525";
const STRANGER = "620102198001010012";
const SECRET = "子女在外地，只能晚上联系";
const data = await folderCopy();
let app = await start({ data, at: "2026-03-02T09:30:00+08:00" });
const secretary = await app.user({ role: "secretary", unit: UNIT, name: "李书记" });
const street = await app.user({ role: "street", unit: "620102003", name: "街道老赵" });
const district = await app.user({ role: "district", unit: "620102", name: "区里" });
const hotline = await app.user({ role: "hotline", unit: "620102003", name: "热线" });
const elsewhere = await app.user({ role: "secretary", unit: "620102004001", name: "外街书记" });
const lady = await app.person({ name: "王秀兰", id_number: ID_NUMBER, unit: UNIT });
const asker = await app.person({ name: "赵明", unit: UNIT });
const resident = await app.user({ person: lady, name: "王阿姨" });
const requester = await app.user({ person: asker, name: "赵明" });
const deeds = await app.party({ name: "城关区不动产登记中心", unit: "620102" });
const clerk = await app.user({ role: "handler", party: deeds, unit: "620102", name: "登记员" });
const longnan = await app.party({ name: "陇南市政府", kind: "external", unit: UNIT });
const matter = await secretary.order({
    kind: "legacy",
    category: "legacy.deed",
    title: "陇南办事处家属院 99 户房产证未办",
    unit: app.unit(UNIT),
    requester: asker.id,
});
const at = `/api/matters/${matter.id}`;

/* Sessions last 30 days; this story lasts longer. */
async function again(...clients) {
    for (const client of clients) {
        const { link } = expect(await app.admin().post(`/api/accounts/${client.id}/links`), 201);
        const session = expect(await app.anon.post("/api/sessions", { link }), 201);
        Object.assign(client, { url: app.url, token: session.token });
    }
}
async function later(days) {
    app.clock.advance(days * DAY);
    await again(secretary, street, district, hotline, elsewhere, resident, requester, clerk);
}
const milestones = async (by = secretary) => (await by.read(`${at}/milestones`)).items;
const milestone = async (code) => (await milestones()).find((m) => m.code === code);
const totals = async (code) => {
    const m = await milestone(code);
    return [m.households, m.waiting, m.doing, m.done, m.not_needed];
};
const households = (by = secretary) => by.all(`${at}/households?limit=40`);
const missed = async () => (await secretary.events(matter.id)).filter((e) => e.act === "missed");
async function progress(code, what, by = secretary) {
    return by.post(`${at}/progress`, { milestone: (await milestone(code)).id, ...what });
}

/* The sheet, as the street keeps it; the folder is in nobody's use meanwhile. */
const csv = path.join(scratch(), "households.csv");
const sheet = Array.from({ length: 99 }, (_, i) => {
    const door = `${1 + Math.floor((i % 33) / 11)}单元${101 + (i % 11)}`;
    const label = `${1 + Math.floor(i / 33)}号楼${door}`;
    return `${label},${i === 4 ? ID_NUMBER : ""},${i === 7 ? SECRET : ""}`;
});
const poor = [",,", `9号楼1单元101,${STRANGER},`, sheet[0]];
fs.writeFileSync(csv, ["户,身份证号,备注", ...sheet, ...poor, ""].join("\r\n"));
await app.stop();
const into = ["import", "households", csv, "--data", data, "--matter"];
const imported = [];
for (const number of [matter.number, matter.number, "雁南-1"])
    imported.push(await linli(...into, number));
app = await start({ data, at: "2026-03-03T09:30:00+08:00" });
await later(0);

test("the list of 99 households comes in from a sheet; what is wrong in it is told", async () => {
    const [first, second, unknown] = imported;
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /read 102, accepted 99, known already 1, refused 2/);
    assert.match(second.stdout, /accepted 0, known already 100/);
    assert.equal(unknown.code, 3);
    assert.match(unknown.stderr, /没有这件事/);
    const bad = fs.readFileSync(`${csv}.refused.csv`, "utf8");
    assert.match(bad, /^101,"label"/m);
    assert.match(bad, /^102,"id_number"/m);
    assert.ok(!bad.includes(STRANGER), "what was refused is not written down");
    const [row] = app.rows("SELECT reason FROM audit WHERE act = 'households.import'");
    assert.equal(row.reason, "linli import households: 99");
    assert.equal((await households()).length, 99);
});

test("taken on, it has the milestones its kind declares, with their days", async () => {
    await secretary.act(matter.id, "accept");
    await app.wait(async () => (await milestones()).length === 4);
    const all = await milestones();
    assert.deepEqual(
        all.map((m) => m.title),
        ["资金申请", "资金批复", "税费缴纳", "登记办结"],
    );
    for (const [m, days] of all.map((m, i) => [m, [60, 180, 270, 365][i]])) {
        const from = Date.parse(m.due_at) - days * DAY;
        assert.ok(Math.abs(from - app.clock.now()) < 60_000, `${m.title} is due after ${days} days`);
        assert.deepEqual([m.each, m.overdue, m.households, m.waiting], [true, false, 99, 99]);
    }
    expect(await secretary.post(`${at}/milestones/plan`, {}), 204);
    assert.equal((await milestones()).length, 4, "asked for again, nothing is doubled");
    assert.equal((await secretary.events(matter.id)).filter((e) => e.act === "milestone").length, 1);
});

test("all 99 applied for funds: one command, one line in the timeline, and it is reached", async () => {
    await later(40);
    const r = expect(await progress("funds-applied", { all: true, state: "done" }), 200);
    assert.deepEqual([r.households, r.done, r.waiting], [99, 99, 0]);
    assert.ok(r.done_at);
    const events = (await secretary.events(matter.id)).slice(-2);
    assert.deepEqual(events.map((e) => [e.act, e.public]), [["progress", false], ["milestone", true]]);
    assert.match(events[0].text, /资金申请：已办 .*99 户/);
});

test("one more household on the list: reached no longer; not needed there: reached again", async () => {
    const made = expect(await secretary.post(`${at}/households`, { label: "门房" }), 201);
    assert.deepEqual(await totals("funds-applied"), [100, 1, 0, 99, 0]);
    assert.equal((await milestone("funds-applied")).done_at, undefined);
    refused(await secretary.post(`${at}/households`, { label: "门房" }), 409, "/label", "taken");
    for (const code of ["funds-applied", "funds-approved", "taxes-paid", "registered"])
        expect(await progress(code, { households: [made.id], state: "not_needed" }), 200);
    assert.deepEqual(await totals("funds-applied"), [100, 0, 0, 99, 1]);
    assert.ok((await milestone("funds-applied")).done_at);
});

test("60 have paid their taxes, chosen by hand; the figures are counted, not kept", async () => {
    await later(60);
    const all = (await households()).filter((h) => h.label !== "门房");
    assert.equal(all.length, 99);
    const ids = all.map((h) => h.id);
    expect(await progress("funds-approved", { households: ids, state: "done" }), 200);
    expect(
        await progress("taxes-paid", { households: ids.slice(0, 60), state: "done", words: "完税凭证已收" }),
        200,
    );
    expect(await progress("taxes-paid", { households: ids.slice(60, 80), state: "doing" }), 200);
    assert.deepEqual(await totals("taxes-paid"), [100, 19, 20, 60, 1]);
    const cells = (await households()).map((h) => h.cells.find((c) => c.title === "税费缴纳").state);
    assert.equal(cells.filter((s) => s === "done").length, 60);
    // Take any one record away, behind the program's back, and the figure is another.
    const db = new DatabaseSync(path.join(data, "linli.db"));
    db.exec("PRAGMA busy_timeout = 5000");
    const taxes = BigInt((await milestone("taxes-paid")).id);
    for (const id of [ids[0], ids[30], ids[59]]) {
        db.exec("CREATE TEMP TABLE kept AS SELECT * FROM case_progress WHERE 0");
        for (const sql of [
            "INSERT INTO kept SELECT * FROM case_progress WHERE milestone = ? AND household = ?",
            "DELETE FROM case_progress WHERE milestone = ? AND household = ?",
        ])
            assert.equal(db.prepare(sql).run(taxes, BigInt(id)).changes, 1);
        assert.deepEqual(await totals("taxes-paid"), [100, 20, 20, 59, 1]);
        db.exec("INSERT INTO case_progress SELECT * FROM kept; DROP TABLE kept");
    }
    db.close();
    assert.deepEqual(await totals("taxes-paid"), [100, 19, 20, 60, 1]);
    refused(await progress("taxes-paid", { state: "done" }), 422, "/households", "one_of");
    refused(
        await progress("taxes-paid", { households: [ids[0], matter.id], state: "done" }),
        422,
        "/households/1",
        "unknown",
    );
    refused(await progress("taxes-paid", { households: ids, state: "lost" }), 422, "/state");
});

test("a household sees its own line, and nothing of the others", async () => {
    const r = await resident.get("/api/households/mine");
    const [line, ...more] = expect(r, 200).households;
    assert.equal(more.length, 0);
    assert.equal(line.label, "1号楼1单元105");
    assert.equal(line.number, matter.number);
    assert.deepEqual(
        line.cells.map((c) => c.state),
        ["done", "done", "done", "waiting"],
    );
    assert.equal(line.cells[2].words, "完税凭证已收");
    assert.ok(!r.text.includes("李书记"), "who works is not told");
    refused(await resident.get(at), 404);
    refused(await resident.get(`${at}/households`), 404);
    assert.deepEqual(expect(await secretary.get("/api/households/mine"), 200).households, []);
});

test("who asked sees how far it is, not how far the neighbours are", async () => {
    assert.deepEqual(await households(requester), []);
    const all = await milestones(requester);
    assert.deepEqual(all.map((m) => !!m.done_at), [true, true, false, false]);
    for (const m of all) assert.equal(m.households, undefined);
    refused(await progress("taxes-paid", { all: true, state: "done" }, requester), 403, "/milestone", "side");
});

test("a note of a household is sealed, and told for a reason that stays", async () => {
    const noted = (await households()).filter((h) => h.noted);
    assert.equal(noted.length, 1);
    const target = `${at}/households/reveal`;
    refused(await secretary.post(target, { household: noted[0].id }), 422, "/reason", "required");
    const told = { household: noted[0].id, reason: "约时间签字" };
    assert.equal(expect(await secretary.post(target, told), 200).note, SECRET);
    const [row] = app.rows("SELECT reason FROM audit WHERE act = 'households.reveal'");
    assert.equal(row.reason, "约时间签字");
    for (const name of fs.readdirSync(data).filter((n) => n.startsWith("linli.db")))
        assert.ok(!fs.readFileSync(path.join(data, name)).includes(SECRET), name);
});

test("a letter to 陇南市政府 waits for its answer; past its day it is listed", async () => {
    const sent = expect(
        await secretary.post(`${at}/letters`, {
            way: "out",
            number: "雁南街函〔2026〕12号",
            dated: new Date(app.clock.now()).toISOString(),
            party: longnan.id,
            subject: "关于补齐土地手续的函",
            text: "请联系 13912345678 李书记。",
            answer_due: new Date(app.clock.now() + 15 * DAY).toISOString(),
        }),
        201,
    );
    assert.equal(sent.text, "请联系 〔电话〕 李书记。");
    assert.equal((await secretary.read("/api/letters?due=soon")).items.length, 0);
    await later(10);
    assert.equal((await secretary.read("/api/letters?due=soon")).items.length, 1);
    await later(10);
    for (const by of [secretary, street]) {
        const [row] = (await by.read("/api/letters?due=overdue")).items;
        assert.equal(row.id, sent.id);
        assert.equal(row.number, matter.number);
        assert.ok(row.overdue);
    }
    assert.deepEqual((await elsewhere.read("/api/letters")).items, []);
    await app.wait(async () => (await missed()).some((e) => e.text.includes("关于补齐土地手续的函")));
    const answer = {
        way: "in",
        number: "陇政函〔2026〕3号",
        dated: new Date(app.clock.now()).toISOString(),
        party: longnan.id,
        subject: "关于补齐土地手续的复函",
        public: true,
        answers: sent.id,
    };
    refused(await secretary.post(`${at}/letters`, { ...answer, way: "out" }), 422, "/answers", "not_allowed");
    refused(await secretary.post(`${at}/letters`, { ...answer, party: deeds.id }), 422, "/party", "unknown");
    const got = expect(await secretary.post(`${at}/letters`, answer), 201);
    refused(await secretary.post(`${at}/letters`, answer), 409, "/answers", "answered");
    assert.deepEqual((await secretary.read("/api/letters")).items, []);
    const all = (await secretary.read(`${at}/letters`)).items;
    assert.deepEqual(
        all.map((l) => [l.id, l.answered_by, l.answers, l.party_name]),
        [
            [sent.id, got.id, undefined, "陇南市政府"],
            [got.id, undefined, sent.id, "陇南市政府"],
        ],
    );
    const seen = (await requester.read(`${at}/letters`)).items;
    assert.deepEqual(seen.map((l) => l.id), [got.id], "who asked reads what is public");
    const events = (await secretary.events(matter.id)).filter((e) => e.act === "letter");
    assert.deepEqual(events.map((e) => e.party_name), ["陇南市政府", "陇南市政府"]);
});

test("nobody acts as an external party, and no matter is sent to it", async () => {
    const account = await app.account({ unit: UNIT, name: "外单位" });
    const hat = { role: "handler", party: longnan.id };
    refused(await app.admin().post(`/api/accounts/${account.id}/hats`, hat), 422, "/party", "external");
    // Nobody sent it out in time: by now it is in the district's charge.
    refused(await district.post(`${at}/acts`, { act: "dispatch", to: longnan.id }), 422, "/to", "unknown");
});

test("every 30 days somebody asks how it stands; when nobody does, it shows", async () => {
    const rule = { every: "30 days", account: secretary.id };
    refused(await secretary.post(`${at}/follow-up-rule`, { every: "3 hours" }), 422, "/every", "limit");
    const set = expect(await secretary.post(`${at}/follow-up-rule`, rule), 200);
    assert.ok(Math.abs(Date.parse(set.next_at) - app.clock.now() - 30 * DAY) < 60_000);
    for (let month = 1; month <= 3; month++) {
        await later(29);
        assert.equal((await secretary.read("/api/follow-ups?due=overdue")).items.length, 0);
        await later(2);
        const [row] = (await secretary.read("/api/follow-ups?due=overdue")).items;
        assert.equal(row.matter, matter.id);
        assert.equal(row.account_name, "李书记");
        await app.wait(async () => (await missed()).filter((e) => e.text.startsWith("每 30 天跟进")).length === month);
        const words = `第 ${month} 次：市里已排期`;
        expect(await secretary.post(`${at}/follow-ups`, { outcome: "progress", words }), 201);
        assert.equal((await street.read("/api/follow-ups?due=overdue")).items.length, 0);
    }
    const all = (await street.read(`${at}/follow-ups`)).items;
    assert.deepEqual(all.map((f) => [f.outcome, f.by_name, f.revisit]), Array(3).fill(["progress", "李书记", false]));
    assert.deepEqual((await requester.read(`${at}/follow-ups`)).items, []);
});

test("a milestone past its day is listed for its units, and told to the timeline", async () => {
    await later(60);
    const rows = (await street.read("/api/milestones?due=overdue")).items;
    assert.deepEqual(rows.map((r) => [r.matter, r.title]), [[matter.id, "税费缴纳"]]);
    await app.wait(async () => (await missed()).some((e) => e.text.startsWith("税费缴纳") && e.public));
    assert.deepEqual((await elsewhere.read("/api/milestones")).items, []);
    const m = await milestone("taxes-paid");
    assert.equal(m.overdue, true);
    const day = new Date(app.clock.now() + 40 * DAY).toISOString();
    const change = { milestone: m.id, due_at: day, reason: "税务大厅搬迁，顺延" };
    refused(await secretary.post(`${at}/milestones/change`, { ...change, reason: undefined }), 422, "/reason");
    refused(await secretary.post(`${at}/milestones/change`, { ...change, party: deeds.id }), 422, "/party", "unknown");
    const changed = expect(await secretary.post(`${at}/milestones/change`, change), 200);
    assert.equal(changed.overdue, false);
    assert.equal((await street.read("/api/milestones?due=overdue")).items.length, 0);
});

test("the party it was sent to records its share; the hotline desk does not", async () => {
    await district.act(matter.id, "dispatch", { to: deeds.id });
    const last = await milestone("registered");
    const given = { milestone: last.id, party: deeds.id, reason: "由登记中心办理" };
    expect(await secretary.post(`${at}/milestones/change`, given), 200);
    assert.deepEqual(
        (await clerk.read("/api/milestones")).items.map((r) => [r.title, r.party_name]),
        [["登记办结", "城关区不动产登记中心"]],
    );
    const ids = (await households(clerk)).filter((h) => h.label !== "门房").map((h) => h.id);
    assert.equal(ids.length, 99);
    refused(await progress("registered", { all: true, state: "done" }, hotline), 403, "/milestone", "side");
    refused(await progress("registered", { all: true, state: "done" }, elsewhere), 404);
    for (const code of ["taxes-paid", "registered"])
        expect(await progress(code, { households: ids, state: "done" }, clerk), 200);
    assert.deepEqual(await totals("registered"), [100, 0, 0, 99, 1]);
    assert.ok((await milestones()).every((m) => m.done_at));
    assert.deepEqual((await street.read("/api/milestones")).items, []);
});

test("a milestone of one's own, reached with words, and taken back", async () => {
    const made = expect(
        await secretary.post(`${at}/milestones`, {
            title: "发证仪式",
            account: secretary.id,
            due_at: new Date(app.clock.now() + 3 * DAY).toISOString(),
        }),
        201,
    );
    refused(await secretary.post(`${at}/milestones`, { title: "早该办的", due_at: "2026-01-01T00:00:00Z" }), 422, "/due_at", "past");
    assert.equal((await secretary.read("/api/milestones?due=soon")).items[0].id, made.id);
    const done = { milestone: made.id, words: "99 本证已发" };
    assert.ok(expect(await secretary.post(`${at}/milestones/done`, done), 200).done_at);
    assert.deepEqual((await secretary.read("/api/milestones")).items, []);
    const back = expect(await secretary.post(`${at}/milestones/done`, { ...done, done: false }), 200);
    assert.equal(back.done_at, undefined);
    assert.equal((await secretary.read("/api/milestones")).items.length, 1);
    // To owe something is not to reach it: a neighbour's secretary is told nothing of the matter.
    const given = { milestone: made.id, account: elsewhere.id, reason: "请邻社区帮忙" };
    expect(await secretary.post(`${at}/milestones/change`, given), 200);
    assert.deepEqual((await elsewhere.read("/api/milestones")).items, []);
    assert.equal((await secretary.read("/api/milestones")).items[0].account, elsewhere.id);
    const each = await milestone("registered");
    refused(await secretary.post(`${at}/milestones/done`, { ...done, milestone: each.id }), 409, "/milestone", "households");
});

test("closed, nothing is owed but one revisit; opened again, what was left is owed again", async () => {
    await clerk.act(matter.id, "submit", { text: "99 户全部登记" });
    await district.act(matter.id, "verify");
    await requester.act(matter.id, "rate", { solved: true, score: 5 });
    await app.wait(async () => (await secretary.read("/api/milestones")).items.length === 0);
    refused(await progress("registered", { all: true, state: "doing" }), 409, "/milestone", "closed");
    assert.equal((await secretary.read("/api/follow-ups")).items.length, 1);
    const asked = { outcome: "settled", words: "回访：证都拿到了" };
    assert.equal(expect(await secretary.post(`${at}/follow-ups`, asked), 201).revisit, true);
    assert.deepEqual((await secretary.read("/api/follow-ups")).items, []);
    assert.equal((await secretary.read(`${at}/follow-up-rule`)).on, false);
    await district.act(matter.id, "reopen", { text: "两户面积登记有误" });
    await app.wait(async () => (await secretary.read("/api/milestones")).items.length === 1);
});

test("no server error was logged, and no number that identifies anybody", () => {
    assert.doesNotMatch(app.log(), /"status":5\d\d/);
    assert.ok(!app.log().includes(ID_NUMBER));
});
