/* Tiers, clocks and whistles through the pages: a secretary whistles for three departments, a
 * co-handler reports its part, the lead asks for more time and the street grants it; a matter is
 * handed up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { start } from "../api/lib.mjs";
import { openBrowser, WIDE } from "./browser.mjs";

const app = await start();
const { signIn, look, complaints } = openBrowser(app);
const unit = app.unit("620102003003");
const party = {};
for (const name of ["城管执法队", "供水公司", "交警中队"])
    party[name] = await app.party({ name, kind: "department", duty: "路面" });
const people = {
    secretary: await app.user({ role: "secretary", unit: "620102003003", name: "李书记" }),
    street: await app.user({ role: "street", unit: "620102003", name: "张主任" }),
    lead: await app.user({ role: "handler", party: party.城管执法队, name: "马队长" }),
    water: await app.user({ role: "handler", party: party.供水公司, name: "何师傅" }),
};
const { id } = await app.anon.order({ kind: "repair", title: "沿河路塌陷，水管外露", unit });

async function open(page) {
    await page.goto(`${app.url}/in#${id}`);
    await page.waitForSelector(".detail article");
}

async function send(page, selector = "#act") {
    const answer = page.waitForResponse((r) => r.url().endsWith("/acts"));
    await page.click(`${selector} form > button:last-child`);
    const reply = await answer;
    assert.equal(reply.status(), 200, await reply.text());
    await page.waitForFunction((at) => !document.querySelector(`${at} form`), selector);
}

test("the secretary whistles: one leads, two help, each with a part", async () => {
    const page = await signIn(people.secretary);
    await open(page);
    await page.click(".buttons button[value=accept]");
    await send(page);
    await page.click(".buttons button[value=whistle]");
    await page.waitForSelector("[name=part-to-0]");
    await page.selectOption("[name=to]", party.城管执法队.id);
    await page.selectOption("[name=part-to-0]", party.供水公司.id);
    await page.fill("[name=part-text-0]", "先断水，再回填");
    await page.selectOption("[name=part-within-0]", "1 work day");
    await page.click("#act button:has-text('再加一家')");
    await page.selectOption("[name=part-to-1]", party.交警中队.id);
    await page.fill("[name=part-text-1]", "封半幅路");
    await look(page, "20-whistle");
    await send(page);
    assert.match(await page.textContent(".detail"), /协办.*供水公司.*先断水.*交警中队/s);
    await look(page, "21-parts");
});

test("a co-handler finds its part and says it is done", async () => {
    const page = await signIn(people.water);
    await page.click(".tabs button[value=parts]");
    await page.locator(".rows a.card").first().click();
    await page.waitForSelector(".buttons button[value=report]");
    await page.click(".buttons button[value=report]");
    await page.fill("#act textarea", "阀门已关，土已回填");
    await send(page);
    assert.match(await page.textContent(".detail"), /办完了/);
    await look(page, "22-reported");
});

test("the lead asks for more time; the street is asked, and grants it", async () => {
    const page = await signIn(people.lead);
    await open(page);
    await page.click(".buttons button[value=extend]");
    await page.check("[name=reason][value=weather]");
    await page.selectOption("[name=within]", "2 work days");
    await page.fill("#act textarea", "连日下雨，混凝土养护要时间");
    await look(page, "23-extend");
    await send(page);
    const above = await signIn(people.street, "", WIDE);
    await above.click(".tabs button[value=asks]");
    await above.locator(".rows a.card").first().click();
    await above.waitForSelector(".detail .card .button.first");
    await look(above, "24-asked-1280");
    await above.click(".detail .card .button.first");
    await above.check("[name=granted][value=true]");
    await look(above, "25-answer-1280");
    await send(above, ".detail .card:has([name=granted])");
    assert.match(await above.textContent(".detail"), /答复了.*同意/s);
});

test("handed up, the street is in charge", async () => {
    const page = await signIn(people.secretary);
    await open(page);
    await page.click(".buttons button[value=escalate]");
    await page.fill("#act textarea", "要断交，社区协调不了");
    await send(page);
    assert.match(await page.textContent(".detail"), /街道负责/);
    await look(page, "26-up");
    await page.click("#language");
    await look(page, "27-up-en");
    const chinese = await page.evaluate(() =>
        [...document.querySelectorAll("[data-en]")]
            .filter((el) => el.checkVisibility() && el.id !== "language")
            .map((el) => el.textContent)
            .filter((text) => /\p{Script=Han}/u.test(text)),
    );
    assert.deepEqual(chinese, [], "left in Chinese");
});

test("no page complained", () => assert.deepEqual(complaints, []));
