/* A real browser at the width of a phone, for a file of page stories: visits that share nothing,
 * signing in by link, and a look at a page as it stands. SHOTS=DIR leaves a picture of every look. */
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { chromium } from "playwright-core";

const PHONE = { width: 360, height: 740 };
const QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
];
export const WIDE = { viewport: { width: 1280, height: 800 } };
const SHOTS = process.env.SHOTS;

/* {visit, signIn, look, complaints} of an app; the browser ends with the file's tests. */
export function openBrowser(app) {
    let browser;
    const complaints = [];
    before(async () => {
        browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: QUIET });
    });
    after(() => browser?.close());

    /* A browser of its own: nobody else's cookies. Whatever it complains about fails the last test. */
    async function visit(path, options = {}) {
        const context = await browser.newContext({
            viewport: PHONE,
            locale: "zh-CN",
            timezoneId: "Asia/Shanghai",
            ...options,
        });
        const page = await context.newPage();
        page.setDefaultTimeout(20_000);
        page.on("console", (m) => {
            if (["error", "warning"].includes(m.type())) complaints.push(`${path}: ${m.text()}`);
        });
        page.on("pageerror", (e) => complaints.push(`${path}: ${e}`));
        await page.goto(app.url + path);
        return page;
    }

    async function signIn(client, path = "", options = {}) {
        const made = await app.admin().post(`/api/accounts/${client.id}/links`, {});
        assert.equal(made.status, 201, made.text);
        const page = await visit(`/in/${made.body.link}${path}`, options);
        await page.click("#in");
        await page.waitForSelector(".tabs");
        assert.equal(new URL(page.url()).pathname, "/in", "the used link does not stay in the address");
        return page;
    }

    return { visit, signIn, look, complaints };
}

/* Looks at a page as it stands: nothing sticks out, every target is large enough. */
async function look(page, name) {
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
    const found = await page.evaluate(() => {
        const root = document.documentElement;
        const small = [
            ...document.querySelectorAll("button, input, select, textarea, a.card, label"),
        ]
            .filter(
                (el) => el.checkVisibility() && !(el.matches("label") && !el.closest(".choices")),
            )
            .filter((el) => !el.closest("label") || el.matches("label"))
            .filter((el) => el.getBoundingClientRect().height < 43.5)
            .map((el) => el.outerHTML.slice(0, 120));
        return { wide: root.scrollWidth - root.clientWidth, small, title: document.title };
    });
    assert.equal(found.wide, 0, `${name}: wider than the screen`);
    assert.deepEqual(found.small, [], `${name}: too small to touch`);
    assert.notEqual(found.title, "caught", `${name}: what people write was run`);
    assert.equal(await page.locator(".card img, .card b").count(), 0, `${name}: text became HTML`);
}
