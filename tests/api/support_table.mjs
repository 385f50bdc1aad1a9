/* The operations of the program under test, out of `linli routes --json` and `linli openapi`, and a
 * small valid request for any of them. A field that must be there and that nothing here can fill
 * fails the suite by name, so that a new route is tested by itself or not at all. */
import { execFileSync } from "node:child_process";
import { BIN, routes } from "./lib.mjs";

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

/* What fills a field, by "operation/field" or by "field" alone; place is {unit, …ids}. */
const FILL = {
    "hats.grant/role": () => "secretary",
    "matters.act/act": () => "comment",
    "matters.create/kind": () => "repair",
    "units.create/level": () => "grid",
    id: (place) => place.id,
    hat: (place) => place.hat,
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
    id_number: () => "610103199003070010",
    q: () => "路灯",
    kind: () => "repair",
    stage: () => "new",
    indicator: () => "arrived",
    after: () => "0",
    act: () => "matters.act",
    to: (place) => place.party,
    party: (place) => place.party,
    person: (place) => place.person,
    requester: (place) => place.person,
    subject: (place) => place.id,
    account: (place) => place.id,
};
/* Beyond what is marked as required: without these an operation cannot succeed. */
const MORE = { "hats.grant": ["unit"], "matters.act": ["text"] };
/* "operation/field" of cursors that are no plain numbers. */
FILL["matters.list/after"] = () => "0.0";
FILL["figures.records/after"] = () => "0.0.0.0";

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
