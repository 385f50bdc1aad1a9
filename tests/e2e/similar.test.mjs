/* Two neighbours, one dark lamp, in a real browser at the width of a phone: the second is shown the
 * first report, joins it, follows it with a code of their own, and says whether it is solved. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { start } from "../api/lib.mjs";
import { openBrowser } from "./browser.mjs";

const unit = "620102003003";
const app = await start();
const { visit, signIn, look, complaints } = openBrowser(app);
const secretary = await app.user({ role: "secretary", unit, name: "李书记" });
const team = await app.party({ name: "路灯队", unit });
const wang = await app.user({ role: "handler", party: team });
let page;

async function report(title) {
    page = await visit(`/?at=${unit}#report`);
    await page.waitForSelector("form");
    await page.check('input[name="kind"][value="repair"]');
    await page.fill('input[name="title"]', title);
    await page.fill('textarea[name="text"]', "晚上看不见路");
    await page.click("form button.first");
}

test("the first report meets nothing like it, and is sent", async () => {
    await report("东门路灯不亮");
    await page.waitForSelector("#code");
});

test("the second is shown the first, and joins it", async () => {
    await report("东门的路灯又不亮了");
    await page.waitForSelector(".like");
    assert.equal(await page.textContent(".like h2"), "东门路灯不亮");
    await look(page, "similar");
    await page.click(".like button");
    await page.waitForSelector("#code");
    const rows = app.rows("SELECT id, merged_into, text FROM matter ORDER BY id");
    assert.equal(rows.length, 2);
    assert.equal(rows[1].merged_into, rows[0].id);
    assert.equal(rows[1].text, "晚上看不见路");
});

test("a third one is something else, and is sent all the same", async () => {
    const before = app.rows("SELECT count(*) AS n FROM matter")[0].n;
    await report("东门路灯太亮刺眼");
    await page.waitForSelector(".like");
    assert.match(await page.textContent(".like"), /还有 1 户也遇到了/);
    await page.click("button.first");
    await page.waitForSelector("#code");
    assert.equal(app.rows("SELECT count(*) AS n FROM matter")[0].n, before + 1);
    assert.equal(app.rows("SELECT count(*) AS n FROM matter WHERE merged_into IS NULL")[0].n, 2);
});

test("what was written is there again: after Back, and to put right what is wrong", async () => {
    await report("东门路灯还是不亮");
    await page.waitForSelector(".like");
    await page.click("button:has-text('回去改一改')");
    assert.equal(await page.inputValue('input[name="title"]'), "东门路灯还是不亮");
    await page.click("text=← 返回");
    await page.click("a[href='#report']");
    assert.equal(await page.inputValue('textarea[name="text"]'), "晚上看不见路");
    await page.fill('input[name="contact_phone"]', "123");
    await page.click("form button.first");
    await page.click("text=都不是，照样送出");
    await page.waitForSelector(".wrong");
    assert.match(await page.textContent(".wrong"), /应为11 位手机号，或区号加号码/);
    assert.equal(await page.getAttribute('input[name="contact_phone"]', "aria-invalid"), "true");
    await look(page, "put-right");
    complaints.splice(0); // the browser tells of every 422
    await page.fill('input[name="contact_phone"]', "13912345678");
    await page.click("form button.first");
    await page.click("text=都不是，照样送出");
    await page.waitForSelector("#code");
});

test("a resident who is signed in reports as themselves, and finds the way back", async () => {
    const person = await app.person({ name: "林岚" });
    const resident = await app.user({ person, name: "林岚" });
    page = await signIn(resident);
    await page.click("text=报一件事");
    await page.goto(`${app.url}/?me&at=${unit}#report`);
    await page.check('input[name="kind"][value="suggestion"]');
    await page.fill('input[name="title"]', "楼下装个长椅");
    await page.click("form button.first");
    await page.waitForSelector("#number");
    await look(page, "received-mine");
    await page.click("a[href^='/in#']");
    await page.waitForSelector(".detail :text('楼下装个长椅')");
    const [row] = app.rows("SELECT requester, tracking FROM matter ORDER BY id DESC LIMIT 1");
    assert.deepEqual([String(row.requester), row.tracking], [person.id, null]);
    await page.goto(`${app.url}/`);
    await page.click("a[href='/in']");
    await page.waitForSelector(".tabs");
});

test("who joined follows by their own code, and says whether it is solved", async () => {
    const [lead] = app.rows("SELECT id FROM matter ORDER BY id LIMIT 1");
    await report("东门路灯不亮");
    await page.click(".like:has-text('东门路灯不亮') button");
    const code = (await page.textContent("#code")).replaceAll(" ", "");
    await secretary.act(lead.id, "dispatch", { to: team.id });
    await wang.act(lead.id, "submit", { text: "换了灯泡" });
    await secretary.act(lead.id, "verify");
    page = await visit("/#follow");
    await page.fill('input[name="tracking"]', code);
    await page.click("form button.first");
    await page.waitForSelector("#act form");
    await look(page, "confirm");
    await page.check('#act input[name="solved"][value="true"]');
    await page.check('#act input[name="score"][value="5"]');
    await page.click("#act form button.first");
    await app.wait(async () => (await secretary.read(`/api/matters/${lead.id}`)).households.solved === 1);
    assert.deepEqual(complaints, []);
});
