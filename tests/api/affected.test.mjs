/* A whole building is cold: 280 households without heating (Y12). The community says who is
 * affected, a second report joins the first, everybody follows every step under their own id, and
 * each says for themselves whether it is warm. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, DAY, expect, HOUR, refused, start } from "./lib.mjs";

const unit = "620102003003";
const app = await start({ at: "2026-11-24T09:00:00+08:00" });
const secretary = await app.user({ role: "secretary", unit, name: "李书记" });
const worker = await app.user({ role: "grid_worker", unit: "620102003003-G1", name: "小陈" });
const firm = await app.party({ name: "热力公司", kind: "firm", unit });
const zhao = await app.user({ role: "handler", party: firm, name: "赵师傅" });
const neighbours = [];
for (const name of ["王一", "王二", "王三", "王四", "王五", "王六"]) {
    const person = await app.person({ name, unit: "620102003003-G1" });
    neighbours.push(await app.user({ person, name }));
    neighbours.at(-1).person = person.id;
}
const [wang, li] = neighbours;

let cold; // the lead
let second; // a report that is merged
let third; // somebody who joins
const count = async (who, id = cold.id) => (await who.read(`/api/matters/${id}`)).households;
const follow = async (code) =>
    new Client(app.url, expect(await app.anon.post("/api/sessions", { tracking: code }), 201).token);

test("the first report comes in, and the second, of the same building", async () => {
    cold = await wang.order({
        kind: "heating-water",
        title: "3号楼不热",
        text: "我家室温只有12度，老人受不了。",
        place: "3号楼",
        unit: app.unit("620102003003-G1"),
        lng: 103.87,
        lat: 36.07,
    });
    second = await app.anon.order({
        kind: "heating-water",
        title: "家里暖气冰凉",
        text: "孩子发烧了。",
        place: "3号楼2单元501",
        unit: app.unit(unit),
        lng: 103.8701,
        lat: 36.0701,
    });
    await secretary.act(cold.id, "accept");
    await secretary.act(cold.id, "dispatch", { to: firm.id });
});

test("280 households are added: 272 dwellings by list, and everybody recorded in the grid", async () => {
    const target = `/api/matters/${cold.id}/affected`;
    const labels = Array.from({ length: 272 }, (_, i) => `3号楼${1 + (i % 4)}单元${101 + (i >> 2)}`);
    const first = expect(await secretary.post(target, { labels }), 200);
    assert.deepEqual(first, { added: 272, already: 0, count: 272 });
    const again = expect(await secretary.post(target, { labels: labels.slice(0, 10) }), 200);
    assert.deepEqual(again, { added: 0, already: 10, count: 272 });
    const grid = expect(await worker.post(target, { all_of: app.unit("620102003003-G1") }), 200);
    assert.equal(grid.added, 6);
    assert.equal(grid.next, undefined);
    const one = expect(await worker.post(target, { persons: [li.person] }), 200);
    assert.equal(one.already, 1);
    assert.equal((await count(secretary)).count, 278);
});

test("who may not add, and what may not be added", async () => {
    const target = `/api/matters/${cold.id}/affected`;
    refused(await wang.post(target, { labels: ["1号楼"] }), 403, "/labels", "side");
    refused(await zhao.post(target, { labels: ["1号楼"] }), 403, "/labels", "side");
    refused(await secretary.post(target, {}), 422, "/labels", "one_of");
    refused(await secretary.post(target, { labels: [" "] }), 422, "/labels", "length");
    refused(
        await secretary.post(target, { labels: ["a"], persons: [li.person] }),
        422, "/labels", "one_of",
    );
    const far = await app.person({ name: "远方", unit: "620102004001" });
    refused(await secretary.post(target, { persons: [li.person, far.id] }), 422, "/persons", "unknown");
    refused(await worker.post(target, { all_of: app.unit(unit) }), 422, "/all_of", "unknown");
    assert.equal((await count(secretary)).count, 278, "nothing of it was taken");
    expect(
        await secretary.post(target, { labels: ["3号楼102，电话13912345678"] }),
        200,
    );
    const rows = await secretary.all(`${target}?limit=100`);
    assert.equal(rows.length, 279);
    assert.equal(rows.at(-1).label, "3号楼102，电话〔电话〕");
});

test("the second report is merged into the first, with its asker", async () => {
    const seen = expect(
        await secretary.post(`/api/matters/${second.id}/merge`, { into: cold.id, text: "同一栋楼" }),
        200,
    );
    assert.equal(seen.outcome, "merged");
    assert.equal(seen.open, false);
    assert.equal(seen.merged_into, cold.id);
    assert.deepEqual(seen.may_also, ["split"]);
    assert.equal((await count(secretary)).count, 280);
});

test("a neighbour without an account joins instead of reporting again", async () => {
    third = expect(
        await app.anon.post(`/api/matters/${cold.id}/join`, {
            text: "我家也不热，请打13912345678",
            place: "3号楼4单元1801",
        }),
        201,
    );
    assert.match(third.tracking_code, /^[0-9a-z]{16}$/);
    assert.equal((await count(secretary)).count, 281);
    const own = await (await follow(third.tracking_code)).read(`/api/matters/${third.report}`);
    assert.equal(own.text, "我家也不热，请打〔电话〕");
    assert.equal(own.outcome, "merged");
    // A resident with a record is a household by that, and only once.
    const far = await app.person({ name: "赵七", unit: "620102003004" });
    const zhao7 = await app.user({ person: far, name: "赵七" });
    for (let i = 0; i < 2; i++) {
        const joined = expect(await zhao7.post(`/api/matters/${cold.id}/join`, {}), 201);
        assert.deepEqual(joined, { matter: cold.id });
    }
    assert.equal((await count(secretary)).count, 282);
    assert.equal((await zhao7.read(`/api/matters/${cold.id}`)).title, "3号楼不热");
});

test("each follows every step under an id of their own, and reads nobody else's words", async () => {
    await zhao.act(cold.id, "claim");
    await zhao.act(cold.id, "comment", { text: "正在更换循环泵", public: true });
    await wang.act(cold.id, "comment", { text: "我母亲有哮喘" });
    const lead = await secretary.read(`/api/matters/${cold.id}`);
    for (const [code, id] of [[second.tracking_code, second.id], [third.tracking_code, third.report]]) {
        const client = await follow(code);
        const seen = await client.read(`/api/matters/${id}`);
        assert.equal(seen.stage, "doing");
        assert.equal(seen.due_at, lead.due_at, "the lead's next deadline");
        assert.equal(seen.party_name, "热力公司");
        assert.notEqual(seen.title, undefined);
        assert.doesNotMatch(JSON.stringify(seen), /12度|merged_into/);
        const events = await client.events(id);
        assert.ok(events.some((e) => e.text === "正在更换循环泵"), "the office's words are told");
        assert.doesNotMatch(JSON.stringify(events), /哮喘/);
        assert.ok(events.some((e) => e.side === "requester" && e.act === "comment"), "that it was said");
        refused(await client.get(`/api/matters/${cold.id}`), 404);
        refused(await client.post(`/api/matters/${id}/acts`, { act: "withdraw" }), 409, "/act", "merged");
    }
    // A household of the archive reaches the lead itself, and reads no words of its asker there.
    const seen = await li.read(`/api/matters/${cold.id}`);
    assert.equal(seen.stage, "doing");
    for (const hidden of ["text", "requester", "reporter", "handler"])
        assert.equal(seen[hidden], undefined, hidden);
    const events = await li.events(cold.id);
    assert.ok(events.some((e) => e.text === "正在更换循环泵"));
    assert.doesNotMatch(JSON.stringify(events), /哮喘/);
    assert.ok((await wang.events(cold.id)).some((e) => e.text === "我母亲有哮喘"));
    const listed = (await li.read("/api/matters?queue=affected")).items;
    assert.deepEqual(listed.map((m) => m.id), [cold.id]);
    const stranger = await app.user({ person: await app.person({ name: "外人", unit }) });
    refused(await stranger.get(`/api/matters/${cold.id}`), 404);
    refused(await stranger.get(`/api/matters/${cold.id}/affected`), 404);
});

test("a household's comment is a resident's, and no colleague's", async () => {
    await li.act(cold.id, "comment", { text: "我家也不热" });
    const event = (await secretary.events(cold.id)).find((e) => e.text === "我家也不热");
    assert.equal(event.side, "resident");
    assert.equal(event.by_name, undefined);
    assert.doesNotMatch(JSON.stringify(await wang.events(cold.id)), /我家也不热/, "not even the asker");
});

test("nobody confirms before it is handled", async () => {
    const early = await li.post(`/api/matters/${cold.id}/confirm`, { solved: true });
    refused(early, 409, "/solved", "stage");
    assert.deepEqual((await li.read(`/api/matters/${cold.id}`)).may_also ?? [], []);
});

test("once handled, each is asked and says it for their own place", async () => {
    await zhao.act(cold.id, "submit", { text: "循环泵已更换" });
    await secretary.act(cold.id, "verify");
    assert.deepEqual((await li.read(`/api/matters/${cold.id}`)).may_also, ["confirm"]);
    const rate = { act: "rate", solved: true, score: 5 };
    refused(await li.post(`/api/matters/${cold.id}/acts`, rate), 403, "/act", "side");
    const two = await follow(second.tracking_code);
    const seen = await two.read(`/api/matters/${second.id}`);
    assert.equal(seen.stage, "handled");
    assert.deepEqual(seen.may_also, ["confirm"]);
    expect(await two.post(`/api/matters/${second.id}/confirm`, { solved: false, score: 2, words: "还是凉的，找13912345678" }), 200);
    for (const n of neighbours.slice(1, 4))
        expect(await n.post(`/api/matters/${cold.id}/confirm`, { solved: true, score: 5 }), 200);
    assert.deepEqual(await count(secretary), { count: 282, solved: 3, unsolved: 1, unanswered: 278 });
    // The mean is told from five scores up, and the handler is told the counts.
    expect(await neighbours[4].post(`/api/matters/${cold.id}/confirm`, { solved: true, score: 3 }), 200);
    assert.deepEqual(await count(zhao), {
        count: 282, solved: 4, unsolved: 1, unanswered: 277, score: 4,
    });
    // Whoever changes their mind has said one thing, not two.
    expect(await li.post(`/api/matters/${cold.id}/confirm`, { solved: false, score: 5 }), 200);
    assert.deepEqual(await count(secretary), {
        count: 282, solved: 3, unsolved: 2, unanswered: 277, score: 4,
    });
    assert.deepEqual(await count(li), { count: 282 }, "a household is not told what the others said");
    refused(await zhao.post(`/api/matters/${cold.id}/confirm`, { solved: true }), 403, "/solved", "side");
});

test("who said what is hidden from those it is about", async () => {
    const target = `/api/matters/${cold.id}/affected?limit=100`;
    const unitSees = await secretary.all(target);
    assert.equal(unitSees.filter((a) => a.solved === false).length, 2);
    assert.equal(unitSees.find((a) => a.joined === second.id).words, "还是凉的，找〔电话〕");
    const handlerSees = await zhao.all(target);
    assert.equal(handlerSees.length, 282);
    for (const a of handlerSees)
        assert.deepEqual(Object.keys(a).filter((k) => !["seq", "label", "unit", "added_at"].includes(k)), []);
    assert.equal((await li.read(target)).items.length, 1, "a resident sees their own line");
    assert.equal((await li.read(target)).items[0].person, li.person);
    const two = await follow(second.tracking_code);
    const own = (await two.read(`/api/matters/${second.id}/affected`)).items;
    assert.equal(own.length, 1);
    assert.equal(own[0].solved, false);
    for (const who of [secretary, zhao, wang])
        assert.ok(!(await who.events(cold.id)).some((e) => e.act === "confirm"));
    const [row] = app.rows(
        "SELECT count(account) AS known, count(*) AS n FROM matter_event WHERE act = 'confirm'",
    );
    assert.equal(row.known, 0, "the step does not say who took it");
    assert.equal(row.n, 6);
});

test("opened again, everybody is asked anew", async () => {
    app.clock.advance(HOUR);
    await wang.act(cold.id, "reopen", { text: "又凉了" });
    assert.deepEqual(await count(secretary), { count: 282, solved: 0, unsolved: 0, unanswered: 282 });
    app.clock.advance(DAY);
    await zhao.act(cold.id, "submit", { text: "管网排气" });
    await secretary.act(cold.id, "verify");
    expect(await li.post(`/api/matters/${cold.id}/confirm`, { solved: true }), 200);
    await wang.act(cold.id, "rate", { solved: true, score: 5 });
    const [three] = [await follow(third.tracking_code)];
    const seen = await three.read(`/api/matters/${third.report}`);
    assert.equal(seen.stage, "closed");
    expect(await three.post(`/api/matters/${third.report}/confirm`, { solved: true }), 200);
    assert.deepEqual(await count(secretary), { count: 282, solved: 2, unsolved: 0, unanswered: 280 });
});
