/* One to one: a club's member looks in on an elder. What they write down is for the two of them;
 * the community sees that there was contact, and everybody else sees nothing. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { DAY, HOUR, expect, refused, start } from "./lib.mjs";

const UNIT = "620102003003";
const app = await start();
const secretary = await app.user({ role: "secretary", unit: UNIT });
const worker = await app.user({ role: "grid_worker", unit: UNIT });
const li = await app.person({ name: "李春梅", unit: UNIT });
const wang = await app.person({ name: "王德顺", unit: UNIT });
const zhao = await app.person({ name: "赵小山", unit: UNIT });
const member = await app.user({ person: li });
const elder = await app.user({ person: wang });
const neighbour = await app.user({ person: zhao });

const club = expect(
    await secretary.post("/api/bodies", { kind: "club", name: "爱邻社", unit: app.unit(UNIT) }),
    201,
);
const join = async (person) =>
    expect(
        await secretary.post(`/api/bodies/${club.id}/members`, { category: "member", person: person.id }),
        201,
    );
const joined = await join(li);
const pairUp = (by, more) =>
    by.post("/api/pairs", { member: joined.id, person: wang.id, purpose: "常来看看", ...more });
const pair = expect(await pairUp(secretary), 201);
const contacts = `/api/pairs/${pair.id}/contacts`;
const NOTE = "膝盖疼，周三陪去医院";

test("whoever keeps the club pairs two, once, and not with themselves", async () => {
    assert.equal(pair.name, "王**");
    assert.equal(pair.member_name, "李**");
    const other = await join(zhao);
    refused(await pairUp(secretary, { person: zhao.id }), 409, "/member", "paired");
    refused(await pairUp(secretary, { member: other.id }), 409, "/person", "paired");
    refused(await pairUp(secretary, { member: other.id, person: zhao.id }), 422, "/person", "self");
    refused(await pairUp(secretary, { member: pair.id }), 422, "/member", "unknown");
    refused(await pairUp(worker), 403);
    const away = Object.keys(app.units).find((c) => c.startsWith("620102004") && c.length === 12);
    const far = await app.person({ name: "远人", unit: away });
    refused(await pairUp(secretary, { member: other.id, person: far.id }), 422, "/person", "unknown");
    const foreign = await app.user({ role: "secretary", unit: away });
    refused(await pairUp(foreign, { member: other.id, person: far.id }), 422, "/member", "unknown");
});

test("the two know each other by name; the community does not need to", async () => {
    for (const who of [member, elder]) {
        const [mine] = (await who.read("/api/pairs")).items;
        assert.deepEqual([mine.name, mine.member_name], ["王德顺", "李春梅"]);
    }
    const [seen] = (await secretary.read("/api/pairs")).items;
    assert.deepEqual([seen.name, seen.member_name], ["王**", "李**"]);
    assert.equal((await neighbour.read("/api/pairs")).items.length, 0);
});

test("the member writes a visit down, the elder reads it, the community sees that it was", async () => {
    const at = new Date(app.clock.now() - HOUR).toISOString();
    const made = expect(await member.post(contacts, { way: "visit", text: NOTE, at }), 201);
    assert.equal(made.side, "member");
    assert.equal(made.text, NOTE);
    const [read] = (await elder.read(contacts)).items;
    assert.equal(read.text, NOTE);
    assert.equal(read.at, at);
    for (const who of [secretary, worker]) {
        const [seen] = (await who.read(contacts)).items;
        assert.equal(seen.way, "visit");
        assert.equal(seen.text, undefined, "the note is for the two");
    }
    const [listed] = (await secretary.read("/api/pairs")).items;
    assert.equal(listed.contacts, 1);
    assert.equal(listed.last_at, at);
});

test("the elder and a worker may write down too; who wrote it is told", async () => {
    expect(await elder.post(contacts, { way: "phone" }), 201);
    const made = expect(await worker.post(contacts, { way: "meeting", text: "一起来的" }), 201);
    assert.equal(made.text, undefined);
    assert.deepEqual(
        (await elder.read(contacts)).items.map((c) => c.side),
        ["member", "resident", "worker"],
    );
    const tomorrow = new Date(app.clock.now() + DAY).toISOString();
    refused(await member.post(contacts, { way: "visit", at: tomorrow }), 422, "/at", "future");
});

test("for everybody else there is no such pair", async () => {
    const away = Object.keys(app.units).find((c) => c.startsWith("620102004") && c.length === 12);
    const foreign = await app.user({ role: "secretary", unit: away });
    for (const who of [neighbour, foreign]) {
        refused(await who.get(contacts), 404);
        refused(await who.post(contacts, { way: "visit" }), 404);
    }
    refused(await app.anon.get(contacts), 401);
});

test("no note stands on the disk in the clear", () => {
    for (const name of fs.readdirSync(app.data).filter((n) => /^linli\.db(-wal)?$/.test(n)))
        assert.ok(!fs.readFileSync(path.join(app.data, name)).includes(NOTE), name);
    assert.ok(!app.log().includes(NOTE));
});

test("after a year the note is dropped, and that there was contact stays", async () => {
    app.clock.advance(366 * DAY);
    await app.wait(
        () => app.rows("SELECT count(*) AS n FROM pair_contact WHERE note IS NOT NULL")[0].n === 0,
    );
    const again = await app.user({ person: wang });
    const { items } = await again.read(contacts);
    assert.equal(items.length, 3);
    assert.ok(items.every((c) => c.text === undefined));
});

test("a member who leaves the club leaves the pair, and nothing more is written down", async () => {
    const later = await app.user({ role: "secretary", unit: UNIT });
    expect(await later.post(`/api/bodies/${club.id}/members/${joined.id}/end`), 204);
    assert.equal((await later.read("/api/pairs")).items.length, 0);
    const [ended] = (await later.read("/api/pairs?ended=true")).items;
    assert.equal(ended.id, pair.id);
    assert.ok(ended.until);
    refused(await later.post(contacts, { way: "visit" }), 409, "id", "ended");
    expect(await later.post(`/api/pairs/${pair.id}/end`), 204);
});
