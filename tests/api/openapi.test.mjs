/* The description of the API is made from the route table; here it is held against the table, and
 * the table against the program. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expect, linli, refused, routes, start } from "./lib.mjs";

const app = await start();
const doc = expect(await app.anon.get("/api/openapi.json"), 200);
const table = routes();
const VERBS = ["get", "post", "put", "patch", "delete"];
const operations = Object.entries(doc.paths).flatMap(([path, item]) =>
    VERBS.filter((verb) => item[verb]).map((verb) => ({ path, verb, ...item[verb] })),
);

test("OpenAPI 3.1, the same from the server and at the prompt", async () => {
    assert.match(doc.openapi, /^3\.1\./);
    const { stdout } = await linli("openapi");
    assert.deepEqual(JSON.parse(stdout), doc);
});

test("the operations others rely on are there", () => {
    const ids = new Set(operations.map((o) => o.operationId));
    for (const id of [
        "sessions.create",
        "matters.create",
        "matters.list",
        "matters.get",
        "matters.act",
        "units.list",
    ])
        assert.ok(ids.has(id), id);
});

test("every route is described, and nothing else", () => {
    const ofTable = table.map((r) => `${r.verb} ${r.path} ${r.op}`).sort();
    const ofDoc = operations
        .map((o) => `${o.verb.toUpperCase()} ${o.path} ${o.operationId}`)
        .sort();
    assert.deepEqual(ofDoc, ofTable);
    assert.equal(new Set(operations.map((o) => o.operationId)).size, operations.length);
});

test("each says who may, what it answers, and how it refuses", () => {
    for (const o of operations) {
        const row = table.find((r) => r.op === o.operationId);
        assert.equal(o["x-permission"], row.permission, o.operationId);
        assert.notEqual(row.permission, "none");
        assert.ok(o.summary?.length > 3, `${o.operationId} has a sentence`);
        assert.ok(o.responses[String(row.status)], `${o.operationId} answers ${row.status}`);
        const refusal = o.responses["4XX"];
        assert.ok(refusal, `${o.operationId} can refuse`);
        const problem = refusal.$ref
            ? doc.components.responses[refusal.$ref.split("/").at(-1)]
            : refusal;
        assert.ok(problem.content["application/problem+json"], o.operationId);
        if (row.permission === "public") assert.deepEqual(o.security, [], o.operationId);
        else assert.equal(o.security, undefined, `${o.operationId}: the document's own`);
    }
});

test("every write takes a key, and every path parameter is described", () => {
    for (const o of operations) {
        const parameters = (o.parameters ?? []).map((p) =>
            p.$ref ? doc.components.parameters[p.$ref.split("/").at(-1)] : p,
        );
        const key = parameters.find((p) => p.name === "Idempotency-Key");
        assert.equal(Boolean(key?.required), o.verb !== "get", o.operationId);
        for (const [, name] of o.path.matchAll(/\{(\w+)\}/g)) {
            const p = parameters.find((q) => q.name === name && q.in === "path");
            assert.equal(p?.required, true, `${o.operationId} ${name}`);
        }
    }
});

test("no reference leads nowhere", () => {
    const text = JSON.stringify(doc);
    for (const [, ref] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
        const found = ref.split("/").reduce((at, part) => at?.[part], doc);
        assert.ok(found, ref);
    }
});

test("every route is there, and lets in nobody whom its permission keeps out", async () => {
    for (const r of table) {
        const target = r.path.replace(/\{\w+\}/g, "1");
        const reply = await app.anon.request(r.verb, target, r.verb === "POST" ? {} : undefined);
        if (r.permission === "public") assert.notEqual(reply.status, 401, r.op);
        else refused(reply, 401);
    }
});

test("a verb a path does not know is refused, and which it knows is told", async () => {
    const r = await app.anon.request("PUT", "/api/matters", {});
    refused(r, 405);
    assert.equal(r.headers.allow, "POST, GET");
    refused(await app.anon.get("/api/no-such-thing"), 404);
});

test("what the schema of a matter promises is what a matter has", async () => {
    const matter = await app.anon.order({
        kind: "repair",
        title: "路灯不亮",
        unit: app.unit("620102003003"),
    });
    const schema = doc.components.schemas.Matter;
    for (const name of schema.required) assert.ok(name in matter, `${name} is promised`);
    for (const name of Object.keys(matter))
        assert.ok(schema.properties[name], `${name} is described`);
});
