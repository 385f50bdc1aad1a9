/* Signing in and out: links that are good once, passwords, the lock against guessing, and a browser
 * that another site would like to use. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, DAY, HOUR, MINUTE, SECOND, expect, refused, send, start } from "./lib.mjs";

const app = await start();
const unit = "620102003003";
const PASSWORD = "correct horse 电池";
const admin = app.admin();
let serial = 0;

const signIn = (body) => app.anon.post("/api/sessions", body);
const newLink = async (id) => expect(await admin.post(`/api/accounts/${id}/links`), 201).link;
const current = (token) => new Client(app.url, token).get("/api/session");

/* An account with a login and a password, signed in. */
async function withPassword() {
    const client = await app.user({
        role: "secretary",
        unit,
        login: `login.${++serial}`,
        name: "书记",
    });
    expect(await client.post("/api/password", { password: PASSWORD }), 204);
    return client;
}
const byPassword = (client, password = PASSWORD) => signIn({ login: client.login, password });

test("a link signs in once, and once only", async () => {
    const made = expect(
        await admin.post("/api/accounts", { name: "新同事", unit: app.unit(unit) }),
        201,
    );
    const session = expect(await signIn({ link: made.link }), 201);
    assert.equal(session.account, made.id);
    assert.equal(session.name, "新同事");
    assert.deepEqual(session.hats, []);
    refused(await signIn({ link: made.link }), 401, "/link", "wrong");
    expect(await current(session.token), 200);
});

test("a newer link makes the older one void, and a week ends it", async () => {
    const { id } = await app.user({ role: "secretary", unit });
    const [older, newer] = [await newLink(id), await newLink(id)];
    refused(await signIn({ link: older }), 401, "/link", "wrong");
    app.clock.advance(7 * DAY + SECOND);
    refused(await signIn({ link: newer }), 401, "/link", "wrong");
    app.clock.advance(-7 * DAY - SECOND);
});

test("two who use a link at the same moment: one of them gets in", async () => {
    const { id } = await app.user({ role: "secretary", unit });
    const link = await newLink(id);
    const all = await Promise.all(Array.from({ length: 8 }, () => signIn({ link })));
    assert.equal(all.filter((r) => r.status === 201).length, 1);
    assert.equal(all.filter((r) => r.status === 401).length, 7);
});

test("a password is set, and signs in; there is none before", async () => {
    const client = await app.user({ role: "secretary", unit, login: "first.login", name: "书记" });
    refused(await byPassword(client), 401, "", "wrong");
    expect(await client.post("/api/password", { password: PASSWORD }), 204);
    const session = expect(await byPassword(client), 201);
    assert.equal(session.account, client.id);
    assert.equal(session.hats[0].role, "secretary");
    expect(await signIn({ login: "FIRST.login", password: PASSWORD }), 201);
    assert.ok(!JSON.stringify(app.rows("SELECT * FROM account")).includes(PASSWORD));
});

test("a weak password is refused, and said why", async () => {
    const client = await app.user({ role: "secretary", unit, login: "weak.login.name" });
    const set = (password) => client.post("/api/password", { password });
    refused(await set("short"), 422, "/password");
    refused(await set("aaaaaaaaaaaa"), 422, "/password", "same");
    refused(await set("1234567890"), 422, "/password", "common");
    refused(await set("weak.login.name"), 422, "/password", "login");
});

test("a new password needs the old one, and ends all other sessions and links", async () => {
    const client = await withPassword();
    const other = expect(await byPassword(client), 201).token;
    const link = await newLink(client.id);
    const next = "ein anderes Wort 2026";
    refused(await client.post("/api/password", { password: next }), 422, "/current", "required");
    refused(
        await client.post("/api/password", { password: next, current: "not that one" }),
        401,
        "/current",
        "wrong",
    );
    expect(await client.post("/api/password", { password: next, current: PASSWORD }), 204);
    expect(await client.get("/api/session"), 200);
    refused(await current(other), 401, "", "session");
    refused(await signIn({ link }), 401, "/link", "wrong");
    refused(await byPassword(client), 401, "", "wrong");
    expect(await byPassword(client, next), 201);
});

test("five wrong passwords lock it for fifteen minutes, the right one included", async () => {
    const client = await withPassword();
    for (let i = 0; i < 5; i++) refused(await byPassword(client, `wrong ${i}`), 401, "", "wrong");
    const locked = refused(await byPassword(client), 401, "", "locked");
    assert.match(locked.errors[0].en, /15 minutes/);
    expect(await client.get("/api/session"), 200); // who is in stays in

    app.clock.advance(14 * MINUTE);
    refused(await byPassword(client), 401, "", "locked");
    app.clock.advance(MINUTE + SECOND); // and asking meanwhile has not prolonged it
    expect(await byPassword(client), 201);
    refused(await byPassword(client, "wrong again"), 401, "", "wrong");
});

test("four wrong ones and a right one begin the count anew", async () => {
    const client = await withPassword();
    for (let round = 0; round < 2; round++) {
        for (let i = 0; i < 4; i++) refused(await byPassword(client, "wrong"), 401, "", "wrong");
        expect(await byPassword(client), 201);
    }
});

test("guessing is in the audit, for the administrators of that place", async () => {
    const client = await withPassword();
    await byPassword(client, "wrong guess");
    const rows = app.rows(
        "SELECT act, account, reason FROM audit WHERE subject = ? AND reason = 'wrong'",
        BigInt(client.id),
    );
    assert.deepEqual(rows, [{ act: "sessions.create", account: 0, reason: "wrong" }]);
});

test("the answer does not tell whether a login, or a link, exists or existed", async () => {
    const client = await withPassword();
    const plain = (r) => ({ status: r.status, text: r.text });
    const known = plain(await byPassword(client, "a wrong one"));
    const unknown = plain(await signIn({ login: "nobody.here", password: "a wrong one" }));
    const bare = plain(await signIn({ login: "first.login", password: "a wrong one" }));
    for (const r of [unknown, bare]) assert.deepEqual(r, known);
    const made = await app.user({ role: "secretary", unit: "620102003003" });
    const link = expect(await app.admin().post(`/api/accounts/${made.id}/links`, {}), 201).link;
    expect(await signIn({ link }), 201);
    const none = plain(await signIn({ link: "0123456789abcdefghjk" }));
    assert.deepEqual(plain(await signIn({ link })), none, "used and never made are one");
});

test("one way to sign in at a time", async () => {
    refused(await signIn({}), 422, "", "one_of");
    refused(
        await signIn({ login: "x", password: "y", link: "0123456789abcdefghjk" }),
        422,
        "",
        "one_of",
    );
    refused(await signIn({ login: "somebody" }), 422, "/password", "required");
    refused(await signIn({ password: "something" }), 422, "/login", "required");
});

test("signing out ends the session at once, and only this one", async () => {
    const client = await withPassword();
    const one = expect(await byPassword(client), 201).token;
    const two = expect(await byPassword(client), 201).token;
    expect(await current(one), 200);
    const out = await new Client(app.url, one).delete("/api/session");
    expect(out, 204);
    assert.match(out.headers["set-cookie"][0], /^linli_session=;.*Max-Age=0/);
    refused(await current(one), 401, "", "session");
    expect(await current(two), 200);
});

test("a session ends after thirty days", async () => {
    const client = await withPassword();
    expect(await client.get("/api/session"), 200);
    app.clock.advance(30 * DAY + HOUR);
    refused(await client.get("/api/session"), 401, "", "session");
    app.clock.advance(-30 * DAY - HOUR);
});

test("a disabled account is out at once, and no way leads back in", async () => {
    const client = await withPassword();
    const link = await newLink(client.id);
    expect(await client.get("/api/matters"), 200);
    expect(await admin.post(`/api/accounts/${client.id}/disable`), 204);
    refused(await client.get("/api/matters"), 401, "", "session");
    const left = app.rows("SELECT 1 AS one FROM session WHERE account = ?", BigInt(client.id));
    assert.deepEqual(left, [], "its sessions are gone, not only asleep");
    refused(
        await client.post("/api/matters", { kind: "repair", title: "路灯", unit: app.unit(unit) }),
        401,
    );
    refused(await signIn({ link }), 401, "/link", "wrong");
    refused(await byPassword(client), 401, "", "wrong");
    refused(await admin.post(`/api/accounts/${client.id}/links`), 409, "", "disabled");
});

test("a hat that ends, ends at once", async () => {
    const client = await withPassword();
    expect(await client.get("/api/matters"), 200);
    expect(await admin.post(`/api/accounts/${client.id}/hats/${client.hat}/revoke`), 204);
    refused(await client.get("/api/matters"), 403);
});

/* ---- the browser ---- */

const matter = () => JSON.stringify({ kind: "property", title: "物业问题", unit: app.unit(unit) });

test("the cookie is the session's, and no script reads it", async () => {
    const client = await withPassword();
    const r = await byPassword(client);
    const [cookie] = r.headers["set-cookie"];
    assert.match(
        cookie,
        /^linli_session=[0-9a-z]{32}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/,
    );
    const headers = { Cookie: cookie.split(";")[0] };
    expect(await send(app.url, "GET", "/api/session", { headers }), 200);
});

test("a sign-in whose answer was lost, asked again, signs the browser in", async () => {
    const { id } = await app.user({ role: "secretary", unit });
    const link = await newLink(id);
    const key = `lost-answer-${++serial}-0123456789`;
    const first = await app.anon.post("/api/sessions", { link }, { key });
    const again = await app.anon.post("/api/sessions", { link }, { key });
    assert.equal(expect(again, 201).token, expect(first, 201).token);
    assert.deepEqual(again.headers["set-cookie"], first.headers["set-cookie"]);
});

test("a write that another site caused is refused, whatever tells of it", async () => {
    const client = await withPassword();
    const token = expect(await byPassword(client), 201).token;
    const host = new URL(app.url).host;
    const post = (more) =>
        send(app.url, "POST", "/api/matters", {
            headers: {
                Cookie: `linli_session=${token}`,
                "Content-Type": "application/json",
                "Idempotency-Key": `key-${++serial}-0123456789abcdef`,
                ...more,
            },
            body: matter(),
        });
    const before = await app.hashTables();
    for (const origin of ["https://evil.example", "null", `http://${host}.evil.example`, "http://"])
        refused(await post({ Origin: origin }), 403, "Origin", "origin");
    for (const site of ["cross-site", "same-site", "anything"])
        refused(await post({ "Sec-Fetch-Site": site }), 403, "Origin", "origin");
    refused(
        await post({ Origin: `http://${host}`, "Sec-Fetch-Site": "cross-site" }),
        403,
        "Origin",
        "origin",
    );
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
        refused(await post({ "Content-Type": type }), 400, "Content-Type", "type");
    assert.deepEqual(await app.hashTables(), before);
    expect(await post({ Origin: `http://${host}`, "Sec-Fetch-Site": "same-origin" }), 201);
    expect(await post({ "Sec-Fetch-Site": "none" }), 201);
});

test("a form of another site can sign nobody in or out", async () => {
    const headers = { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" };
    const link = await newLink((await app.user({ role: "secretary", unit })).id);
    refused(await app.anon.post("/api/sessions", { link }, { headers }), 403, "Origin", "origin");
    expect(await signIn({ link }), 201);
    const client = await withPassword();
    refused(await client.delete("/api/session", { headers }), 403, "Origin", "origin");
    expect(await client.get("/api/session"), 200);
});

test("every reply says what a browser must not do with it", async () => {
    const replies = [
        await app.anon.get("/api/units"),
        await app.anon.get("/api/matters"),
        await app.anon.get("/api/nothing"),
        await app.anon.post("/api/matters", {}),
        await app.anon.get("/healthz"),
        await app.anon.get("/api/openapi.json"),
    ];
    for (const { headers } of replies) {
        assert.equal(headers["x-content-type-options"], "nosniff");
        assert.match(headers["content-security-policy"], /default-src 'none'/);
        assert.match(headers["content-security-policy"], /frame-ancestors 'none'/);
        assert.ok(!/unsafe/.test(headers["content-security-policy"]));
        assert.equal(headers["access-control-allow-origin"], undefined);
    }
    for (const { headers } of replies.slice(0, 4))
        assert.equal(headers["cache-control"], "no-store");
    const page = replies.at(-1).headers; // sent as pages are
    assert.equal(page["referrer-policy"], "no-referrer");
    assert.equal(page["cross-origin-opener-policy"], "same-origin");
});

test("behind TLS the cookie is Secure and the browser is told to stay there", async () => {
    const secure = await start({ args: ["--secure"] });
    const client = await secure.user({ role: "secretary", unit, login: "tls.user" });
    expect(await client.post("/api/password", { password: PASSWORD }), 204);
    const r = await secure.anon.post("/api/sessions", { login: "tls.user", password: PASSWORD });
    assert.match(expect(r, 201) && r.headers["set-cookie"][0], /; Secure$/);
    assert.match(r.headers["strict-transport-security"], /max-age=\d{8}/);
});

test("no token, link or password is ever in the log", async () => {
    const client = await withPassword();
    await byPassword(client);
    const log = app.log();
    assert.ok(log.includes("sessions.create"), "requests are logged");
    for (const secret of [client.token, PASSWORD, client.login])
        assert.ok(!log.includes(secret), secret);
});
