/* The operations of the program under test, out of `linli routes --json` and `linli openapi`, and a
 * small valid request for any of them. A field that must be there and that nothing here can fill
 * fails the suite by name, so that a new route is tested by itself or not at all. */
import { execFileSync } from "node:child_process";
import { BIN, expect, routes } from "./lib.mjs";

/* [{op, verb, path, work, permission, subject, status, roles, params, body, page}]; params are
 * OpenAPI's, body is the schema of the JSON body or null, page says that it answers a list. */
export function operations() {
    const api = JSON.parse(execFileSync(BIN, ["openapi"], { encoding: "utf8", maxBuffer: 1 << 26 }));
    return routes().map((route) => {
        const o = api.paths[route.path][route.verb.toLowerCase()];
        const reply = o.responses[String(route.status)]?.content?.["application/json"]?.schema;
        return {
            ...route,
            params: (o.parameters ?? []).filter((p) => p.in),
            body: o.requestBody?.content["application/json"].schema ?? null,
            page: reply?.properties?.items?.type === "array",
        };
    });
}

const ELDER = [
    { field: "id-number", value: "610103199003070012" },
    { field: "local", value: "yes" },
];
/* Where lng and lat of FILL lie. */
export const SQUARE = {
    type: "Polygon",
    coordinates: [[[103.86, 36.06], [103.87, 36.06], [103.87, 36.07], [103.86, 36.07], [103.86, 36.06]]],
};

/* What fills a field, by "operation/field" or by "field" alone; place is {unit, …ids}. */
const FILL = {
    "hats.grant/role": () => "secretary",
    "matters.act/act": () => "comment",
    "matters.create/kind": () => "repair",
    "units.create/level": () => "grid",
    "milestones.add/due_at": () => "2099-01-01T00:00:00Z",
    "milestones.change/due_at": () => "2099-01-01T00:00:00Z",
    "milestones.done/done": () => false,
    "progress.set/milestone": (place) => place.each ?? place.id,
    "follow_rule.set/every": () => "30 days",
    "letters.add/dated": () => "2026-01-05T00:00:00Z",
    "letters.add/answer_due": () => "2099-01-01T00:00:00Z",
    "letters.add/party": (place) => place.external ?? place.party,
    "letters.add/subject": () => "关于土地手续的函",
    "chain.join/to": (place) => place.other ?? place.party,
    "bodies.create/kind": () => "committee",
    "bodies.list/kind": () => "committee",
    "bodies.join/category": () => "volunteer",
    "bodies.members/category": () => "volunteer",
    "pairs.create/member": (place) => place.member ?? "1",
    "pairs.create/person": (place) => place.person ?? "1",
    "bodies.join/duty": (place) => place.unit,
    purpose: () => "大家的事大家商量",
    post: () => "委员",
    "bodies.join/at": () => "2020-01-01T00:00:00Z",
    since: () => "2020-01-01T00:00:00Z",
    valid_from: () => "2020-01-01T00:00:00Z",
    "patrols.create/kind": () => "work-safety",
    "rounds.skip/point": (place) => place.point2,
    id: (place) => place.id,
    relation: () => "demand",
    chain: () => "service-loop",
    milestone: (place) => place.milestone ?? place.id,
    household: (place) => place.household ?? place.id,
    households: (place) => [place.household ?? place.id],
    "households.add/households": (place) => [{ label: `1号楼${place.serial}` }],
    words: () => "已经核对",
    number: () => "雁南函 1 号",
    "letters.add/answers": (place) => place.id,
    "filings.create/service": () => "elder-card",
    "filings.create/answers": () => ELDER,
    "filings.answers/answers": () => ELDER,
    "filings.create/consent_text": () => "本人同意代办",
    "services.get/code": () => "elder-card",
    "services.get/answers": () => "local:yes",
    "mediations.open/type": () => "0201",
    "mediations.open/way": () => "0103",
    "mediations.agree/text": () => "双方同意各让一步，月底前修好。",
    id: (place) => place.id,
    applicant: (place) => place.person,
    applicant_name: () => "王小明",
    applicant_id_number: () => "610103199003070012",
    service: () => "elder-card",
    materials: () => ["id-card"],
    have: () => ["id-card"],
    lack: () => ["photo"],
    law: () => "规定变了",
    answers: () => ELDER,
    at: () => "2026-01-01T08:00:00Z",
    came: () => [],
    notes: () => "双方各说各的",
    signer: (place) => place.signer,
    hash: (place) => place.hash,
    drawn: () => "M1,1 L2,2 L3,3 L4,4 L5,5 L6,6 L7,7 L8,8",
    void_reason: () => "双方要求重写",
    who: (place) => place.who,
    what: () => "换水管",
    due_at: () => "2099-01-01T00:00:00Z",
    due: (place) => place.due,
    hat: (place) => place.hat,
    member: (place) => place.member,
    unit: (place) => place.unit,
    parent: (place) => place.unit,
    name: () => "测试",
    title: () => "路灯不亮",
    text: () => "请尽快看看",
    reason: () => "回访需要联系本人",
    password: () => "bi-lin-er-ju-2026",
    login: (place) => `li-${place.serial}`,
    tracking: () => "0123456789abcdef",
    link: () => "0123456789abcdef0123456789",
    current: () => "bi-lin-er-ju-2025",
    code: (place) => `G-${place.serial}`,
    category: () => "demand.street-lamp",
    source: () => "web",
    place: () => "东门口",
    duty: () => "路灯",
    address: () => "一号楼",
    phone: () => "13912345678",
    contact_phone: () => "13912345678",
    contact_name: () => "王小明",
    id_number: () => "610103199003070012",
    q: () => "路灯",
    kind: () => "repair",
    stage: () => "new",
    indicator: () => "arrived",
    after: () => "0",
    act: () => "matters.act",
    within: () => "3 work days",
    ask: (place) => place.id,
    parts: (place) => [{ to: place.party, text: "断水配合" }],
    to: (place) => place.party,
    party: (place) => place.party,
    person: (place) => place.person,
    requester: (place) => place.person,
    subject: (place) => place.id,
    all_of: (place) => place.unit,
    into: (place) => place.into ?? place.id,
    words: () => "还是不亮",
    notice: () => "1",
    upto: () => "1",
    openid: () => "oABC-12345678",
    url: () => "http://127.0.0.1:9/in",
    acts: () => "order,submit",
    account: (place) => place.id,
    lng: () => 103.865,
    lat: () => 36.065,
    geometry: () => SQUARE,
    point: (place) => place.point,
    points: () => [{ place: "东门口" }, { place: "西门口" }],
    parties: (place) => [place.party],
    patrol: (place) => place.id,
    answers: () => [
        ...["exits", "extinguishers", "wiring", "gas"].map((item) => ({ item, ok: true })),
        { item: "people", number: 3 },
    ],
};
/* Beyond what is marked as required: without these an operation cannot succeed. */
const MORE = {
    "hats.grant": ["unit"],
    "matters.act": ["text"],
    "matters.create": ["unit"],
    "households.add": ["households"],
    "progress.set": ["households"],
    "chain.next": ["kind"],
    "filings.create": ["applicant", "consent_how", "consent_text", "answers"],
    "filings.materials": ["have"],
    "filings.withdraw": ["text"],
    "mediations.agree": ["void_reason"],
    "mediations.promise": ["who", "what"],
    "bodies.join": ["person"],
    "notices.read": ["notice"],
};
/* "operation/field" of cursors that are no plain numbers. */
FILL["matters.list/after"] = () => "0.0";
FILL["notices.list/after"] = () => "1.1";
FILL["figures.records/after"] = () => "0.0.0.0";

/* A filing, complete when every material is there. */
export async function openFiling(clerk, unit, person, materials) {
    const filing = {
        service: "elder-card", unit, applicant: person, answers: ELDER, materials,
        consent_how: "in_person", consent_text: "本人同意代办",
    };
    return expect(await clerk.post("/api/filings", filing), 201);
}

/* A mediation with two parties, an agreement and a promise: {id, signer, hash, due, who}. */
export async function openMediation(clerk, unit, person, party) {
    const matter = await clerk.order({ kind: "dispute", title: "楼上漏水", unit });
    const at = `/api/mediations/${matter.id}`;
    expect(await clerk.post(`/api/matters/${matter.id}/mediation`, { type: "0201", way: "0103" }), 201);
    for (const who of [{ side: "party", person }, { side: "party" }, { side: "mediator", party }])
        expect(await clerk.post(`${at}/persons`, { name: "王小明", ...who }), 200);
    const d = expect(await clerk.post(`${at}/agreement`, { text: "双方同意各让一步，月底前修好。" }), 200);
    const [who] = d.persons.map((p) => p.id);
    const promise = { kind: "promise", who, what: "换水管", due_at: "2099-01-01T00:00:00Z" };
    const { dues } = expect(await clerk.post(`${at}/dues`, promise), 200);
    return { id: matter.id, signer: who, who, hash: d.hash, due: dues[0].id };
}

/* A value a field takes. */
export function fill(op, name, schema, place) {
    const by = FILL[`${op}/${name}`] ?? (schema.enum ? () => schema.enum[0] : FILL[name]);
    const value = by?.(place);
    if (value !== undefined) return value;
    if (schema.type === "boolean") return true;
    if (schema.type === "integer") return Math.max(schema.minimum ?? 1, 1);
    if (schema.type === "number") return 1;
    throw new Error(`${op}: nothing fills "${name}"; add it to FILL in tests/api/support_table.mjs`);
}

/* {target, body} of a request that holds what it must and no more. */
export function request(o, place) {
    let target = o.path;
    const query = [];
    for (const p of o.params.filter((p) => p.required)) {
        const value = encodeURIComponent(fill(o.op, p.name, p.schema, place));
        if (p.in === "path") target = target.replace(`{${p.name}}`, value);
        if (p.in === "query") query.push(`${p.name}=${value}`);
    }
    if (query.length) target += `?${query.join("&")}`;
    if (!o.body) return { target, body: undefined };
    const names = new Set([...(o.body.required ?? []), ...(MORE[o.op] ?? [])]);
    const body = {};
    for (const name of names) body[name] = fill(o.op, name, o.body.properties[name], place);
    return { target, body };
}
