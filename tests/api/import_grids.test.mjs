/* A survey firm hands over a file of grids: it is read in one go, what is wrong in it is told one by
 * one and kept aside, and what comes out again is what went in. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { folderCopy, linli, start } from "./lib.mjs";

const DISTRICTS = "/work/shared/data/districts.geojson";
const COMMUNITY = "620102003003";
const work = fs.mkdtempSync(path.join(os.tmpdir(), "linli-grids-"));
after(() => fs.rmSync(work, { recursive: true, force: true }));
const data = await folderCopy();

const box = (w, s, e, n) => ({
    type: "Polygon",
    coordinates: [[[w, s], [e, s], [e, n], [w, n], [w, s]]],
});
const feature = (properties, geometry) => ({ type: "Feature", properties, geometry });
function file(name, features, more = {}) {
    const to = path.join(work, name);
    fs.writeFileSync(to, JSON.stringify({ type: "FeatureCollection", ...more, features }));
    return to;
}
const read = (name) => JSON.parse(fs.readFileSync(name, "utf8"));
const take = (name, ...args) => linli("import", "grids", name, "--data", data, ...args);
async function give(...args) {
    const to = path.join(work, "out.geojson");
    const r = await linli("export", "grids", "--unit", COMMUNITY, "--data", data, "--out", to, ...args);
    assert.equal(r.code, 0, r.stderr);
    return read(to).features;
}
/* A row of grids inside 城关区, 0.004 degrees each. */
const cell = (i) => box(103.86 + i * 0.004, 36.06, 103.864 + i * 0.004, 36.064);

test("grids are made or found again by code, or by name below the unit above", async () => {
    const grids = file("grids.geojson", [
        feature({ code: `${COMMUNITY}-G1` }, cell(0)),
        feature({ name: "第二网格", parent: COMMUNITY }, cell(1)),
        feature({ code: `${COMMUNITY}-G3`, name: "第三网格", parent: COMMUNITY, colour: "red" }, cell(2)),
        feature({ name: "第四网格", parent: Number(COMMUNITY) }, cell(3)),
        feature({ name: "沿河路 1 号院", parent: `${COMMUNITY}-G1`, level: "micro_grid" }, box(103.861, 36.061, 103.862, 36.062)),
    ]);
    const r = await take(grids);
    assert.equal(r.code, 0, r.stderr);
    assert.match(r.stdout, /changed 5, as they were 0, units made 3, mended 0, refused 0/);
    const again = await take(grids);
    assert.match(again.stdout, /changed 0, as they were 5, units made 0/);
    const out = await give();
    const names = ["第一网格", "第二网格", "第三网格", "第四网格", "沿河路 1 号院"];
    assert.deepEqual(out.map((f) => f.properties.name).sort(), names.sort());
    for (let i = 0; i < 4; i++) {
        const name = ["第一网格", "第二网格", "第三网格", "第四网格"][i];
        assert.deepEqual(rounded(out.find((f) => f.properties.name === name).geometry), rounded(cell(i)));
    }
});

const rounded = (g) => JSON.parse(JSON.stringify(g), (_, v) => (typeof v === "number" ? Number(v.toFixed(7)) : v));

test("what comes out goes in again and changes nothing", async () => {
    const all = file("again.geojson", await give());
    const r = await take(all);
    assert.match(r.stdout, /changed 0, as they were 5, units made 0, mended 0, refused 0/, r.stderr);
});

test("what cannot be taken is told, kept with the reason, and the rest is taken", async () => {
    const bow = { type: "Polygon", coordinates: [[[103.9, 36.06], [103.91, 36.07], [103.91, 36.06], [103.9, 36.07], [103.9, 36.06]]] };
    const mixed = file("mixed.geojson", [
        feature({ code: `${COMMUNITY}-G5`, name: "第五网格", parent: COMMUNITY }, cell(4)),
        feature({ code: `${COMMUNITY}-G6`, name: "第六网格", parent: COMMUNITY }, bow),
        feature({ code: "no-such-unit" }, cell(6)),
        feature({ name: "无主网格", parent: "999999" }, cell(7)),
        feature({ name: "在街道下", parent: "620102003" }, cell(8)),
        feature({}, cell(9)),
        feature({ code: `${COMMUNITY}-G1` }, box(36.06, 103.86, 36.07, 103.87)),
        { type: "Feature", properties: {}, geometry: null },
        feature({ code: `${COMMUNITY}-G7`, name: "第七网格", parent: COMMUNITY, colour: "black" }, cell(10)),
        7,
    ]);
    const r = await take(mixed);
    assert.equal(r.code, 0, r.stderr);
    assert.match(r.stdout, /changed 1, as they were 0, units made 1, mended 0, refused 9/);
    assert.match(r.stderr, /第 2 个图形：边线自己交叉，在 \[103\.905000, 36\.065000\] 处/);
    assert.match(r.stderr, /Feature 7: .*swapped/);
    const kept = read(`${mixed}.refused.geojson`).features;
    assert.deepEqual(
        kept.map((f) => f.refused.field),
        ["/geometry", "/properties/parent", "/properties/parent", "/level", "/properties",
            "/geometry/coordinates/0/0", "/geometry", "/properties/colour", "/geometry"],
    );
    assert.equal(kept[0].properties.name, "第六网格", "as it was, to be mended and taken again");
    assert.ok(kept.every((f) => f.refused.zh && f.refused.en));
    const names = (await give()).map((f) => f.properties.name);
    assert.ok(names.includes("第五网格") && !names.includes("第六网格"));
});

test("a file that is no GeoJSON in degrees is refused whole", async () => {
    const broken = path.join(work, "broken.geojson");
    fs.writeFileSync(broken, '{"type":"FeatureCollection","features":[');
    for (const [name, says] of [
        [broken, /Line 1/],
        [file("one.geojson", undefined), /FeatureCollection/],
        [path.join(work, "nowhere.geojson"), /nowhere/],
        [file("metres.geojson", [], { crs: { type: "name", properties: { name: "urn:ogc:def:crs:EPSG::4549" } } }), /degrees/],
    ]) {
        const r = await take(name);
        assert.notEqual(r.code, 0, name);
        assert.match(r.stderr, says);
    }
    assert.equal((await take(file("x.geojson", []), "--datum", "bd09")).code, 2);
    assert.equal((await linli("export", "grids", "--data", data)).code, 2);
    assert.equal((await linli("export", "grids", "--data", data, "--unit", "none")).code, 3);
});

test("another column holds the code, and the coordinates are a map's", async () => {
    const map = file("map.geojson", await give("--datum", "gcj02"));
    const shifted = read(map).features;
    const grid = shifted.find((f) => f.properties.code === `${COMMUNITY}-G1`);
    assert.ok(grid.geometry.coordinates[0][0][0] - 103.86 > 0.002);
    for (const f of shifted) f.properties = { grid_no: f.properties.code, name: f.properties.name, parent: f.properties.parent };
    const r = await take(file("keyed.geojson", shifted), "--key", "grid_no", "--datum", "gcj02");
    assert.match(r.stdout, /units made 0, mended 0, refused 0/, r.stderr);
    const back = (await give()).find((f) => f.properties.code === `${COMMUNITY}-G1`);
    back.geometry.coordinates[0].forEach(([x, y], i) => {
        const [x0, y0] = cell(0).coordinates[0][i];
        assert.ok(Math.abs(x - x0) < 3e-7 && Math.abs(y - y0) < 3e-7, `${x} ${y}`);
    });
});

test("six real outlines, coarse as they are, are mended when asked to be", async (t) => {
    if (!fs.existsSync(DISTRICTS)) return t.skip(`${DISTRICTS} is not here: no real outlines to test with`);
    const known = ["440310", "610103", "620102"]; // of these the fixture has the unit
    const plain = await take(DISTRICTS, "--refused", path.join(work, "plain.geojson"));
    assert.match(plain.stdout, /changed 0, .* refused 6/);
    const r = await take(DISTRICTS, "--mend", "--refused", path.join(work, "mended.geojson"));
    assert.match(r.stdout, /changed 3, as they were 0, units made 0, mended 3, refused 3/, r.stderr);
    const kept = read(path.join(work, "mended.geojson")).features;
    assert.deepEqual(kept.map((f) => f.properties.code).filter((code) => known.includes(code)), []);
});

function inRing(ring, [x, y]) {
    let inside = false;
    for (let i = 1; i < ring.length; i++) {
        const [[x1, y1], [x2, y2]] = [ring[i - 1], ring[i]];
        if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
    }
    return inside;
}

/* Squares of 0.01 degrees whose corners all lie in the outline. */
function cut(ring) {
    const step = 0.01;
    const on = (v) => Number(v.toFixed(2));
    const [xs, ys] = [0, 1].map((k) => ring.map((p) => p[k]));
    const cells = [];
    for (let x = Math.ceil(Math.min(...xs) * 100) / 100; x < Math.max(...xs); x += step)
        for (let y = Math.ceil(Math.min(...ys) * 100) / 100; y < Math.max(...ys); y += step) {
            const square = box(on(x), on(y), on(x + step), on(y + step));
            if (square.coordinates[0].every((p) => inRing(ring, p))) cells.push(square);
        }
    return cells;
}

test("grids cut inside the real outline of 城关区 find every middle of theirs", async (t) => {
    if (!fs.existsSync(DISTRICTS)) return t.skip(`${DISTRICTS} is not here: no real outline to cut grids from`);
    const own = await folderCopy();
    const outline = read(DISTRICTS).features.find((f) => f.id === "620102");
    const cells = cut(outline.geometry.coordinates[0]);
    assert.ok(cells.length > 50, `${cells.length} squares`);
    const grids = cells.map((geometry, i) => feature({ name: `网格 ${i}`, parent: COMMUNITY }, geometry));
    const r = await linli("import", "grids", file("cut.geojson", [...grids, outline]), "--mend", "--data", own);
    assert.match(r.stdout, new RegExp(`units made ${cells.length}, mended 1, refused 0`), r.stderr);
    const app = await start({ data: own });
    for (const [i, { coordinates }] of cells.entries()) {
        const [[w, s], , [e, n]] = coordinates[0];
        const at = await app.anon.get(`/api/units/at?lng=${(w + e) / 2}&lat=${(s + n) / 2}`);
        assert.equal(at.body.unit.name, `网格 ${i}`);
        assert.equal(at.body.chain[2].code, "620102");
    }
});

test("and the server finds positions in what was imported", async () => {
    const app = await start({ data });
    const at = async (lng, lat) => (await app.anon.get(`/api/units/at?lng=${lng}&lat=${lat}`)).body.unit?.name;
    assert.equal(await at(103.863, 36.0632), "第一网格");
    assert.equal(await at(103.8615, 36.0615), "沿河路 1 号院");
    assert.equal(await at(103.879, 36.062), "第五网格");
});
