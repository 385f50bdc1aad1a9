/* A burst pipe that takes days: people talk about it, some of it among colleagues only, and those
 * who want to know how it goes on watch it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, expect, refused, start } from "./lib.mjs";

const app = await start();
const unit = app.unit("620102003003");
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "李书记" });
const street = await app.user({ role: "street", unit: "620102003", name: "街道张科" });
const neighbour = await app.user({ role: "secretary", unit: "620102003004", name: "邻社区书记" });
const firm = await app.party({ name: "管网公司", kind: "firm", unit: "620102" });
const fitter = await app.user({ role: "handler", party: firm, name: "何师傅" });
const resident = await app.user({ person: await app.person({ name: "林岚" }), name: "林岚" });

const acts = (id) => `/api/matters/${id}/acts`;
const texts = async (who, id) =>
    (await who.events(id)).filter((e) => e.act === "comment").map((e) => e.text);
let id;

test("said to everybody, and said among colleagues", async () => {
    ({ id } = await resident.order({ kind: "repair", title: "主管爆裂", unit }));
    await secretary.act(id, "comment", { text: "今晚八点停水抢修。" });
    await secretary.act(id, "comment", { text: "预算还没批，先垫付。", public: false });
    await resident.act(id, "comment", { text: "几点恢复？" });
    await secretary.act(id, "dispatch", { to: firm.id });
    await fitter.act(id, "comment", { text: "阀门要明天到货", public: false });
    assert.deepEqual(await texts(resident, id), ["今晚八点停水抢修。", "几点恢复？"]);
    const all = ["今晚八点停水抢修。", "预算还没批，先垫付。", "几点恢复？", "阀门要明天到货"];
    for (const who of [secretary, street]) assert.deepEqual(await texts(who, id), all);
    // A firm hears what is said to everybody, and its own; not what the units say among themselves.
    assert.deepEqual(await texts(fitter, id), [all[0], all[2], all[3]]);
    refused(await neighbour.get(`/api/matters/${id}/events`), 404);
});

test("colleagues see who of them said it; who asked stays who asked", async () => {
    const said = (await street.events(id)).filter((e) => e.act === "comment");
    assert.deepEqual(
        said.map((e) => [e.by_name, e.role, e.public]),
        [
            ["李书记", "secretary", true],
            ["李书记", "secretary", false],
            [undefined, "resident", true],
            ["何师傅", "handler", false],
        ],
    );
    const heard = await resident.events(id);
    assert.ok(heard.every((e) => e.by_name === undefined && e.public));
});

test("residents whisper nothing, and nobody says nothing", async () => {
    const internal = { act: "comment", text: "悄悄话", public: false };
    refused(await resident.post(acts(id), internal), 422, "/public", "not_allowed");
    refused(await secretary.post(acts(id), { act: "comment" }), 422, "/text", "required");
    refused(
        await secretary.post(acts(id), { act: "comment", text: " \n " }),
        422,
        "/text",
        "required",
    );
    const long = "长".repeat(1001);
    refused(await secretary.post(acts(id), { act: "comment", text: long }), 422, "/text");
});

test("a comment moves nothing: stage, limit and version stay", async () => {
    const before = await secretary.read(`/api/matters/${id}`);
    const after = await secretary.act(id, "comment", { text: "记录一下", public: false });
    for (const field of ["stage", "due_at", "version", "party", "outcome"])
        assert.equal(after[field], before[field], field);
});

test("even a closed matter can be talked about", async () => {
    const done = await resident.order({ kind: "repair", title: "小渗水", unit });
    await resident.act(done.id, "withdraw");
    await secretary.act(done.id, "comment", { text: "以后再有请直接打电话。" });
    assert.deepEqual(await texts(resident, done.id), ["以后再有请直接打电话。"]);
});

test("watching: it is in the list until one stops, however often one says so", async () => {
    const watched = async () => (await street.all("/api/matters?queue=watching")).map((m) => m.id);
    assert.deepEqual(await watched(), []);
    await street.act(id, "watch");
    await street.act(id, "watch", { on: true });
    assert.deepEqual(await watched(), [id]);
    assert.deepEqual((await secretary.all("/api/matters?queue=watching")).length, 0);
    await street.act(id, "watch", { on: false });
    assert.deepEqual(await watched(), []);
});

test("nobody watches what is out of reach, nor without an account", async () => {
    refused(await neighbour.post(acts(id), { act: "watch" }), 404);
    const lamp = await app.anon.order({ kind: "repair", title: "路灯歪了", unit });
    const session = await app.anon.post("/api/sessions", { tracking: lamp.tracking_code });
    const tracker = new Client(app.url, expect(session, 201).token);
    refused(await tracker.post(acts(lamp.id), { act: "watch" }), 403, "/act", "side");
});

test("what one may no longer see drops out of what one watches", async () => {
    const moved = await app.user({
        role: "grid_worker",
        unit: "620102003003",
        name: "调走的网格员",
    });
    await moved.act(id, "watch");
    assert.equal((await moved.all("/api/matters?queue=watching")).length, 1);
    await app.grant(moved, { role: "grid_worker", unit: app.unit("620102003004") });
    expect(await app.admin().post(`/api/accounts/${moved.id}/hats/${moved.hat}/revoke`), 204);
    assert.deepEqual(await moved.all("/api/matters?queue=watching"), []);
    refused(await moved.get(`/api/matters/${id}`), 404);
});

test("the timeline is paged, oldest first, without gaps", async () => {
    const all = await secretary.events(id);
    const seen = [];
    let after = "0";
    for (;;) {
        const page = await secretary.read(`/api/matters/${id}/events?limit=3&after=${after}`);
        assert.ok(page.items.length <= 3);
        seen.push(...page.items);
        if (!page.next) break;
        after = page.next;
    }
    assert.deepEqual(seen, all);
});
