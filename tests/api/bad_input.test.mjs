/* Everything wrong that can be said, to every route: each field of body, path and query and each
 * header, out of the OpenAPI document, with each fault that its type allows, asked by somebody who
 * may and about something of their own. Each must be refused with a 4xx whose problem document names
 * the field and says in both languages what is wrong; and afterwards no row of any domain may have
 * changed. A null where nothing is required means absent, and is no fault. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { expect, send, start } from "./lib.mjs";
import { fill, openFiling, openMediation, operations, request, SQUARE } from "./support_table.mjs";

const AT_ONCE = 24;
const app = await start();
const table = operations();
let cells = 0;
after(() => console.log(`bad input: ${cells} requests to ${table.length} routes`));

/* ---- who asks, about what ---- */

const unit = "620102003003";
const clients = {
    secretary: await app.user({ role: "secretary", unit }),
    security_admin: await app.user({ role: "security_admin", unit: "620102003" }),
    system_admin: await app.user({ role: "system_admin", unit: "620102003" }),
    auditor: await app.user({ role: "auditor", unit: "620102003" }),
};
const shape = { geometry: SQUARE };
expect(await clients.system_admin.request("PUT", `/api/units/${app.unit("620102003")}/shape`, shape), 200);
const party = await app.party({ name: "维修队", unit });
const person = await app.person({ name: "王小明", unit });
const made = await app.account({ unit, name: "小李" });
const hat = await app.grant(made, { role: "grid_worker", unit: app.unit(unit) }, unit);
const matter = await app.anon.order({ kind: "repair", title: "路灯不亮", unit: app.unit(unit) });
const filing = await openFiling(clients.secretary, app.unit(unit), person.id, []);
const mediation = await openMediation(clients.secretary, app.unit(unit), person.id, party.id);
const body = { kind: "committee", name: "委员会", unit: app.unit(unit) };
const committee = expect(await clients.secretary.post("/api/bodies", body), 201);
const joined = { category: "volunteer", person: (await app.person({ name: "李梅", unit })).id };
const member = expect(
    await clients.secretary.post(`/api/bodies/${committee.id}/members`, joined),
    201,
);
const paired = { category: "volunteer", person: (await app.person({ name: "孙兰", unit })).id };
const pair = expect(
    await clients.secretary.post("/api/pairs", {
        member: expect(
            await clients.secretary.post(`/api/bodies/${committee.id}/members`, paired),
            201,
        ).id,
        person: joined.person,
        purpose: "常走动",
    }),
    201,
);
const points = [{ place: "东门口" }, { place: "西门口" }];
const walk = { unit: app.unit(unit), kind: "work-safety", name: "沿街商铺", points };
const patrol = expect(await clients.secretary.post("/api/patrols", walk), 201);
const given = await clients.secretary.post(`/api/patrols/${patrol.id}/rounds`, { parties: [party.id] });
const round = expect(given, 201);
const [point, point2] = round.stops.map((stop) => stop.point);
const ids = {
    filings: filing.id,
    mediations: mediation.id,
    patrols: patrol.id,
    rounds: round.id,
    accounts: made.id,
    parties: party.id,
    persons: person.id,
    units: app.unit(unit),
    matters: matter.id,
    bodies: committee.id,
    pairs: pair.id,
    calls: await call(),
    webhooks: expect(
        await clients.system_admin.post("/api/webhooks", {
            unit: app.unit(unit),
            url: "http://127.0.0.1:9/in",
            acts: "order",
        }),
        201,
    ).id,
};

/* What asks for a subject of its own, or for somebody of its own. */
const order = (kind, title, more) => app.anon.order({ kind, title, unit: app.unit(unit), ...more });
const act = (id, name, more) => clients.secretary.act(id, name, more);
const handled = await order("inquiry", "几点开门");
const addHousehold = async (id, household) =>
    expect(await clients.secretary.post(`/api/matters/${id}/households`, { households: [household] }), 200);
await addHousehold(handled.id, { person: person.id });
await act(handled.id, "submit", { text: "九点" });
const merged = await order("repair", "路灯又不亮");
expect(await clients.secretary.post(`/api/matters/${merged.id}/merge`, { into: matter.id }), 200);
const special = {
    "matters.merge": { id: (await order("repair", "路灯还不亮")).id, into: matter.id },
    "matters.split": { id: merged.id },
    "matters.confirm": { id: handled.id, client: await app.user({ person }) },
    "matters.break_glass": { id: (await order("counselling", "睡不着")).id },
};
await addHousehold(matter.id, { label: "3号楼2单元501" });
/* A long matter, with one of each thing that hangs on it. */
const hung = async (route, body) =>
    expect(await clients.secretary.post(`/api/matters/${matter.id}/${route}`, body), 201).id;
const casework = {
    milestone: await hung("milestones", { title: "资金申请" }),
    each: await hung("milestones", { title: "税费缴纳", each: true }),
    household: (await clients.secretary.read(`/api/matters/${matter.id}/households`)).items.at(-1).id,
    external: (await app.party({ name: "陇南市政府", kind: "external", unit })).id,
    other: (await app.anon.order({ kind: "repair", title: "井盖", unit: app.unit(unit) })).id,
};

/* Somebody without a phone, to be told in person. */
async function call() {
    const quiet = await app.person({ name: "无号", unit });
    const of = { kind: "repair", title: "水管漏水", unit: app.unit(unit), requester: quiet.id };
    const { id } = await clients.secretary.order(of);
    await app.indexed();
    return app.rows("SELECT id FROM outbox WHERE matter = ? AND channel = 'call'", BigInt(id))[0].id;
}

function client(o) {
    if (special[o.op]?.client) return special[o.op].client;
    const role = Object.keys(clients).find((r) => o.roles.includes(r));
    assert.ok(role, `${o.op}: nobody here may ask that; add one of ${o.roles} to clients`);
    return clients[role];
}

function placeOf(o) {
    const id = ids[o.path.split("/")[2]];
    assert.ok(!o.subject || id, `${o.op}: nothing to ask about; add it to ids`);
    const place = { id, hat: hat.id, unit: app.unit(unit), party: party.id, person: person.id, serial: 1 };
    return { ...mediation, ...place, member: member.id, point, point2, ...casework, ...special[o.op] };
}

/* ---- what is wrong: [{what, field, …how to ask}] ---- */

const NO_BODY = new Set(["GET", "DELETE"]);
const LONG = 100_000;
const NESTED = "[".repeat(100) + "]".repeat(100);
const ANY_TYPE = {
    string: '"7"',
    integer: "7",
    number: "7.5",
    boolean: "true",
    array: "[]",
    object: "{}",
};
/* Inside a JSON text; as bytes, one character a byte. */
const NO_TEXT = {
    "U+0000 escaped": "a\\u0000b",
    "raw NUL": "a\0b",
    "invalid UTF-8": "a\xffb",
    "overlong UTF-8": "a\xc0\x80b",
    "a surrogate in UTF-8": "a\xed\xa0\x80b",
    "half a surrogate pair": "a\\ud800b",
    "a control character": "a\x01b",
    "a control character escaped": "a\\u0001b",
    delete: "a\x7fb",
};
const NO_ID = ["x", "0", "01", "-1", "1.5", "1e3", "+1", "９", "9".repeat(19), "9".repeat(20)];

function badTexts(s) {
    const bad = [];
    if (s.maxLength)
        for (const letter of ["a", "邻"]) bad.push(["too long", letter.repeat(s.maxLength + 1)]);
    if (s.minLength) bad.push(["too short", "a".repeat(s.minLength - 1)]);
    if (s.enum) bad.push(["no code", "no-such-code"], ["a code in capitals", s.enum[0].toUpperCase()]);
    if (s["x-form"]) bad.push(["not in its form", "!".repeat(Math.max(s.minLength ?? 2, 2))]);
    if (s.pattern) bad.push(...NO_ID.map((id) => [`no id (${id})`, id]));
    return bad;
}

/* The JSON text of each wrong value of a body's field. */
function badValues(s) {
    const wrong = Object.keys(ANY_TYPE)
        .filter((t) => t !== s.type && !(s.type === "number" && t === "integer"))
        .map((t) => [`${t} for ${s.type}`, ANY_TYPE[t]]);
    const texts = s.type === "string" ? badTexts(s) : [];
    const numbers = [];
    if (s.minimum !== undefined) numbers.push(["below its least", String(s.minimum - 1)]);
    if (s.maximum !== undefined) numbers.push(["above its most", String(s.maximum + 1)]);
    return [
        ...wrong,
        ...texts.map(([what, text]) => [what, JSON.stringify(text)]),
        ...numbers,
        ["nested 100 deep", NESTED],
        ["1e400", "1e400"],
        ["-1e400", "-1e400"],
        ["a number of 30 digits", "9".repeat(30)],
        ...Object.entries(s.type === "string" ? NO_TEXT : {}).map(([what, t]) => [what, `"${t}"`]),
    ];
}

const bytes = (text) => Buffer.from(text, "latin1");
const utf8 = (text) => Buffer.from(text, "utf8").toString("latin1");

/* An object's JSON (bytes as characters) with one member's as it is. */
function objectWith(object, name, json) {
    const rest = Object.entries(object).filter(([key]) => key !== name);
    const members = rest.map(([key, v]) => `${JSON.stringify(key)}:${utf8(JSON.stringify(v))}`);
    if (json !== undefined) members.push(`${JSON.stringify(name)}:${json}`);
    return `{${members.join(",")}}`;
}
const bodyWith = (body, name, json) => bytes(objectWith(body, name, json));

/* The same for the members of a list's objects: {what, field, json} of the whole list. */
function itemFaults(o, name, schema, place) {
    const item = schema.items?.properties;
    if (!item) return [];
    const [good] = fill(o.op, name, schema, place);
    const faults = [];
    for (const [member, s] of Object.entries(item)) {
        const add = (what, json) =>
            faults.push({
                what: `${member} ${what}`,
                field: `/${name}/0/${member}`,
                json: `[${objectWith(good, member, json)}]`,
            });
        for (const [what, json] of badValues(s)) add(what, /[^\0-\xff]/.test(json) ? utf8(json) : json);
        if (schema.items.required?.includes(member)) add("missing", undefined);
    }
    const odd = `[${objectWith(good, "no_such", "1")}]`;
    return [...faults, { what: "no_such", field: `/${name}/0/no_such`, json: odd }];
}

function bodyFaults(o, place) {
    const { body } = request(o, place);
    const faults = [];
    for (const [name, schema] of Object.entries(o.body.properties)) {
        const field = `/${name}`;
        const add = (what, json, at = field) =>
            faults.push({ what: `${name}: ${what}`, field: at, body: bodyWith(body, name, json) });
        for (const [what, json] of badValues(schema))
            add(what, /[^\0-\xff]/.test(json) ? utf8(json) : json);
        for (const { what, field: at, json } of itemFaults(o, name, schema, place)) add(what, json, at);
        if (o.body.required?.includes(name)) {
            add("missing", undefined);
            add("null", "null");
        }
        const long = Math.max(LONG, o.body_max + 1);
        add(`${long} bytes`, `"${"a".repeat(long)}"`, "");
        const good = utf8(JSON.stringify(fill(o.op, name, schema, place)));
        add("given twice", `${good},${JSON.stringify(name)}:${good}`);
    }
    return faults;
}

function documentFaults(o, place) {
    const { body = {} } = request(o, place);
    const good = JSON.stringify(body);
    const odd = { "no_such": 1, "a/b": 1, "": null, __proto__x: {}, "标题": "x" };
    const named = Object.entries(odd).map(([name, value]) => ({
        what: `an unknown member ${JSON.stringify(name)}`,
        field: `/${name.replace("/", "~1")}`,
        body: JSON.stringify({ ...body, [name]: value }),
    }));
    const types = ["[]", '"x"', "null", "7", NESTED];
    const whole = ["{", `${good}x`, `${good}${good}`, "{'a':1}", "\ufeff{}", ...types];
    const typed = (what, type) => ({
        what, field: "Content-Type", body: good, headers: { "Content-Type": type },
    });
    return [
        ...named,
        ...whole.map((text) => ({ what: `body ${text.slice(0, 40)}`, field: "", body: text })),
        { what: "invalid UTF-8 between members", field: "", body: bytes("{\xff}") },
        typed("a body of text", "text/plain"),
        typed("a form", "application/x-www-form-urlencoded"),
        typed("JSON of another kind", "application/jsonp"),
        typed("no content type", null),
        ...(o.body
            ? [{ what: "an empty body", field: "", body: "" }, { what: "spaces", field: "", body: " \n" }]
            : []),
    ];
}

/* Percent-encoded, what a path or query may not hold. */
const NO_PARAM = {
    "%00": "a%00b",
    "invalid UTF-8": "a%FFb",
    "a surrogate in UTF-8": "a%ED%A0%80b",
    "a control character": "a%01b",
    "no hex digits": "%zz",
    "half an escape": "1%3",
};

function badParams(s) {
    const bad = badTexts(s).map(([what, text]) => [what, encodeURIComponent(text)]);
    if (s.type !== "string")
        for (const text of ["x", "", "1.5.5", "[]", "0x10", " 1", "1 ", "NaN", "9".repeat(30)])
            bad.push([`"${text}"`, encodeURIComponent(text)]);
    if (s.minimum !== undefined) bad.push(["below its least", String(s.minimum - 1)]);
    if (s.maximum !== undefined) bad.push(["above its most", String(BigInt(s.maximum) + 1n)]);
    return [...bad, ...Object.entries(NO_PARAM)];
}

function pathFaults(o, place) {
    const faults = [];
    const path = (name, value) =>
        o.path.replace(/\{(\w+)\}/g, (_, n) => (n === name ? value : fill(o.op, n, {}, place)));
    for (const p of o.params.filter((p) => p.in === "path")) {
        const values = badParams(p.schema).filter(([, value]) => value !== "");
        const add = (what, field, value) =>
            faults.push({ what: `${p.name}: ${what}`, field, target: path(p.name, value) });
        for (const [what, value] of values) add(what, p.name, value);
        add("5000 characters", p.name, "9".repeat(5000));
        add(`${LONG} bytes`, "", "9".repeat(LONG));
    }
    return faults;
}

function queryFaults(o, target) {
    const faults = [];
    const [path, query = ""] = target.split("?");
    const rest = (name) => query.split("&").filter((q) => q && !q.startsWith(`${name}=`));
    const add = (what, field, name, more) =>
        faults.push({ what, field, target: `${path}?${[...rest(name), ...more].join("&")}` });
    for (const { name, schema, required } of o.params.filter((p) => p.in === "query")) {
        for (const [what, value] of badParams(schema))
            add(`${name}: ${what}`, name, name, [`${name}=${value}`]);
        add(`${name}: given twice`, name, name, [`${name}=1`, `${name}=1`]);
        add(`${name}: ${LONG} bytes`, "", name, [`${name}=${"a".repeat(LONG)}`]);
        if (required) add(`${name}: missing`, name, name, []);
    }
    add("100 parameters", "", "", Array.from({ length: 100 }, (_, i) => `x${i}=1`));
    add("a name that is no escape", "", "", ["%zz=1"]);
    for (const name of ["no_such", "Limit", "id"]) add(`?${name}`, name, name, [`${name}=1`]);
    return faults;
}

function headerFaults(o) {
    const key = (what, value, field = "Idempotency-Key") => ({
        what: `Idempotency-Key ${what}`, field, headers: { "Idempotency-Key": value },
    });
    const named = (what, value, field = "Linli-Hat") => ({
        what: `Linli-Hat ${what}`, field, headers: { "Linli-Hat": value },
    });
    const gated = o.permission !== "public" && o.permission !== "signed_in";
    return [
        ...(o.verb === "GET"
            ? []
            : [
                  key("missing", null),
                  key("empty", ""),
                  key("too short", "k".repeat(15)),
                  key("too long", "k".repeat(129)),
                  key("with a space", `${"k".repeat(16)} k`),
                  key("beyond ASCII", `${"k".repeat(16)}\xe9`),
                  key(`of ${LONG} bytes`, "k".repeat(LONG), ""),
              ]),
        ...["x", "", "0", "-1", "1.5", "9".repeat(20), "\xe9"].map((v) => named(`"${v}"`, v)),
        named(`of ${LONG} bytes`, "1".repeat(LONG), ""),
        ...(gated ? [named("of somebody else", hat.id)] : []),
    ];
}

/* ---- asking ---- */

async function ask(o, by, good, fault) {
    const headers = { Authorization: `Bearer ${by.token}` };
    if (o.verb !== "GET") headers["Idempotency-Key"] = randomUUID();
    const body = fault.body ?? (good.body === undefined ? undefined : JSON.stringify(good.body));
    if (body !== undefined) headers["Content-Type"] = "application/json";
    Object.assign(headers, fault.headers);
    for (const [name, value] of Object.entries(headers)) if (value === null) delete headers[name];
    return send(app.url, o.verb, fault.target ?? good.target, { headers, body });
}

/* What is wrong with the answer, or null. */
function wrong(r, field) {
    if (r.status < 400 || r.status > 499) return "no 4xx";
    if (!r.headers["content-type"]?.startsWith("application/problem+json")) return "no problem";
    const { title_zh, title_en, errors } = r.body;
    if (!title_zh || !title_en || r.body.status !== r.status) return "a poor title";
    if (errors.some((e) => !e.code || !e.zh || !e.en)) return "a fault without words";
    return errors.some((e) => e.field === field) ? null : `"${field}" is not named`;
}

const broken = (error) => ({ status: 0, text: String(error), headers: {} });

async function askAll(o, faults) {
    const by = client(o);
    const good = request(o, placeOf(o));
    const failed = [];
    for (let at = 0; at < faults.length; at += AT_ONCE) {
        await Promise.all(
            faults.slice(at, at + AT_ONCE).map(async (fault) => {
                const r = await ask(o, by, good, fault).catch(broken);
                const why = wrong(r, fault.field);
                cells++;
                if (why) failed.push(`${fault.what}: ${why}: ${r.status} ${r.text.slice(0, 200)}`);
            }),
        );
    }
    const sum = `${o.op}: ${failed.length} of ${faults.length}`;
    assert.equal(failed.length, 0, `${sum}\n${failed.join("\n")}`);
}

for (const o of table) {
    test(`${o.op}: nothing wrong is taken`, async () => {
        const place = placeOf(o);
        const { target } = request(o, place);
        const hashes = await app.hashTables();
        await askAll(o, [
            ...(o.body ? bodyFaults(o, place) : []),
            ...(NO_BODY.has(o.verb)
                ? [{ what: "a body", field: "", body: "{}" }]
                : documentFaults(o, place)),
            ...pathFaults(o, place),
            ...queryFaults(o, target),
            ...headerFaults(o),
        ]);
        assert.deepEqual(await app.hashTables(), hashes, "something was written");
    });
}

test("the good requests that these were made of are not refused for their form", async () => {
    const hashes = await app.hashTables();
    for (const o of table.filter((o) => o.verb === "GET")) {
        const r = await client(o).get(request(o, placeOf(o)).target);
        assert.equal(r.status, 200, `${o.op}: ${r.status} ${r.text}`);
    }
    for (const o of table.filter((o) => o.body && o.op !== "sessions.create")) {
        const { target, body } = request(o, placeOf(o));
        const r = await client(o).request(o.verb, target, body);
        assert.ok(r.status < 300, `${o.op}: ${r.status} ${r.text}`);
    }
    assert.notDeepEqual(await app.hashTables(), hashes, "and the tables would have told");
});

test("no server error was logged", () => {
    assert.doesNotMatch(app.log(), /"status":5\d\d/);
});
