// Writes without a session are counted by address, so that a script cannot flood a community.
import test, { after } from "node:test";
import assert from "node:assert/strict";
import { refused, start } from "./lib.mjs";

const app = await start({ args: ["--throttle", "6"] });
// Signing in is a write without a session, too: one of the six.
const worker = await app.user({ role: "secretary", unit: "620102003003", name: "王书记" });
after(() => app.stop());

const lamp = () => ({ kind: "repair", title: "路灯不亮", unit: app.unit("620102003003") });

test("the sixth anonymous write within a minute is refused, and says when to try again", async () => {
    for (let i = 0; i < 5; i++)
        assert.equal((await app.anon.post("/api/matters", lamp())).status, 201);
    const r = await app.anon.post("/api/matters", lamp());
    refused(r, 429);
    assert.equal(r.headers["retry-after"], "60");
    assert.equal(app.rows("SELECT count(*) AS n FROM matter")[0].n, 5);
});

test("what strangers may look for near by is counted like a write", async () => {
    const near = `/api/matters/similar?unit=${app.unit("620102003003")}&q=${encodeURIComponent("路灯")}`;
    refused(await app.anon.get(near), 429);
    assert.equal((await worker.get(near)).status, 200);
});

test("reading, and whoever has signed in, is not held up", async () => {
    assert.equal((await app.anon.get("/api/units?limit=1")).status, 200);
    for (let i = 0; i < 8; i++)
        assert.equal((await worker.post("/api/matters", lamp())).status, 201);
});
