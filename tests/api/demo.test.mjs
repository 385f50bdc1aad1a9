/* The demo street: loaded once, with an account for every role, and what it prints to try first
 * works as printed, pasted into a shell. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { Client, ROOT, bareFolder, expect, linli, start } from "./lib.mjs";

const URL_PRINTED = "http://127.0.0.1:1";
const ROLES = "resident volunteer grid_worker social_worker handler secretary street district";
const ADMINS = "hotline system_admin security_admin auditor";
const run = promisify(execFile);

const data = await bareFolder();
const first = await linli("demo", "yannan", "--data", data, "--url", URL_PRINTED);
const app = await start({ data });
const links = [...first.stdout.matchAll(/^(\S+).*http:\/\/127\.0\.0\.1:1\/in\/(\w+)$/gm)];

const count = (sql, ...args) => app.rows(`SELECT count(*) AS n FROM ${sql}`, ...args)[0].n;

test("the scene is loaded whole: places, people, parties, matters", () => {
    assert.equal(first.code, 0, first.stderr);
    assert.ok(count("unit WHERE level = 'grid'") >= 10);
    assert.ok(count("unit WHERE level = 'micro_grid'") >= 5);
    assert.ok(count("person") >= 300, "a few hundred residents");
    assert.ok(count("party") >= 10);
    assert.ok(count("matter") >= 5);
    assert.equal(count("session"), 0, "nobody stays signed in");
    const stages = app.rows("SELECT DISTINCT outcome FROM matter").map((r) => r.outcome);
    assert.ok(stages.includes("solved") && stages.includes("none"), `${stages}`);
});

test("every role has an account, and each a link that signs in once", async () => {
    const roles = app.rows("SELECT DISTINCT role FROM hat").map((r) => r.role);
    assert.deepEqual(roles.sort(), `${ROLES} ${ADMINS}`.split(" ").sort());
    assert.equal(links.length, count("account"));
    assert.equal(count("account WHERE password IS NOT NULL"), 0, "no default password");
    const [, , link] = links.at(-1);
    const client = new Client(app.url);
    const session = expect(await client.post("/api/sessions", { link }), 201);
    assert.ok(session.hats.length > 0);
    assert.equal((await client.post("/api/sessions", { link })).status, 401, "once");
});

test("the table says where each of them works", () => {
    const rows = first.stdout.split("\n").filter((row) => row.includes(`${URL_PRINTED}/in/`));
    assert.equal(rows.length, count("account"));
    for (const row of rows) assert.ok(row.split(/\s+/).length >= 4, row);
    assert.match(first.stdout, /^\S*社区书记\s+马慧兰\s+大雁滩社区/m);
});

test("no phone or ID number of the residents stands in the data folder in the clear", () => {
    assert.ok(count("person WHERE phone_index IS NOT NULL") > 200, "they have numbers");
    for (const name of fs.readdirSync(data).filter((n) => n.startsWith("linli.db"))) {
        const bytes = fs.readFileSync(path.join(data, name), "latin1");
        assert.doesNotMatch(bytes, /(?<!\d)(1[3-9]\d{9}|\d{17}[\dX])(?!\d)/, name);
    }
});

test("the printed commands make the whole round", async () => {
    const at = first.stdout.indexOf("# 先试这一圈");
    assert.ok(at > 0);
    const script = first.stdout.slice(at).replaceAll(URL_PRINTED, app.url);
    const { stdout } = await run("bash", ["-euo", "pipefail", "-c", script]);
    const last = JSON.parse(stdout.trim().split("\n").at(-1));
    assert.equal(last.stage, "closed");
    assert.equal(last.outcome, "solved");
    assert.equal(last.score, 5);
});

test("loading it again changes nothing, and says so", async () => {
    const before = await app.hashTables();
    await app.stop();
    const again = await linli("demo", "yannan", "--data", data);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /没有改动.*nothing was changed/);
    assert.ok(!again.stdout.includes("/in/"), "no new links");
    assert.deepEqual(await app.hashTables(), before);
});

test("tools/try_round.sh makes the round with new links", async () => {
    const link = async (login) => {
        const r = await linli("user", "link", login, "--data", data, "--url", app.url);
        assert.equal(r.code, 0, r.stderr);
        return /http\S+\/in\/\w+/.exec(r.stdout)[0];
    };
    const two = [await link("dayantan.secretary"), await link("lamp")];
    const served = await start({ data });
    const script = path.join(ROOT, "tools/try_round.sh");
    const { stdout } = await run("bash", [script, served.url, ...two]);
    const stages = stdout
        .trim()
        .split("\n")
        .map((row) => row.split(" ")[1]);
    assert.deepEqual(stages, ["new", "doing", "done", "handled", "closed"]);
});

test("a scene there is not is refused before anything is written", async () => {
    const r = await linli("demo", "atlantis", "--data", data);
    assert.equal(r.code, 2);
    assert.match(r.stderr, /scenes\/NAME\.yaml/);
});
