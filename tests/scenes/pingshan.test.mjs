/* The replay of Pingshan: 3,981 real requests (../shared/data, which is not shipped) go through
 * `linli import matters`, and what the district counted comes out of the matters' own times. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ROOT, folderCopy, linli, start } from "../api/lib.mjs";
import { scene } from "./lib.mjs";

const { DatabaseSync } = await import("node:sqlite");
const REAL = path.join(ROOT, "../shared/data/pingshan_2018_feb_sep.csv");
const MAP = path.join(ROOT, "packs/pingshan.map.yaml");

/* The figures as Linli's indicators give them. */
async function figures(app, district) {
    const unit = app.unit("440310");
    const read = async (indicator) => {
        const q = `unit=${unit}&from=2018-01&to=2018-12&indicator=${indicator}`;
        const [row] = (await district.read(`/api/figures?${q}`)).rows;
        return row;
    };
    const arrived = await read("arrived");
    const ended = await read("on_time_rate");
    return {
        total: arrived.numerator,
        in_time: ended.numerator,
        overdue: ended.denominator - ended.numerator,
        neither: arrived.numerator - ended.denominator,
        rate: `${(100 * ended.value).toFixed(1)} %`,
    };
}

/* The same, counted from the rows of matters: what the indicators are held against, and what shows
 * that a figure rests on every one of its records. */
function recount(db) {
    const q = db.prepare(
        "SELECT count(*) AS total, sum(closed_at <= due_at) AS in_time, " +
            "sum(closed_at > due_at) AS overdue, sum(closed_at IS NULL) AS neither FROM matter",
    );
    const { total, in_time, overdue, neither } = q.get();
    const rate = `${((100 * in_time) / (in_time + overdue)).toFixed(1)} %`;
    return { total, in_time, overdue, neither, rate };
}

/* Each matter that a figure counts is taken out within a transaction that is rolled back. */
function matters(db, name, where) {
    const remove = db.prepare("DELETE FROM matter WHERE id = ?");
    const ids = db.prepare(`SELECT id FROM matter WHERE ${where}`);
    ids.setReadBigInts(true);
    return ids.all().map(({ id }) => ({
        name: `matter ${id}`,
        async without() {
            db.exec("BEGIN");
            try {
                assert.equal(remove.run(id).changes, 1);
                return recount(db)[name];
            } finally {
                db.exec("ROLLBACK");
            }
        },
    }));
}

async function replay() {
    const data = await folderCopy();
    const r = await linli("import", "matters", REAL, "--map", MAP, "--data", data);
    assert.equal(r.code, 0, r.stderr);
    const app = await start({ data });
    // A copy of the rows, to take some out of while the program goes on.
    const copy = path.join(data, "copy.db");
    new DatabaseSync(path.join(data, "linli.db")).exec(`VACUUM INTO '${copy}'`);
    const db = new DatabaseSync(copy);
    const district = await app.user({ role: "district", unit: "440310" });
    test("the indicators are what a recount of the rows gives", async () => {
        assert.deepEqual(await figures(app, district), { ...recount(db) });
    });
    const figure = (name) => async () => (await figures(app, district))[name];
    scene("pingshan", [
        {
            id: "P1",
            title: "诉求 requests",
            published: 3981,
            compute: figure("total"),
            records: () => matters(db, "total", "1"),
        },
        {
            id: "P2",
            title: "按时办结 ended in time",
            published: 3485,
            compute: figure("in_time"),
            records: () => matters(db, "in_time", "closed_at <= due_at"),
        },
        {
            id: "P3",
            title: "超时办结 ended overdue",
            published: 494,
            compute: figure("overdue"),
            records: () => matters(db, "overdue", "closed_at > due_at"),
        },
        {
            id: "P4",
            title: "未办结 neither",
            published: 2,
            compute: figure("neither"),
            records: () => matters(db, "neither", "closed_at IS NULL"),
        },
        // Rounded: one request more or less does not show.
        { id: "P5", title: "按时办结率 in time", published: "87.6 %", compute: figure("rate") },
    ]);
}

if (fs.existsSync(REAL)) await replay();
else test("the replay of Pingshan", { skip: `the real requests are not here: ${REAL}` }, () => {});
