/* A visit finds a need, the need is looked into, becomes a plan, a project, and has an outcome: each
 * a matter of its own, each linked to the one before, and none lost on the way. What has no next in
 * time is listed for its unit until the next is there, or somebody says why there will be none. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { DAY, ROOT, expect, folderCopy, linli, refused, scratch, start } from "./lib.mjs";

/* The street's pack, where a suggestion is a demand and a legacy problem a plan: one that comes in
 * enters the chain by itself. */
const yaml = fs
    .readFileSync(path.join(ROOT, "packs/yannan.yaml"), "utf8")
    .replace("{link: demand, ", "{link: demand, kind: suggestion, ")
    .replace("{link: plan, ", "{link: plan, kind: legacy, ");
assert.match(yaml, /kind: suggestion, name: 需求/);
const pack = path.join(scratch(), "pack.yaml");
fs.writeFileSync(pack, yaml);
const data = await folderCopy();
const put = await linli("pack", "activate", pack, "--unit", "620102003", "--data", data);
assert.equal(put.code, 0, put.stderr);

const UNIT = "620102003003";
const app = await start({ data, at: "2026-03-02T09:30:00+08:00" });
const secretary = await app.user({ role: "secretary", unit: UNIT, name: "李书记" });
const grid = await app.user({ role: "grid_worker", unit: "620102003003-G1", name: "小陈" });
const street = await app.user({ role: "street", unit: "620102003", name: "街道老赵" });
const district = await app.user({ role: "district", unit: "620102", name: "区里" });
const elsewhere = await app.user({ role: "secretary", unit: "620102003001", name: "邻社区" });
const lady = await app.person({ name: "王秀兰", unit: UNIT });
const resident = await app.user({ person: lady, name: "王阿姨" });

const order = (title, kind, by = secretary, more = {}) =>
    by.order({ kind, title, unit: app.unit(UNIT), ...more });
const next = (id, relation, title, more = {}, by = secretary) =>
    by.post(`/api/matters/${id}/next`, { relation, title, kind: "repair", ...more });
const chain = async (id, by = secretary) => (await by.read(`/api/matters/${id}/chain`)).items;
const gaps = async (by = secretary, due = "") =>
    (await by.read(`/api/chain-gaps${due}`)).items.map((g) => [g.matter, g.title]);
const made = {};

test("a visit leads to a demand, in one command", async () => {
    made.visit = await order("入户走访 3 号院", "hardship");
    assert.deepEqual(await chain(made.visit.id), [], "what leads nowhere yet is in no chain");
    const kind = { kind: undefined };
    made.demand = expect(await next(made.visit.id, "demand", "3 号院要加装扶手", kind), 201);
    assert.equal(made.demand.kind, "suggestion", "the pack says what a demand is");
    assert.equal(made.demand.unit, app.unit(UNIT));
    const all = await chain(made.demand.id);
    assert.deepEqual(
        all.map((m) => [m.matter, m.link, m.prev]),
        [
            [made.visit.id, "visit", undefined],
            [made.demand.id, "demand", made.visit.id],
        ],
    );
    for (const [id, number] of [
        [made.visit.id, made.demand.number],
        [made.demand.id, made.visit.number],
    ]) {
        const event = (await secretary.events(id)).at(-1);
        assert.equal(event.act, "link");
        assert.ok(event.text.includes(number), event.text);
        assert.equal(event.public, false);
    }
});

test("what a chain is made of can be asked for", async () => {
    const { items } = await app.anon.read(`/api/chains?unit=${app.unit(UNIT)}`);
    assert.deepEqual(items.map((c) => [c.code, c.zh, c.en]), [["service-loop", "服务闭环", "Service loop"]]);
    assert.deepEqual(
        items[0].links.map((l) => [l.code, l.kind, l.many]),
        [
            ["visit", undefined, true],
            ["demand", "suggestion", false],
            ["assessment", undefined, false],
            ["plan", "legacy", false],
            ["project", undefined, false],
            ["outcome", undefined, false],
        ],
    );
    refused(await app.anon.get("/api/chains?unit=1"), 422, "unit", "no_pack");
});

test("link by link, and no other way", async () => {
    refused(await next(made.demand.id, "plan", "跳过研判"), 409, "/relation", "order");
    refused(await next(made.demand.id, "visit", "倒着走"), 422, "/relation", "unknown");
    refused(await next(made.demand.id, "no-such", "没有的一环"), 422, "/relation", "unknown");
    refused(await next(made.visit.id, "demand", "换一种", { kind: "repair" }), 422, "/kind", "not_allowed");
    refused(await next(made.demand.id, "assessment", "没有种类", { kind: undefined }), 422, "/kind", "required");
    const lamp = await order("路灯", "repair");
    refused(await next(lamp.id, "assessment", "路灯不是需求"), 422, "/relation", "kind");
    const before = app.rows("SELECT count(*) AS n FROM matter")[0].n;
    refused(await next(made.demand.id, "assessment", "种类不对", { kind: "no-such" }), 422, "/kind", "unknown");
    assert.equal(app.rows("SELECT count(*) AS n FROM matter")[0].n, before);
});

test("to the outcome: six links, whole from any of them", async () => {
    let last = made.demand;
    for (const link of ["assessment", "plan", "project", "outcome"])
        last = made[link] = expect(
            await next(last.id, link, `扶手：${link}`, link === "plan" ? { kind: undefined } : {}),
            201,
        );
    const links = ["visit", "demand", "assessment", "plan", "project", "outcome"];
    for (const link of links) {
        const all = await chain(made[link].id);
        assert.deepEqual(all.map((m) => m.link), links);
        assert.deepEqual(all.map((m) => m.matter), links.map((l) => made[l].id));
    }
    refused(await next(made.assessment.id, "plan", "再来一个方案"), 409, "/relation", "taken");
    refused(await next(made.outcome.id, "outcome", "再往后"), 409, "/relation", "order");
    assert.deepEqual(await gaps(), [], "nothing is missing");
});

test("a visit may find more than one need; each goes its own way", async () => {
    const second = expect(await next(made.visit.id, "demand", "楼道要装灯", { kind: undefined }), 201);
    const all = await chain(second.id);
    assert.equal(all.length, 7);
    assert.equal(all.filter((m) => m.prev === made.visit.id).length, 2);
    assert.deepEqual(await gaps(), [[second.id, "研判"]]);
    made.second = second;
});

test("a demand that comes in by itself is in the chain, and listed until something comes of it", async () => {
    made.own = await order("希望有个晾衣的地方", "suggestion", resident);
    await app.wait(async () => (await gaps()).length === 2);
    assert.deepEqual((await gaps(street)).map(([id]) => id), [made.second.id, made.own.id]);
    assert.deepEqual(await gaps(elsewhere), []);
    assert.deepEqual(await gaps(secretary, "?due=overdue"), []);
    app.clock.advance(8 * DAY); // five working days
    assert.equal((await gaps(secretary, "?due=overdue")).length, 2);
    await app.wait(async () => (await secretary.events(made.own.id)).some((e) => e.act === "missed"));
    const missed = (await secretary.events(made.own.id)).find((e) => e.act === "missed");
    assert.match(missed.text, /^研判：到期没有下一步/);
    assert.equal(missed.side, "time");
    expect(await next(made.own.id, "assessment", "晾衣处研判"), 201);
    assert.deepEqual(await gaps(secretary, "?due=overdue"), [[made.second.id, "研判"]]);
});

test("or until somebody says why nothing will; and even then something may", async () => {
    const target = `/api/matters/${made.second.id}/chain/end`;
    refused(await secretary.post(target, {}), 422, "/words", "required");
    refused(await elsewhere.post(target, { words: "不归我管" }), 404);
    expect(await secretary.post(target, { words: "已有感应灯，居民同意" }), 204);
    assert.deepEqual(await gaps(secretary, "?due=overdue"), []);
    const end = (await chain(made.second.id)).find((m) => m.matter === made.second.id);
    assert.equal(end.words, "已有感应灯，居民同意");
    const lamp = await order("不在链里", "repair");
    refused(await secretary.post(`/api/matters/${lamp.id}/chain/end`, { words: "不在链里" }), 409, "/chain");
    const after = expect(await next(made.second.id, "assessment", "灯还是不够亮"), 201);
    assert.equal((await chain(after.id)).find((m) => m.matter === made.second.id).ended_at, undefined);
});

test("what is not taken on is owed nothing; opened again, it is", async () => {
    const odd = await order("想要一架直升机", "legacy");
    const owed = async () => (await gaps()).some(([id]) => id === odd.id);
    await app.wait(owed);
    await secretary.act(odd.id, "accept");
    await secretary.act(odd.id, "decline", { text: "不在社区职责内" });
    await app.wait(async () => !(await owed()));
    await secretary.act(odd.id, "reopen", { text: "先做一个方案" });
    await app.wait(owed);
});

test("closed is not done: what was closed with nothing come of it stays listed", async () => {
    const quick = await order("一来就办", "suggestion", resident);
    await secretary.act(quick.id, "accept");
    await secretary.act(quick.id, "submit", { text: "当场答复" });
    await resident.act(quick.id, "rate", { solved: true });
    await app.wait(async () => (await gaps()).some(([id]) => id === quick.id));
    await app.indexed("casework_seq");
    assert.ok((await gaps()).some(([id]) => id === quick.id));
});

test("what is there already can be joined, with all that came of it", async () => {
    const visit = await order("入户走访 5 号院", "hardship");
    const target = `/api/matters/${visit.id}/chain`;
    refused(await secretary.post(target, { relation: "demand", to: made.visit.id }), 422, "/to", "kind");
    refused(await secretary.post(target, { relation: "demand", to: made.demand.id }), 409, "/to", "taken");
    const far = await order("外社区的需求", "suggestion", elsewhere, { unit: app.unit("620102003001") });
    refused(await secretary.post(target, { relation: "demand", to: far.id }), 422, "/to", "unknown");
    expect(await secretary.post(target, { relation: "demand", to: made.own.id }), 204);
    const all = await chain(visit.id);
    assert.deepEqual(all.map((m) => m.link), ["visit", "demand", "assessment"]);
    refused(await secretary.post(target, { relation: "demand", to: made.own.id }), 409, "/to", "taken");
});

test("a member out of reach is not told of, and who asked sees only what is theirs", async () => {
    const there = { kind: undefined, unit: app.unit("620102003001") };
    refused(await next(made.visit.id, "demand", "邻社区的", there), 422, "/unit");
    const visit = await order("两个社区一起走访", "hardship", street);
    const here = expect(await next(visit.id, "demand", "本社区的", { kind: undefined }, street), 201);
    const away = expect(await next(visit.id, "demand", "邻社区的", there, street), 201);
    assert.deepEqual((await chain(here.id, street)).length, 3);
    assert.deepEqual((await chain(here.id)).map((m) => m.matter), [visit.id, here.id]);
    assert.ok(!(await secretary.get(`/api/matters/${here.id}/chain`)).text.includes(away.number));
    const [own, ...more] = await chain(away.id, elsewhere);
    assert.equal(more.length, 0);
    assert.deepEqual([own.matter, own.prev], [away.id, undefined]);
    refused(await grid.get(`/api/matters/${away.id}/chain`), 404);
    assert.deepEqual((await chain(made.own.id, resident)).map((m) => m.matter), [made.own.id]);
});

test("the list goes page by page, each row once, however many hats show it", async () => {
    await app.grant(secretary, { role: "street", unit: app.unit("620102003") });
    const all = (await secretary.read("/api/chain-gaps?limit=100")).items;
    assert.ok(all.length > 3);
    assert.deepEqual(await secretary.all("/api/chain-gaps?limit=2"), all);
    assert.equal(new Set(all.map((g) => g.id)).size, all.length);
    assert.ok(all.every((g, i) => !i || all[i - 1].due_at <= g.due_at), "the most urgent first");
    const one = `/api/chain-gaps?unit=${app.unit("620102003001")}`;
    const there = (await street.read(one)).items;
    assert.ok(there.length > 0 && there.length < all.length);
    assert.deepEqual(await gaps(elsewhere), there.map((g) => [g.matter, g.title]));
    refused(await grid.get(one), 404);
    refused(await secretary.get("/api/chain-gaps?after=x"), 422, "after", "cursor");
});

test("only who may order makes the next", async () => {
    refused(await next(made.own.id, "assessment", "区里研判", {}, district), 403, "/relation", "side");
    refused(await next(made.own.id, "assessment", "自己研判", {}, resident), 403, "/relation", "side");
    refused(await next(made.own.id, "assessment", "路人研判", {}, app.anon), 401);
});

test("the same key asked again makes one matter and one link", async () => {
    const before = app.rows("SELECT count(*) AS n FROM case_link")[0].n;
    const visit = await order("再走访一次", "hardship");
    const body = { relation: "demand", title: "只要一个" };
    const key = "chain-next-0123456789";
    const first = await secretary.post(`/api/matters/${visit.id}/next`, body, { key });
    const again = await secretary.post(`/api/matters/${visit.id}/next`, body, { key });
    assert.equal(expect(first, 201).id, expect(again, 201).id);
    assert.equal(app.rows("SELECT count(*) AS n FROM case_link")[0].n, before + 2);
});

test("no server error was logged", () => {
    assert.doesNotMatch(app.log(), /"status":5\d\d/);
});
