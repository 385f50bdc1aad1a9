/* Too many at once: what does not fit into the bounded queues is told so at once, with when to come
 * again; the rest is served, and nothing is half done. Password checks are slow by intent, so a
 * flood of them fills their queue for certain: two threads, room for 64. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expect, refused, start } from "./lib.mjs";

const FLOOD = 200;
const app = await start();
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "书记" });

const metric = async (name) => {
    const { text } = await app.anon.get("/metrics");
    return Number(new RegExp(`^linli_${name} (\\d+)$`, "m").exec(text)[1]);
};

test("a flood of sign-ins: some wait, the rest hear 503, all others are served", async () => {
    const login = "morning.shift";
    const password = "a good one 2026";
    const client = await app.user({ role: "secretary", unit: "620102003003", login });
    expect(await client.post("/api/password", { password }), 204);
    const signIn = (key) => app.anon.post("/api/sessions", { login, password }, { key });
    const keys = Array.from({ length: FLOOD }, (_, i) => `flood-key-${i}-0123456789`);
    const before = await app.hashTables();

    const flood = keys.map(signIn);
    await app.wait(async () => (await metric("requests_busy_total")) > 0);
    const beside = await Promise.all([
        app.anon.get("/healthz"),
        app.anon.get("/api/units"),
        secretary.get("/api/matters"),
    ]);
    for (const r of beside) expect(r, 200);

    const replies = await Promise.all(flood);
    const busy = keys.filter((_, i) => replies[i].status === 503);
    const made = replies.filter((r) => r.status === 201);
    assert.equal(busy.length + made.length, FLOOD);
    assert.ok(made.length >= 64, `${made.length} were looked at`);
    for (const r of replies.filter((q) => q.status === 503)) {
        refused(r, 503);
        assert.match(r.headers["retry-after"], /^\d+$/);
    }
    assert.equal(new Set(made.map((r) => r.body.token)).size, made.length);
    assert.equal(await metric("requests_busy_total"), busy.length);
    assert.equal(await metric("requests_in_flight"), 0);
    assert.deepEqual(await app.hashTables(), before);

    // What was refused as busy used no key up.
    const again = await signIn(busy[0]);
    expect(again, 201);
    assert.equal(again.headers["idempotent-replayed"], undefined);
});

test("asked to stop in the middle of a flood, it ends what it took and stops", async () => {
    const other = await start();
    const flood = Array.from({ length: FLOOD }, (_, i) =>
        other.anon
            .post("/api/sessions", { login: `nobody.${i}`, password: "not this one" })
            .catch((error) => error.code),
    );
    await other.wait(async () => {
        const { text } = await other.anon.get("/metrics");
        return /^linli_requests_busy_total [1-9]/m.test(text);
    });
    await other.stop(); // fails unless it ends with 0
    for (const r of await Promise.all(flood))
        assert.ok([401, 503].includes(r.status) || /^E/.test(r), `${r.status ?? r}`);
});
