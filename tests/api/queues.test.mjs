/* Monday morning: everybody asks what is theirs. At every level of the line, by party, by person,
 * by what it waits for, by when it is due; with several hats at once; and page by page when there
 * are many that are due at the same moment. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, refused, start } from "./lib.mjs";

// In the evening of a working day, so that all that comes in is due at the same moment.
const app = await start({ at: "2026-10-12T20:00:00+08:00" });
const DUE = "2026-10-13T15:00:00+08:00"; // four working hours later

const at = {
    micro: "620102003003-G1-M1",
    grid: "620102003003-G1",
    grid2: "620102003003-G2",
    community: "620102003003",
    beside: "620102003004",
    otherStreet: "620102004001",
    otherCounty: "610103001005",
};
const who = {
    grid: await app.user({ role: "grid_worker", unit: at.grid, name: "一格" }),
    grid2: await app.user({ role: "grid_worker", unit: at.grid2, name: "二格" }),
    community: await app.user({ role: "secretary", unit: at.community, name: "书记" }),
    beside: await app.user({ role: "secretary", unit: at.beside, name: "邻书记" }),
    street: await app.user({ role: "street", unit: "620102003", name: "街道" }),
    county: await app.user({ role: "district", unit: "620102", name: "区级" }),
    otherCounty: await app.user({ role: "district", unit: "610103", name: "碑林" }),
};
const team = await app.party({ name: "修缮队", kind: "team" });
const team2 = await app.party({ name: "绿化队", kind: "team" });
const worker = await app.user({ role: "handler", party: team, name: "修缮工" });
const mate = await app.user({ role: "handler", party: team, name: "同队" });
const resident = await app.user({ person: await app.person({ name: "吴桐" }), name: "吴桐" });

const lamp = (client, code, more = {}) =>
    client.order({ kind: "repair", title: `路灯 ${code}`, unit: app.unit(code), ...more });
const ids = async (client, query = "queue=unit") =>
    (await client.all(`/api/matters?${query}`)).map((m) => m.id);

const made = {};
for (const [name, code] of Object.entries(at)) made[name] = (await lamp(app.anon, code)).id;
const pick = (...names) => names.map((n) => made[n]);

test("the unit's queue, at grid, community, street and county", async () => {
    assert.deepEqual(await ids(who.grid), pick("micro", "grid"));
    assert.deepEqual(await ids(who.grid2), pick("grid2"));
    assert.deepEqual(await ids(who.community), pick("micro", "grid", "grid2", "community"));
    assert.deepEqual(await ids(who.beside), pick("beside"));
    assert.deepEqual(await ids(who.street), pick("micro", "grid", "grid2", "community", "beside"));
    assert.deepEqual(
        await ids(who.county),
        pick("micro", "grid", "grid2", "community", "beside", "otherStreet"),
    );
    assert.deepEqual(await ids(who.otherCounty), pick("otherCounty"));
});

test("without a queue: all that is open within reach", async () => {
    assert.deepEqual(await ids(who.street, ""), await ids(who.street));
    assert.deepEqual(await ids(who.street, "queue=all"), await ids(who.street));
});

test("one unit of those within reach, and no other", async () => {
    assert.deepEqual(await ids(who.street, `unit=${app.unit(at.beside)}`), pick("beside"));
    assert.deepEqual(await ids(who.county, `unit=${app.unit(at.grid)}`), pick("micro", "grid"));
    const r = await who.community.get(`/api/matters?unit=${app.unit(at.beside)}`);
    refused(r, 404);
    refused(await who.community.get("/api/matters?unit=123"), 404);
});

test("the party's queue, and mine within it", async () => {
    await who.community.act(made.community, "dispatch", { to: team.id });
    await who.community.act(made.grid2, "dispatch", { to: team.id });
    await who.community.act(made.grid, "dispatch", { to: team2.id });
    // Sent out, each is due three working days from then: in the order they came in.
    assert.deepEqual(await ids(worker, "queue=party"), pick("grid2", "community"));
    assert.deepEqual(await ids(worker, ""), await ids(worker, "queue=party"));
    await worker.act(made.community, "claim");
    assert.deepEqual(await ids(worker, "queue=mine"), pick("community"));
    assert.deepEqual(await ids(mate, "queue=mine"), []);
    assert.deepEqual(await ids(mate, "queue=party"), pick("grid2", "community"));
    assert.deepEqual(await ids(worker), [], "a party has no unit's queue");
});

test("to verify, for the unit in charge", async () => {
    await worker.act(made.community, "submit", { text: "修好了" });
    assert.deepEqual(await ids(who.community, "queue=verify"), pick("community"));
    assert.deepEqual(await ids(who.beside, "queue=verify"), []);
});

test("requested and to rate, for the one who asked", async () => {
    const one = await lamp(resident, at.community);
    const two = await lamp(resident, at.beside);
    assert.deepEqual(await ids(resident, "queue=requested"), [two.id, one.id], "newest first");
    assert.deepEqual(await ids(resident, "queue=rate"), []);
    await who.community.act(one.id, "dispatch", { to: team.id });
    await worker.act(one.id, "submit", { text: "好了" });
    await who.community.act(one.id, "verify");
    assert.deepEqual(await ids(resident, "queue=rate"), [one.id]);
    await resident.act(one.id, "rate", { solved: true });
    assert.deepEqual(await ids(resident, "queue=rate"), []);
    assert.deepEqual(await ids(resident, "queue=requested"), [two.id, one.id]);
    await resident.act(two.id, "withdraw");
});

test("closed: last closed first, at every level", async () => {
    const [last, first] = await who.street.all("/api/matters?queue=closed");
    assert.deepEqual([last.outcome, first.outcome], ["withdrawn", "solved"]);
    assert.deepEqual(await ids(who.beside, "queue=closed"), [last.id]);
    assert.deepEqual(await ids(who.grid, "queue=closed"), []);
    assert.deepEqual((await ids(who.county, "queue=closed")).length, 2);
});

test("due today, and overdue, as the day goes on", async () => {
    const due = (query) => ids(who.beside, `queue=unit&${query}`);
    assert.deepEqual(await due("due=today"), [], "it is due tomorrow");
    app.clock.set("2026-10-13T09:00:00+08:00");
    assert.deepEqual(await due("due=today"), pick("beside"));
    assert.deepEqual(await due("due=overdue"), []);
    app.clock.set(Date.parse(DUE) + 1000);
    assert.deepEqual(await due("due=today"), pick("beside"));
    assert.deepEqual(await due("due=overdue"), pick("beside"));
    const [row] = await who.beside.all("/api/matters?queue=unit");
    assert.equal(row.overdue, true);
    assert.equal(Date.parse(row.due_at), Date.parse(DUE));
});

test("several hats: all of theirs, each once, and one alone when it is named", async () => {
    const both = await app.user({ role: "secretary", unit: at.community, name: "兼任" });
    await app.grant(both, { role: "secretary", unit: app.unit(at.beside) });
    const grid = await app.grant(both, { role: "grid_worker", unit: app.unit(at.grid) });
    const all = await ids(both);
    assert.equal(new Set(all).size, all.length, "what two hats reach is there once");
    assert.deepEqual([...all].sort(), pick("micro", "grid", "grid2", "community", "beside").sort());
    const named = await both.all("/api/matters?queue=unit", { hat: grid.id });
    assert.deepEqual(named.map((m) => m.id).sort(), pick("micro", "grid").sort());
    refused(await both.get("/api/matters", { hat: who.street.hat }), 403, "Linli-Hat", "hat");
    refused(await both.get("/api/matters", { hat: "x" }), 400, "Linli-Hat");
});

/* ---- many, due at the same moment ---- */

const MANY = 65;
const many = [];

test("65 that are due at the same moment, page by page: no gap, none twice", async () => {
    app.clock.set("2026-10-19T20:00:00+08:00");
    for (let i = 0; i < MANY; i++)
        many.push(
            await lamp(app.anon, i % 3 ? at.grid : at.otherStreet, {
                title: `积水 ${i}`,
                category: "demand.road",
                kind: i % 5 ? "repair" : "suggestion",
            }),
        );
    const same = many.filter((m) => m.kind === "repair").map((m) => m.due_at);
    assert.equal(new Set(same).size, 1, "all due at once");
    const rows = await who.county.all("/api/matters?queue=unit&limit=7");
    assert.ok(rows.length >= MANY);
    assert.equal(new Set(rows.map((r) => r.id)).size, rows.length);
    for (const m of many)
        assert.ok(
            rows.some((r) => r.id === m.id),
            m.number,
        );
    for (let i = 1; i < rows.length; i++) {
        const [a, b] = [rows[i - 1], rows[i]];
        const order =
            Date.parse(a.due_at) - Date.parse(b.due_at) || Number(BigInt(a.id) - BigInt(b.id));
        assert.ok(order < 0, `${a.number} before ${b.number}`);
    }
});

test("every page size tells the same", async () => {
    await app.settled(); // what is overdue by now has gone up, and has a new limit
    const whole = await ids(who.county, "queue=unit&limit=100");
    for (const limit of [1, 20, 64, 65, 66])
        assert.deepEqual(await ids(who.county, `queue=unit&limit=${limit}`), whole, `${limit}`);
});

test("several hats, page by page: the merged queue is whole, too", async () => {
    const both = await app.user({ role: "street", unit: "620102003", name: "两街" });
    await app.grant(both, { role: "street", unit: app.unit("620102004") });
    await app.grant(both, { role: "secretary", unit: app.unit(at.community) });
    assert.deepEqual(await ids(both, "queue=unit&limit=7"), await ids(who.county, "queue=unit"));
});

test("what comes in while one turns pages disturbs nothing", async () => {
    const first = await who.county.read("/api/matters?queue=unit&limit=10");
    await lamp(app.anon, at.grid);
    await app.anon.order({ kind: "heating-water", title: "马上要修", unit: app.unit(at.grid) });
    const rest = await ids(who.county, `queue=unit&limit=10&after=${first.next}`);
    const seen = [...first.items.map((m) => m.id), ...rest];
    assert.equal(new Set(seen).size, seen.length);
    for (const m of many) assert.ok(seen.includes(m.id), m.number);
});

test("filters: kind, stage, what it waits for, together with the queue and the pages", async () => {
    const suggestions = many.filter((m) => m.kind === "suggestion").map((m) => m.id);
    assert.deepEqual(await ids(who.county, "queue=unit&kind=suggestion&limit=4"), suggestions);
    const doing = await who.county.all("/api/matters?queue=unit&stage=doing");
    assert.ok(doing.length && doing.every((m) => m.stage === "doing"));
    const waiting = await who.county.all("/api/matters?queue=unit&awaits=verify");
    assert.deepEqual(
        waiting.map((m) => m.id),
        pick("community"),
    );
    assert.deepEqual(await ids(who.county, "queue=unit&kind=suggestion&stage=doing"), []);
    assert.deepEqual(await ids(who.county, "queue=unit&kind=nothing-like-it"), []);
});

test("closed ones are paged as well, though many closed at one moment", async () => {
    const closer = await app.user({ role: "secretary", unit: at.community, name: "关闭者" });
    const ours = many.filter((m) => m.unit === app.unit(at.grid) && m.kind === "repair");
    const closing = ours.map((m) => closer.act(m.id, "decline", { text: "重复" }));
    await Promise.all(closing);
    const rows = await who.street.all("/api/matters?queue=closed&limit=6");
    assert.equal(new Set(rows.map((r) => r.id)).size, rows.length);
    for (const m of ours)
        assert.ok(
            rows.some((r) => r.id === m.id),
            m.number,
        );
    for (let i = 1; i < rows.length; i++)
        assert.ok(Date.parse(rows[i - 1].closed_at) >= Date.parse(rows[i].closed_at));
});

test("what is not a queue, a filter or a cursor is said so", async () => {
    const get = (query) => who.street.get(`/api/matters?${query}`);
    refused(await get("queue=everything"), 422, "queue");
    refused(await get("due=someday"), 422, "due");
    refused(await get("limit=0"), 422, "limit");
    refused(await get("limit=101"), 422, "limit");
    refused(await get("limit=ten"), 422, "limit");
    refused(await get("after=nonsense"), 422, "after", "cursor");
    refused(await get("after=12"), 422, "after", "cursor");
    refused(await get("sort=title"), 422, "sort");
    refused(await app.anon.get("/api/matters"), 401);
});

test("the queue is of now: what is done leaves it, what is reopened is back", async () => {
    app.clock.advance(HOUR);
    const { id } = await lamp(resident, at.beside);
    assert.ok((await ids(who.beside)).includes(id));
    await who.beside.act(id, "dispatch", { to: team.id });
    await worker.act(id, "submit", { text: "好" });
    await who.beside.act(id, "verify");
    await resident.act(id, "rate", { solved: false });
    assert.ok(!(await ids(who.beside)).includes(id));
    await resident.act(id, "reopen", { text: "没修好" });
    assert.ok((await ids(who.beside)).includes(id));
    assert.ok((await ids(worker, "queue=party")).includes(id));
});
