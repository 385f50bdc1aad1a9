/* A scene is a real place whose published figures Linli computes from records. A row of its table
 * is one figure:
 *
 *   {id, title, published, expected, compute, records}
 *
 * Where the place published no number (–, or words), expected is what the records that the test has
 * made must give, and stands in for published; published is printed as it is. compute asks the
 * running program and gives the figure as it is printed. records gives what the
 * figure counts, each as {name, without(compute)}: the figure as it would be if that one record
 * were not there. The test of a row says that what is computed is what was published, and that it
 * is not any more when any single record is missing: so that no figure can be typed in.
 *
 * `make scenes` prints `scene<TAB>row<TAB>published<TAB>computed`, out of the file that the
 * environment names as SCENES; without that the rows go to the test's own output. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { DAY, expect } from "../api/lib.mjs";

const { DatabaseSync } = await import("node:sqlite");

export function scene(name, rows) {
    const lines = [];
    for (const row of rows) {
        const wanted = row.expected ?? row.published;
        test(`${name} ${row.id}: ${row.title}: ${row.published}`, async () => {
            const computed = await row.compute();
            lines.push(`${name}\t${row.id} ${row.title}\t${row.published}\t${computed}\n`);
            assert.equal(computed, wanted);
            const records = row.records ? await row.records() : [];
            if (row.records) assert.ok(records.length > 0, "the figure counts something");
            for (const record of records)
                assert.notEqual(
                    await record.without(row.compute),
                    wanted,
                    `${record.name} is missing, and nobody notices`,
                );
            assert.equal(await row.compute(), wanted, "everything is back");
        });
    }
    after(() => {
        if (process.env.SCENES) fs.appendFileSync(process.env.SCENES, lines.join(""));
        else process.stdout.write(lines.join(""));
    });
}

/* Rows of the database as records: SQL that gives the keys of rows of one table. Each is taken out
 * of the served folder, committed, and put back as it was; the program reads on meanwhile, so what
 * it computes then is what it would be without the row. Its own background work must have come to
 * rest (app.indexed). */
export function tableRows(app, table, sql, ...args) {
    const db = new DatabaseSync(path.join(app.data, "linli.db"));
    after(() => db.close());
    db.exec("PRAGMA busy_timeout = 5000; PRAGMA synchronous = OFF");
    const keys = db.prepare(sql);
    keys.setReadBigInts(true);
    const where = keys.columns().map(({ name }) => `${name} = ?`).join(" AND ");
    const select = db.prepare(`SELECT * FROM ${table} WHERE ${where}`);
    select.setReadBigInts(true);
    const remove = db.prepare(`DELETE FROM ${table} WHERE ${where}`);
    return keys.all(...args).map(Object.values).map((key) => ({
        name: `${table} ${key}`,
        async without(compute) {
            const row = select.get(...key);
            assert.ok(row, `${table} ${key} is not there`);
            const names = Object.keys(row);
            assert.equal(remove.run(...key).changes, 1);
            try {
                return await compute();
            } finally {
                const marks = names.map(() => "?").join(", ");
                db.prepare(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${marks})`).run(
                    ...Object.values(row),
                );
            }
        },
    }));
}

/* One dispute, from being told of to an agreement that everybody in it has signed. clerk works where
 * it lies (unit) and runs the mediation; people are {side, name, …} as the API takes them; with
 * revisit, somebody came back to see. The matter's id. */
export async function mediate(clerk, { unit, title, place, people, revisit = false }) {
    const { id } = await clerk.order({ kind: "dispute", title, place, unit });
    await clerk.act(id, "accept");
    expect(await clerk.post(`/api/matters/${id}/mediation`, { type: "0201", way: "0103" }), 201);
    const at = `/api/mediations/${id}`;
    const post = async (what, body) => expect(await clerk.post(`${at}/${what}`, body), 200);
    let m;
    for (const one of people) m = await post("persons", one);
    const text = "一、双方各让一步，互不追究。\n二、今后有事先找社区商量。";
    const { hash } = await post("agreement", { text });
    for (const { id: signer } of m.persons) await post("signatures", { signer, hash, drawn: STROKES });
    if (revisit) {
        const due_at = new Date(Date.parse(m.opened_at) + 30 * DAY).toISOString();
        const { dues } = await post("dues", { kind: "revisit", due_at });
        await post(`dues/${dues[0].id}/done`, { result: "kept", text: "上门看过，双方都守约" });
    }
    return id;
}
const STROKES = Array.from({ length: 12 }, (_, i) => `${i ? "L" : "M"}${10 + i * 3},${20 + ((i * 7) % 11)}`).join(" ");
