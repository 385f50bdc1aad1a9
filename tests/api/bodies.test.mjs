/* A street puts its committee together, looks at it, and lets people go; a community makes its
 * clubs; a resident looks up who answers for their grid. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { DAY, HOUR, expect, refused, start } from "./lib.mjs";

const STREET = "620102003";
const UNIT = "620102003003";
const SIBLING = "620102004";
const app = await start();
const street = await app.user({ role: "street", unit: STREET });
const secretary = await app.user({ role: "secretary", unit: UNIT });
const worker = await app.user({ role: "grid_worker", unit: UNIT });
const grid = app.unit(`${UNIT}-G1`);

const make = async (client, body) => expect(await client.post("/api/bodies", body), 201);
const add = (client, body, member) => client.post(`/api/bodies/${body.id}/members`, member);
const join = async (...args) => expect(await add(...args), 201);
const person = async (name) => (await app.person({ name, unit: UNIT })).id;

const committee = await make(street, {
    kind: "committee",
    name: "社工委",
    purpose: "大家的事大家商量",
    unit: app.unit(STREET),
});
const school = await app.party({ name: "雁滩一小", kind: "organisation", unit: STREET });
const wang = await person("王建国");
const li = await person("李秀英");

test("an empty committee has every category of the pack, at nought", async () => {
    assert.equal(committee.members, 0);
    assert.equal(committee.units, 0);
    assert.equal(committee.totals.length, 12);
    assert.ok(committee.totals.every((t) => t.count === 0));
    assert.deepEqual(committee.totals.find((t) => t.category === "core_unit").of, "party");
});

test("people join by category: a head sits for an organisation, a volunteer for nobody", async () => {
    const unit = await join(street, committee, { category: "core_unit", party: school.id });
    assert.equal(unit.party_name, "雁滩一小");
    assert.equal(unit.name, undefined);
    const head = await join(street, committee, {
        category: "unit_head",
        person: wang,
        party: school.id,
        post: "校长",
        duty: grid,
    });
    assert.equal(head.name, "王建国", "a public post");
    assert.equal(head.duty_name, "第一网格");
    const other = await join(street, committee, { category: "volunteer", person: li });
    assert.equal(other.name, "李**", "no public post");
    const now = await street.read(`/api/bodies/${committee.id}`);
    assert.equal(now.members, 2);
    assert.equal(now.units, 1);
});

test("nobody is in it twice, and nobody without a category of the pack", async () => {
    refused(await add(street, committee, { category: "other", person: wang }), 409, "/person", "member");
    refused(await add(street, committee, { category: "core_unit", party: school.id }), 409, "/party", "member");
    const someone = await person("赵一");
    refused(await add(street, committee, { category: "mayor", person: someone }), 422, "/category", "unknown");
    refused(await add(street, committee, { category: "police" }), 422, "/person", "required");
    refused(await add(street, committee, { category: "police", person: someone, duty: app.unit(SIBLING) }), 422, "/duty", "unknown");
    const away = Object.keys(app.units).find((c) => c.startsWith("610103") && c.length === 12);
    const far = (await app.person({ name: "远人", unit: away })).id;
    refused(await add(street, committee, { category: "police", person: far }), 422, "/person", "unknown");
    const future = new Date(app.clock.now() + DAY).toISOString();
    refused(await add(street, committee, { category: "police", person: someone, since: future }), 422, "/since", "future");
});

test("a community sees its street's committee and changes nothing of it", async () => {
    const seen = await secretary.all("/api/bodies");
    assert.ok(seen.some((b) => b.id === committee.id));
    assert.equal((await secretary.read(`/api/bodies/${committee.id}/members`)).items.length, 3);
    refused(await secretary.post(`/api/bodies/${committee.id}/end`), 404);
    refused(await add(secretary, committee, { category: "other", person: li }), 404);
    refused(await worker.post("/api/bodies", { kind: "club", name: "棋社", unit: app.unit(UNIT) }), 403);
    refused(await secretary.post("/api/bodies", { kind: "club", name: "棋社", unit: app.unit(STREET) }), 422, "/unit");
});

test("another street sees nothing of it", async () => {
    const other = await app.user({ role: "street", unit: SIBLING });
    assert.ok(!(await other.all("/api/bodies")).some((b) => b.id === committee.id));
    refused(await other.get(`/api/bodies/${committee.id}`), 404);
    refused(await other.get(`/api/bodies/${committee.id}/members`), 404);
});

test("a resident who is not signed in finds who answers for the grid, and no hidden name", async () => {
    const duties = (await app.anon.read(`/api/units/${grid}/duties`)).items;
    assert.deepEqual(
        duties.map((m) => [m.name, m.post, m.body_name]),
        [["王建国", "校长", "社工委"]],
    );
    const [shown] = (await app.anon.read(`/api/units/${app.unit(STREET)}/bodies`)).items;
    assert.equal(shown.name, "社工委");
    assert.equal(shown.members, 2);
    refused(await app.anon.get(`/api/bodies/${committee.id}/members`), 401);
    const elsewhere = await app.anon.read(`/api/units/${app.unit(UNIT)}/duties`);
    assert.equal(elsewhere.items.length, 0, "the grid's, not the community's");
});

test("who leaves is counted no more and stays on record; they may come back", async () => {
    const path = `/api/bodies/${committee.id}/members`;
    const [left] = (await street.read(`${path}?category=volunteer`)).items;
    app.clock.advance(2 * HOUR);
    expect(await street.post(`${path}/${left.id}/end`), 204);
    expect(await street.post(`${path}/${left.id}/end`), 204);
    assert.equal((await street.read(`/api/bodies/${committee.id}`)).members, 1);
    assert.equal((await street.read(`${path}?category=volunteer`)).items.length, 0);
    const [former] = (await street.read(`${path}?category=volunteer&former=true`)).items;
    assert.equal(former.id, left.id);
    assert.ok(Date.parse(former.until) > Date.parse(former.since) + HOUR);
    await join(street, committee, { category: "volunteer", person: li });
    assert.equal((await street.read(`${path}?category=volunteer&former=true`)).items.length, 2);
    refused(await street.post(`${path}/${school.id}/end`), 404);
});

test("a project comes with its six groups and a room to talk, and ends after them", async () => {
    const project = await make(street, { kind: "project", name: "改造", unit: app.unit(UNIT) });
    assert.equal(project.parts, 7);
    const { items } = await secretary.read(`/api/bodies/${project.id}/parts`);
    assert.deepEqual(
        items.map((b) => b.part),
        ["publicity", "opinions", "order", "mediation", "safety", "liaison", "talk"],
    );
    refused(await secretary.post(`/api/bodies/${project.id}/end`), 409, "id", "parts");
    for (const part of items) expect(await secretary.post(`/api/bodies/${part.id}/end`), 204);
    expect(await secretary.post(`/api/bodies/${project.id}/end`), 204);
    refused(await add(secretary, project, { category: "leader", person: wang }), 409, "id", "ended");
    assert.ok(!(await secretary.all("/api/bodies")).some((b) => b.id === project.id));
    assert.ok((await secretary.all("/api/bodies?ended=true")).some((b) => b.id === project.id));
});

test("members are paged, each once", async () => {
    const club = await make(secretary, { kind: "club", name: "棋社", unit: app.unit(UNIT) });
    for (let i = 0; i < 5; i++)
        await join(secretary, club, { category: "member", person: await person(`棋友${i}`) });
    const all = await secretary.all(`/api/bodies/${club.id}/members?limit=2`);
    assert.equal(new Set(all.map((m) => m.id)).size, 5);
    const listed = await secretary.all("/api/bodies?kind=club&limit=1");
    assert.ok(listed.every((b) => b.kind === "club"));
    refused(await secretary.get(`/api/bodies/${club.id}/members?after=x`), 422, "after", "cursor");
});

test("no name of a member stands in the log or on the disk in the clear", () => {
    assert.doesNotMatch(app.log(), /王建国|李秀英/);
    const names = fs.readdirSync(app.data).filter((n) => /^linli\.db(-wal)?$/.test(n));
    let open = false; // an organisation's name is, so that this looks where it should
    for (const name of names) {
        const bytes = fs.readFileSync(path.join(app.data, name));
        open = open || bytes.includes("雁滩一小");
        for (const who of ["王建国", "李秀英"]) assert.ok(!bytes.includes(who), `${who} in ${name}`);
    }
    assert.ok(open);
});
