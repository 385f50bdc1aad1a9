/* Who may do what where, cell by cell: every role, and nobody, and whoever follows a matter by its
 * code × every route × what is one's own, what is a neighbour's in the same county, what is another
 * county's. What each cell must answer follows from the route table and from how its role is held:
 *
 *   without the permission    401 for nobody, 403 for everybody else, whatever it is about
 *   with it, out of reach     404
 *   with it, within reach     anything but 401, 403, 404 and 5xx; a 403 that names a field is the
 *                             flow's word about this one act, not the gate's about the route
 *   a list                    never a row that is out of reach
 *
 * Routes without a subject that say in the body where something is to be made are asked to make it
 * here, at the neighbour's and far away; only here may it succeed. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Client, expect, start } from "./lib.mjs";
import { operations, openFiling, openMediation, request, SQUARE } from "./support_table.mjs";

const app = await start();
const table = operations();
let cells = 0;
after(() => console.log(`matrix: ${cells} cells of ${table.length} routes`));

/* ---- three places: one's own, another street's of the same county, another county's ---- */

const streets = { own: "620102003", sibling: "620102004", far: "610103001" };
const scopes = Object.keys(streets);
const community = (street) => {
    const found = Object.keys(app.units).filter((c) => c.length === 12 && c.startsWith(street));
    assert.ok(found.length, `no community below ${street} in the fixture`);
    return found.sort()[0];
};
const code = Object.fromEntries(scopes.map((s) => [s, community(streets[s])]));

const serial = (() => {
    let n = 0;
    return () => `${process.pid}-${++n}`;
})();

/* ---- who asks ---- */

const held = {
    district: { unit: code.own.slice(0, 6) },
    hotline: { unit: streets.own },
    street: { unit: streets.own },
    system_admin: { unit: streets.own },
    security_admin: { unit: streets.own },
    auditor: { unit: streets.own },
};
const parties = {};
const persons = {};
for (const s of scopes) {
    parties[s] = await app.party({ name: `承办方${s}`, unit: code[s] });
    persons[s] = await app.person({ name: `居民${s}`, unit: code[s] });
}
const roleNames = [...new Set(table.flatMap((o) => o.roles))];
const actors = [{ name: "anonymous", client: app.anon }];
for (const role of roleNames) {
    const how = ["handler", "volunteer"].includes(role)
        ? { party: parties.own, unit: code.own }
        : role === "resident"
          ? { person: persons.own }
          : (held[role] ?? { unit: code.own });
    const client = await app.user({ role, ...how });
    actors.push({ name: role, role, client, party: how.party, person: how.person, unit: how.unit });
}

/* A clerk of each place, who takes matters in and sends them out. */
const clerks = {};
const admins = {};
for (const s of scopes) clerks[s] = await app.user({ role: "secretary", unit: code[s] });

/* The district has a shape, so that there is an answer to where a position belongs. */
const drawer = await app.user({ role: "system_admin", unit: "620102" });
expect(await drawer.request("PUT", `/api/units/${app.unit("620102")}/shape`, { geometry: SQUARE }), 200);

/* ---- what is asked about ---- */

const make = {
    async accounts(s) {
        const made = await app.account({ unit: code[s], name: `账号${s}` });
        const hat = await app.grant(made, { role: "secretary", unit: app.unit(code[s]) }, code[s]);
        return { id: made.id, hat: hat.id };
    },
    parties: async (s) => ({ id: (await app.party({ name: `队伍${s}`, unit: code[s] })).id }),
    persons: async (s) => ({ id: (await app.person({ name: `王${s}`, unit: code[s] })).id }),
    units: async (s) => ({ id: app.unit(code[s]) }),
    async bodies(s) {
        const body = { kind: "committee", name: `委员会${serial()}`, unit: app.unit(code[s]) };
        const made = expect(await clerks[s].post("/api/bodies", body), 201);
        const member = expect(
            await clerks[s].post(`/api/bodies/${made.id}/members`, {
                category: "volunteer",
                person: persons[s].id,
            }),
            201,
        );
        const other = await app.person({ name: `委员${s}`, unit: code[s] });
        return { id: made.id, member: member.id, person: other.id };
    },
    async pairs(s) {
        const { member, person } = await make.bodies(s);
        const pair = { member, person, purpose: "常走动" };
        return { id: expect(await clerks[s].post("/api/pairs", pair), 201).id };
    },
    /* Sent to the place's party, asked by the place's person. */
    async matters(s) {
        const made = await clerks[s].order({
            kind: "repair",
            title: `路灯${s}`,
            unit: app.unit(code[s]),
            requester: persons[s].id,
        });
        await clerks[s].act(made.id, "dispatch", { to: parties[s].id });
        return { id: made.id };
    },
    /* Of the place's person, told to the place's party. */
    async filings(s) {
        const made = await openFiling(clerks[s], app.unit(code[s]), persons[s].id, ["id-card", "photo"]);
        await clerks[s].act(made.id, "dispatch", { to: parties[s].id });
        return { id: made.id };
    },
    /* Between the place's person and another, before the place's party. */
    mediations: (s) => openMediation(clerks[s], app.unit(code[s]), persons[s].id, parties[s].id),
    async patrols(s) {
        const points = [{ place: "东门口" }, { place: "西门口" }];
        const patrol = { unit: app.unit(code[s]), kind: "work-safety", name: `巡查${s}`, points };
        return { id: expect(await clerks[s].post("/api/patrols", patrol), 201).id };
    },
    /* Given to the place's party. */
    async rounds(s) {
        const { id } = await make.patrols(s);
        const given = { parties: [parties[s].id] };
        const made = expect(await clerks[s].post(`/api/patrols/${id}/rounds`, given), 201);
        const [point, point2] = made.stops.map((stop) => stop.point);
        return { id: made.id, point, point2 };
    },
    /* Somebody without a phone, to be told in person. */
    async calls(s) {
        const person = await app.person({ name: "无号", unit: code[s] });
        const of = { kind: "repair", title: `水管${s}`, unit: app.unit(code[s]), requester: person.id };
        const made = await clerks[s].order(of);
        await app.indexed();
        const [call] = app.rows("SELECT id FROM outbox WHERE matter = ? AND channel = 'call'", BigInt(made.id));
        return { id: call.id };
    },
    async webhooks(s) {
        const admin = (admins[s] ??= await app.user({ role: "system_admin", unit: streets[s] }));
        const hook = { unit: app.unit(code[s]), url: "http://127.0.0.1:9/in", acts: "order" };
        return { id: expect(await admin.post("/api/webhooks", hook), 201).id };
    },
};
/* What is owed at a place, by nobody in particular: a way to make one, by the list it shows in. */
const owed = {
    milestones: ["milestones", { title: "测试里程碑", due_at: "2099-01-01T00:00:00Z" }],
    "follow-ups": ["follow-up-rule", { every: "30 days" }],
    letters: ["letters", { way: "out", dated: "2026-01-05T00:00:00Z", subject: "函", answer_due: "2099-01-01T00:00:00Z" }],
    "chain-gaps": ["next", { relation: "demand", kind: "repair", title: "测试需求" }],
};
for (const [kind, [route, body]] of Object.entries(owed)) {
    make[kind] = async (s) => {
        const { id } = await make.matters(s);
        if (kind === "letters") {
            const party = await app.party({ name: `外单位${s}`, kind: "external", unit: code[s] });
            Object.assign(body, { party: party.id, subject: "测试信函" });
        }
        const r = await clerks[s].post(`/api/matters/${id}/${route}`, body);
        assert.ok(r.status < 300, r.text);
        const about = kind === "chain-gaps" ? r.body.id : id;
        const { items } = await clerks[s].read(`/api/${kind}?limit=100`);
        return { id: items.find((row) => row.matter === about).id };
    };
}
/* "/api/accounts/{id}/hats" is about accounts. */
const kindOf = (o) => {
    const kind = o.path.split("/")[2];
    assert.ok(make[kind], `${o.op}: nothing makes one of its subjects; add "${kind}" to make`);
    return kind;
};

const kept = {};
const rows = {}; /* kind → scope → ids: everything that was made */
async function subject(kind, s, fresh) {
    if (!fresh && kept[`${kind}/${s}`]) return kept[`${kind}/${s}`];
    const made = await make[kind](s);
    kept[`${kind}/${s}`] ??= made;
    ((rows[kind] ??= {})[s] ??= new Set()).add(made.id);
    return made;
}
for (const kind of Object.keys(make)) for (const s of scopes) await subject(kind, s, false);

/* Whoever follows a matter by its code sees that one: `own` is theirs, the others' are others'. */
const tracked = await app.anon.order({ kind: "repair", title: "匿名路灯", unit: app.unit(code.own) });
async function track() {
    const session = await app.anon.post("/api/sessions", { tracking: tracked.tracking_code });
    return new Client(app.url, expect(session, 201).token);
}
actors.push({ name: "tracking", role: "resident", client: await track(), matter: tracked.id });

/* ---- what must be answered ---- */

function permitted(o, a) {
    if (o.permission === "public") return true;
    if (o.permission === "signed_in") return a.role !== undefined;
    return o.roles.includes(a.role);
}

/* Does a subject of this kind, at this place, lie within the actor's reach? */
function reaches(a, kind, s) {
    const shared = ["matters", "filings", "mediations"];
    if (a.matter) return kind === "matters" && s === "own";
    if (kind === "pairs" && a.person) return s === "own";
    if (a.party && kind === "rounds") return s === "own";
    if (a.party || a.person) return shared.includes(kind) && s === "own";
    // A mediation is for the unit that began it, and not for whoever is above it.
    if (kind === "mediations") return code[s] === a.unit;
    return code[s].startsWith(a.unit);
}

const flowSays = (r) => r.body.errors[0]?.field.startsWith("/");
/* A tracking code signs in to one matter: it is nobody with a password. */
const codeSays = (a, r) => a.matter && r.body.errors[0]?.code === "tracking";

function check(o, a, s, r) {
    const cell = `${o.op} by ${a.name}, ${s}: ${r.status} ${r.text.slice(0, 300)}`;
    cells++;
    assert.ok(r.status < 500, cell);
    if (!permitted(o, a)) return assert.equal(r.status, a.role ? 403 : 401, cell);
    const within = !o.subject || o.permission === "public" || reaches(a, kindOf(o), s);
    if (!within) return assert.equal(r.status, 404, cell);
    if (r.status === 403) return assert.ok(flowSays(r) || codeSays(a, r), cell);
    return assert.ok(![401, 404].includes(r.status), cell);
}

/* ---- asking ---- */

/* A DELETE may end the session it is asked with: it gets one of its own. */
async function spare(o, a) {
    if (o.verb !== "DELETE" || !a.role) return a.client;
    if (a.matter) return track();
    const { link } = expect(await app.admin().post(`/api/accounts/${a.client.id}/links`), 201);
    return new Client(app.url, expect(await app.anon.post("/api/sessions", { link }), 201).token);
}

async function ask(o, a, s) {
    const may = permitted(o, a);
    const place = { unit: app.unit(code[s]), party: parties.own.id, person: persons.own.id, serial: serial() };
    if (o.subject) {
        // What a command changes is not asked about twice; and what anybody may do to anything may
        // bring it within reach, so that it is nobody's foreign row afterwards.
        const anybody = o.permission === "public" && o.work === "command";
        const fresh = may && o.work === "command" && reaches(a, kindOf(o), s);
        const about = anybody ? await make[kindOf(o)](s) : await subject(kindOf(o), s, fresh);
        Object.assign(place, about, { unit: app.unit(code.own) });
        if (a.matter && s === "own" && kindOf(o) === "matters") place.id = a.matter;
    }
    const { target, body } = request(o, place);
    return (await spare(o, a)).request(o.verb, target, body);
}

const placed = (o) => ["unit", "parent"].find((name) => o.body?.properties[name]);

for (const o of table.filter((o) => o.subject)) {
    test(`${o.op}: every role, own, sibling and far`, async () => {
        for (const a of actors) for (const s of scopes) check(o, a, s, await ask(o, a, s));
    });
}

for (const o of table.filter((o) => !o.subject)) {
    test(`${o.op}: every role`, async () => {
        for (const a of actors) check(o, a, "own", await ask(o, a, "own"));
    });
}

for (const o of table.filter((o) => !o.subject && o.permission !== "public" && placed(o))) {
    test(`${o.op}: nothing is made where one has no reach`, async () => {
        for (const a of actors.filter((a) => permitted(o, a))) {
            for (const s of ["sibling", "far"]) {
                const r = await ask(o, a, s);
                const cell = `${o.op} by ${a.name} at ${s}: ${r.status} ${r.text.slice(0, 300)}`;
                cells++;
                assert.ok([403, 404, 422].includes(r.status), cell);
                assert.ok(r.body.errors.some((e) => e.field === `/${placed(o)}`), cell);
            }
        }
    });
}

/* ---- lists ---- */

/* What is an account's own, whatever its hats. */
const personal = new Set(["notices.list"]);

/* The ids of a list, all of its pages; a list may be asked for in more than one way. */
async function listed(o, a, more) {
    const { target } = request(o, { unit: app.unit(code.own), serial: serial() });
    const join = target.includes("?") ? "&" : "?";
    const limit = o.params.some((p) => p.name === "limit") ? "limit=100" : "";
    const items = await a.client.all(`${target}${join}${limit}${more}`);
    return items.flatMap((row) => [row.id, row.subject, row.mediation, row.definition].filter(Boolean));
}

function waysToAsk(o) {
    const q = o.params.find((p) => p.name === "q") ? [`&q=${encodeURIComponent("路灯")}`] : [];
    const queue = o.params.find((p) => p.name === "queue")?.schema.enum ?? [];
    return ["", ...q, ...queue.map((name) => `&queue=${name}`)];
}

for (const o of table.filter((o) => o.page && o.permission !== "public" && !o.subject)) {
    test(`${o.op}: no foreign row for anybody`, async () => {
        await app.indexed();
        for (const a of actors.filter((a) => permitted(o, a))) {
            for (const more of waysToAsk(o)) {
                const ids = new Set(await listed(o, a, more));
                for (const [kind, s] of Object.keys(make).flatMap((k) => scopes.map((s) => [k, s]))) {
                    // A mediation has its matter's id, which lists may show.
                    if (reaches(a, kind === "mediations" ? "matters" : kind, s)) continue;
                    cells++;
                    for (const id of rows[kind][s])
                        assert.ok(!ids.has(id), `${o.op}${more} by ${a.name} shows ${kind} ${s}`);
                }
            }
        }
    });
    if (personal.has(o.op)) continue;
    test(`${o.op}: one's own rows for everybody with a unit`, async () => {
        const kind = o.path.split("/")[2];
        for (const a of actors.filter((a) => permitted(o, a) && a.unit && !a.party)) {
            const ids = new Set(await listed(o, a, ""));
            cells++;
            assert.ok(ids.size > 0, `${o.op} shows ${a.name} nothing`);
            if (make[kind])
                assert.ok([...rows[kind].own].some((id) => ids.has(id)), `${o.op} by ${a.name}`);
        }
    });
}

for (const o of table.filter((o) => o.params.some((p) => p.name === "unit" && p.in === "query"))) {
    if (o.permission === "public") continue;
    test(`${o.op}: asking for a foreign unit shows nothing of it`, async () => {
        for (const a of actors.filter((a) => permitted(o, a) && a.unit && !a.party)) {
            for (const s of scopes) {
                const { target } = request(o, { unit: app.unit(code[s]) });
                const named = /[?&]unit=/.test(target) ? "" : `unit=${app.unit(code[s])}`;
                const r = await a.client.get(target + (named && (target.includes("?") ? "&" : "?")) + named);
                const cell = `${o.op} of ${s} by ${a.name}: ${r.status} ${r.text.slice(0, 300)}`;
                cells++;
                if (reaches(a, "units", s)) assert.equal(r.status, 200, cell);
                else assert.ok(r.status === 404 || r.status === 422 || !r.body.items.length, cell);
            }
        }
    });
}
