/* The lamp came back by itself: whoever asked takes the request back, as long as nobody has set
 * out, and nobody else can. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, expect, refused, start } from "./lib.mjs";

const app = await start();
const unit = app.unit("620102003003");
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "李书记" });
const team = await app.party({ name: "路灯队", kind: "team" });
const resident = await app.user({ person: await app.person({ name: "钱进" }), name: "钱进" });
const other = await app.user({ person: await app.person({ name: "周平" }), name: "周平" });

const acts = (id) => `/api/matters/${id}/acts`;
const lamp = (who) => who.order({ kind: "repair", title: "楼道灯不亮", unit });

test("taken back before anybody read it, or after it was accepted", async () => {
    const fresh = await lamp(resident);
    const gone = await resident.act(fresh.id, "withdraw");
    assert.equal(gone.stage, "withdrawn");
    assert.equal(gone.outcome, "withdrawn");
    assert.equal(gone.open, false);
    assert.ok(gone.closed_at);

    const read = await lamp(resident);
    await secretary.act(read.id, "accept");
    assert.equal(
        (await resident.act(read.id, "withdraw", { text: "自己亮了" })).outcome,
        "withdrawn",
    );
    assert.equal((await secretary.events(read.id)).at(-1).text, "自己亮了");
});

test("not once somebody has set out", async () => {
    const { id } = await lamp(resident);
    await secretary.act(id, "dispatch", { to: team.id });
    const r = await resident.post(acts(id), { act: "withdraw" });
    refused(r, 409, "/act", "stage");
    assert.deepEqual((await resident.read(`/api/matters/${id}`)).may, []);
});

test("by nobody else: not the secretary, not another resident", async () => {
    const { id } = await lamp(resident);
    refused(await secretary.post(acts(id), { act: "withdraw" }), 403, "/act", "side");
    refused(await other.post(acts(id), { act: "withdraw" }), 404);
    refused(await app.anon.post(acts(id), { act: "withdraw" }), 401);
    assert.equal((await resident.read(`/api/matters/${id}`)).stage, "new");
});

test("without an account, by the tracking code", async () => {
    const matter = await lamp(app.anon);
    const session = await app.anon.post("/api/sessions", { tracking: matter.tracking_code });
    const tracker = new Client(app.url, expect(session, 201).token);
    assert.equal((await tracker.act(matter.id, "withdraw")).outcome, "withdrawn");
});

test("it is over then: gone from the queues, and nothing more can be done", async () => {
    const { id } = await lamp(resident);
    await resident.act(id, "withdraw");
    for (const act of ["accept", "dispatch", "decline"])
        refused(
            await secretary.post(acts(id), { act, text: "x", to: team.id }),
            409,
            "/act",
            "stage",
        );
    refused(await resident.post(acts(id), { act: "withdraw" }), 409, "/act", "stage");
    const open = await secretary.all("/api/matters?queue=unit");
    assert.ok(!open.some((m) => m.id === id));
    const closed = await secretary.all("/api/matters?queue=closed");
    assert.equal(closed.find((m) => m.id === id).outcome, "withdrawn");
    const mine = await resident.all("/api/matters?queue=requested");
    assert.ok(
        mine.some((m) => m.id === id),
        "whoever asked still finds it",
    );
});
