/* The real requests of Pingshan District (2018), replayed in the order of their time: what the
 * district's own table says, 3,485 in time and 494 overdue, comes out of Linli's indicator, and every
 * street, month, source and kind has as many as the table has rows. Skips where the data is absent. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ROOT, folderCopy, linli, start } from "./lib.mjs";

const MAP = path.join(ROOT, "packs/pingshan.map.yaml");
const REAL = path.join(ROOT, "../shared/data/pingshan_2018_feb_sep.csv");
const skip = fs.existsSync(REAL) ? false : `the real requests are not here: ${REAL}`;
const YEAR = "from=2018-01&to=2018-12";

/* The table as objects; it has no quotes. */
function table() {
    const [head, ...rows] = fs.readFileSync(REAL, "utf8").replace(/^\uFEFF/, "").split(/\r?\n/);
    const names = head.split(",");
    return rows
        .filter(Boolean)
        .map((row) => Object.fromEntries(row.split(",").map((v, i) => [names[i], v])));
}
const counts = (rows, key) => {
    const n = {};
    for (const row of rows) n[key(row)] = (n[key(row)] ?? 0) + 1;
    return n;
};

let app;
let district;
let told;
if (!skip) {
    const data = await folderCopy();
    const file = path.join(data, "refused.csv");
    told = await linli("import", "matters", REAL, "--map", MAP, "--data", data, "--refused", file);
    app = await start({ data });
    district = await app.user({ role: "district", unit: "440310" });
}
const read = async (more) => (await district.read(`/api/figures?unit=${app.unit("440310")}&${YEAR}&${more}`)).rows;

test("all of them are taken, in the order of their time", { skip }, async () => {
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stdout, /read 3981, accepted 3981, known already 0, refused 0/);
    const events = app.rows("SELECT at, act FROM matter_event ORDER BY seq");
    assert.ok(events.length > 3981 * 2);
    for (let i = 1; i < events.length; i++)
        assert.ok(events[i].at >= events[i - 1].at, `event ${i}: ${events[i].at} after ${events[i - 1].at}`);
    const ends = events.findIndex((e) => e.act === "close");
    assert.ok(ends > 0 && events.slice(ends).some((e) => e.act === "order"), "endings lie between arrivals");
});

test("87.6 % ended in time: 3,485 of 3,979", { skip }, async () => {
    const [row] = await read("indicator=on_time_rate");
    assert.deepEqual([row.numerator, row.denominator, row.left_out], [3485, 3485 + 494, 0]);
    assert.equal((row.value * 100).toFixed(1), "87.6");
    const [answered] = await read("indicator=response_rate");
    assert.deepEqual([answered.numerator, answered.denominator, answered.left_out], [0, 0, 3981]);
    assert.equal(answered.value, undefined, "nothing is made up about answers that nobody recorded");
    const arrived = await read("indicator=arrived");
    assert.equal(arrived[0].numerator, 3981);
    const q = `unit=${app.unit("440310")}&${YEAR}&indicator=on_time_rate&limit=100`;
    const late = await district.all(`/api/figures/records?${q}&part=failed`);
    assert.equal(late.length, 494);
    assert.ok(late.every((m) => Date.parse(m.closed_at) > Date.parse(m.due_at)));
});

test("each street, month, source and kind has as many as the table has rows", { skip }, async () => {
    const rows = table();
    const by = async (group, key, more = "") =>
        Object.fromEntries((await read(`indicator=arrived&by=${group}${more}`)).map((r) => [r[key], r.numerator]));
    assert.deepEqual(await by("month", "month"), counts(rows, (r) => r.CREATE_TIME.slice(0, 7)));
    const street = counts(rows.filter((r) => r.STREET_NAME !== "-"), (r) => r.STREET_NAME.replace(/街道.*/, ""));
    const units = await by("unit", "unit_name");
    const named = Object.fromEntries(Object.entries(units).map(([k, n]) => [k.replace(/街道.*/, ""), n]));
    assert.deepEqual(named, street);
    const property = { 投诉: "complaint", 咨询: "inquiry", 建议: "suggestion", 求决: "help", 感谢: "thanks" };
    assert.deepEqual(await by("kind", "kind"), counts(rows, (r) => property[r.EVENT_PROPERTY_NAME] ?? "complaint"));
    const hotline = rows.filter((r) => r.EVENT_SRC_NAME === "12345");
    assert.deepEqual(await by("month", "month", "&source=hotline_12345"), counts(hotline, (r) => r.CREATE_TIME.slice(0, 7)));
    const ended = rows.filter((r) => r.INTIME_ARCHIVE_NUM === "1" || r.OVERTIME_ARCHIVE_NUM === "1");
    const onTime = await read("indicator=on_time_rate&by=source");
    const sum = (key) => onTime.reduce((n, r) => n + r[key], 0);
    assert.equal(sum("denominator"), ended.length);
    assert.equal(sum("numerator"), ended.filter((r) => r.INTIME_ARCHIVE_NUM === "1").length);
});

test("counted anew from the records it is the same", { skip }, async () => {
    await app.stop();
    const r = await linli("figures", "check", "--data", app.data);
    assert.equal(r.code, 0, r.stdout + r.stderr);
    assert.match(r.stdout, /matters 3981, /);
});
