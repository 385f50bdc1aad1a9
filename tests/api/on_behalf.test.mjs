/* An old lady has no telephone that does more than ring. The grid worker at her door orders for
 * her. What she said of her number stays out of the text, and who looks it up leaves a trace. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { expect, refused, start } from "./lib.mjs";

const MOBILE = "13919876543";
const LANDLINE = "0931-8123456";
const ID_NUMBER = "620102195203146528";
const app = await start();
const grid = "620102003003-G1";
const worker = await app.user({ role: "grid_worker", unit: grid, name: "小陈" });
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "李书记" });
const neighbour = await app.user({ role: "secretary", unit: "620102003004", name: "邻社区书记" });
const auditor = await app.user({ role: "auditor", unit: "620102", name: "审计员" });
const lady = await app.person({ name: "王秀兰", phone: MOBILE, unit: grid });
const stranger = await app.person({ name: "赵远", unit: "620102003004" });

let matter;

test("the grid worker orders for her, with whom to call", async () => {
    matter = await worker.order({
        kind: "hardship",
        category: "hardship.alone",
        title: "独居老人买菜不便",
        text: `儿子电话 ${MOBILE}，家里座机${LANDLINE}，身份证${ID_NUMBER}。每周送两次菜，门牌 3-1-502。`,
        unit: app.unit(grid),
        requester: lady.id,
        contact_name: "王秀兰",
        contact_phone: MOBILE,
    });
    assert.equal(matter.source, "worker");
    assert.equal(matter.grid, app.unit(grid));
    assert.equal(matter.charge, app.unit("620102003003"), "the community is in charge");
    assert.equal(matter.tracking_code, undefined, "who is signed in needs none");
});

test("numbers that identify people are taken out of the text, others stay", () => {
    assert.equal(
        matter.text,
        "儿子电话 〔电话〕，家里座机〔电话〕，身份证〔证件号〕。每周送两次菜，门牌 3-1-502。",
    );
});

test("neither the reply, nor the database, nor the log holds them in the clear", async () => {
    const seen = await secretary.get(`/api/matters/${matter.id}`);
    assert.equal(seen.body.text, matter.text);
    for (const secret of [MOBILE, LANDLINE, ID_NUMBER, "王秀兰"]) {
        assert.ok(!seen.text.includes(secret), secret);
        for (const name of fs.readdirSync(app.data).filter((n) => n.startsWith("linli.db")))
            assert.ok(!fs.readFileSync(path.join(app.data, name)).includes(secret), secret);
        assert.ok(!app.log().includes(secret), secret);
    }
});

test("whoever must call gives a reason and sees the contact", async () => {
    const target = `/api/matters/${matter.id}/reveal`;
    refused(await secretary.post(target, {}), 422, "/reason", "required");
    refused(await secretary.post(target, { reason: "看" }), 422, "/reason");
    const contact = expect(await secretary.post(target, { reason: "约定送菜时间" }), 200);
    assert.equal(contact.name, "王秀兰");
    assert.equal(contact.phone, MOBILE);
    assert.deepEqual(contact.numbers.split("\n"), [MOBILE, LANDLINE, ID_NUMBER]);
});

test("who looked, and why, stands in the audit", async () => {
    const rows = await auditor.all(`/api/audit?subject=${matter.id}&act=matters.reveal`);
    assert.equal(rows.length, 1, "refused attempts are no look");
    assert.equal(rows[0].account, secretary.id);
    assert.equal(rows[0].account_name, "李书记");
    assert.equal(rows[0].role, "secretary");
    assert.equal(rows[0].reason, "约定送菜时间");
});

test("nobody from elsewhere can look, nor learn that there is something", async () => {
    refused(await neighbour.get(`/api/matters/${matter.id}`), 404);
    const asked = { reason: "只是好奇看看" };
    refused(await neighbour.post(`/api/matters/${matter.id}/reveal`, asked), 404);
    refused(await auditor.post(`/api/matters/${matter.id}/reveal`, asked), 403);
    refused(await app.anon.post(`/api/matters/${matter.id}/reveal`, asked), 401);
});

test("a worker names only people of the own grid", async () => {
    const wish = { kind: "wish", title: "想要一副老花镜", unit: app.unit(grid) };
    const r = await worker.post("/api/matters", { ...wish, requester: stranger.id });
    refused(r, 422, "/requester", "unknown");
    refused(
        await worker.post("/api/matters", { ...wish, requester: matter.id }),
        422,
        "/requester",
    );
    refused(
        await worker.post("/api/matters", { ...wish, contact_phone: "12345" }),
        422,
        "/contact_phone",
        "form",
    );
});

test("nobody orders for somebody else without a worker's hat there", async () => {
    const help = { kind: "hardship", title: "需要帮助", unit: app.unit("620102003004") };
    // A worker of another grid is nobody in particular here, and this kind is not for nobody.
    refused(await worker.post("/api/matters", help), 403, "/kind", "side");
    refused(await app.anon.post("/api/matters", help), 401, "/kind", "side");
});

test("she can follow and judge it herself once she has an account", async () => {
    const self = await app.user({ person: lady, name: "王阿姨" });
    const [row] = (await self.read("/api/matters?queue=requested")).items;
    assert.equal(row.id, matter.id);
    const seen = await self.read(`/api/matters/${matter.id}`);
    assert.deepEqual(seen.may, ["withdraw"]);
    const events = await self.events(matter.id);
    assert.equal(events[0].side, "worker");
    assert.equal(events[0].by_name, undefined, "residents do not see who works");
    refused(await self.post(`/api/matters/${matter.id}/reveal`, { reason: "看看自己的" }), 403);
});

test("numbers typed along the way are taken out as well", async () => {
    await secretary.act(matter.id, "comment", { text: `她女儿是 ${MOBILE}`, public: false });
    const last = (await secretary.events(matter.id)).at(-1);
    assert.equal(last.text, "她女儿是 〔电话〕");
});
