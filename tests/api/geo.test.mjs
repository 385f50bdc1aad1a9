/* A community draws its grids, and from then on a report with coordinates finds its grid by itself. At
 * the end the real outline of 城关区, where that file is there. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { expect, refused, start } from "./lib.mjs";

const DISTRICTS = "/work/shared/data/districts.geojson";
const app = await start();
const COMMUNITY = "620102003003";
const G1 = app.unit(`${COMMUNITY}-G1`);
const G2 = app.unit(`${COMMUNITY}-G2`);
const M1 = app.unit(`${COMMUNITY}-G1-M1`);
const admin = await app.user({ role: "system_admin", unit: "620102003", name: "系统管理员" });
const district = await app.user({ role: "system_admin", unit: "620102", name: "区系统管理员" });
const secretary = await app.user({ role: "secretary", unit: COMMUNITY, name: "书记" });

/* Two grids side by side that share an edge, a micro-grid in the first, the community around. */
const box = (w, s, e, n) => [[w, s], [e, s], [e, n], [w, n], [w, s]];
const polygon = (...rings) => ({ type: "Polygon", coordinates: rings });
const shapes = {
    [app.unit(COMMUNITY)]: polygon(box(103.85, 36.05, 103.89, 36.08)),
    [G1]: polygon(box(103.86, 36.06, 103.87, 36.07)),
    [G2]: polygon(box(103.87, 36.06, 103.88, 36.07)),
    [M1]: polygon(box(103.862, 36.062, 103.864, 36.064)),
};
const put = (client, unit, geometry, datum, mend) =>
    client.request("PUT", `/api/units/${unit}/shape`, { geometry, datum, mend });
const at = (lng, lat, datum) =>
    app.anon.get(`/api/units/at?lng=${lng}&lat=${lat}${datum ? `&datum=${datum}` : ""}`);

test("nobody knows where a position belongs before a shape is drawn", async () => {
    refused(await at(103.865, 36.065), 404, "", "not_located");
    const none = await app.anon.get(`/api/units/${G1}/shape`);
    assert.equal(none.body.geometry, null);
    refused(
        await app.anon.post("/api/matters", { kind: "repair", title: "路灯不亮", lng: 103.865, lat: 36.065 }),
        422, "/unit", "not_located",
    );
    refused(await app.anon.post("/api/matters", { kind: "repair", title: "路灯不亮" }), 422, "/unit", "required");
});

test("the administrator of the place draws the shapes; nobody else may, and none elsewhere", async () => {
    for (const [unit, geometry] of Object.entries(shapes)) {
        const made = expect(await put(admin, unit, geometry), 200);
        assert.equal(made.type, "Feature");
        assert.equal(made.id, unit);
        assert.deepEqual(made.geometry, geometry);
    }
    assert.equal((await put(secretary, G1, shapes[G1])).status, 403);
    assert.equal((await put(app.anon, G1, shapes[G1])).status, 401);
    assert.equal((await put(admin, app.unit("620102004"), shapes[G1])).status, 404);
});

test("a wrong shape is refused with the place of what is wrong", async () => {
    const bow = polygon([[103.86, 36.06], [103.87, 36.07], [103.87, 36.06], [103.86, 36.07], [103.86, 36.06]]);
    const [crossed] = refused(await put(admin, G1, bow), 422, "/geometry", "invalid").errors;
    assert.match(crossed.en, /Self-intersection at \[103\.865000, 36\.065000\]/);
    assert.match(crossed.zh, /自己交叉/);
    const swapped = polygon(box(36.06, 103.86, 36.07, 103.87));
    refused(await put(admin, G1, swapped), 422, "/geometry/coordinates/0/0", "outside");
    const open = polygon([[103.86, 36.06], [103.87, 36.06], [103.87, 36.07], [103.86, 36.07]]);
    refused(await put(admin, G1, open), 422, "/geometry/coordinates/0", "ring_open");
    refused(await put(admin, G1, { type: "Point", coordinates: [103, 36] }), 422, "/geometry/type", "type");
    const many = polygon(Array.from({ length: 20_001 }, (_, i) => [103 + (i % 20_000) / 1e5, 36]));
    refused(await put(admin, G1, many), 422, "/geometry/coordinates/0", "too_many");
    assert.deepEqual((await app.anon.get(`/api/units/${G1}/shape`)).body.geometry, shapes[G1]);
});

test("a position belongs to the smallest unit that covers it, with the chain above", async () => {
    const grid = expect(await at(103.8655, 36.0655), 200);
    assert.equal(grid.unit.id, G1);
    assert.deepEqual(
        grid.chain.map((u) => u.level),
        ["province", "city", "county", "street", "community", "grid"],
    );
    assert.equal(grid.chain.at(-1).id, G1);
    assert.equal((await at(103.863, 36.063)).body.unit.id, M1);
    assert.equal((await at(103.852, 36.052)).body.unit.id, app.unit(COMMUNITY));
    assert.equal((await at(103.75, 36.0)).status, 404);
    const edge = (await at(103.87, 36.065)).body.unit.id;
    assert.equal(edge, BigInt(G1) < BigInt(G2) ? G1 : G2, "an edge belongs to one of the two, always");
});

test("a map's own coordinates say another place, and are converted when they are named", async () => {
    // 103.8690, 36.0655 by GPS, as a map draws it: beyond the edge if taken as it is.
    const [lng, lat] = [103.8713405, 36.0651172];
    assert.equal((await at(lng, lat)).body.unit.id, G2);
    assert.equal((await at(lng, lat, "gcj02")).body.unit.id, G1);
    assert.equal((await at(103.869, 36.0655, "cgcs2000")).body.unit.id, G1);
    const order = { kind: "repair", title: "路灯不亮", lng, lat, datum: "gcj02" };
    const made = expect(await app.anon.post("/api/matters", order), 201);
    assert.equal(made.unit, G1);
    assert.ok(Math.abs(made.lng - 103.869) < 2e-5 && Math.abs(made.lat - 36.0655) < 2e-5, `${made.lng} ${made.lat}`);
    const map = (await app.anon.get(`/api/units/${G1}/shape?datum=gcj02`)).body.geometry;
    assert.ok(map.coordinates[0][0][0] - 103.86 > 0.002);
    expect(await put(admin, G1, map, "gcj02"), 200);
    const back = (await app.anon.get(`/api/units/${G1}/shape`)).body.geometry.coordinates[0];
    back.forEach(([x, y], i) => {
        const [x0, y0] = shapes[G1].coordinates[0][i];
        assert.ok(Math.abs(x - x0) < 2e-7 && Math.abs(y - y0) < 2e-7);
    });
    expect(await put(admin, G1, shapes[G1]), 200);
});

test("coordinates lead to the grid, never put somebody else in charge, and say when they disagree", async () => {
    const order = async (more) =>
        expect(await secretary.post("/api/matters", { kind: "repair", title: "井盖松动", ...more }), 201);
    const spot = { lng: 103.8755, lat: 36.0655 };
    const free = await order(spot);
    assert.deepEqual([free.unit, free.grid, free.located], [G2, G2, undefined]);
    const finer = await order({ ...spot, unit: app.unit(COMMUNITY) });
    assert.deepEqual([finer.unit, finer.charge, finer.located], [G2, app.unit(COMMUNITY), undefined]);
    const other = await order({ ...spot, unit: G1 });
    assert.deepEqual([other.unit, other.located], [G1, G2]);
    const street = await district.get("/api/units/at?lng=103.8755&lat=36.0655");
    assert.equal(street.body.unit.id, G2);
    const worker = await app.user({ role: "street", unit: "620102003", name: "街道" });
    const above = await worker.post("/api/matters", { kind: "repair", title: "井盖松动", ...spot, unit: app.unit("620102003") });
    assert.deepEqual([above.body.unit, above.body.located], [app.unit("620102003"), G2]);
    assert.equal((await worker.get(`/api/matters/${other.id}`)).body.located, undefined);
});

test("coordinates that cannot be meant are refused in words", async () => {
    const ask = (more) => app.anon.post("/api/matters", { kind: "repair", title: "路灯不亮", unit: G1, ...more });
    const [swapped] = refused(await ask({ lng: 36.06, lat: 83.86 }), 422, "/lng", "outside").errors;
    assert.match(swapped.zh, /写反/);
    const [far] = refused(await ask({ lng: 36.06, lat: 103.86 }), 422, "/lat", "too_large").errors;
    assert.match(far.en, /swapped/);
    refused(await ask({ lng: 103.86 }), 422, "/lat", "required");
    refused(await ask({ lat: 36.06 }), 422, "/lng", "required");
    refused(await ask({ lng: 103.86, lat: 36.06, datum: "bd09" }), 422, "/datum", "not_allowed");
});

test("the grids of a community come out as GeoJSON", async () => {
    const r = await app.anon.get(`/api/units/shapes?unit=${app.unit(COMMUNITY)}`);
    assert.equal(r.status, 200);
    assert.match(r.headers["content-type"], /^application\/geo\+json/);
    assert.equal(r.body.type, "FeatureCollection");
    assert.deepEqual(r.body.features.map((f) => f.id).sort(), [G1, G2].sort());
    const one = r.body.features.find((f) => f.id === G1);
    assert.deepEqual(one.geometry, shapes[G1]);
    assert.deepEqual(one.properties, {
        code: `${COMMUNITY}-G1`, name: "第一网格", level: "grid", parent: COMMUNITY,
    });
    const first = await app.anon.get(`/api/units/shapes?unit=${app.unit(COMMUNITY)}&limit=1`);
    const next = await app.anon.get(`/api/units/shapes?unit=${app.unit(COMMUNITY)}&limit=1&after=${first.body.next}`);
    assert.deepEqual([first, next].map((x) => x.body.features[0].id).sort(), [G1, G2].sort());
    assert.equal(next.body.next, undefined);
});

test("a shape that is taken away or changed counts at once; what is open keeps its unit", async () => {
    const spot = { lng: 103.863, lat: 36.063 };
    const open = expect(await secretary.post("/api/matters", { kind: "repair", title: "门禁坏了", ...spot }), 201);
    assert.equal(open.unit, M1);
    assert.equal((await at(103.863, 36.063)).body.unit.id, M1);
    expect(await admin.request("DELETE", `/api/units/${M1}/shape`), 204);
    assert.equal((await at(103.863, 36.063)).body.unit.id, G1);
    expect(await put(admin, M1, polygon(box(103.866, 36.066, 103.868, 36.068))), 200);
    assert.equal((await at(103.863, 36.063)).body.unit.id, G1);
    assert.equal((await at(103.867, 36.067)).body.unit.id, M1);
    const ring = polygon(box(103.86, 36.06, 103.87, 36.07), box(103.861, 36.061, 103.869, 36.069));
    expect(await put(admin, G1, ring), 200);
    assert.equal((await at(103.865, 36.065)).body.unit.id, app.unit(COMMUNITY), "a hole is not covered");
    expect(await put(admin, G1, shapes[G1]), 200);
    assert.equal((await secretary.get(`/api/matters/${open.id}`)).body.unit, M1);
});

/* A ray to the east crosses the rings an odd number of times. */
function inRings(rings, [x, y]) {
    let inside = false;
    for (const ring of rings)
        for (let i = 1; i < ring.length; i++) {
            const [[x1, y1], [x2, y2]] = [ring[i - 1], ring[i]];
            if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
        }
    return inside;
}

test("a real district: every random position is found where a ray says", async (t) => {
    if (!fs.existsSync(DISTRICTS)) return t.skip(`${DISTRICTS} is not here: no real outline to test with`);
    const file = JSON.parse(fs.readFileSync(DISTRICTS, "utf8"));
    const outline = file.features.find((f) => f.id === "620102").geometry;
    const unit = app.unit("620102");
    // Drawn on a raster, it touches itself in places: refused as it is, mended when asked to be.
    refused(await put(district, unit, outline), 422, "/geometry", "invalid");
    const kept = expect(await put(district, unit, outline, "wgs84", true), 200).geometry;
    const polygons = kept.type === "Polygon" ? [kept.coordinates] : kept.coordinates;
    const xs = polygons.flat(2).map((p) => p[0]);
    const ys = polygons.flat(2).map((p) => p[1]);
    const span = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    let seed = 7;
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    let inside = 0;
    const ask = async () => {
        const p = [span[0] + random() * (span[1] - span[0]), span[2] + random() * (span[3] - span[2])];
        const r = await at(p[0], p[1]);
        const within = polygons.some((rings) => inRings(rings, p));
        inside += within;
        assert.equal(r.status, within ? 200 : 404, `${p}`);
        if (within) assert.equal(r.body.chain[2].id, unit);
    };
    // Twenty at once, so that the workers ask the same prepared shape side by side.
    for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 20 }, ask));
    assert.ok(inside > 80 && inside < 360, `${inside} of 400 lie inside: the test tells something`);
});
