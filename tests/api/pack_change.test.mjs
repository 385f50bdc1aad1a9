/* A street changes its way of working while a matter is open: `pack diff` says beforehand what will
 * be different, the open matter finishes as it began, through two restarts of the server, and the
 * next one takes the new way. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { expect, folderCopy, linli, refused, scratch, start } from "./lib.mjs";

const STREET = "620102003";
const UNIT = "620102003003";
const OLD = "packs/yannan.yaml";
const files = scratch();

/* Repairs without the visit in between, quicker, and with a category less. */
const yaml = readFileSync(OLD, "utf8");
const from = yaml.indexOf("  - kind: repair\n");
const to = yaml.indexOf("  # A cold flat", from);
const repair = yaml
    .slice(from, to)
    .replace(/^ +- \{stage: done,.*\n/m, "")
    .replace(/^ +- \{do: verify,.*\n/m, "")
    .replace(/^ +- \{do: return, by: community,.*\n/m, "")
    .replace(/^ +- \{do: escalate, on: overdue, from: done,.*\n/m, "")
    .replace("from: [new, accepted, doing, done]", "from: [new, accepted, doing]")
    .replace(/to: done, needs: \[result\], within: \{.*?\}/, "to: handled, needs: [result], within: 1 work day");
const NEW = join(files, "new.yaml");
writeFileSync(
    NEW,
    `${yaml.slice(0, from)}${repair}${yaml.slice(to)}`.replace(/^ +- \{code: demand.noise,.*\n/m, ""),
);

const data = await folderCopy();
const diff = (...args) => linli("pack", "diff", ...args);
const activate = (file, unit) => linli("pack", "activate", file, "--unit", unit, "--data", data);

/* Before: a repair is sent out. */
const before = await start({ data });
const order = { kind: "repair", title: "路灯不亮", unit: before.unit(UNIT) };
const secretary = await before.user({ role: "secretary", unit: UNIT });
const party = await before.party({ name: "路灯维修", unit: STREET });
const handler = await before.user({ role: "handler", party, unit: STREET });
const first = await before.anon.order(order);
await secretary.act(first.id, "dispatch", { to: party.id });
const served = await diff(NEW, "--unit", STREET, "--data", data); // while it is served
await before.stop();

/* The new pack comes into force; the work is handed in, and the server is started again. */
const changed = await activate(NEW, STREET);
const between = await start({ data });
secretary.url = handler.url = between.url; // who is signed in stays so
const done = await handler.act(first.id, "submit", { text: "已更换" });
await between.stop();

const inForce = await diff(NEW, "--unit", UNIT, "--data", data);
const general = await activate("packs/default.yaml", "620102004");
const app = await start({ data });
secretary.url = handler.url = app.url;

test("pack diff says what differs, in both languages", async () => {
    const r = await diff(OLD, NEW);
    assert.equal(r.code, 1, r.stderr);
    assert.match(r.stdout, /事项“报修”（repair）：去掉阶段“做完了，社区去看看”（done） \/ .*stage "Done, being checked" \(done\) is removed/);
    assert.match(r.stdout, /去掉步骤 verify（从 done） \/ .*step verify from done is removed/);
    assert.match(r.stdout, /步骤 submit（从 doing）：时限：从 .*3 work days.* 改为 1 work day \/ /);
    assert.match(r.stdout, /去掉分类“噪声扰民”（demand.noise）/);
    assert.match(r.stdout, /未办结的事项仍按开始时的流程办完/);
    assert.match(r.stdout, /open matters finish under the flow they began with/);
    assert.doesNotMatch(r.stdout, /heating-water/, "and nothing that is the same");
});

test("the same against what is in force at a unit, also while it is served", async () => {
    assert.equal(served.code, 1, served.stderr);
    assert.equal(served.stdout, (await diff(OLD, NEW)).stdout);
});

test("its exit code: 0 the same, 1 different, 2 cannot be read", async () => {
    assert.equal((await diff(OLD, OLD)).code, 0);
    const noted = join(files, "noted.yaml");
    writeFileSync(noted, `# 只是加了一行说明\n${yaml}`);
    const same = await diff(OLD, noted);
    assert.equal(same.code, 0);
    assert.match(same.stdout, /没有区别.*do not differ/);
    const broken = join(files, "broken.yaml");
    writeFileSync(broken, yaml.replace("do: dispatch", "do: despatch"));
    const r = await diff(OLD, broken);
    assert.equal(r.code, 2);
    assert.match(r.stderr, /broken\.yaml:\d+:\d+: /);
    assert.equal((await diff(OLD, join(files, "none.yaml"))).code, 2);
    assert.equal((await diff(NEW, "--unit", "999999", "--data", data)).code, 2);
    assert.equal((await diff(NEW, "--unit", STREET, "--data", join(files, "none"))).code, 2);
    assert.equal((await diff(OLD)).code, 2);
});

test("the open matter finishes under the flow it began with", async () => {
    assert.equal(changed.code, 0, changed.stderr);
    assert.equal(done.stage, "done");
    const handled = await secretary.act(first.id, "verify", { text: "到现场看过" });
    assert.equal(handled.stage, "handled");
    const session = { tracking: first.tracking_code };
    const { token } = expect(await app.anon.post("/api/sessions", session), 201);
    const headers = { Authorization: `Bearer ${token}` };
    const rated = await app.anon.act(first.id, "rate", { solved: true, score: 5 }, { headers });
    assert.equal(rated.stage, "closed");
    assert.equal(rated.outcome, "solved");
});

test("the next one takes the new way", async () => {
    const second = await app.anon.order(order);
    await secretary.act(second.id, "dispatch", { to: party.id });
    const handled = await handler.act(second.id, "submit", { text: "已更换" });
    assert.equal(handled.stage, "handled");
    const r = await secretary.post(`/api/matters/${second.id}/acts`, { act: "verify" });
    assert.ok(r.status >= 400 && r.status < 500, "there is no looking any more");
    const noise = { ...order, category: "demand.noise" };
    refused(await app.anon.post("/api/matters", noise), 422, "/category");
});

test("what is in force is now the new one", () => {
    assert.equal(inForce.code, 0, inForce.stdout + inForce.stderr);
});

test("the general pack works at any unit, and names what most places need", async () => {
    assert.equal(general.code, 0, general.stderr);
    const code = Object.keys(app.units).find((c) => c.length === 12 && c.startsWith("620102004"));
    const unit = app.unit(code);
    const kinds = (await app.anon.read(`/api/kinds?unit=${unit}`)).items.map((k) => k.code);
    assert.deepEqual(kinds, ["request", "repair", "consultation", "suggestion", "dispute", "wish"]);
    const stairs = { kind: "request", title: "楼道灯坏了", category: "home.stairs", unit };
    assert.equal((await app.anon.order(stairs)).stage, "new");
    const bodies = (await app.anon.read(`/api/body-kinds?unit=${unit}`)).items.map((b) => b.kind);
    assert.ok(bodies.includes("owners_committee"), `${bodies}`);
});
