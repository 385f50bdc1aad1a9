/* What is counted: a secretary reads the month's figures of a grid, a community, a street, and the
 * district reads its own; each figure opens the matters behind it; a matter that is reopened takes
 * its numbers back; and all of it is what the records give when they are counted anew. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, linli, refused, start } from "./lib.mjs";

const COMMUNITY = "620102003003";
const STREET = "620102003";
const app = await start({ at: "2026-10-12T09:00:00+08:00" });
const person = await app.person({ name: "王小明", unit: COMMUNITY });
const wang = await app.user({ person });
const secretary = await app.user({ role: "secretary", unit: COMMUNITY });
const grid = await app.user({ role: "grid_worker", unit: `${COMMUNITY}-G1` });
const street = await app.user({ role: "street", unit: STREET });
const district = await app.user({ role: "district", unit: "620102" });
const team = await app.party({ name: "社区维修队", kind: "team", unit: COMMUNITY });
const office = await app.party({ name: "城管执法队", unit: STREET });
const water = await app.party({ name: "供水公司", kind: "firm", unit: STREET });
const plumber = await app.user({ role: "handler", party: team });
const officer = await app.user({ role: "handler", party: office });
const supplier = await app.user({ role: "handler", party: water });

const OCTOBER = "from=2026-10&to=2026-10";

/* {indicator: row} of a unit; more: further parameters. */
async function figures(client, code, more = OCTOBER) {
    await app.indexed();
    const r = await client.read(`/api/figures?unit=${app.unit(code)}&${more}`);
    assert.equal(r.waiting, 0);
    return Object.fromEntries(r.rows.map((row) => [row.indicator, row]));
}
const plain = ({ numerator, denominator, left_out }) => [numerator, denominator, left_out];

async function records(client, code, indicator, part, more = OCTOBER) {
    const q = `unit=${app.unit(code)}&indicator=${indicator}&part=${part}&${more}`;
    return (await client.all(`/api/figures/records?${q}`)).map((m) => m.id);
}

/* Four matters: one done well inside the grid, one badly outside, one withdrawn, one not begun. */
let good, bad, gone, open;
test("four matters come in and three of them end", async () => {
    const ask = (unit, title, more) =>
        wang.order({ kind: "repair", title, unit: app.unit(unit), source: "wechat", ...more });
    good = (await ask(`${COMMUNITY}-G1`, "路灯不亮")).id;
    bad = (await ask(`${COMMUNITY}-G2`, "水管漏水", { source: "phone" })).id;
    gone = (await ask(`${COMMUNITY}-G1`, "不用修了")).id;
    open = (await app.anon.order({ kind: "safety", title: "楼道堆物", unit: app.unit(COMMUNITY) })).id;
    await wang.act(gone, "withdraw");
    app.clock.advance(HOUR);
    await secretary.act(good, "accept");
    await secretary.act(good, "dispatch", { to: team.id });
    app.clock.advance(HOUR);
    await plumber.act(good, "submit", { text: "换了灯泡" });
    await secretary.act(good, "verify");
    await wang.act(good, "rate", { solved: true, score: 5 });
    app.clock.advance(DAY);
    await secretary.act(bad, "accept");
    await secretary.act(bad, "dispatch", { to: office.id });
    await officer.act(bad, "transfer", { to: water.id, text: "不归我们管" });
    await supplier.act(bad, "submit", { text: "修好了" });
    await secretary.act(bad, "return", { text: "还在漏" });
    await supplier.act(bad, "submit", { text: "又修了" });
    await secretary.act(bad, "verify");
    await wang.act(bad, "rate", { solved: false, score: 2 });
});

/* [numerator, denominator, left out]; `late` is what the engine says of the bad one. */
const late = () => app.rows("SELECT late FROM matter WHERE id = ?", BigInt(bad))[0].late;
const wanted = {
    first: () => ({
        arrived: [2, 2, 0],
        closed: [1, 1, 1],
        response_rate: [1, 1, 1],
        solved_rate: [1, 1, 0],
        satisfied_rate: [1, 1, 0],
        on_time_rate: [1, 1, 1],
        inside_grid_rate: [1, 1, 1],
        returned_rate: [0, 1, 1],
        transferred_rate: [0, 1, 1],
        reopened_rate: [0, 1, 1],
    }),
    second: () => ({
        arrived: [1, 1, 0],
        closed: [1, 1, 0],
        response_rate: [0, 1, 0],
        solved_rate: [0, 1, 0],
        satisfied_rate: [0, 1, 0],
        on_time_rate: [1 - late(), 1, 0],
        inside_grid_rate: [0, 1, 0],
        returned_rate: [1, 1, 0],
        transferred_rate: [1, 1, 0],
        reopened_rate: [0, 1, 0],
    }),
};
function together() {
    const [a, b] = [wanted.first(), wanted.second()];
    const sum = Object.fromEntries(Object.keys(a).map((k) => [k, a[k].map((n, i) => n + b[k][i])]));
    sum.arrived = sum.arrived.map((n, i) => n + (i < 2 ? 1 : 0)); // the one at no grid
    sum.response_rate[1]++;
    return sum;
}

function check(rows, want) {
    const got = Object.fromEntries(Object.keys(want).map((k) => [k, plain(rows[k])]));
    assert.deepEqual(got, want);
}

test("figures stand at grid, community, street and district", async () => {
    check(await figures(secretary, `${COMMUNITY}-G1`), wanted.first());
    check(await figures(grid, `${COMMUNITY}-G1`), wanted.first());
    check(await figures(secretary, `${COMMUNITY}-G2`), wanted.second());
    check(await figures(secretary, COMMUNITY), together());
    check(await figures(street, STREET), together());
    const rows = await figures(district, "620102");
    check(rows, together());
    assert.equal(rows.solved_rate.value, 0.5);
    assert.equal(rows.score.value, 3.5);
    assert.equal(rows.arrived.value, 4);
});

test("the definition stands beside the figure, in both languages", async () => {
    const r = await street.read(`/api/figures?unit=${app.unit(STREET)}&indicator=solved_rate`);
    assert.equal(r.definitions.length, 1);
    const [d] = r.definitions;
    assert.equal(d.definition, r.rows[0].definition);
    assert.equal(d.zh, "解决率");
    assert.equal(d.type, "share");
    assert.equal(d.meets, "solved");
    assert.equal(d.except, "solved is not set");
    assert.match(d.doc_zh, /说“解决了”/);
    assert.match(d.doc_en, /requester says are solved/);
    assert.ok(r.seq > 0 && Date.parse(r.as_of));
    const list = (await street.read(`/api/indicators?unit=${app.unit(STREET)}`)).items;
    assert.ok(list.some((i) => i.indicator === "on_time_rate" && i.current));
});

test("the time to the first answer: mean, median and p90, right to two per cent", async () => {
    const { answer_time } = await figures(secretary, COMMUNITY);
    const times = [HOUR, DAY + 2 * HOUR];
    assert.equal(answer_time.denominator, 2);
    const near = (got, want) => assert.ok(Math.abs(got / want - 1) <= 0.02, `${got} ${want}`);
    near(answer_time.value, (times[0] + times[1]) / 2);
    const [half, nine] = answer_time.quantiles;
    assert.deepEqual([half.percent, nine.percent], [50, 90]);
    near(half.ms, times[0]);
    near(nine.ms, times[1]);
    assert.ok(answer_time.numerator >= times[0] + times[1]);
    assert.ok(answer_time.numerator < times[0] + times[1] + MINUTE);
});

test("by kind, by source, by unit and by month", async () => {
    const rows = async (more) =>
        (await street.read(`/api/figures?unit=${app.unit(STREET)}&indicator=arrived&${more}`)).rows;
    const pick = (list, key) => Object.fromEntries(list.map((r) => [r[key], r.numerator]));
    assert.deepEqual(pick(await rows(`${OCTOBER}&by=kind`), "kind"), { repair: 3, safety: 1 });
    assert.deepEqual(pick(await rows(`${OCTOBER}&by=source`), "source"), { phone: 1, web: 1, wechat: 2 });
    assert.deepEqual(pick(await rows(`${OCTOBER}&by=source&kind=repair`), "source"), { phone: 1, wechat: 2 });
    assert.deepEqual(pick(await rows(`${OCTOBER}&source=wechat&by=month`), "month"), { "2026-10": 2 });
    assert.deepEqual(pick(await rows("from=2026-01&to=2026-12&by=month"), "month"), { "2026-10": 4 });
    assert.deepEqual(pick(await rows("from=2026-11&to=2026-12"), "unit"), { [app.unit(STREET)]: 0 });
    const below = await rows(`${OCTOBER}&by=unit`);
    assert.deepEqual(pick(below, "unit"), { [app.unit(COMMUNITY)]: 4 });
    assert.equal(below[0].unit_name, "大雁滩社区居委会");
});

test("a figure opens the matters behind it", async () => {
    const at = (part, indicator) => records(street, STREET, indicator, part);
    assert.deepEqual(await at("numerator", "solved_rate"), [good]);
    assert.deepEqual(await at("failed", "solved_rate"), [bad]);
    assert.deepEqual((await at("denominator", "solved_rate")).sort(), [good, bad].sort());
    assert.deepEqual(await at("left_out", "closed"), [gone]);
    assert.deepEqual((await at("denominator", "arrived")).sort(), [good, bad, gone, open].sort());
    assert.deepEqual(await records(grid, `${COMMUNITY}-G1`, "inside_grid_rate", "numerator"), [good]);
    assert.deepEqual(await records(street, STREET, "arrived", "denominator", `${OCTOBER}&kind=safety`), [open]);
    assert.deepEqual(await records(street, STREET, "arrived", "denominator", "from=2026-11&to=2026-11"), []);
    const paged = await records(street, STREET, "arrived", "denominator", `${OCTOBER}&limit=1`);
    assert.deepEqual(paged.sort(), [good, bad, gone, open].sort());
});

test("only figures of one's own", async () => {
    const get = (client, code) => client.get(`/api/figures?unit=${app.unit(code)}`);
    refused(await get(grid, COMMUNITY), 404);
    refused(await get(secretary, STREET), 404);
    refused(await get(secretary, "620102003001"), 404);
    refused(await get(street, "620102"), 404);
    refused(await get(street, "610103"), 404);
    refused(await get(wang, COMMUNITY), 403);
    refused(await get(officer, COMMUNITY), 403);
    refused(await get(app.anon, COMMUNITY), 401);
    const q = `unit=${app.unit(STREET)}&indicator=arrived`;
    refused(await grid.get(`/api/figures/records?${q}`), 404);
    refused(await secretary.get(`/api/indicators?unit=${app.unit(STREET)}`), 404);
});

test("what cannot be asked is said", async () => {
    const get = (more) => street.get(`/api/figures?unit=${app.unit(STREET)}&${more}`);
    refused(await get("indicator=no-such"), 422, "indicator", "unknown");
    refused(await get("from=2026-13"), 422, "from", "month");
    refused(await get("from=2026-12&to=2026-11"), 422, "from", "order");
    refused(await get("from=1900-01&to=2026-11"), 422, "from", "range");
    refused(await get("by=year"), 422, "by");
    const q = `/api/figures/records?unit=${app.unit(STREET)}&indicator=arrived`;
    refused(await street.get(`${q}&definition=7`), 422, "definition", "unknown");
    refused(await street.get(`${q}&after=x`), 422, "after", "cursor");
});

test("a matter that is reopened takes its numbers back, and gives them again in another month", async () => {
    app.clock.set("2026-11-03T10:00:00+08:00");
    await wang.act(bad, "reopen", { text: "还是漏" });
    const now = await figures(street, STREET);
    assert.deepEqual(plain(now.solved_rate), [1, 1, 0]);
    assert.deepEqual(plain(now.closed), [1, 1, 1]);
    assert.deepEqual(plain(now.reopened_rate), [1, 2, 1]);
    assert.deepEqual(await records(street, STREET, "solved_rate", "failed"), []);
    await supplier.act(bad, "submit", { text: "换了水管" });
    await secretary.act(bad, "verify");
    await wang.act(bad, "rate", { solved: true, score: 4 });
    const november = await figures(street, STREET, "from=2026-11&to=2026-11");
    assert.deepEqual(plain(november.solved_rate), [1, 1, 0]);
    assert.equal(november.score.value, 4);
    const both = await figures(street, STREET, "from=2026-10&to=2026-11");
    assert.deepEqual(plain(both.solved_rate), [2, 2, 0]);
    assert.equal(both.score.value, 4.5);
});

test("the server stopped: city and province, and the sums are those of the records", async () => {
    await app.stop();
    for (const unit of ["6201", "62"]) {
        const r = await linli("figures", "show", "--unit", unit, "--from", "2026-10", "--to", "2026-11", "--data", app.data);
        assert.equal(r.code, 0, r.stderr);
        const line = r.stdout.split("\n").find((l) => l.startsWith("solved_rate"));
        assert.equal(line, "solved_rate\t-\t2\t2\t0\t1.0000");
    }
    const r = await linli("figures", "check", "--data", app.data);
    assert.equal(r.code, 0, r.stdout + r.stderr);
    assert.match(r.stdout, /wrong: matters 0, sums 0/);
});
