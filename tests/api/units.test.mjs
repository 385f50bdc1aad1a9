/* The national tree as it is: five levels, cities that have no counties of their own (东莞), and
 * below the communities the grids that a place makes for itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expect, refused, start } from "./lib.mjs";

const app = await start();
const get = (query) => app.anon.read(`/api/units?${query}`);
const byCode = async (code) => (await get(`code=${code}`)).items[0];

test("from the province to the community", async () => {
    const line = [];
    for (const code of ["62", "6201", "620102", "620102003", "620102003003"])
        line.push(await byCode(code));
    assert.deepEqual(
        line.map((u) => [u.level, u.name]),
        [
            ["province", "甘肃省"],
            ["city", "兰州市"],
            ["county", "城关区"],
            ["street", "雁南街道"],
            ["community", "大雁滩社区居委会"],
        ],
    );
    const [province, city, county, street, community] = line;
    assert.equal(province.parent, undefined);
    for (let i = 1; i < line.length; i++) assert.equal(line[i].parent, line[i - 1].id);
    assert.deepEqual(
        [
            community.province,
            community.city,
            community.district,
            community.street,
            community.community,
        ],
        [province.id, city.id, county.id, street.id, community.id],
    );
    assert.equal(community.grid, undefined);
    assert.deepEqual(expect(await app.anon.get(`/api/units/${community.id}`), 200), community);
});

test("a unit is not its code: ids tell nothing of the place", async () => {
    const unit = await byCode("620102003003");
    assert.ok(!unit.id.includes("620102"));
    refused(await app.anon.get("/api/units/620102003003"), 404);
});

test("provinces first, then level by level", async () => {
    const provinces = await app.anon.all("/api/units");
    assert.deepEqual(
        provinces.map((u) => u.name),
        ["广东省", "陕西省", "甘肃省"],
    );
    const communities = await app.anon.all(`/api/units?parent=${app.unit("620102003")}&limit=4`);
    assert.equal(communities.length, 11);
    assert.equal(new Set(communities.map((u) => u.id)).size, 11);
    assert.ok(communities.every((u) => u.level === "community"));
    assert.deepEqual(
        communities.map((u) => u.code),
        communities.map((u) => u.code).sort(),
    );
});

test("东莞: a city whose streets lie under the one county-level unit of the same name", async () => {
    const city = await byCode("4419");
    const below = await app.anon.all(`/api/units?parent=${city.id}`);
    assert.deepEqual(
        below.map((u) => [u.code, u.level, u.name]),
        [["441900", "county", "东莞市"]],
    );
    const streets = await app.anon.all(`/api/units?parent=${below[0].id}&limit=100`);
    assert.ok(streets.length > 30);
    assert.ok(streets.some((u) => u.code === "441900003" && u.name === "东城街道"));
    const shijie = streets.find((u) => u.name === "石碣镇");
    assert.equal(shijie.level, "street");
    assert.equal(shijie.district, below[0].id);
});

test("a round can be begun there as anywhere else", async () => {
    const unit = app.unit("441900003001");
    const secretary = await app.user({ role: "secretary", unit: "441900003001", name: "岗贝书记" });
    const matter = await app.anon.order({ kind: "repair", title: "路灯不亮", unit });
    assert.match(matter.number, /^东城-\d{8}-0001$/);
    assert.equal((await secretary.act(matter.id, "accept")).stage, "accepted");
});

test("where no pack is in force, nothing is taken in, and it is said so", async () => {
    const lamp = { kind: "repair", title: "路灯不亮" };
    const quiet = await app.anon.post("/api/matters", { ...lamp, unit: app.unit("620102005001") });
    refused(quiet, 422, "/unit", "no_pack");
    refused(
        await app.anon.get(`/api/kinds?unit=${app.unit("620102005001")}`),
        422,
        "unit",
        "no_pack",
    );
    for (const code of ["62", "6201"])
        refused(
            await app.anon.post("/api/matters", { ...lamp, unit: app.unit(code) }),
            422,
            "/unit",
        );
    refused(await app.anon.post("/api/matters", { ...lamp, unit: "9" }), 422, "/unit", "unknown");
});

test("what can be asked for differs by place: each has its own pack", async () => {
    const kinds = async (code) =>
        (await app.anon.read(`/api/kinds?unit=${app.unit(code)}`)).items.map((k) => k.code);
    const yannan = await kinds("620102003003-G1");
    assert.ok(yannan.includes("heating-water") && yannan.includes("wish"));
    assert.deepEqual(await kinds("620102003"), yannan);
    assert.notDeepEqual(await kinds("440310"), yannan);
    const categories = await app.anon.read(`/api/categories?unit=${app.unit("620102003003")}`);
    const lamp = categories.items.find((c) => c.code === "demand.street-lamp");
    assert.deepEqual([lamp.zh, lamp.en, lamp.parent], ["路灯", "Street lamps", "demand"]);
});

test("found by name below a unit, and only there", async () => {
    const q = encodeURIComponent("雁滩");
    const found = await get(`parent=${app.unit("620102003")}&q=${q}`);
    assert.deepEqual(
        found.items.map((u) => u.name).sort(),
        ["大雁滩村社区", "大雁滩社区居委会"].sort(),
    );
    refused(await app.anon.get(`/api/units?q=${q}`), 422, "q", "parent_required");
    const none = await get(`parent=${app.unit("620102003")}&q=${encodeURIComponent("%")}`);
    assert.deepEqual(none.items, [], "a sign is meant as it stands");
    assert.deepEqual((await get("code=999999")).items, []);
});

test("grids are made where they belong, by who may, and are worked in at once", async () => {
    const admin = await app.user({ role: "system_admin", unit: "620102", name: "系统员" });
    const parent = app.unit("620102003004");
    const grid = { parent, level: "grid", name: "沙洼河一格", colour: "green" };
    const made = expect(await admin.post("/api/units", grid), 201);
    assert.equal(made.colour, "green");
    assert.equal(made.community, parent);
    assert.equal(made.grid, made.id);
    refused(await admin.post("/api/units", grid), 409, "/name", "taken");
    refused(
        await admin.post("/api/units", { ...grid, parent: app.unit("620102003") }),
        422,
        "/level",
    );
    refused(
        await admin.post("/api/units", { ...grid, parent: app.unit("610103001005") }),
        404,
        "/parent",
    );
    refused(await admin.post("/api/units", { ...grid, colour: "pink" }), 422, "/colour");
    refused(await app.anon.post("/api/units", grid), 401);

    const micro = expect(
        await admin.post("/api/units", { parent: made.id, level: "micro_grid", name: "楼道" }),
        201,
    );
    const secretary = await app.user({ role: "secretary", unit: "620102003004", name: "书记" });
    const matter = await app.anon.order({ kind: "repair", title: "楼道灯坏", unit: micro.id });
    assert.equal(matter.grid, made.id);
    expect(await secretary.get(`/api/matters/${matter.id}`), 200);
});
