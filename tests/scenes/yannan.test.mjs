/* 雁南街道 (scenes/yannan.md): what `linli demo yannan` has loaded, asked through the API. Add a
 * figure by adding a row to the table at the end. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Client, ROOT, bareFolder, expect, linli, scratch, start } from "../api/lib.mjs";
import { scene, tableRows } from "./lib.mjs";

const STREET = "620102003";
const data = await bareFolder();
const loaded = await linli("demo", "yannan", "--data", data);
assert.equal(loaded.code, 0, loaded.stderr);

/* What is loaded, as it stands, to try another pack on. */
const untouched = path.join(scratch(), "data");
fs.cpSync(data, untouched, { recursive: true });

let app = await start({ data });

const unit = async (client, code) => (await client.read(`/api/units?code=${code}`)).items[0].id;
const street = await unit(app.anon, STREET);

/* Signed in as the account of that name in the scene. */
async function signIn(name) {
    const link = new RegExp(`${name} .*/in/(\\w+)$`, "m").exec(loaded.stdout)[1];
    const session = expect(await app.anon.post("/api/sessions", { link }), 201);
    return new Client(app.url, session.token);
}
const office = await signIn("郭振宇"); // the street's
const secretary = await signIn("马慧兰"); // of 大雁滩

/* 陇南办事处 (Y14): the households come from a sheet, while the folder is in nobody's use. */
const community = await unit(app.anon, `${STREET}003`);
const deeds = await secretary.order({
    kind: "legacy",
    category: "legacy.deed",
    title: "陇南办事处家属院房产证未办",
    unit: community,
});
const sheet = path.join(scratch(), "households.csv");
const doors = Array.from({ length: 99 }, (_, i) => `${1 + Math.floor(i / 33)}号楼${101 + (i % 33)}`);
fs.writeFileSync(sheet, ["户", ...doors, ""].join("\r\n"));
await app.stop();
const taken = await linli("import", "households", sheet, "--matter", deeds.number, "--data", data);
assert.equal(taken.code, 0, taken.stderr);

app = await start({ data });
for (const client of [office, secretary]) client.url = app.url;

/* ---- bodies ---- */

const bodies = await office.all("/api/bodies");
const body = (kind) => {
    const found = bodies.filter((b) => b.kind === kind);
    assert.equal(found.length, 1, `one ${kind}`);
    return found[0].id;
};
const committee = body("committee");
const clubs = body("clubs");
const project = body("project");

const read = (id) => office.read(`/api/bodies/${id}`);
const count = async (category) =>
    (await read(committee)).totals.find((t) => t.category === category).count;
const members = (more, ...args) =>
    tableRows(
        app,
        "body_member",
        `SELECT id FROM body_member WHERE body = ? AND ${more} ORDER BY id`,
        BigInt(committee),
        ...args,
    );
const parts = (of) =>
    tableRows(app, "body", "SELECT id FROM body WHERE parent = ? ORDER BY id", BigInt(of));

/* The composition of the committee (Y1), as published. */
const COMPOSITION = {
    committee: 55,
    unit_head: 38,
    two_new_head: 6,
    property_head: 13,
    veteran: 10,
    owners_committee: 2,
    police: 4,
    journalist: 1,
    lawyer: 1,
    volunteer: 14,
    other: 19,
};

/* ---- the pack ---- */

/* Its top headings, and those of its kinds that have a heading of their own. */
async function taxonomy(client, at) {
    const categories = (await client.read(`/api/categories?unit=${at}`)).items;
    const kinds = new Set((await client.read(`/api/kinds?unit=${at}`)).items.map((k) => k.code));
    const top = categories.filter((c) => !c.parent).map((c) => c.code);
    return {
        functions: top.filter((code) => !kinds.has(code)),
        classes: top.filter((code) => kinds.has(code)),
    };
}
let asked = { client: app.anon, at: street }; // whom compute asks
const tally = (what) => async () => (await taxonomy(asked.client, asked.at))[what].length;

/* What a block of the pack's YAML declares: the figure when another pack, without the block, is
 * in force in the same folder. */
const yaml = fs.readFileSync(path.join(ROOT, "packs/yannan.yaml"), "utf8");
function packBlock(head) {
    const from = yaml.indexOf(`  - ${head}\n`);
    assert.ok(from > 0, `no block ${head} in the pack`);
    const length = yaml.slice(from + 1).search(/^( {2}- | {2}#|\w)/m);
    return {
        name: `pack: ${head}`,
        async without(compute) {
            const own = path.join(scratch(), "data");
            fs.cpSync(untouched, own, { recursive: true });
            const file = path.join(path.dirname(own), "pack.yaml");
            // What is filed under a category that is gone is filed under none.
            const gone = `category: ${head.split(": ")[1]}[.]`;
            const filed = new RegExp(`^ +${gone}.*\n|, ${gone}[^,}]*`, "gm");
            fs.writeFileSync(file, (yaml.slice(0, from) + yaml.slice(from + 1 + length)).replace(filed, ""));
            const r = await linli("pack", "activate", file, "--unit", STREET, "--data", own);
            assert.equal(r.code, 0, r.stderr);
            const other = await start({ data: own });
            asked = { client: other.anon, at: street };
            try {
                return await compute();
            } finally {
                asked = { client: app.anon, at: street };
                await other.stop();
            }
        },
    };
}
const { functions, classes } = await taxonomy(app.anon, street);

/* ---- households ---- */

const matterRows = (table, keys, more, ...args) =>
    tableRows(app, table, `SELECT ${keys} FROM ${table} WHERE ${more}`, ...args.map(BigInt));

/* 华富 is cold (Y12): every household is on the list before anything is done. */
const cold = await secretary.order({
    kind: "heating-water",
    category: "heating-water.no-heat",
    title: "华富小区不热",
    place: "华富小区",
    unit: community,
});
const flats = Array.from({ length: 280 }, (_, i) => ({
    label: `华富小区${1 + Math.floor(i / 140)}号楼${101 + (i % 140)}`,
}));
expect(await secretary.post(`/api/matters/${cold.id}/households`, { households: flats }), 200);
await app.indexed();
await secretary.act(cold.id, "accept");
await goRound();
const heat = (await secretary.read("/api/parties?q=雁滩供热站")).items[0];
await secretary.act(cold.id, "dispatch", { to: heat.id });
await goRound();
const plumber = await signIn("曹志明");
await plumber.act(cold.id, "submit", { text: "换热站循环泵已更换，各户恢复供暖" });
await goRound();
await secretary.act(cold.id, "verify");
await goRound();

/* Nobody behind these doors is on record: whoever works there brings each a slip, after each step. */
async function goRound() {
    await app.indexed();
    const slips = (await secretary.all("/api/calls?limit=100")).filter((c) => c.label && c.matter === cold.id);
    for (const { id } of slips)
        expect(await secretary.post(`/api/calls/${id}/done`, { outcome: "told_in_person" }), 204);
}

/* Those count who are on the matter's list and were brought word of every step after they were put
 * on it. */
const STEPS = ["accept", "dispatch", "submit", "verify"];
async function told() {
    const steps = (await secretary.events(cold.id)).filter((e) => e.public).map((e) => e.act);
    assert.deepEqual(steps, ["order", "affect", ...STEPS]);
    const brought = new Map();
    for (const d of await secretary.all(`/api/matters/${cold.id}/deliveries?limit=100`))
        if (d.outcome === "told_in_person")
            brought.set(d.label, (brought.get(d.label) ?? new Set()).add(d.act));
    const all = await secretary.all(`/api/matters/${cold.id}/households?limit=100`);
    return all.filter((h) => brought.get(h.label)?.size === STEPS.length).length;
}

/* The deeds: taken on, three of their milestones are behind every household. */
const milestones = async () => (await secretary.read(`/api/matters/${deeds.id}/milestones`)).items;
await secretary.act(deeds.id, "accept");
await app.wait(async () => (await milestones()).length === 4);
await app.indexed();
const PASSED = { "funds-applied": "资金申请", "funds-approved": "资金批复", "taxes-paid": "税费缴纳" };
const passed = (await milestones()).filter((m) => PASSED[m.code]);
for (const { id } of passed) {
    const all = { milestone: id, all: true, state: "done" };
    expect(await secretary.post(`/api/matters/${deeds.id}/progress`, all), 200);
}

/* ---- the figures ---- */

scene("yannan", [
    {
        id: "Y1",
        title: "社工委成员 members of the committee",
        published: 163,
        compute: async () => (await read(committee)).members,
        records: () => members("person IS NOT NULL"),
    },
    ...Object.entries(COMPOSITION).map(([category, published]) => ({
        id: "Y1",
        title: `社工委 ${category}`,
        published,
        compute: () => count(category),
        records: () => members("category = ?", category),
    })),
    {
        id: "Y1",
        title: "各类别之和 sum of the categories",
        published: Object.values(COMPOSITION).reduce((a, b) => a + b),
        compute: async () =>
            (await read(committee)).totals
                .filter((t) => t.of === "person")
                .reduce((sum, t) => sum + t.count, 0),
        records: () => members("person IS NOT NULL"),
    },
    {
        id: "Y1",
        title: "核心单位 core units",
        published: 41,
        compute: async () => (await read(committee)).units,
        records: () => members("person IS NULL"),
    },
    {
        id: "Y4",
        title: "六大功能 functions",
        published: 6,
        compute: tally("functions"),
        records: () => functions.map((code) => packBlock(`code: ${code}`)),
    },
    {
        id: "Y8",
        title: "五邻社 clubs",
        published: 5,
        compute: async () => (await read(clubs)).parts,
        records: () => parts(clubs),
    },
    {
        id: "Y9",
        title: "五类问题 problem classes with a flow of their own",
        published: 5,
        compute: tally("classes"),
        records: () => classes.map((code) => packBlock(`kind: ${code}`)),
    },
    {
        id: "Y10",
        title: "六组一室 groups of 张苏滩",
        published: 7,
        compute: async () => (await office.read(`/api/bodies/${project}/parts`)).items.length,
        records: () => parts(project),
    },
    {
        id: "Y12",
        title: "华富恢复供暖，告知各户 households told of every step",
        published: 280,
        compute: told,
        records: () => [
            ...matterRows("matter_household", "id", "matter = ?", cold.id),
            ...matterRows("outbox", "id", "matter = ? AND label IS NOT NULL", cold.id).slice(-280),
        ],
    },
    ...passed.map(({ id, code }) => ({
        id: "Y14",
        title: `陇南办事处 ${PASSED[code]} households that passed ${code}`,
        published: 99,
        compute: async () => (await milestones()).find((m) => m.id === id).done,
        records: () => matterRows("case_progress", "milestone, household", "milestone = ?", id),
    })),
]);
