/* A work-safety inspection in 大雁滩 (Y15): two volunteers and a member of the committee walk the round
 * they were given; a blocked exit they find is put right; the round shows its finding closed. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { expect, MINUTE, refused, start } from "./lib.mjs";

const { DatabaseSync } = await import("node:sqlite");
const app = await start({ at: "2026-11-25T09:00:00+08:00" });
const COMMUNITY = "620102003003";
const unit = app.unit(COMMUNITY);
const G1 = app.unit(`${COMMUNITY}-G1`);
const G2 = app.unit(`${COMMUNITY}-G2`);

const secretary = await app.user({ role: "secretary", unit: COMMUNITY, name: "马书记" });
const street = await app.user({ role: "street", unit: "620102003", name: "街道" });
const elsewhere = await app.user({ role: "secretary", unit: "620102004001", name: "邻街书记" });
const grid2 = await app.user({ role: "grid_worker", unit: `${COMMUNITY}-G2`, name: "苏桂芳" });
const club = await app.party({ name: "帮邻社", kind: "team", unit: COMMUNITY });
const members = await app.party({ name: "社工委检查组", kind: "team", unit: COMMUNITY });
const arts = await app.party({ name: "艺邻社", kind: "team", unit: COMMUNITY });
const firm = await app.party({ name: "安居物业", kind: "firm", unit: COMMUNITY });
const fu = await app.user({ role: "volunteer", party: club, unit: COMMUNITY, name: "傅明轩" });
const he = await app.user({ role: "volunteer", party: club, unit: COMMUNITY, name: "何晓" });
const member = await app.user({ role: "volunteer", party: members, unit: COMMUNITY, name: "委员郑" });
const singer = await app.user({ role: "volunteer", party: arts, unit: COMMUNITY, name: "歌手" });
const handler = await app.user({ role: "handler", party: firm, unit: COMMUNITY, name: "物业王" });
const drawer = await app.user({ role: "system_admin", unit: "620102003", name: "系统管理员" });

const fine = (more = {}) => [
    ...["exits", "extinguishers", "wiring", "gas"].map((item) => ({ item, ok: true, ...more[item] })),
    { item: "people", number: 12 },
];
let patrol;
let round;
let matter;

test("the pack says what is looked at, and who walks", async () => {
    const kinds = expect(await app.anon.get(`/api/patrol-kinds?unit=${unit}`), 200).items;
    assert.deepEqual(kinds.map((k) => k.code), ["work-safety", "yard"]);
    assert.ok(kinds[0].by.includes("volunteer"));
    assert.deepEqual(kinds[0].checklist[0], {
        item: "exits", zh: "安全出口和疏散通道畅通", en: "Exits and stairways clear", kind: "ok", finding: "safety",
    });
});

test("the secretary lays out the points; coordinates find their grid", async () => {
    const shape = { type: "Polygon", coordinates: [[[103.86, 36.06], [103.87, 36.06], [103.87, 36.07], [103.86, 36.07], [103.86, 36.06]]] };
    expect(await drawer.request("PUT", `/api/units/${G1}/shape`, { geometry: shape }), 200);
    const body = {
        unit, kind: "work-safety", name: "沿河路商铺",
        points: [
            { place: "沿河路 1 号超市", lng: 103.865, lat: 36.065 },
            { place: "沿河路 7 号网吧", unit: G2 },
            { place: "沿河路 15 号仓库" },
        ],
    };
    refused(await fu.post("/api/patrols", body), 403);
    refused(await elsewhere.post("/api/patrols", body), 422, "/unit", "unknown");
    refused(await secretary.post("/api/patrols", { ...body, kind: "moon" }), 422, "/kind", "unknown");
    const far = { ...body, points: [{ place: "别处", unit: app.unit("620102004001") }] };
    refused(await secretary.post("/api/patrols", far), 422, "/points/0/unit", "outside");
    const swapped = { ...body, points: [{ place: "海上", lng: 36.06, lat: 83.86 }] };
    refused(await secretary.post("/api/patrols", swapped), 422, "/points/0/lng", "outside");
    patrol = expect(await secretary.post("/api/patrols", body), 201);
    assert.deepEqual(patrol.points.map((p) => p.unit), [G1, G2, unit]);
    assert.equal((await street.get("/api/patrols")).body.items[0].id, patrol.id);
    assert.equal((await elsewhere.get(`/api/patrols/${patrol.id}`)).status, 404);
    assert.equal((await fu.get(`/api/patrols/${patrol.id}`)).status, 404, "a volunteer sees rounds, not patrols");
});

test("a round is given to the club and to the members; others do not see it", async () => {
    refused(await secretary.post(`/api/patrols/${patrol.id}/rounds`, { parties: ["1"] }), 422, "/parties/0", "unknown");
    round = expect(await secretary.post(`/api/patrols/${patrol.id}/rounds`, { parties: [club.id, members.id] }), 201);
    assert.deepEqual([round.state, round.points, round.visited], ["open", 3, 0]);
    assert.deepEqual(round.parties.map((p) => p.name).sort(), ["帮邻社", "社工委检查组"].sort());
    for (const one of [fu, he, member, secretary, street])
        assert.deepEqual((await one.get("/api/rounds")).body.items.map((r) => r.id), [round.id]);
    for (const one of [singer, grid2, elsewhere, handler]) {
        assert.deepEqual((await one.get("/api/rounds")).body.items, []);
        assert.equal((await one.get(`/api/rounds/${round.id}`)).status, 404);
        const visit = { point: patrol.points[0].id, answers: fine() };
        assert.equal((await one.post(`/api/rounds/${round.id}/visits`, visit)).status, 404);
    }
});

test("an unfinished checklist is told what is missing, and nothing is kept", async () => {
    const visit = (answers, more) =>
        fu.post(`/api/rounds/${round.id}/visits`, { point: patrol.points[0].id, answers, ...more });
    refused(await visit(fine().slice(1)), 422, "/answers", "required");
    refused(await visit([...fine(), { item: "roof", ok: true }]), 422, "/answers/5/item", "unknown");
    refused(await visit([...fine(), { item: "gas", ok: true }]), 422, "/answers/5/item", "twice");
    refused(await visit(fine({ exits: { ok: false } })), 422, "/answers/0/text", "required");
    refused(await visit(fine({ exits: { ok: undefined } })), 422, "/answers/0/ok", "required");
    refused(await visit(fine({ exits: { number: 3 } })), 422, "/answers/0/number", "unknown");
    refused(await visit(fine(), { lng: 36, lat: 83 }), 422, "/lng", "outside");
    const none = { point: "1", answers: fine() };
    refused(await fu.post(`/api/rounds/${round.id}/visits`, none), 422, "/point", "unknown");
    refused(await fu.post(`/api/rounds/${round.id}/end`), 409, "", "unfinished");
    assert.equal(app.rows("SELECT COUNT(*) AS n FROM patrol_visit")[0].n, 0);
    assert.equal(app.rows("SELECT COUNT(*) AS n FROM matter WHERE source = 'patrol'")[0].n, 0);
});

test("the first shop is in order; that the walker stood there is kept, where is not", async () => {
    const here = { lng: 103.8674, lat: 36.0646, datum: "gcj02" }; // 103.865, 36.065 on a map
    const r = expect(await fu.post(`/api/rounds/${round.id}/visits`, { point: patrol.points[0].id, answers: fine(), ...here }), 200);
    const [stop] = r.stops;
    assert.deepEqual([stop.by_name, stop.role, stop.at_point], ["傅明轩", "volunteer", true]);
    assert.deepEqual([r.started_by, r.visited, r.findings], ["傅明轩", 1, 0]);
    assert.equal(stop.answers.find((a) => a.item === "people").number, 12);
    const columns = app.rows("SELECT name FROM pragma_table_info('patrol_visit')").map((c) => c.name);
    assert.deepEqual(columns, ["round", "point", "county", "at", "account", "role", "at_point", "reason"]);
    const db = app.db();
    const all = JSON.stringify(db.prepare("SELECT * FROM patrol_visit").all().concat(db.prepare("SELECT * FROM audit").all()));
    db.close();
    assert.ok(!all.includes("103.86") && !all.includes("36.06"));
});

test("the member finds a blocked exit: one matter, however often the phone sends it", async () => {
    app.clock.advance(20 * MINUTE);
    const key = "inspection-0001-exit";
    const blocked = {
        point: patrol.points[1].id,
        answers: [
            ...fine({ exits: { ok: false, text: "后门被货架堵死，店主电话 13912345678" } }),
            { item: "note", text: "店里有 3 名未成年人" },
        ],
    };
    const first = await member.post(`/api/rounds/${round.id}/visits`, blocked, { key });
    const again = await member.post(`/api/rounds/${round.id}/visits`, blocked, { key });
    assert.deepEqual(expect(again, 200), expect(first, 200));
    refused(await fu.post(`/api/rounds/${round.id}/visits`, blocked), 409, "/point", "visited");
    const made = app.rows("SELECT id, kind, category, unit, source, tracking, reporter FROM matter WHERE source = 'patrol'");
    assert.equal(made.length, 1, "exactly one");
    assert.deepEqual(
        [made[0].kind, made[0].category, made[0].unit, made[0].tracking],
        ["safety", "volunteering.safety", G2, null],
    );
    const answer = first.body.stops[1].answers.find((a) => a.item === "exits");
    matter = answer.matter;
    assert.equal(matter, made[0].id);
    assert.equal(answer.open, true);
    assert.match(answer.text, /后门被货架堵死，店主电话 〔电话〕/);
    assert.deepEqual([first.body.findings, first.body.findings_open], [1, 1]);
    const [event] = app.rows("SELECT act, side, role FROM matter_event WHERE matter = ?", BigInt(matter));
    assert.deepEqual(event, { act: "order", side: "worker", role: "volunteer" });
});

test("from the matter there is a way back to the round", async () => {
    const m = expect(await secretary.get(`/api/matters/${matter}`), 200);
    assert.equal(m.title, "沿河路 7 号网吧：安全出口和疏散通道畅通");
    assert.equal(m.place, "沿河路 7 号网吧");
    const [found] = expect(await secretary.get(`/api/matters/${matter}/findings`), 200).items;
    assert.deepEqual([found.round, found.point, found.item], [round.id, patrol.points[1].id, "exits"]);
    const other = await secretary.order({ kind: "repair", title: "路灯不亮", unit });
    assert.deepEqual((await secretary.get(`/api/matters/${other.id}/findings`)).body.items, []);
    assert.equal((await grid2.get(`/api/matters/${matter}/findings`)).status, 200, "his grid's");
    assert.equal((await fu.get(`/api/matters/${matter}`)).status, 404, "finding it does not open the file");
});

test("the third shop is closed today: skipped, with the reason, and the round ends", async () => {
    refused(await he.post(`/api/rounds/${round.id}/skips`, { point: patrol.points[2].id }), 422, "/reason", "required");
    const skip = { point: patrol.points[2].id, reason: "卷帘门锁着，约明天再来" };
    const r = expect(await he.post(`/api/rounds/${round.id}/skips`, skip), 200);
    assert.equal(r.stops[2].reason, skip.reason);
    const ended = expect(await he.post(`/api/rounds/${round.id}/end`), 200);
    assert.deepEqual([ended.state, ended.visited, ended.skipped], ["partial", 2, 1]);
    refused(await he.post(`/api/rounds/${round.id}/end`), 409, "", "ended");
    refused(await fu.post(`/api/rounds/${round.id}/skips`, skip), 409, "", "ended");
});

test("the exit is cleared, and the round shows its finding closed", async () => {
    expect(await secretary.post(`/api/matters/${matter}/acts`, { act: "dispatch", to: firm.id }), 200);
    app.clock.advance(60 * MINUTE);
    expect(await handler.post(`/api/matters/${matter}/acts`, { act: "submit", text: "货架已移走，后门畅通。" }), 200);
    expect(await secretary.post(`/api/matters/${matter}/acts`, { act: "verify" }), 200);
    const before = expect(await fu.get(`/api/rounds/${round.id}`), 200);
    assert.equal(before.stops[1].answers[0].outcome, "handled");
    assert.equal(before.findings_open, 1);
    app.clock.set("2026-12-10T09:00:00+08:00"); // nobody said otherwise within the time
    const after = await app.wait(async () => {
        const r = (await fu.get(`/api/rounds/${round.id}`)).body;
        return r.findings_open === 0 && r;
    });
    assert.equal(after.stops[1].answers[0].open, false);
    assert.equal(after.stops[1].answers[0].stage, "closed");
    assert.deepEqual((await street.get(`/api/rounds?unit=${unit}`)).body.items.map((x) => [x.findings, x.findings_open]), [[1, 0]]);
});

test("rounds are listed newest first, by state and by patrol; an ended patrol gives none", async () => {
    refused(await grid2.post(`/api/patrols/${patrol.id}/rounds`, {}), 404);
    const next = expect(await secretary.post(`/api/patrols/${patrol.id}/rounds`, {}), 201);
    assert.deepEqual((await secretary.get("/api/rounds")).body.items.map((r) => r.id), [next.id, round.id]);
    assert.deepEqual((await secretary.get("/api/rounds?state=open")).body.items.map((r) => r.id), [next.id]);
    assert.deepEqual((await secretary.get(`/api/rounds?patrol=${patrol.id}&limit=1`)).body.items.map((r) => r.id), [next.id]);
    assert.deepEqual((await fu.get("/api/rounds")).body.items.map((r) => r.id), [round.id], "not given to the club");
    expect(await secretary.post(`/api/patrols/${patrol.id}/end`), 204);
    refused(await secretary.post(`/api/patrols/${patrol.id}/rounds`, {}), 409, "", "ended");
    assert.deepEqual((await secretary.get("/api/patrols")).body.items, []);
    expect(await secretary.post(`/api/rounds/${next.id}/visits`, { point: patrol.points[0].id, answers: fine() }), 200);
});

test("a point whose grid has been given up is the community's", async () => {
    const points = [{ place: "旧二网格的锅炉房", unit: G2 }];
    const made = expect(await secretary.post("/api/patrols", { unit, kind: "yard", name: "锅炉房", points }), 201);
    const walk = expect(await secretary.post(`/api/patrols/${made.id}/rounds`, { parties: [club.id] }), 201);
    const db = new DatabaseSync(path.join(app.data, "linli.db"));
    db.exec("PRAGMA busy_timeout = 5000");
    db.prepare("UPDATE unit SET valid_to = 1 WHERE id = ?").run(BigInt(G2));
    db.close();
    const answers = ["lamps", "manholes", "litter"].map((item) => ({ item, ok: true }));
    answers.push({ item: "fire-lane", ok: false, text: "车停在通道上" });
    const r = expect(await he.post(`/api/rounds/${walk.id}/visits`, { point: made.points[0].id, answers }), 200);
    const m = expect(await secretary.get(`/api/matters/${r.stops[0].answers[3].matter}`), 200);
    assert.deepEqual([m.unit, m.kind, m.grid], [unit, "safety", undefined]);
    assert.equal(expect(await he.post(`/api/rounds/${walk.id}/end`), 200).state, "complete");
});
