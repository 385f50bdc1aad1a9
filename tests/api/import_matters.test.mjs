/* Matters of another system come in from CSV: what can be taken is taken together, what cannot goes
 * to a file with line, column and reason, and the same rows again add nothing. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ROOT, bareFolder, folderCopy, linli, scratch, start } from "./lib.mjs";

const MAP = path.join(ROOT, "packs/pingshan.map.yaml");
const REAL = path.join(ROOT, "../shared/data/pingshan_2018_feb_sep.csv");
const HEAD = [
    "REC_ID",
    "CREATE_TIME",
    "STREET_NAME",
    "COMMUNITY_NAME",
    "EVENT_PROPERTY_NAME",
    "EVENT_TYPE_NAME",
    "MAIN_TYPE_NAME",
    "SUB_TYPE_NAME",
    "OCCUR_PLACE",
    "EVENT_SRC_NAME",
    "DISPOSE_UNIT_NAME",
    "INTIME_ARCHIVE_NUM",
    "OVERTIME_ARCHIVE_NUM",
    "COMMUNITY_ID",
    "STREET_ID",
    "EVENT_SRC_ID",
    "DISPOSE_UNIT_ID",
];
const GOOD = {
    CREATE_TIME: "2018-07-04 17:24:41",
    STREET_NAME: "龙田街道",
    COMMUNITY_NAME: "南布社区",
    EVENT_PROPERTY_NAME: "投诉",
    EVENT_TYPE_NAME: "市容环卫",
    MAIN_TYPE_NAME: "市容城管",
    SUB_TYPE_NAME: "市容环卫",
    OCCUR_PLACE: "-",
    EVENT_SRC_NAME: "12345",
    DISPOSE_UNIT_NAME: "龙田街道综合执法队",
    INTIME_ARCHIVE_NUM: "1",
    OVERTIME_ARCHIVE_NUM: "0",
    COMMUNITY_ID: "10018",
    STREET_ID: "101",
    EVENT_SRC_ID: "13",
    DISPOSE_UNIT_ID: "8508",
};
const OVERDUE = { INTIME_ARCHIVE_NUM: "0", OVERTIME_ARCHIVE_NUM: "1" };
const OPEN = { INTIME_ARCHIVE_NUM: "0", OVERTIME_ARCHIVE_NUM: "0" };

/* What is wrong with a row, and the column it is refused for; null: it is taken. */
const ROWS = [
    [{}, null],
    [OVERDUE, null],
    [OPEN, null],
    [{ EVENT_PROPERTY_NAME: "-" }, null],
    [{ STREET_NAME: "-", COMMUNITY_NAME: "-" }, null],
    [{ OCCUR_PLACE: '"大工业区, 3 号""厂房"""' }, null],
    [{ CREATE_TIME: "2018-02-30 10:00:00" }, "CREATE_TIME"],
    [{ CREATE_TIME: "昨天" }, "CREATE_TIME"],
    [{ CREATE_TIME: "2999-01-01 00:00:00" }, "CREATE_TIME"],
    [{ STREET_NAME: "没有街道" }, "STREET_NAME"],
    [{ COMMUNITY_NAME: "没有社区" }, "COMMUNITY_NAME"],
    [{ STREET_NAME: "-" }, "STREET_NAME"],
    [{ EVENT_PROPERTY_NAME: "祝贺" }, "EVENT_PROPERTY_NAME"],
    [{ SUB_TYPE_NAME: "没有小类" }, "SUB_TYPE_NAME"],
    [{ OVERTIME_ARCHIVE_NUM: "1" }, "OVERTIME_ARCHIVE_NUM"],
    [{ REC_ID: "-" }, "REC_ID"],
];
const TAKEN = ROWS.filter(([, column]) => column === null).length;

function csv() {
    const rows = ROWS.map(([more], i) => {
        const row = { ...GOOD, REC_ID: `${9000 + i}`, ...more };
        return HEAD.map((name) => row[name]).join(",");
    });
    rows.push("9999,2018-07-04 17:24:41"); // a line that was cut off
    return `\uFEFF${HEAD.join(",")}\r\n${rows.join("\r\n")}\r\n`;
}

const data = await folderCopy();
const file = path.join(scratch(), "dirt.csv");
const refusedFile = `${file}.refused.csv`;
fs.writeFileSync(file, csv());

const importMatters = async (from, ...more) => {
    const r = await linli("import", "matters", from, "--map", MAP, "--data", data, ...more);
    assert.equal(r.code, 0, `${r.stdout}${r.stderr}`);
    return r.stdout;
};

/* Runs ask(app) with the folder served. */
async function served(ask) {
    const app = await start({ data });
    const ret = await ask(app);
    await app.stop();
    return ret;
}

const rows = (sql) => served((app) => app.rows(sql));

test("dirty rows are refused one by one, the others are taken", async () => {
    const out = await importMatters(file);
    const all = ROWS.length + 1;
    const told = `read ${all}, accepted ${TAKEN}, known already 0, refused ${all - TAKEN}`;
    assert.ok(out.includes(told), out);
    const refused = fs.readFileSync(refusedFile, "utf8").trim().split("\r\n");
    assert.equal(refused.shift(), "line,column,zh,en");
    const want = ROWS.flatMap(([, column], i) => (column ? [`${i + 2},"${column}"`] : []));
    assert.deepEqual(
        refused.slice(0, -1).map((row) => row.split(",").slice(0, 2).join(",")),
        want,
    );
    assert.match(refused.at(-1), new RegExp(`^${all + 1},`), "the line that was cut off");
    for (const row of refused) assert.match(row, /,"[^"]*\p{Script=Han}[^"]*","[^"]*[a-z][^"]*"$/u);
});

test("what was taken reads as matters: closed in time, closed late, open, searchable", async () => {
    await served(async (app) => {
        const sql = "SELECT number, open, closed_at, due_at, place FROM matter ORDER BY id";
        const found = app.rows(sql);
        assert.equal(found.length, TAKEN);
        assert.equal(found[0].number, "坪山-20180704-9000");
        assert.deepEqual(
            found.map((m) => m.open),
            [0, 0, 1, 0, 0, 0],
        );
        assert.equal(found[5].place, '大工业区, 3 号"厂房"');
        const district = await app.user({ role: "district", unit: "440310" });
        const page = await district.read("/api/matters?q=9002");
        assert.deepEqual(
            page.items.map((m) => m.number),
            ["坪山-20180704-9002"],
        );
    });
});

test("the same file again adds nothing", async () => {
    const out = await importMatters(file);
    assert.ok(out.includes(`accepted 0, known already ${TAKEN}`), out);
    const [{ n }] = await rows("SELECT count(*) AS n FROM matter");
    assert.equal(n, TAKEN);
});

test("rows are replayed in the order of their times, and end between others", async () => {
    const times = ["2018-07-04 17:24:41", "2018-03-01 09:00:00", "2018-07-04 17:24:40", "2018-03-30 09:00:00"];
    const shuffled = path.join(scratch(), "shuffled.csv");
    const lines = times.map((CREATE_TIME, i) => {
        const row = { ...GOOD, CREATE_TIME, REC_ID: `${8000 + i}` };
        return HEAD.map((name) => row[name]).join(",");
    });
    fs.writeFileSync(shuffled, `${HEAD.join(",")}\n${lines.join("\n")}\n`);
    const [{ last }] = await rows("SELECT max(seq) AS last FROM matter_event");
    await importMatters(shuffled);
    const events = await rows(
        "SELECT e.at, e.act, CAST(substr(m.number, 13) AS INTEGER) AS n FROM matter_event e " +
            `JOIN matter m ON m.id = e.matter WHERE e.seq > ${last} ORDER BY e.seq`,
    );
    for (let i = 1; i < events.length; i++) assert.ok(events[i].at >= events[i - 1].at);
    const told = events.filter((e) => e.act !== "dispatch").map((e) => `${e.act} ${e.n}`);
    assert.deepEqual(told, [
        "order 8001",
        "close 8001",
        "order 8003",
        "close 8003",
        "order 8002",
        "order 8000",
        "close 8002",
        "close 8000",
    ]);
});

test("a map or a file that is not there is said, and nothing is written", async () => {
    const gone = ["import", "matters", `${file}.gone`, "--map", MAP, "--data", data];
    assert.notEqual((await linli(...gone)).code, 0);
    const map = ["import", "matters", file, "--map", `${MAP}.gone`, "--data", data];
    const r = await linli(...map);
    assert.notEqual(r.code, 0);
    assert.match(r.stderr, /映射表/);
});

test("what the pack calls confidential is not taken from a table", async () => {
    const bare = await bareFolder();
    const own = scratch();
    const pack = fs.readFileSync(path.join(ROOT, "packs/pingshan.yaml"), "utf8");
    fs.copyFileSync(MAP, path.join(own, "map.yaml"));
    fs.writeFileSync(
        path.join(own, "pingshan.yaml"),
        pack.replace("- kind: complaint\n", "- kind: complaint\n    confidential: true\n"),
    );
    const map = ["--map", path.join(own, "map.yaml"), "--data", bare];
    const out = path.join(own, "refused.csv");
    const r = await linli("import", "matters", file, ...map, "--refused", out);
    assert.match(r.stdout, /accepted 0,/, `${r.stdout}${r.stderr}`);
    assert.match(fs.readFileSync(out, "utf8"), /"EVENT_PROPERTY_NAME","保密事项不能从台账导入。/);
});

const skip = fs.existsSync(REAL) ? false : `the real requests are not here: ${REAL}`;

test("the real requests of Pingshan: all of them, once", { skip }, async () => {
    const refused = path.join(scratch(), "refused.csv");
    const known = (await rows("SELECT count(*) AS n FROM matter"))[0].n;
    const out = await importMatters(REAL, "--refused", refused);
    assert.ok(out.includes("read 3981, accepted 3981, known already 0, refused 0"), out);
    assert.ok(!fs.existsSync(refused), "nothing was refused");
    const ours = "FROM matter WHERE CAST(substr(number, 13) AS INTEGER) NOT BETWEEN 8000 AND 9015";
    const [counts] = await rows(
        `SELECT count(*) AS n, sum(closed_at <= due_at) AS in_time, ` +
            `sum(closed_at > due_at) AS late, sum(open) AS open ${ours}`,
    );
    assert.deepEqual({ ...counts }, { n: 3981, in_time: 3485, late: 494, open: 2 });
    const again = await importMatters(REAL, "--refused", refused);
    assert.ok(again.includes("accepted 0, known already 3981, refused 0"), again);
    assert.equal((await rows("SELECT count(*) AS n FROM matter"))[0].n, known + 3981);
});
