// A pack is put into force from the command line; what is open finishes as it began.
import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, folderCopy, linli, scratch, start } from "./lib.mjs";

const YANNAN = "packs/yannan.yaml";
const STREET = "620102003";
const files = scratch();
const data = await folderCopy();
const before = await start({ data });
const order = { kind: "repair", title: "路灯不亮", unit: before.unit("620102003003") };
const first = expect(await before.anon.post("/api/matters", order), 201);
await before.stop();

const activate = (file, unit) => linli("pack", "activate", file, "--unit", unit, "--data", data);
const written = (name, text) => {
    writeFileSync(join(files, name), text);
    return join(files, name);
};

// With the server stopped, as the command asks for.
const yaml = readFileSync(YANNAN, "utf8");
const broken = await activate(written("broken.yaml", yaml.replace("do: dispatch", "do: despatch")), STREET);
const nowhere = await activate(YANNAN, "999999");
const slower = await activate(written("slower.yaml", yaml.replaceAll("community: 4 work hours", "community: 2 work days")), STREET);

const after = await start({ data });
const second = expect(await after.anon.post("/api/matters", order), 201);

test("a broken pack is refused, and where it is broken is said", () => {
    assert.equal(broken.code, 3);
    assert.match(broken.stderr + broken.stdout, /broken\.yaml:\d+:\d+: /);
    assert.notEqual(nowhere.code, 0);
});

test("a good one is in force: new matters take the new way, open ones keep theirs", () => {
    assert.equal(slower.code, 0, slower.stderr);
    const rows = after.rows("SELECT pack FROM matter ORDER BY id");
    assert.equal(rows.length, 2);
    assert.notEqual(rows[0].pack, rows[1].pack);
    assert.ok(Date.parse(second.due_at) > Date.parse(first.due_at));
});

test("that it was put into force stands in the audit", () => {
    const rows = after.rows("SELECT account FROM audit WHERE act = 'pack.activate'");
    assert.equal(rows.length, 1);
});
