/* Two characters are a word in Chinese: 漏水 must be found, and 路灯; by those who may see it and by
 * nobody else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expect, refused, start } from "./lib.mjs";

const app = await start();
const here = await app.user({ role: "secretary", unit: "620102003003", name: "书记" });
const beside = await app.user({ role: "secretary", unit: "620102003004", name: "邻书记" });
const street = await app.user({ role: "street", unit: "620102003", name: "街道" });
const firm = await app.party({ name: "管道公司", kind: "firm" });
const fitter = await app.user({ role: "handler", party: firm, name: "管工" });
const resident = await app.user({ person: await app.person({ name: "冯一" }), name: "冯一" });

const made = {};
const add = async (name, client, title, text, code = "620102003003") => {
    made[name] = await client.order({ kind: "repair", title, text, unit: app.unit(code) });
};
await add("pipe", resident, "厨房漏水", "水管接头一直漏水，请派人。");
await add("roof", app.anon, "屋顶渗漏", "下雨就漏，水滴到床上。"); // 漏，水: not one word
await add("lamp", app.anon, "东门路灯不亮", "晚上很黑，请修路灯 LED-20W。");
await add("lamp2", app.anon, "西门路灯闪烁", "隔壁小区");
await add("other", app.anon, "邻社区漏水", "楼上漏水", "620102003004");
await add("wild", app.anon, "收费 100% 不合理", "a_b 项目");
await add("near", app.anon, "配件 a-b 损坏", "a 和 b 都坏了，合计 1 0 0 元");
await app.indexed();

const find = async (client, q) =>
    (await client.all(`/api/matters?q=${encodeURIComponent(q)}`)).map((m) => m.id);
const pick = (...names) => names.map((n) => made[n].id);

test("two characters, in titles and in texts", async () => {
    assert.deepEqual(await find(here, "漏水"), pick("pipe"));
    assert.deepEqual(await find(here, "路灯"), pick("lamp2", "lamp"), "newest first");
    assert.deepEqual(await find(here, "小区"), pick("lamp2"));
    assert.deepEqual(await find(here, "渗漏"), pick("roof"));
    assert.deepEqual(await find(here, "电梯"), []);
});

test("longer words must stand there as they are asked", async () => {
    assert.deepEqual(await find(here, "水管接头"), pick("pipe"));
    assert.deepEqual(await find(here, "水管漏水"), [], "its pairs are there, the word is not");
});

test("several words: all of them, anywhere", async () => {
    assert.deepEqual(await find(here, "路灯 东门"), pick("lamp"));
    assert.deepEqual(await find(here, "很黑 路灯"), pick("lamp"));
    assert.deepEqual(await find(here, "路灯 漏水"), []);
});

test("letters and digits, whole words, in any case", async () => {
    assert.deepEqual(await find(here, "led"), pick("lamp"));
    assert.deepEqual(await find(here, "20W"), pick("lamp"));
});

test("by the number people use", async () => {
    assert.deepEqual(await find(here, made.pipe.number), pick("pipe"));
    assert.deepEqual(await find(here, made.lamp.number.toLowerCase()), pick("lamp"));
});

test("one character is too little, and so is nothing but signs", async () => {
    const get = (q) => here.get(`/api/matters?q=${encodeURIComponent(q)}`);
    refused(await get("漏"), 422, "q");
    refused(await get(""), 422, "q");
    refused(await get("漏 水"), 422, "q", "too_short");
    refused(await get("%%"), 422, "q", "too_short");
    refused(await get("__"), 422, "q", "too_short");
    refused(await get("字".repeat(61)), 422, "q");
    refused(await here.get("/api/matters?q=%E6%BC%8F%E6%B0%B4&queue=unit"), 422, "q", "queue");
});

test("signs of a pattern are meant as they stand", async () => {
    assert.deepEqual(await find(here, "100%"), pick("wild"));
    assert.deepEqual(await find(here, "a_b"), pick("wild"));
    assert.deepEqual(await find(here, "1_0%"), []);
});

test("each within the own reach: the neighbours' matters are not found", async () => {
    assert.deepEqual(await find(beside, "漏水"), pick("other"));
    assert.deepEqual(await find(here, "邻社区"), []);
    assert.deepEqual(await find(beside, made.pipe.number), []);
    assert.deepEqual(await find(street, "漏水"), pick("other", "pipe"));
    assert.deepEqual(await find(fitter, "漏水"), [], "nothing was sent there yet");
    assert.deepEqual(await find(resident, "漏水"), pick("pipe"), "one's own");
    refused(await app.anon.get("/api/matters?q=%E6%BC%8F%E6%B0%B4"), 401);
});

test("what was sent to a party the party finds", async () => {
    await here.act(made.pipe.id, "dispatch", { to: firm.id });
    assert.deepEqual(await find(fitter, "漏水"), pick("pipe"));
});

test("closed matters are found as well, and say so", async () => {
    await here.act(made.lamp2.id, "decline", { text: "不在本社区" });
    const rows = (await here.read(`/api/matters?q=${encodeURIComponent("路灯")}`)).items;
    assert.deepEqual(
        rows.map((m) => [m.id, m.open]),
        [
            [made.lamp2.id, false],
            [made.lamp.id, true],
        ],
    );
});

test("numbers taken out of a text are not found by it", async () => {
    const m = await app.anon.order({
        kind: "repair",
        title: "门禁故障",
        text: "联系 13912345678",
        unit: app.unit("620102003003"),
    });
    await app.indexed();
    assert.deepEqual(await find(here, "13912345678"), []);
    assert.deepEqual(await find(here, "门禁"), [m.id]);
});

test("many hits come page by page, none twice", async () => {
    const titles = Array.from({ length: 45 }, (_, i) => `第${i}号井盖松动`);
    for (const title of titles)
        await app.anon.order({ kind: "repair", title, unit: app.unit("620102003003") });
    await app.indexed();
    const rows = await here.all(`/api/matters?q=${encodeURIComponent("井盖")}&limit=10`);
    assert.equal(rows.length, 45);
    assert.equal(new Set(rows.map((r) => r.id)).size, 45);
    assert.deepEqual(
        rows.map((r) => r.title),
        [...titles].reverse(),
    );
    const both = await app.user({ role: "secretary", unit: "620102003003", name: "两顶" });
    await app.grant(both, { role: "street", unit: app.unit("620102003") });
    const merged = await both.all(`/api/matters?q=${encodeURIComponent("井盖")}&limit=10`);
    assert.deepEqual(
        merged.map((r) => r.id),
        rows.map((r) => r.id),
    );
    expect(await both.get(`/api/matters?q=${encodeURIComponent("井盖")}&kind=repair`), 200);
});
