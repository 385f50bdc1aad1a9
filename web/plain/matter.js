/* A matter as a story: what was said, who has it, what comes next and by when, what happened, and
 * what the reader could do now. */
import { actsOn, DONE, REASON_OF, spans } from "./acts.js";
import { fill, h, say } from "./base.js";

/* ---- times as people say them ---- */

const ZONE = "Asia/Shanghai";
const DAY = 86_400_000;
const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: ZONE,
    hour: "2-digit",
    minute: "2-digit",
});
const calendar = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE });
const english = new Intl.DateTimeFormat("en-GB", {
    timeZone: ZONE,
    day: "numeric",
    month: "short",
});
const midnight = (at) => Date.parse(calendar.format(at));

/* 今天 17:00, 明天 09:00, 11月25日 09:00 */
export function when(iso) {
    const at = new Date(iso);
    const days = Math.round((midnight(at) - midnight(new Date())) / DAY);
    const near = {
        "-1": ["昨天", "yesterday"],
        0: ["今天", "today"],
        1: ["明天", "tomorrow"],
        2: ["后天", "the day after tomorrow"],
    }[days];
    const [year, month, day] = calendar.format(at).split("-").map(Number);
    const other = year === new Date().getFullYear() ? "" : year;
    const date = near ?? [
        `${other && `${other}年`}${month}月${day}日`,
        `${english.format(at)}${other && ` ${other}`}`,
    ];
    return [`${date[0]} ${clock.format(at)}`, `${date[1]} ${clock.format(at)}`];
}

function howLong(ms) {
    const minutes = Math.max(1, Math.floor(ms / 60_000));
    const [n, zh, en] =
        minutes < 60
            ? [minutes, "分钟", "minute"]
            : minutes < 1440
              ? [Math.floor(minutes / 60), "小时", "hour"]
              : [Math.floor(minutes / 1440), "天", "day"];
    return [`${n} ${zh}`, `${n} ${en}${n === 1 ? "" : "s"}`];
}

function time(iso, pair) {
    return h("time", { datetime: iso, title: new Date(iso).toLocaleString() }, pair ?? when(iso));
}

/* 今天 17:00 前, or 超时 1 天. */
export function due(m) {
    if (!m.open || !m.due_at) return undefined;
    const left = Date.parse(m.due_at) - Date.now();
    const [zh, en] = m.overdue ? howLong(-left) : when(m.due_at);
    const text = m.overdue ? [`超时 ${zh}`, `${en} overdue`] : [`${zh} 前`, `by ${en}`];
    const soon = left < DAY / 6 ? "soon" : "soft";
    return h(
        "span",
        { class: m.overdue ? "overdue" : soon },
        m.overdue && "⚠ ",
        time(m.due_at, text),
    );
}

/* ---- names the pack gives ---- */

const kinds = new Map();

/* Kinds there are at a unit, by their code; asked for once. */
export function kindsAt(api, unit) {
    if (!kinds.has(unit))
        kinds.set(
            unit,
            api
                .get(`/api/kinds?unit=${unit}`)
                .then((r) => new Map(r.items.map((k) => [k.code, k]))),
        );
    return kinds.get(unit);
}

const pair = (label, code) => (label ? [label.zh, label.en] : [code, code]);

/* State is never colour alone: a sign, a word, a colour. */
export function state(m, kind) {
    const [sign, look] = !m.open
        ? m.solved === true
            ? ["✓", "solved"]
            : m.solved === false
              ? ["✕", "unsolved"]
              : ["■", ""]
        : m.awaits === "rate" || m.may?.includes(m.awaits)
          ? ["●", "yours"]
          : m.party
            ? ["◐", "doing"]
            : ["○", ""];
    const stage = kind?.stages.find((s) => s.code === m.stage);
    return h(
        "span",
        { class: `pill ${look}` },
        h("span", { "aria-hidden": "true" }, sign),
        pair(stage, m.stage),
    );
}

/* ---- the whole ---- */

const TIERS = {
    street: ["街道负责", "In the charge of the street"],
    district: ["区里负责", "In the charge of the district"],
};

const PARTS = {
    open: ["办理中", "being done"],
    refused: ["说不归它办，等上一级定", "says it is not its to do; the tier above decides"],
    done: ["办完了", "done"],
    dropped: ["不用办了", "no longer asked for"],
};

/* What each co-handler was given, and how it stands. */
function partsOf(items) {
    const row = (p) =>
        h(
            "li",
            null,
            h("p", { class: "line" }, h("strong", null, p.party_name), h("span", null, PARTS[p.state])),
            h("p", { class: "words" }, p.text),
            p.answer && h("p", { class: "words" }, p.answer),
            p.state === "open" && p.due_at && h("small", null, ["时限：", "Due: "], time(p.due_at)),
            p.late && h("small", { class: "overdue" }, [" 超时办完", " late"]),
        );
    const story = h("ol", { class: "story" }, items.map(row));
    return items.length ? [say(["协办", "Parts"], "h3"), h("div", { class: "card" }, story)] : [];
}

const OUTCOMES = {
    solved: ["报的人说：解决了", "The requester says: solved"],
    unsolved: ["报的人说：没解决", "The requester says: not solved"],
    handled: ["办好了，还没有得到确认", "Handled, not yet confirmed"],
    no_answer: ["办好了，报的人没有回话", "Handled; the requester did not answer in time"],
    merged: ["和同样的事一起办", "Handled together with the same trouble"],
};

function event(e, kind) {
    const stage = kind?.stages.find((s) => s.code === e.to_stage);
    const moved = e.from_stage !== e.to_stage && e.act !== "order";
    const done = DONE[e.act] ?? [e.act, e.act];
    const sent = e.party_name && h("span", null, "→ ", e.party_name);
    const said =
        e.solved === true
            ? ["解决了", "solved"]
            : e.solved === false
              ? ["没解决", "not solved"]
              : [];
    return h(
        "li",
        null,
        h(
            "p",
            { class: "line" },
            h("strong", null, done),
            sent,
            h("span", null, said),
            e.score && h("span", null, [`${e.score} 分`, `${e.score} of 5`]),
        ),
        (e.reason || e.span || e.granted !== undefined) &&
            h(
                "p",
                { class: "line" },
                e.granted === true ? ["同意", "granted"] : e.granted === false ? ["不同意", "not granted"] : [],
                e.reason ? (REASON_OF[e.reason] ?? pair(kind?.reasons.find((r) => r.code === e.reason), e.reason)) : [],
                e.span ? spans(e.span) : [],
            ),
        e.text && h("p", { class: "words" }, e.text),
        h(
            "small",
            null,
            time(e.at),
            e.by_name && ` · ${e.by_name}`,
            moved && " · ",
            moved ? pair(stage, e.to_stage) : [],
        ),
    );
}

/* Shows a matter in `at`, and shows it again after each act; changed() is told then. */
export async function showMatter(api, id, at, changed = () => {}) {
    const m = await api.get(`/api/matters/${id}`);
    const events = (await api.get(`/api/matters/${id}/events`)).items;
    const kind = (await kindsAt(api, m.unit)).get(m.kind);
    const again = async () => {
        await showMatter(api, id, at, changed);
        await changed();
    };
    const parts = m.parts_open || events.some((e) => e.act === "whistle")
        ? (await api.get(`/api/matters/${id}/parts`)).items
        : [];
    const asks = m.asks_open ? (await api.get(`/api/matters/${id}/asks`)).items : [];
    const limit = due(m);
    const asked = m.awaits === "rate";
    const holder =
        m.open &&
        !asked &&
        m.party_name &&
        h("p", null, ["现在由 ", "With "], h("strong", null, m.party_name), [" 办理", ""]);
    const next =
        limit &&
        h(
            "p",
            null,
            asked ? ["等报的人评价：", "For the requester to rate: "] : ["下一步：", "Next step: "],
            limit,
        );
    const standing =
        m.paused_at &&
        h(
            "p",
            { class: "note" },
            ["⏸ 暂停计时：", "⏸ The clock stands: "],
            pair(kind?.reasons.find((r) => r.code === m.pause_reason), m.pause_reason),
            ["，从", ", since "],
            time(m.paused_at),
        );
    fill(
        at,
        h(
            "article",
            { class: "card" },
            h("small", { class: "line" }, m.number, pair(kind, m.kind)),
            h("h2", null, m.title),
            h("p", null, state(m, kind)),
            m.text && h("p", { class: "words" }, m.text),
            m.place && h("p", { class: "soft" }, ["地点：", "Where: "], m.place),
            m.open && TIERS[m.tier] && h("p", { class: "soft" }, TIERS[m.tier]),
            holder,
            standing,
            next,
            OUTCOMES[m.outcome] &&
                h(
                    "p",
                    { class: "note" },
                    OUTCOMES[m.outcome],
                    m.score && [` ${"★".repeat(m.score)}`, ` ${"★".repeat(m.score)}`],
                    m.words && h("span", { class: "words" }, `\n${m.words}`),
                ),
        ),
        ...actsOn({ api, m, kind, asks, changed: again }),
        ...partsOf(parts),
        say(["经过", "What happened"], "h3"),
        h(
            "div",
            { class: "card" },
            h(
                "ol",
                { class: "story" },
                events.map((e) => event(e, kind)),
            ),
        ),
    );
}
