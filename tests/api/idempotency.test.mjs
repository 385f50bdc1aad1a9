/* The network broke off after the button was pressed: was it taken or not? The same key asks again
 * and changes nothing twice. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { DAY, expect, refused, scratch, start } from "./lib.mjs";

const app = await start();
const unit = app.unit("620102003003");
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "书记" });
const colleague = await app.user({ role: "secretary", unit: "620102003003", name: "副书记" });
const lamp = { kind: "repair", title: "路灯不亮", unit };
const count = () => app.rows("SELECT count(*) AS n FROM matter")[0].n;

test("the same key and body: the same answer, and it is said to be an old one", async () => {
    const key = randomUUID();
    const before = count();
    const first = await app.anon.post("/api/matters", lamp, { key });
    expect(first, 201);
    assert.equal(first.headers["idempotent-replayed"], undefined);
    const again = await app.anon.post("/api/matters", lamp, { key });
    assert.equal(again.status, 201);
    assert.equal(again.text, first.text, "to the byte, the tracking code included");
    assert.equal(again.headers["idempotent-replayed"], "true");
    assert.equal(count(), before + 1);
    const audit = app.rows("SELECT 1 AS one FROM audit WHERE subject = ?", BigInt(first.body.id));
    assert.equal(audit.length, 1, "nor does the audit tell it twice");
});

test("the same key with anything else is a conflict, and does nothing", async () => {
    const key = randomUUID();
    const { id } = expect(await secretary.post("/api/matters", lamp, { key }), 201);
    const before = await app.hashTables();
    const other = await secretary.post("/api/matters", { ...lamp, title: "另一盏" }, { key });
    refused(other, 409, "Idempotency-Key", "reused");
    const text = JSON.stringify(lamp).replace(":", ": ");
    refused(await secretary.post("/api/matters", undefined, { key, text }), 409, "Idempotency-Key");
    const elsewhere = await secretary.post(`/api/matters/${id}/acts`, { act: "accept" }, { key });
    refused(elsewhere, 409, "Idempotency-Key", "reused");
    assert.deepEqual(await app.hashTables(), before);
});

test("a key is its account's own", async () => {
    const key = randomUUID();
    const one = expect(await secretary.post("/api/matters", lamp, { key }), 201);
    const two = expect(await colleague.post("/api/matters", lamp, { key }), 201);
    assert.notEqual(one.id, two.id);
});

test("twenty at once with one key: exactly one matter, twenty times the same answer", async () => {
    const key = randomUUID();
    const before = count();
    const all = await Promise.all(
        Array.from({ length: 20 }, () => secretary.post("/api/matters", lamp, { key })),
    );
    assert.deepEqual([...new Set(all.map((r) => r.status))], [201]);
    assert.equal(new Set(all.map((r) => r.text)).size, 1);
    assert.equal(count(), before + 1);
    const old = all.filter((r) => r.headers["idempotent-replayed"] === "true");
    assert.equal(old.length, 19);
});

test("twenty at once with a key each: twenty matters, twenty numbers", async () => {
    const before = count();
    const all = await Promise.all(
        Array.from({ length: 20 }, () => secretary.post("/api/matters", lamp)),
    );
    assert.equal(count(), before + 20);
    assert.equal(new Set(all.map((r) => expect(r, 201).number)).size, 20);
});

test("an act is done once as well", async () => {
    const { id } = await secretary.order(lamp);
    const key = randomUUID();
    const target = `/api/matters/${id}/acts`;
    const body = { act: "comment", text: "只说一次" };
    const all = await Promise.all(
        Array.from({ length: 5 }, () => secretary.post(target, body, { key })),
    );
    for (const r of all) expect(r, 200);
    const said = (await secretary.events(id)).filter((e) => e.act === "comment");
    assert.equal(said.length, 1);
});

test("a refusal uses no key up: mended, the same key goes through", async () => {
    const key = randomUUID();
    refused(await secretary.post("/api/matters", { ...lamp, title: "灯" }, { key }), 422, "/title");
    refused(await secretary.post("/api/matters", { ...lamp, unit: "1" }, { key }), 422, "/unit");
    expect(await secretary.post("/api/matters", lamp, { key }), 201);
});

test("no write without a key that can be one", async () => {
    const before = await app.hashTables();
    for (const key of [null, "", "short", "x".repeat(15), "x".repeat(129), "with space 1234567890"])
        refused(await secretary.post("/api/matters", lamp, { key }), 400, "Idempotency-Key", "key");
    assert.deepEqual(await app.hashTables(), before);
    expect(await secretary.post("/api/matters", lamp, { key: "x".repeat(128) }), 201);
    expect(await secretary.get("/api/matters", { key: null }), 200);
});

test("what is kept for it tells nothing: no key, no token, no code, no contact", async () => {
    const key = `visible-key-${randomUUID()}`;
    const admin = app.admin();
    const link = expect(
        await admin.post(`/api/accounts/${colleague.id}/links`, undefined),
        201,
    ).link;
    const session = expect(await app.anon.post("/api/sessions", { link }, { key }), 201);
    const matter = await app.anon.order(
        { ...lamp, contact_name: "欧阳明月", contact_phone: "13812340000" },
        { key: `${key}-2` },
    );
    const contact = { reason: "回电话确认" };
    expect(await secretary.post(`/api/matters/${matter.id}/reveal`, contact), 200);

    const secrets = [key, link, session.token, matter.tracking_code, "欧阳明月", "13812340000"];
    const rows = app.rows("SELECT key, request, answer FROM idempotency");
    assert.ok(rows.length > 30);
    for (const row of rows) {
        const bytes = Buffer.concat([row.key, row.request, row.answer].map((b) => Buffer.from(b)));
        for (const secret of secrets) assert.ok(!bytes.includes(secret), secret);
    }
    for (const name of fs.readdirSync(app.data).filter((n) => n.startsWith("linli.db")))
        for (const secret of secrets)
            assert.ok(!fs.readFileSync(path.join(app.data, name)).includes(secret), secret);
});

test("after a month the key is forgotten with its answer", async () => {
    const kept = app.rows("SELECT count(*) AS n FROM idempotency")[0].n;
    assert.ok(kept > 30);
    await app.stop();
    const data = scratch();
    fs.cpSync(app.data, data, { recursive: true });
    const at = Date.now();
    const soon = await start({ data, at: new Date(at + 29 * DAY).toISOString() });
    await soon.indexed();
    assert.equal(soon.rows("SELECT count(*) AS n FROM idempotency")[0].n, kept);
    await soon.stop();
    const later = await start({ data, at: new Date(at + 31 * DAY).toISOString() });
    await later.wait(() => later.rows("SELECT count(*) AS n FROM idempotency")[0].n === 0);
    await later.stop();
});
