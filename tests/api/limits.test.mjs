/* Time limits run on the calendar people live by. National Day 2026: off from Thursday 1 to
 * Wednesday 7 October; Sunday 20 September and Saturday 10 October are worked instead. Working
 * hours in Yannan are 09:00-12:00 and 14:00-18:00. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folderCopy, HOUR, linli, MINUTE, scratch, SECOND, start } from "./lib.mjs";

/* The street's own pack, but that nothing goes up by itself: here only the limits are looked at. */
const calm = join(scratch(), "calm.yaml");
writeFileSync(calm, readFileSync("packs/yannan.yaml", "utf8").replace(/^ +- \{do: escalate, on: overdue,.*\n/gm, ""));
const data = await folderCopy();
const put = await linli("pack", "activate", calm, "--unit", "620102003", "--data", data);
assert.equal(put.code, 0, put.stderr);
const app = await start({ at: "2026-09-19T10:00:00+08:00", data });
const unit = app.unit("620102003003");
const secretary = await app.user({ role: "secretary", unit: "620102003003", name: "李书记" });
const team = await app.party({ name: "路灯队", kind: "team" });
const worker = await app.user({ role: "handler", party: team, name: "王师傅" });

/* What comes in at `when`, Shanghai time, and when it is due. */
async function due(when, kind = "repair") {
    app.clock.set(`${when}:00+08:00`);
    const m = await app.anon.order({ kind, title: `时限 ${when}`, unit });
    return m;
}
const shanghai = (iso) =>
    new Date(Date.parse(iso) + 8 * HOUR).toISOString().slice(0, 16).replace("T", " ");

/* [comes in, four working hours later]. Orders are in order of time. */
const WORK_HOURS = [
    ["2026-09-18T09:00", "2026-09-18 15:00"], // a Friday: 3 h before noon, 1 h after
    ["2026-09-18T16:30", "2026-09-20 11:30"], // Saturday off, Sunday is a make-up day
    ["2026-09-19T10:00", "2026-09-20 15:00"], // on a day off: from the next one on
    ["2026-09-20T13:00", "2026-09-20 18:00"], // at noon: from 14:00 on, to the very end
    ["2026-09-30T16:30", "2026-10-08 11:30"], // over the whole holiday
    ["2026-10-03T12:00", "2026-10-08 15:00"], // in the middle of it
    ["2026-10-09T15:00", "2026-10-10 10:00"], // into the make-up Saturday
    ["2026-10-10T16:00", "2026-10-12 11:00"], // out of it, over a Sunday
];

test("four working hours, to the minute", async () => {
    for (const [when, expected] of WORK_HOURS) {
        const m = await due(when);
        assert.equal(shanghai(m.due_at), expected, `in at ${when}`);
        assert.notEqual(m.provisional, true, `2026 is published: ${when}`);
    }
});

/* [sent out, three working days later: the end of that day's work]. */
const WORK_DAYS = [
    ["2026-09-18T10:00", "2026-09-22 18:00"], // Fri → Sun (make-up), Mon, Tue
    ["2026-09-30T10:00", "2026-10-10 18:00"], // → Thu 8, Fri 9, Sat 10 (make-up)
    ["2026-10-05T10:00", "2026-10-10 18:00"], // in on a day off: it does not count either
    ["2026-10-12T17:59", "2026-10-15 18:00"],
];

test("three working days: the day it came in does not count, the last counts whole", async () => {
    for (const [when, expected] of WORK_DAYS) {
        const { id } = await due(when);
        const sent = await secretary.act(id, "dispatch", { to: team.id });
        assert.equal(shanghai(sent.due_at), expected, `sent at ${when}`);
    }
});

test("hours and minutes of the clock know no holiday", async () => {
    const cold = await due("2026-10-03T23:30", "heating-water");
    assert.equal(shanghai(cold.due_at), "2026-10-04 00:30");
    const food = await due("2026-10-04T23:45", "epidemic");
    assert.equal(shanghai(food.due_at), "2026-10-05 00:15");
});

test("the limit starts anew with each stage", async () => {
    const { id } = await due("2026-10-12T09:00");
    app.clock.advance(HOUR);
    const doing = await secretary.act(id, "dispatch", { to: team.id });
    assert.equal(shanghai(doing.due_at), "2026-10-15 18:00");
    app.clock.advance(HOUR);
    const claimed = await worker.act(id, "claim");
    assert.equal(claimed.due_at, doing.due_at, "claiming is no new stage");
    const done = await worker.act(id, "submit", { text: "好了" });
    assert.equal(shanghai(done.due_at), "2026-10-13 18:00", "one working day to look at it");
    const handled = await secretary.act(id, "verify");
    const week = Date.parse(handled.due_at) - app.clock.now();
    assert.ok(Math.abs(week - 7 * 24 * HOUR) < MINUTE, "seven days, Sundays too");
});

test("overdue at the moment, not before: in the matter, in the list, by time alone", async () => {
    const { id, due_at } = await due("2026-09-30T16:30");
    const row = async () =>
        (await secretary.all("/api/matters?queue=unit")).find((m) => m.id === id);
    const overdue = async () =>
        (await secretary.all("/api/matters?due=overdue")).some((m) => m.id === id);

    app.clock.set("2026-10-06T12:00:00+08:00");
    const waiting = await secretary.read(`/api/matters/${id}`);
    assert.equal(waiting.overdue, false);
    assert.equal(waiting.remaining_minutes, 150, "2.5 hours of work, after the holiday");

    app.clock.set(Date.parse(due_at) - 20 * SECOND);
    assert.equal((await secretary.read(`/api/matters/${id}`)).overdue, false);
    assert.equal((await row()).overdue, false);
    assert.equal(await overdue(), false);

    app.clock.set(Date.parse(due_at) + SECOND);
    const late = await secretary.read(`/api/matters/${id}`);
    assert.equal(late.overdue, true);
    assert.equal((await row()).overdue, true);
    assert.equal(await overdue(), true);

    app.clock.set("2026-10-08T16:00:30+08:00"); // half an hour before noon, two hours after
    assert.equal((await secretary.read(`/api/matters/${id}`)).remaining_minutes, -150);
});

test("what is done late is late no more, and its lateness no longer counts", async () => {
    const { id } = await due("2026-10-12T09:00");
    app.clock.set("2026-10-14T09:00:00+08:00");
    assert.equal((await secretary.read(`/api/matters/${id}`)).overdue, true);
    const accepted = await secretary.act(id, "accept");
    assert.equal(accepted.overdue, false);
    assert.ok(Date.parse(accepted.due_at) > app.clock.now());
});

test("a limit that reaches into a year not yet published is said to be provisional", async () => {
    const m = await due("2026-12-31T17:00");
    assert.equal(m.provisional, true);
    assert.equal(shanghai(m.due_at).slice(0, 4), "2027");
    const inside = await due("2026-12-31T09:00");
    assert.notEqual(inside.provisional, true);
    assert.equal(shanghai(inside.due_at), "2026-12-31 15:00");
});
