/* A backup is taken while people work, and it is worth something only if it can be restored: it is
 * restored, served, and compared. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { expect, linli, scratch, start } from "./lib.mjs";

const app = await start();
const unit = app.unit("620102003003");
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "书记" });
const order = (i) =>
    secretary.order({
        kind: "repair",
        title: `第 ${i} 盏路灯不亮`,
        text: "请修理，联系 13912340000",
        unit,
        contact_name: "欧阳明月",
    });
const place = scratch();
const at = (name) => path.join(place, name);
const fails = (r, code, said) => {
    assert.equal(r.code, code, `${r.code}: ${r.stderr}`);
    assert.match(r.stderr, said);
};

/* What a folder tells through the API, ids and all. */
async function content(of, client) {
    const rows = await client.all("/api/matters?queue=unit&limit=100");
    const whole = [];
    for (const { id } of rows)
        whole.push([await client.read(`/api/matters/${id}`), await client.events(id)]);
    return { whole, tables: await of.hashTables() };
}

let acknowledged = 0;

test("taken under load: everything acknowledged before it began is in it", async () => {
    for (let i = 0; i < 30; i++) await order(++acknowledged);
    const before = app.rows("SELECT id FROM matter").map((r) => r.id);
    let running = true;
    const load = Promise.all(
        Array.from({ length: 4 }, async () => {
            while (running) await order(++acknowledged);
        }),
    );
    const r = await linli("backup", at("busy"), "--data", app.data, "--with-key");
    running = false;
    await load;
    assert.equal(r.code, 0, r.stderr);
    assert.ok(acknowledged > before.length, "there was load while it ran");
    const restored = await linli("restore", at("busy"), "--data", at("busy-data"));
    assert.equal(restored.code, 0, restored.stderr);
    const copy = await start({ data: at("busy-data") });
    const there = new Set(copy.rows("SELECT id FROM matter").map((m) => m.id));
    for (const id of before) assert.ok(there.has(id), id);
    assert.ok(there.size <= acknowledged);
    // Nothing of a matter without the rest of it.
    const lone = copy.rows(
        "SELECT count(*) AS n FROM matter m WHERE NOT EXISTS " +
            "(SELECT 1 FROM matter_event e WHERE e.matter = m.id AND e.act = 'order')",
    );
    assert.equal(lone[0].n, 0);
    await copy.stop();
});

test("its sums are those any tool computes, and no draft is left", () => {
    const sums = fs.readFileSync(at("busy/SHA256SUMS"), "utf8").trim().split("\n");
    const names = sums.map((line) => line.slice(66));
    assert.deepEqual([...names, "SHA256SUMS"].sort(), fs.readdirSync(at("busy")).sort());
    for (const line of sums) {
        const bytes = fs.readFileSync(at(path.join("busy", line.slice(66))));
        assert.equal(createHash("sha256").update(bytes).digest("hex"), line.slice(0, 64));
    }
    assert.ok(!fs.existsSync(at("busy.partial")));
});

test("restored and served: the same content, sealed contacts included", async () => {
    const original = await content(app, secretary);
    const r = await linli("backup", at("quiet"), "--data", app.data, "--with-key");
    assert.equal(r.code, 0, r.stderr);
    assert.ok(original.whole.length > 30);
    const restored = await linli("restore", at("quiet"), "--data", at("quiet-data"));
    assert.equal(restored.code, 0, restored.stderr);
    const copy = await start({ data: at("quiet-data") });
    const again = Object.assign(Object.create(Object.getPrototypeOf(secretary)), secretary, {
        url: copy.url,
    });
    const other = await content(copy, again);
    // "remaining_minutes" is of now.
    const still = (whole) => whole.map(([m, events]) => [{ ...m, remaining_minutes: 0 }, events]);
    assert.deepEqual(still(other.whole), still(original.whole));
    assert.deepEqual(other.tables, original.tables);
    const { id } = other.whole[0][0];
    const shown = await again.post(`/api/matters/${id}/reveal`, { reason: "恢复后的检查" });
    assert.equal(expect(shown, 200).name, "欧阳明月");
    const fresh = await again.order({ kind: "repair", title: "恢复后还能办事", unit });
    assert.ok(!original.whole.some(([m]) => m.id === fresh.id || m.number === fresh.number));
    await copy.stop();
});

test("without the key a backup tells nothing, and the key kept apart opens it", async () => {
    const r = await linli("backup", at("apart"), "--data", app.data);
    assert.equal(r.code, 0, r.stderr);
    assert.match(r.stdout, /master key is not in the backup/);
    const key = path.join(app.data, "keys/master.key");
    const secret = fs.readFileSync(key);
    for (const name of fs.readdirSync(at("apart"))) {
        const bytes = fs.readFileSync(at(path.join("apart", name)));
        assert.ok(!bytes.includes(secret), name);
        for (const clear of ["欧阳明月", "13912340000"]) assert.ok(!bytes.includes(clear), name);
    }
    const bare = await linli("restore", at("apart"), "--data", at("bare"));
    assert.equal(bare.code, 0, bare.stderr);
    fails(await linli("user", "list", "--data", at("bare")), 3, /master\.key is missing/);
    const full = await linli("restore", at("apart"), "--data", at("full"), "--key", key);
    assert.equal(full.code, 0, full.stderr);
    assert.equal((await linli("user", "list", "--data", at("full"))).code, 0);
});

test("the wrong key is noticed, and nothing is left behind", async () => {
    fs.writeFileSync(at("wrong.key"), Buffer.alloc(32, 7), { mode: 0o600 });
    const r = await linli("restore", at("apart"), "--data", at("wrong"), "--key", at("wrong.key"));
    assert.notEqual(r.code, 0);
    assert.ok(!fs.existsSync(at("wrong/linli.db")));
});

test("a damaged backup is refused, byte for byte", async () => {
    fs.cpSync(at("quiet"), at("damaged"), { recursive: true });
    const file = at("damaged/linli.db");
    const bytes = fs.readFileSync(file);
    bytes[bytes.length - 100] ^= 1;
    fs.writeFileSync(file, bytes);
    fails(await linli("restore", at("damaged"), "--data", at("never")), 3, /SHA256SUMS/);
    assert.ok(!fs.existsSync(at("never/linli.db")));
    fs.rmSync(at("damaged/SHA256SUMS"));
    fails(await linli("restore", at("damaged"), "--data", at("never")), 3, /Not a complete backup/);
});

test("neither overwrites anything", async () => {
    fails(await linli("backup", at("quiet"), "--data", app.data), 3, /overwrites nothing/);
    fails(await linli("restore", at("quiet"), "--data", at("full")), 3, /not empty/);
    fails(await linli("restore", at("quiet"), "--data", app.data), 3, /not empty/);
    const nothing = await linli("backup", at("nothing"), "--data", at("no-such-folder"));
    assert.notEqual(nothing.code, 0);
    assert.ok(!fs.existsSync(at("nothing")) && !fs.existsSync(at("no-such-folder")));
});

test("and the server that was backed up has gone on serving", async () => {
    assert.equal((await order(++acknowledged)).stage, "new");
});
