/* The round through the pages, in a real browser at the width of a phone: somebody reports a dark
 * lamp, the secretary sends it out, the electrician hands in the result, the secretary checks it,
 * and whoever reported it says that it is solved. What people write is never taken for HTML. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, start } from "../api/lib.mjs";
import { openBrowser } from "./browser.mjs";

const CANARY = `<img src=x onerror="document.title='caught'"><b>灯</b>`;
const TITLE = `路灯不亮 ${CANARY}`.slice(0, 60);

const app = await start();
const lamp = await app.party({ name: "市政路灯维修队", duty: "路灯", unit: "620102" });
const staff = {
    secretary: await app.user({ role: "secretary", unit: "620102003003", name: "李书记" }),
    handler: await app.user({ role: "handler", party: lamp, name: "王师傅" }),
};

const { visit, signIn, look, complaints } = openBrowser(app);
let resident;
let code;

/* One act on the matter that is first in the queue. */
async function act(page, name, fill, shot) {
    await page.locator(".rows a.card").first().click();
    await page.waitForSelector(".detail article");
    assert.ok((await page.textContent(".detail h2")).includes(CANARY.slice(0, 10)));
    await page.click(`.buttons button[value=${name}]`);
    await fill(page.locator("#act"));
    await look(page, shot);
    const answer = page.waitForResponse((r) => r.url().endsWith("/acts"));
    await page.click("#act form > button");
    const reply = await answer;
    assert.equal(reply.status(), 200, await reply.text());
    const key = reply.request().headers()["idempotency-key"];
    assert.match(key, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    await page.waitForFunction((act) => !document.querySelector(`#act form`) && act, name);
}

test("anybody reports a lamp and is told a number and a code", async () => {
    resident = await visit("/");
    await look(resident, "1-start");
    resident = await visit("/?at=620102003");
    await resident.click("a[href='#report']");
    await look(resident, "2-choose");
    await resident.selectOption("[name=place_unit]", { label: "大雁滩社区居委会" });
    await resident.waitForSelector("[name=title]");
    await resident.check("[name=kind][value=repair]");
    await resident.fill("[name=title]", TITLE);
    await resident.fill("[name=text]", CANARY);
    await resident.fill("[name=place]", "东门口");
    await resident.fill("[name=contact_phone]", "123");
    await look(resident, "2-report");
    complaints.length = 0;
    await resident.click("form > button");
    await resident.waitForSelector("[role=alert]");
    assert.equal(await resident.getAttribute("[name=contact_phone]", "aria-invalid"), "true");
    await look(resident, "3-refused");
    // A refused request is a line on the console whatever the page does with it.
    assert.ok(
        complaints.every((c) => /status of 422/.test(c)),
        complaints.join("\n"),
    );
    complaints.length = 0;
    await resident.fill("[name=contact_phone]", "13800138000");
    await resident.click("form > button");
    code = await resident.textContent("#code");
    assert.match(code, /^(\w{4} ){3}\w{4}$/);
    assert.match(await resident.textContent("#number"), /^雁南-\d{8}-\d{4}$/);
    await look(resident, "4-received");
});

test("the secretary signs in by link and sends it to the county's department", async () => {
    const page = await signIn(staff.secretary);
    await look(page, "5-queue");
    await act(
        page,
        "dispatch",
        async (form) => {
            await form.locator("select").selectOption(lamp.id);
            await form.locator("textarea").fill("请今天去看看");
        },
        "6-dispatch",
    );
    assert.match(await page.textContent(".detail"), /现在由 市政路灯维修队 办理/);
    staff.page = page;
});

test("the handler hands in the result", async () => {
    const page = await signIn(staff.handler);
    const fill = (form) => form.locator("textarea").fill(`换了灯头 ${CANARY}`);
    await act(page, "submit", fill, "7-submit");
});

test("the secretary has looked", async () => {
    await staff.page.goto(`${app.url}/in`);
    await staff.page.click(".tabs button[value=verify]");
    await act(staff.page, "verify", (form) => form.locator("textarea").fill("亮了"), "8-verify");
});

test("whoever reported it follows it with the code, and says that it is solved", async () => {
    const page = await visit("/#follow");
    await page.fill("[name=tracking]", code.toUpperCase());
    await look(page, "9-code");
    await page.click("form > button");
    await page.waitForSelector("[name=solved]");
    await page.check("[name=solved][value=true]");
    await page.check("[name=score][value='5']");
    await page.fill("#act textarea", "亮了，谢谢王师傅");
    await look(page, "10-rate");
    await page.click("#act form > button");
    await page.waitForSelector(".pill.solved");
    const told = await page.textContent("#follow");
    assert.match(told, /解决了.*★★★★★/s);
    assert.ok(!told.includes("李书记") && !told.includes("王师傅派"), "no names of staff");
    await look(page, "11-solved");
    const [row] = app.rows("SELECT outcome, score FROM matter WHERE title = ?", TITLE);
    assert.deepEqual({ ...row }, { outcome: "solved", score: 5 });
});

/* A refused request is a line on the console whatever the page does with it. */
function forgive(status) {
    assert.ok(
        complaints.every((c) => c.includes(`status of ${status}`)),
        complaints.join("\n"),
    );
    complaints.length = 0;
}

test("a link that was used says so, what to do, and lets a password in", async () => {
    const login = "li.shuji";
    const made = await app.admin().post("/api/accounts", {
        name: "周书记",
        login,
        unit: app.unit("620102003003"),
    });
    assert.equal(made.status, 201, made.text);
    const first = await app.anon.post("/api/sessions", { link: made.body.link });
    const own = new Client(app.url, first.body.token);
    assert.equal((await own.post("/api/password", { password: "gentle-rain-77" })).status, 204);
    const page = await visit(`/in/${made.body.link}`);
    await page.click("#in");
    await page.waitForSelector("[role=alert]");
    assert.match(await page.textContent("[role=alert]"), /用过.*7 天.*给您链接的人/s);
    await look(page, "12-used");
    await page.fill("[name=login]", login);
    await page.fill("[name=password]", "gentle-rain-77");
    await page.click("form > button");
    await page.waitForFunction(() => document.querySelector("#who").textContent === "周书记");
    assert.equal(new URL(page.url()).pathname, "/in");
    forgive(401);
});

test("whoever is signed in and opens a used link again is led to the queue", async () => {
    const made = await app.admin().post(`/api/accounts/${staff.secretary.id}/links`, {});
    const page = await visit(`/in/${made.body.link}`);
    await page.click("#in");
    await page.waitForSelector(".tabs");
    await page.goto(`${app.url}/in/${made.body.link}`);
    await page.waitForSelector("#stay");
    await look(page, "12-stay");
    await page.click("#in");
    await page.waitForSelector(".tabs");
    assert.match(await page.textContent("main > .note"), /已经以“李书记”登录/);
    await look(page, "12-led");
    await page.goto(`${app.url}/in/${made.body.link}`);
    await page.click("#stay");
    await page.waitForSelector(".tabs");
    forgive(401);
});

test("without a session, /in says how to sign in", async () => {
    const page = await visit("/in");
    await page.waitForSelector("[name=login]");
    assert.match(await page.textContent("main"), /打开给您的登录链接/);
    await look(page, "12-nobody");
    forgive(401);
});

test("each administrator finds a list and what the hat may do", async () => {
    const wide = { viewport: { width: 1280, height: 800 } };
    for (const [role, seen] of [
        ["system_admin", "雁南街道"],
        ["security_admin", "李书记"],
        ["auditor", "accounts.link"],
    ]) {
        const of = await app.user({ role, unit: "620102", name: `${role} 员` });
        for (const [name, options] of [
            ["zh-360", {}],
            ["en-1280", wide],
        ]) {
            const made = await app.admin().post(`/api/accounts/${of.id}/links`, {});
            const page = await visit(`/in/${made.body.link}`, options);
            if (name.startsWith("en")) await page.click("#language");
            await page.click("#in");
            await page.waitForSelector(".rows li");
            await look(page, `15-${role}-${name}`);
            while (!(await page.textContent(".rows")).includes(seen))
                await page.click(".rows > .button");
            if (role !== "system_admin") continue;
            await page.click(`.rows button:has-text("${seen}")`);
            await page.waitForSelector(`h1:has-text("${seen}")`);
            await look(page, `15-${role}-${name}-below`);
        }
    }
});

test("a code in the address that is no place: said, and the list below", async () => {
    for (const [at, name] of [
        ["999999999", "unknown"],
        ["!!", "nonsense"],
    ]) {
        const page = await visit(`/?at=${encodeURIComponent(at)}#report`);
        await page.waitForSelector("[role=status]");
        assert.ok((await page.textContent("[role=status]")).includes(at));
        assert.equal(await page.locator("#report a[href='#']").count(), 1, "a way back");
        await page.waitForSelector("[name=place_unit] option:nth-child(2)", { state: "attached" });
        await look(page, `16-at-${name}`);
    }
    complaints.length = 0;
});

test("a place without a pack: said, with a way back and to another place", async () => {
    const [{ code }] = app.rows(
        "SELECT code FROM unit WHERE level = 'community' AND district = (SELECT id FROM unit WHERE code = '620102') AND street NOT IN (SELECT unit FROM pack_at) LIMIT 1",
    );
    const page = await visit(`/?at=${code}#report`);
    await page.waitForSelector("#report [role=alert]");
    await look(page, "16-at-no-pack");
    assert.equal(await page.locator("#report a[href='#']").count(), 1, "a way back");
    await page.click("#report button.button");
    await page.waitForSelector("[name=place_unit]");
    complaints.length = 0;
});

test("a wrong tracking code: what one looks like", async () => {
    const page = await visit("/#follow");
    await page.fill("[name=tracking]", "雁南-20261122-0005");
    await page.click("form > button");
    await page.waitForSelector("[role=alert]");
    assert.match(await page.textContent("[role=alert]"), /16 位字母和数字.*不是事项编号/s);
    await look(page, "17-wrong-code");
    forgive(401);
});

test("a community is found from the province down, and remembered", async () => {
    const page = await visit("/");
    await page.click("a[href='#report']");
    for (const code of ["62", "6201", "620102", "620102003", "620102003003"]) {
        const [{ name }] = app.rows("SELECT name FROM unit WHERE code = ?", code);
        const list = page.locator("select").filter({ hasText: name }).last();
        await list.selectOption({ label: name });
    }
    assert.equal(await page.textContent("#where"), "大雁滩社区居委会");
    await page.reload();
    await page.waitForSelector("[name=title]");
    assert.equal(await page.textContent("#where"), "大雁滩社区居委会");
});

test("English is whole, and so are dark and wide", async () => {
    const dark = { colorScheme: "dark" };
    const wide = { viewport: { width: 1280, height: 800 } };
    for (const [name, options] of [
        ["en-360", {}],
        ["en-dark-360", dark],
        ["en-1280", wide],
        ["en-dark-1280", { ...dark, ...wide }],
    ]) {
        const page = await visit("/", options);
        await page.click("#language");
        await look(page, `13-${name}-start`);
        await page.click("a[href='#follow']");
        await page.fill("[name=tracking]", code);
        await page.click("form > button");
        await page.waitForSelector("article");
        await look(page, `13-${name}-follow`);
        const own = await page.evaluate(() =>
            [...document.querySelectorAll("[data-en]")]
                .filter((el) => el.checkVisibility() && el.id !== "language")
                .map((el) => el.textContent)
                .filter((text) => /\p{Script=Han}/u.test(text)),
        );
        assert.deepEqual(own, [], "left in Chinese");
    }
    for (const [name, options] of [
        ["zh-1280", wide],
        ["zh-dark-1280", { ...dark, ...wide }],
        ["zh-dark-360", dark],
    ]) {
        const page = await signIn(staff.secretary, "", options);
        await page.click(".tabs button[value=closed]");
        await page.locator(".rows a.card").first().click();
        await page.waitForSelector("article");
        await look(page, `14-${name}-work`);
    }
});

test("no page complained: no error, no breach of the content policy", () => {
    assert.deepEqual(complaints, []);
});
