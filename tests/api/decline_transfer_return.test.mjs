/* Not everything is taken on, not everything was sent to the right door, and not everything that
 * is handed in is good enough: declined, transferred, sent back, always with a reason. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, expect, refused, start } from "./lib.mjs";

const app = await start();
const unit = app.unit("620102003003");
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "李书记" });
const water = await app.party({ name: "自来水公司", kind: "firm", unit: "620102" });
const property = await app.party({ name: "大雁滩物业", kind: "firm", unit: "620102003003" });
const elsewhere = await app.party({ name: "碑林环卫", unit: "610103" });
const waterman = await app.user({ role: "handler", party: water, name: "水务小周" });
const keeper = await app.user({ role: "handler", party: property, name: "物业小吴" });

const acts = (id) => `/api/matters/${id}/acts`;
const leak = (title) => app.anon.order({ kind: "repair", title, text: "一直在流", unit });
const sent = async (title) => {
    const matter = await leak(title);
    await secretary.act(matter.id, "dispatch", { to: water.id });
    return matter;
};

test("declined: only with a reason, and whoever asked can read it", async () => {
    const matter = await leak("要求拆除合法围墙");
    refused(await secretary.post(acts(matter.id), { act: "decline" }), 422, "/text", "required");
    const declined = await secretary.act(matter.id, "decline", { text: "围墙手续齐全，不能拆。" });
    assert.equal(declined.stage, "declined");
    assert.equal(declined.outcome, "declined");
    assert.equal(declined.open, false);
    assert.deepEqual(declined.may, []);
    const session = await app.anon.post("/api/sessions", { tracking: matter.tracking_code });
    const tracker = new Client(app.url, expect(session, 201).token);
    assert.equal((await tracker.events(matter.id)).at(-1).text, "围墙手续齐全，不能拆。");
    refused(await secretary.post(acts(matter.id), { act: "accept" }), 409, "/act", "stage");
});

test("transferred: to another party, with a reason; the first keeps seeing it", async () => {
    const matter = await sent("单元门口漏水");
    await waterman.act(matter.id, "claim");
    const to = property.id;
    refused(
        await waterman.post(acts(matter.id), { act: "transfer", to }),
        422,
        "/text",
        "required",
    );
    const text = "表后管道归物业";
    refused(
        await waterman.post(acts(matter.id), { act: "transfer", text }),
        422,
        "/to",
        "required",
    );
    const before = await keeper.get(`/api/matters/${matter.id}`);
    refused(before, 404);
    const moved = await waterman.act(matter.id, "transfer", { to, text });
    assert.equal(moved.party_name, "大雁滩物业");
    assert.equal(moved.handler, undefined, "nobody there has claimed it yet");
    assert.equal(moved.stage, "doing");

    expect(await waterman.get(`/api/matters/${matter.id}`), 200);
    refused(
        await waterman.post(acts(matter.id), { act: "submit", text: "好了" }),
        403,
        "/act",
        "side",
    );
    assert.equal((await waterman.read("/api/matters?queue=party")).items.length, 0);
    assert.equal((await keeper.read("/api/matters?queue=party")).items[0].id, matter.id);
    expect(await keeper.post(acts(matter.id), { act: "submit", text: "已修" }), 200);
});

test("a transfer does not begin the time limit anew", async () => {
    const matter = await sent("地下室渗水");
    const due = (await secretary.read(`/api/matters/${matter.id}`)).due_at;
    app.clock.advance(26 * 3600_000);
    const moved = await waterman.act(matter.id, "transfer", { to: property.id, text: "归物业" });
    assert.equal(moved.due_at, due);
});

test("sent back by the party: it is the community's again, and nobody's", async () => {
    const matter = await sent("绿化带喷头漏水");
    await waterman.act(matter.id, "claim");
    refused(await waterman.post(acts(matter.id), { act: "return" }), 422, "/text", "required");
    const back = await waterman.act(matter.id, "return", { text: "不是我们的管网" });
    assert.equal(back.stage, "accepted");
    assert.equal(back.awaits, "dispatch");
    assert.equal(back.party, undefined);
    assert.equal(back.handler, undefined);
    const again = await secretary.act(matter.id, "dispatch", { to: property.id });
    assert.equal(again.party_name, "大雁滩物业");
    const events = await secretary.events(matter.id);
    assert.deepEqual(
        events.map((e) => e.act),
        ["order", "dispatch", "claim", "return", "dispatch"],
    );
});

test("handed in, looked at, not good enough: back to the same hands", async () => {
    const matter = await sent("消防栓漏水");
    await waterman.act(matter.id, "claim");
    await waterman.act(matter.id, "submit", { text: "拧紧了" });
    const back = await secretary.act(matter.id, "return", { text: "还在滴水，请换垫圈。" });
    assert.equal(back.stage, "doing");
    assert.equal(back.handler, waterman.id);
    assert.equal(back.party, water.id);
    assert.equal(back.outcome, "none");
    await waterman.act(matter.id, "submit", { text: "换了垫圈" });
    assert.equal((await secretary.act(matter.id, "verify")).outcome, "handled");
});

test("it is sent to nobody outside the county", async () => {
    const matter = await leak("路面积水");
    const r = await secretary.post(acts(matter.id), { act: "dispatch", to: elsewhere.id });
    refused(r, 422, "/to", "unknown");
    assert.equal((await secretary.read(`/api/matters/${matter.id}`)).stage, "new");
});

test("a party is named only where something is sent", async () => {
    const matter = await leak("井盖松动");
    const r = await secretary.post(acts(matter.id), { act: "accept", to: water.id });
    refused(r, 422, "/to", "not_allowed");
});

test("what was sent to one firm another cannot see", async () => {
    const matter = await sent("水表箱破损");
    refused(await keeper.get(`/api/matters/${matter.id}`), 404);
    refused(await keeper.post(acts(matter.id), { act: "claim" }), 404);
    expect(await waterman.post(acts(matter.id), { act: "claim" }), 200);
});
