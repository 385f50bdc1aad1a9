/* Who keeps the system running, who hands out the keys, and who watches both are three people, and
 * none of them sees what residents ask for. There is nobody who may do everything. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expect, refused, routes, start } from "./lib.mjs";

const app = await start();
const unit = "620102";
const admins = {
    system_admin: await app.user({ role: "system_admin", unit, name: "系统员" }),
    security_admin: await app.user({ role: "security_admin", unit, name: "安全员" }),
    auditor: await app.user({ role: "auditor", unit, name: "审计员" }),
};
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "书记" });
const person = await app.person({ name: "何苗" });
const { id } = await secretary.order({
    kind: "repair",
    title: "路灯不亮",
    unit: app.unit("620102003003"),
});
const grant = (by, account, hat) => by.post(`/api/accounts/${account.id}/hats`, hat);

/* Counted in permissions, not routes: a domain with many routes gives nobody more power. */
test("no role has every permission", () => {
    const guarded = routes().filter((r) => !["public", "signed_in"].includes(r.permission));
    const all = new Set(guarded.map((r) => r.permission));
    assert.ok(all.size > 12);
    const roles = new Set(guarded.flatMap((r) => r.roles));
    assert.equal(roles.size, 12);
    for (const role of roles) {
        const held = new Set(guarded.filter((r) => r.roles.includes(role)).map((r) => r.permission));
        assert.ok(held.size <= all.size * 0.8, `${role} may nearly everything`);
    }
});

test("the three administrators' powers do not meet, and none is a worker's", () => {
    const guarded = routes().filter((r) => !["public", "signed_in"].includes(r.permission));
    for (const r of guarded) {
        const held = r.roles.filter((role) => role in admins);
        assert.ok(held.length <= 1, `${r.op}: ${held}`);
        if (held.length) assert.equal(r.roles.length, 1, `${r.op} is an administrator's alone`);
    }
});

test("an administrator reads no matter and no resident", async () => {
    for (const admin of Object.values(admins)) {
        refused(await admin.get("/api/matters"), 403);
        refused(await admin.get(`/api/matters/${id}`), 403);
        refused(await admin.get(`/api/matters/${id}/events`), 403);
        refused(await admin.post(`/api/matters/${id}/acts`, { act: "accept" }), 403);
        refused(await admin.post(`/api/matters/${id}/reveal`, { reason: "系统维护" }), 403);
        refused(await admin.get(`/api/persons/${person.id}`), 403);
        refused(await admin.post(`/api/persons/${person.id}/reveal`, { reason: "系统维护" }), 403);
    }
});

test("each does the own work and not the others'", async () => {
    const { system_admin, security_admin, auditor } = admins;
    expect(await auditor.get("/api/audit"), 200);
    refused(await system_admin.get("/api/audit"), 403);
    refused(await security_admin.get("/api/audit"), 403);
    expect(await security_admin.get("/api/accounts"), 200);
    refused(await system_admin.get("/api/accounts"), 403);
    refused(await auditor.get("/api/accounts"), 403);
    const grid = { parent: app.unit("620102003004"), level: "grid", name: "甲" };
    refused(await security_admin.post("/api/units", grid), 403);
    refused(await auditor.post("/api/units", grid), 403);
    expect(await system_admin.post("/api/units", grid), 201);
});

test("one account holds no two of them, nor one beside another post", async () => {
    const by = app.admin();
    const at = { unit: app.unit(unit) };
    const names = Object.keys(admins);
    for (const held of names)
        for (const role of [
            ...names,
            "secretary",
            "street",
            "district",
            "hotline",
            "grid_worker",
        ]) {
            if (role === held) continue;
            refused(await grant(by, admins[held], { role, ...at }), 409, "/role", "separated");
        }
    for (const role of names)
        refused(await grant(by, secretary, { role, ...at }), 409, "/role", "separated");
});

test("nobody hands the own account a key, nor takes one from it", async () => {
    const { security_admin } = admins;
    const own = { role: "security_admin", unit: app.unit("620102003") };
    refused(await grant(security_admin, security_admin, own), 403, "", "self");
    const revoke = `/api/accounts/${security_admin.id}/hats/${security_admin.hat}/revoke`;
    refused(await security_admin.post(revoke), 403, "", "self");
    refused(
        await security_admin.post(`/api/accounts/${security_admin.id}/disable`),
        403,
        "",
        "self",
    );
});

test("the keys of another county are not theirs to hand out", async () => {
    const { security_admin } = admins;
    const there = await app.account({ unit: "610103", name: "碑林同事" });
    refused(
        await grant(security_admin, there, { role: "district", unit: app.unit("610103") }),
        404,
    );
    refused(await security_admin.get(`/api/accounts/${there.id}`), 404);
    refused(await security_admin.post(`/api/accounts/${there.id}/links`), 404);
    const mine = await app.account({ unit, name: "本区同事" });
    const foreign = { role: "district", unit: app.unit("610103") };
    refused(await grant(security_admin, mine, foreign), 422, "/unit", "unknown");
});

test("administrators of a street look after their street, and are held no lower", async () => {
    const street = await app.user({
        role: "security_admin",
        unit: "620102003",
        name: "街道安全员",
    });
    const outside = await app.account({ unit: "620102004", name: "外街道" });
    refused(await street.get(`/api/accounts/${outside.id}`), 404);
    refused(await street.get(`/api/accounts/${admins.auditor.id}`), 404);
    const low = { role: "auditor", unit: app.unit("620102003003") };
    const fresh = await app.account({ unit: "620102003", name: "新审计" });
    refused(await grant(app.admin(), fresh, low), 422, "/unit", "level");
});

test("what an administrator does is in the audit, too", async () => {
    const account = await app.account({ unit, name: "被记录" });
    const hat = await app.grant(account, { role: "street", unit: app.unit("620102003") });
    assert.ok(hat.id);
    const rows = await admins.auditor.all(`/api/audit?subject=${account.id}`);
    const acts = rows.map((r) => r.act).reverse();
    assert.deepEqual(acts, ["accounts.create", "sessions.create", "hats.grant"]);
    assert.equal(rows[0].account, app.admin().id);
    assert.match(rows[0].reason, /^street \d+$/, "which role, and where");
});

test("an auditor of one county reads nothing of another", async () => {
    const there = await app.user({ role: "auditor", unit: "610103", name: "碑林审计" });
    assert.equal((await there.all(`/api/audit?subject=${id}`)).length, 0);
    const acts = await there.all("/api/audit?limit=100");
    const ours = new Set((await admins.auditor.all("/api/audit?limit=100")).map((r) => r.seq));
    assert.ok(ours.size > 20);
    assert.ok(acts.every((r) => !ours.has(r.seq)));
});
