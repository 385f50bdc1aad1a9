/* A resident's record: shown masked, found without being read, opened for a reason that stays on
 * record, and unreadable in the file on the disk. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { expect, refused, start } from "./lib.mjs";

/* The check character of GB 11643. */
function idNumber(digits17) {
    const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const sum = weights.reduce((n, w, i) => n + w * Number(digits17[i]), 0);
    return digits17 + "10X98765432"[sum % 11];
}

const app = await start();
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "书记" });
const worker = await app.user({ role: "grid_worker", unit: "620102003003-G1", name: "网格员" });
const beside = await app.user({ role: "secretary", unit: "620102003004", name: "邻书记" });
const district = await app.user({ role: "district", unit: "620102", name: "区级" });
const auditor = await app.user({ role: "auditor", unit: "620102", name: "审计员" });

const CLEAR = {
    name: "慕容雪晴",
    phone: "13893217788",
    id_number: idNumber("62010219520314652"),
    address: "大雁滩路 77 弄 3 号 502",
};
const record = { ...CLEAR, unit: app.unit("620102003003-G1") };
let id;

test("the record comes back masked from the very first", async () => {
    const made = expect(await secretary.post("/api/persons", record), 201);
    id = made.id;
    assert.equal(made.name, "慕***");
    assert.equal(made.phone, "138****7788");
    assert.equal(made.id_number, `620102********${CLEAR.id_number.slice(-4)}`);
    assert.equal(made.address, undefined);
    for (const r of [await worker.get(`/api/persons/${id}`), await secretary.get("/api/persons")])
        for (const value of Object.values(CLEAR))
            assert.ok(!expect(r, 200) || !r.text.includes(value));
});

test("found by the exact phone or number, and by nothing less", async () => {
    const find = async (query) => (await secretary.all(`/api/persons?${query}`)).map((p) => p.id);
    assert.deepEqual(await find(`phone=${CLEAR.phone}`), [id]);
    assert.deepEqual(await find(`id_number=${CLEAR.id_number}`), [id]);
    assert.deepEqual(await find(`phone=${CLEAR.phone}&id_number=${CLEAR.id_number}`), [id]);
    assert.deepEqual(await find("phone=13893217789"), []);
    assert.deepEqual(await find(`phone=13893217789&id_number=${CLEAR.id_number}`), []);
    refused(await secretary.get("/api/persons?phone=1389321"), 422, "phone");
    assert.deepEqual(
        await beside.all(`/api/persons?phone=${CLEAR.phone}`),
        [],
        "not from elsewhere",
    );
});

test("a number that cannot be one, and one that is there already", async () => {
    const next = (digit) => String((Number(digit) + 1) % 10);
    const wrong = CLEAR.id_number.slice(0, 16) + next(CLEAR.id_number[16]) + CLEAR.id_number[17];
    const other = { ...record, phone: undefined };
    refused(
        await secretary.post("/api/persons", { ...other, id_number: wrong }),
        422,
        "/id_number",
        "form",
    );
    refused(await secretary.post("/api/persons", other), 409, "/id_number", "taken");
});

test("opened for a reason, and the reason stays", async () => {
    const target = `/api/persons/${id}/reveal`;
    refused(await worker.post(target, {}), 422, "/reason", "required");
    const shown = expect(await worker.post(target, { reason: "上门核对住址" }), 200);
    for (const [field, value] of Object.entries(CLEAR)) assert.equal(shown[field], value);
    const rows = await auditor.all(`/api/audit?subject=${id}&act=persons.reveal`);
    assert.equal(rows.length, 1);
    assert.equal(rows[0].account, worker.id);
    assert.equal(rows[0].role, "grid_worker");
    assert.equal(rows[0].reason, "上门核对住址");
});

test("no reason opens it to those it is not for", async () => {
    const target = `/api/persons/${id}/reveal`;
    const reason = { reason: "想看看这个人" };
    refused(await beside.get(`/api/persons/${id}`), 404);
    refused(await beside.post(target, reason), 404);
    refused(await district.get(`/api/persons/${id}`), 403);
    refused(await district.post(target, reason), 403);
    refused(await app.anon.post(target, reason), 401);
    const other = await app.user({ role: "grid_worker", unit: "620102003003-G2", name: "二格" });
    refused(await other.post(target, reason), 404);
});

test("the same reveal asked again with its key is answered from what is sealed", async () => {
    const key = "reveal-again-0123456789";
    const target = `/api/persons/${id}/reveal`;
    const first = await worker.post(target, { reason: "再次核对" }, { key });
    const again = await worker.post(target, { reason: "再次核对" }, { key });
    assert.equal(expect(again, 200).name, expect(first, 200).name);
});

test("the file on the disk holds none of it in the clear, nor the log", async () => {
    const matter = await secretary.order({
        kind: "hardship",
        title: "慰问安排",
        text: `手机 ${CLEAR.phone} 证件 ${CLEAR.id_number}`,
        unit: record.unit,
        requester: id,
        contact_name: CLEAR.name,
        contact_phone: CLEAR.phone,
    });
    await secretary.act(matter.id, "comment", { text: `打 ${CLEAR.phone}` });
    const searched = Object.values(CLEAR).flatMap((v) => [
        Buffer.from(v),
        Buffer.from(v, "utf16le"),
    ]);
    const look = () => {
        const names = fs.readdirSync(app.data).filter((n) => n.startsWith("linli.db"));
        assert.ok(names.includes("linli.db"));
        for (const name of names) {
            const bytes = fs.readFileSync(path.join(app.data, name));
            for (const value of searched) assert.ok(!bytes.includes(value), `${value} in ${name}`);
        }
        const wanted = Buffer.from("慰问安排");
        return names.some((n) => fs.readFileSync(path.join(app.data, n)).includes(wanted));
    };
    assert.ok(look(), "what is open is there: the files that were searched are the right ones");
    const log = app.log();
    for (const value of Object.values(CLEAR)) assert.ok(!log.includes(value), value);
    assert.match(log, /persons\.reveal/);
});

test("the key is in a folder of its own that its owner alone can read", () => {
    const key = path.join(app.data, "keys/master.key");
    assert.equal(fs.statSync(key).mode & 0o77, 0);
    assert.equal(fs.statSync(path.join(app.data, "linli.db")).mode & 0o77, 0);
});

test("what the database keeps for finding is a hash, and not the plain one", () => {
    const [row] = app.rows("SELECT phone_index, name, key FROM person WHERE id = ?", BigInt(id));
    assert.equal(row.phone_index.length, 16, "128 bits under a key of our own");
    assert.ok(row.name.length >= 16 + 24 + Buffer.byteLength(CLEAR.name), "nonce, text, tag");
});

test("residents see themselves in no list", async () => {
    const self = await app.user({ person: { id, at: "620102003003" }, name: "慕容" });
    refused(await self.get("/api/persons"), 403);
    refused(await self.get(`/api/persons/${id}`), 403);
});
