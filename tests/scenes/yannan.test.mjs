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

const app = await start({ data });
await app.indexed();

const unit = async (client, code) => (await client.read(`/api/units?code=${code}`)).items[0].id;
const street = await unit(app.anon, STREET);

/* Signed in as the account of that name in the scene. */
async function signIn(name) {
    const link = new RegExp(`${name} .*/in/(\\w+)$`, "m").exec(loaded.stdout)[1];
    const session = expect(await app.anon.post("/api/sessions", { link }), 201);
    return new Client(app.url, session.token);
}
const office = await signIn("郭振宇"); // the street's

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
            const filed = new RegExp(`^ +category: ${head.split(": ")[1]}[.].*\n`, "gm");
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
]);
