/* 碑林区 (scenes/beilin.md): disputes are mediated in forty of its communities, with a lawyer beside
 * the mediator, and somebody comes back to see. Add a figure by adding a row to the table at the end. */
import assert from "node:assert/strict";
import { expect, start } from "../api/lib.mjs";
import { mediate, scene, tableRows } from "./lib.mjs";

const DISTRICT = "610103";
const COMMUNITIES = 40;
const app = await start({ at: "2026-03-02T09:30:00+08:00" });
const codes = Object.keys(app.units)
    .filter((code) => new RegExp(`^${DISTRICT}\\d{6}$`).test(code))
    .sort()
    .slice(0, COMMUNITIES);
assert.equal(codes.length, COMMUNITIES);
const district = await app.user({ role: "district", unit: DISTRICT, name: "区司法局" });

/* Whoever works in the community mediates there, and nobody else reads it. */
const clerks = new Map();
await Promise.all(
    codes.map(async (code) => {
        const clerk = await app.user({ role: "secretary", unit: code, name: `书记${code}` });
        clerks.set(app.unit(code), clerk);
        await mediate(clerk, {
            unit: app.unit(code),
            title: "楼上漏水，两家争执",
            people: [
                { side: "party", name: "甄和顺" },
                { side: "party", name: "卜怀安" },
                { side: "mediator", name: "书记", account: clerk.id },
                { side: "mediator", name: "驻点律师鲜于明" },
            ],
            revisit: true,
        });
    }),
);
await app.indexed();

/* The communities where a dispute ended in an agreement with every signature, the lawyer's among
 * them, and the revisit is behind it. The district's list says where there were disputes. */
async function mediated() {
    const disputes = await district.all(`/api/matters?kind=dispute&unit=${app.unit(DISTRICT)}&limit=100`);
    const settled = await Promise.all(
        disputes.map(async ({ id, unit }) => {
            const r = await clerks.get(unit).get(`/api/mediations/${id}`);
            if (r.status === 404) return [];
            const m = expect(r, 200);
            const signed = m.persons.filter((p) => p.has_signed).length;
            const revisited = m.dues.some((d) => d.kind === "revisit" && d.done_at);
            return m.concluded && m.text && signed === 4 && revisited ? [unit] : [];
        }),
    );
    return new Set(settled.flat()).size;
}

/* Every row that makes up the mediations: there are no other matters in this folder. */
const rows = (table, key = "id") => tableRows(app, table, `SELECT ${key} FROM ${table}`);
const records = () => [
    ...rows("matter"),
    ...rows("mediation", "matter"),
    ...["person", "agreement", "signature", "due"].flatMap((of) => rows(`mediation_${of}`)),
];

scene("beilin", [
    {
        id: "B11",
        title: "有调解、签字和回访的社区 communities with a mediation agreed, signed and revisited",
        published: COMMUNITIES,
        compute: mediated,
        records,
    },
]);
