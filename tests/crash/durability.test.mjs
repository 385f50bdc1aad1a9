/* Power cuts at seeded points: see durability.c. Every block of 200 points is a test; another
 * proves that the harness can see loss at all. `make build/crash` builds the program. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const CRASH = path.join(ROOT, "build/crash");
const BLOCK = 200;
const BLOCKS = 3;

function crash(...args) {
    const run = spawnSync(CRASH, args, { cwd: ROOT, encoding: "utf8", timeout: 240_000 });
    assert.ok(!run.error, `${run.error}`);
    const lines = run.stdout.trim().split("\n");
    return { code: run.status, said: run.stdout + run.stderr, ...JSON.parse(lines.at(-1)) };
}

for (let block = 0; block < BLOCKS; block++) {
    const seed = 1 + block * BLOCK;
    test(`${BLOCK} power cuts from seed ${seed}: what was acknowledged is there, once`, (t) => {
        const r = crash("--points", String(BLOCK), "--seed", String(seed));
        t.diagnostic(r.said.trim().split("\n").at(-1));
        assert.equal(r.code, 0, r.said);
        assert.equal(r.points, BLOCK);
        assert.equal(r.failures, 0, r.said);
        assert.equal(r.acknowledged_lost, 0);
        // The points were what they claim to be: in the middle of things, with something at stake.
        assert.ok(r.acknowledged > 20 * BLOCK, "commands were acknowledged before the cuts");
        assert.ok(r.acknowledged < 80 * BLOCK, "the cuts came before the end");
        assert.ok(r.cuts_in_sync > BLOCK / 5 && r.cuts_in_write > BLOCK / 5, "inside commits");
        assert.ok(r.unacknowledged_kept > 0, "some came between the commit and its answer");
        assert.ok(r.sectors_lost > 0 && r.sectors_kept > 0, "unsynced writes were lost and torn");
        assert.ok(r.checkpoint_syncs > 0 && r.wal_restarts > 0, "across checkpoints");
    });
}

test("with synchronous = OFF acknowledged commands are lost, and the harness sees it", (t) => {
    const r = crash("--points", "40", "--off");
    t.diagnostic(r.said.trim().split("\n").at(-1));
    assert.equal(r.code, 0, r.said);
    assert.ok(r.acknowledged > 0);
    assert.ok(r.acknowledged_lost > 0, r.said);
});
