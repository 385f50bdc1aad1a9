/* The program at the prompt: it says what it can do, what was wrong with how it was called, and
 * ends with a code a script can rely on: 0 done, 1 failed, 2 called wrongly, 3 refused. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ROOT, expect, folderCopy, linli, scratch, start } from "./lib.mjs";

const COMMANDS = [
    "serve",
    "import",
    "demo",
    "user",
    "pack",
    "backup",
    "restore",
    "routes",
    "openapi",
    "version",
];
const data = await folderCopy();
const place = scratch();

const ends = async (code, ...args) => {
    const r = await linli(...args);
    assert.equal(r.code, code, `linli ${args.join(" ")}: ${r.code}\n${r.stdout}${r.stderr}`);
    return r;
};

test("every command explains itself", async () => {
    const { stdout } = await ends(0, "--help");
    for (const command of COMMANDS) {
        assert.match(stdout, new RegExp(`^  ${command} `, "m"));
        for (const flag of ["--help", "-h"]) {
            const help = await ends(0, command, flag);
            assert.match(help.stdout, new RegExp(`^usage: linli ${command}`));
            assert.equal(help.stderr, "");
        }
    }
    assert.equal((await ends(0)).stdout, stdout, "without arguments, the same");
});

test("called wrongly: 2, on stderr, with where to read on", async () => {
    const wrong = [
        ["nonsense"],
        ["serve", "--data", data, "--port", "70000"],
        ["serve", "--data", data, "--port", "x"],
        ["serve", "--data", data, "--workers", "0"],
        ["serve", "--no-such-option"],
        ["serve", "--port"],
        ["serve", "stray"],
        ["import"],
        ["import", "weather", "x"],
        ["import", "tree"],
        ["user"],
        ["user", "add", "--data", data],
        ["user", "remove", "x", "--data", data],
        ["pack"],
        ["pack", "burn", "x"],
        ["backup"],
        ["backup", path.join(place, "b")],
        ["restore", path.join(place, "b")],
        ["routes", "--yaml"],
        ["openapi", "stray"],
        ["version", "-v"],
    ];
    for (const args of wrong) {
        const r = await ends(2, ...args);
        assert.equal(r.stdout, "", args.join(" "));
        assert.ok(r.stderr.length > 20, args.join(" "));
    }
    assert.deepEqual(fs.readdirSync(place), [], "and nothing was made");
});

test("version names the program and its database engine", async () => {
    const { stdout } = await ends(0, "version");
    const [, engine] = /^linli \d+\.\d+\.\d+, SQLite (\d+\.\d+\.\d+)\n$/.exec(stdout);
    const [major, minor, patch] = engine.split(".").map(Number);
    assert.ok(major * 1e6 + minor * 1e3 + patch >= 3051003, engine);
    assert.equal((await ends(0, "--version")).stdout, stdout);
});

test("the packs it comes with are right; a wrong one is refused with line and column", async () => {
    for (const name of ["default", "yannan", "pingshan"]) await ends(0, "pack", "check", `packs/${name}.yaml`);
    const text = fs.readFileSync(path.join(ROOT, "packs/yannan.yaml"), "utf8");
    const bad = path.join(place, "bad.yaml");
    fs.writeFileSync(
        bad,
        text.replace("to: handled, within: 1 work day}", "to: nowhere, within: 1 moon}"),
    );
    const r = await ends(3, "pack", "check", bad);
    assert.match(r.stderr + r.stdout, /bad\.yaml:\d+:\d+: .*nowhere/);
    assert.match(r.stderr + r.stdout, /bad\.yaml:\d+:\d+: .*1 moon/);
    assert.notEqual((await linli("pack", "check", path.join(place, "none.yaml"))).code, 0);
});

test("a data folder is one server's: a second process is refused and harms nothing", async () => {
    const app = await start();
    for (const args of [
        ["serve", "--port", "0"],
        ["user", "list"],
        ["user", "add", "--name", "某人", "--role", "auditor", "--unit", "620102"],
        ["import", "calendar", path.join(ROOT, "build/data/chinese-days.json")],
    ]) {
        const r = await ends(1, ...args, "--data", app.data);
        assert.match(r.stderr, /正在用这个数据文件夹.* \/ .*holds this data folder: stop/, args.join(" "));
    }
    expect(await app.anon.get("/api/units"), 200);
    await app.stop();
    await ends(0, "user", "list", "--data", app.data);
});

test("a port that is taken: said, and nothing is left", async () => {
    const app = await start();
    const other = await folderCopy();
    const r = await ends(1, "serve", "--data", other, "--port", new URL(app.url).port);
    assert.match(r.stderr, /端口 \d+ 已被.*PORT=8081 make run.* \/ .*Choose another/);
    await ends(0, "user", "list", "--data", other);
});

test("serve --check looks at port and folder, loads and makes nothing", async () => {
    const app = await start();
    const { port } = new URL(app.url);
    const none = path.join(place, "unmade");
    const check = (code, ...args) => ends(code, "serve", "--check", ...args);
    await check(0, "--port", "0", "--data", none);
    const running = await check(1, "--port", port, "--data", app.data);
    assert.match(running.stderr, new RegExp(`已经在运行.*running already: open http://.*:${port}`));
    const taken = await check(1, "--port", port, "--data", none);
    assert.match(taken.stderr, /端口 \d+ 已被.* \/ Another program uses port/);
    const held = await check(1, "--port", "0", "--data", app.data);
    assert.match(held.stderr, /holds this data folder/);
    assert.equal(fs.existsSync(none), false);
    await app.stop();
    await check(0, "--port", port, "--data", app.data);
});

test("pack activate says what it replaces; an import map is no pack, and that is said once", async () => {
    const own = await folderCopy();
    const put = async (name, unit) =>
        (await ends(0, "pack", "activate", `packs/${name}.yaml`, "--unit", unit, "--data", own)).stdout;
    assert.match(await put("pingshan", "620102003"), /取代“[^”]+”（yannan）。 \/ It replaces/);
    assert.match(await put("pingshan", "620102003"), /本来就是.*already/);
    assert.match(await put("yannan", "620102"), /第一份.*first/);
    const r = await ends(3, "pack", "check", "packs/pingshan.map.yaml");
    assert.equal(r.stderr.trim().split("\n").length, 1, r.stderr);
    assert.match(r.stderr, /导入映射.*linli import matters .* \/ .*import map, not a pack/);
});

test("a new folder has nobody in it: no default account, no password", async () => {
    const fresh = path.join(place, "fresh");
    await ends(0, "import", "calendar", "build/data/chinese-days.json", "--data", fresh);
    const { stdout } = await ends(0, "user", "list", "--data", fresh);
    assert.equal(stdout, "");
    const app = await start({ data: fresh });
    assert.equal(app.rows("SELECT count(*) AS n FROM account")[0].n, 0);
    await app.stop();
});

test("an account made at the prompt signs in by its link, and is in the audit", async () => {
    const add = ["user", "add", "--data", data, "--name", "值班员", "--login", "duty.desk"];
    const { stdout } = await ends(0, ...add, "--role", "hotline", "--unit", "620102003");
    const [, id, link] = /^(\d+)\n\S+\/in\/(\S+)\n$/.exec(stdout);
    const again = await ends(3, ...add, "--role", "hotline", "--unit", "620102003");
    assert.match(again.stderr, /taken/);
    for (const [role, unit, said] of [
        ["emperor", "620102003", /role/],
        ["hotline", "999999", /unit/],
        ["auditor", "620102003003", /level|street/],
        ["resident", "620102003003", /person/],
    ]) {
        const r = await ends(
            3,
            "user",
            "add",
            "--data",
            data,
            "--name",
            "某",
            "--role",
            role,
            "--unit",
            unit,
        );
        assert.match(r.stderr, said);
    }
    const list = await ends(0, "user", "list", "--data", data);
    assert.match(
        list.stdout,
        new RegExp(`^${id}\tduty\\.desk\t值班员\tactive\thotline@雁南街道$`, "m"),
    );
    const newer = await ends(0, "user", "link", "duty.desk", "--data", data);
    const app = await start({ data });
    const sign = (token) => app.anon.post("/api/sessions", { link: token });
    assert.equal((await sign(link)).status, 401, "a newer link was made");
    const session = expect(await sign(/\/in\/(\S+)/.exec(newer.stdout)[1]), 201);
    assert.equal(session.account, id);
    assert.equal(session.hats[0].role, "hotline");
    const audit = app.rows(
        "SELECT act, reason FROM audit WHERE subject = ? ORDER BY seq",
        BigInt(id),
    );
    assert.deepEqual(audit.slice(0, 2), [
        { act: "accounts.create", reason: "linli user" },
        { act: "accounts.link", reason: "linli user" },
    ]);
    await app.stop();
});

test("the tree: again, it changes nothing; a broken file changes nothing either", async () => {
    const tree = path.join(place, "tree");
    fs.mkdirSync(tree);
    const write = (name, ...rows) =>
        fs.writeFileSync(path.join(tree, name), rows.join("\n") + "\n");
    write("provinces.csv", "code,name", '62,"甘肃省"');
    write("cities.csv", "code,name,provinceCode", '6201,"兰州市",62');
    write("areas.csv", "code,name,cityCode,provinceCode", '620102,"城关区",6201,62');
    write(
        "streets.csv",
        "code,name,areaCode,provinceCode,cityCode",
        '620102003,"雁南街道",620102,62,6201',
    );
    const villages = [
        "code,name,streetCode,provinceCode,cityCode,areaCode",
        '620102003003,"大雁滩社区居委会",620102003,62,6201,620102',
    ];
    write("villages.csv", ...villages);
    const own = path.join(place, "own");
    const first = await ends(0, "import", "tree", tree, "--data", own);
    assert.match(first.stdout, /5 units/);
    assert.match((await ends(0, "import", "tree", tree, "--data", own)).stdout, /nothing to do/);
    write("villages.csv", ...villages, '620102009001,"没有街道的社区",620102009,62,6201,620102');
    const bad = await ends(3, "import", "tree", tree, "--data", own);
    assert.match(bad.stderr, /villages\.csv:3: /);
    const app = await start({ data: own });
    assert.equal(app.rows("SELECT count(*) AS n FROM unit")[0].n, 5);
    await app.stop();
    assert.notEqual(
        (await linli("import", "tree", path.join(place, "none"), "--data", own)).code,
        0,
    );
});

test("the calendar: a file that is none is refused", async () => {
    const bad = path.join(place, "days.json");
    fs.writeFileSync(bad, '{"holidays": {"2026-13-45": "x"}}');
    await ends(3, "import", "calendar", bad, "--data", path.join(place, "own"));
    await ends(
        0,
        "import",
        "calendar",
        "build/data/chinese-days.json",
        "--data",
        path.join(place, "own"),
    );
});

test("asked to stop, it stops: SIGINT and SIGTERM both end it with 0", async () => {
    const app = await start();
    app.server.child.kill("SIGINT");
    assert.equal(await app.server.ended, 0);
});

test("a mistyped data folder is refused by user and pack, and not made", async () => {
    const nowhere = `${scratch()}/typo`;
    for (const words of [
        ["user", "list"],
        ["user", "link", "1"],
        ["pack", "activate", "packs/yannan.yaml", "--unit", "620102003"],
    ]) {
        const { code, stderr } = await linli(...words, "--data", nowhere);
        assert.equal(code, 1, words.join(" "));
        assert.match(stderr, /no Linli data here/);
    }
    assert.equal(fs.existsSync(nowhere), false);
});
