/* A matter as a story: what was said, who has it, what comes next and by when, what happened, and
 * what the reader could do now. */
import { choice, field, fill, form, h, say, showRefused } from "./base.js";

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

/* ---- acts ---- */

const reason = (label) => () => [
    field("text", label, "textarea", { required: true, maxlength: 1000 }),
];
const maybe = (label) => () => [
    field("text", label, "textarea", { maxlength: 1000 }, ["可不填", "optional"]),
];

/* Parties a matter can be sent to, page by page. */
async function party(api) {
    const options = [];
    for (let after = ""; after !== undefined;) {
        const page = await api.get(`/api/parties?limit=100${after && `&after=${after}`}`);
        for (const p of page.items) {
            const text = `${p.name} · ${p.duty ?? p.unit_name}`;
            options.push(h("option", { value: p.id }, text));
        }
        after = page.next;
    }
    options.unshift(h("option", { value: "" }, ["请选择", "Choose"]));
    return field("to", ["派给谁", "Send to"], "select", { required: true }, undefined, options);
}

const scores = [1, 2, 3, 4, 5].map((n) => [n, [`${n}`, `${n}`]]);
const rating = () => [
    choice(
        "solved",
        ["解决了吗？", "Was it solved?"],
        [
            ["true", ["解决了", "Yes, solved"]],
            ["false", ["没解决", "No, not solved"]],
        ],
    ),
    choice("score", ["打几分？5 分最好", "How well, 5 being best?"], scores),
    ...maybe(["想说的话", "In your words"])(),
];

/* act: name of the button, what it asks for. */
const ACTS = {
    accept: [["接手", "Take it on"], maybe(["给对方的话", "A word to them"])],
    dispatch: [
        ["派单", "Send out"],
        async (api) => [await party(api), ...maybe(["交代几句", "Instructions"])()],
    ],
    claim: [["我来办", "I will do it"], () => []],
    submit: [["交单", "Hand in the result"], reason(["办了什么，结果怎样", "What was done"])],
    verify: [["核实通过", "Checked, it is done"], maybe(["看到的情况", "What you saw"])],
    rate: [["评价", "Rate"], rating],
    transfer: [
        ["转给别人", "Pass on"],
        async (api) => [await party(api), ...reason(["为什么转", "Why"])()],
    ],
    return: [["退回", "Send back"], reason(["为什么退回", "Why"])],
    decline: [["不受理", "Decline"], reason(["为什么不受理", "Why"])],
    reopen: [["再办一次", "Open again"], reason(["哪里没办好", "What is still wrong"])],
    withdraw: [["撤回", "Withdraw"], maybe(["原因", "Why"])],
    close: [["办结", "Close"], reason(["结果", "The result"])],
    comment: [["留言", "Comment"], reason(["想说什么", "Your words"])],
    confirm: [["您家解决了吗", "Is it solved at your place?"], rating],
};

/* What a household says has a route of its own. */
function post(api, m, act, values) {
    if (act !== "confirm") return api.post(`/api/matters/${m.id}/acts`, { act, ...typed(values, m.version) });
    const { solved, score, text } = typed(values);
    return api.post(`/api/matters/${m.id}/confirm`, { solved, score, words: text });
}

const DONE = {
    order: ["报上来了", "Reported"],
    accept: ["社区接手了", "Taken on"],
    dispatch: ["派出去了", "Sent out"],
    claim: ["有人来办了", "Claimed"],
    submit: ["交单了", "Result handed in"],
    verify: ["核实通过", "Checked"],
    rate: ["评价了", "Rated"],
    transfer: ["转出去了", "Passed on"],
    return: ["退回了", "Sent back"],
    decline: ["没有受理", "Declined"],
    reopen: ["再办一次", "Opened again"],
    withdraw: ["撤回了", "Withdrawn"],
    close: ["办结了", "Closed"],
    comment: ["留言", "Comment"],
    watch: ["关注", "Watching"],
    merge: ["和同样的事一起办了", "Joined to the same trouble"],
    split: ["分开单独办了", "Stands by itself again"],
    join: ["有人也遇到了", "Somebody else has it too"],
    affect: ["登记了受影响的住户", "Affected households added"],
    glass: ["有人因故查看了", "Somebody looked, for a reason"],
};

function typed(values, version) {
    const body = { ...values, version };
    if (body.solved) body.solved = body.solved === "true";
    if (body.score) body.score = Number(body.score);
    return body;
}

/* The buttons, what a matter waits for first; pressing one opens its form. */
function acts(api, m, changed) {
    const could = [...m.may, ...(m.may_also ?? [])];
    const may = Object.keys(ACTS).filter((a) => could.includes(a));
    may.sort((a, b) => (b === m.awaits) - (a === m.awaits));
    const panel = h("div", { id: "act" });
    const open = async (act) => {
        const [name, fields] = ACTS[act];
        const send = async (values) => {
            await post(api, m, act, values);
            await changed();
        };
        try {
            const el = form(await fields(api), name, send);
            fill(panel, h("div", { class: "card" }, say(name, "h2"), el));
            el.querySelector("select, textarea, input, button").focus();
        } catch (e) {
            showRefused(e, fill(panel));
        }
    };
    const look = (act) => (act === m.awaits ? "button first" : "button");
    const button = (act) =>
        h(
            "button",
            { class: look(act), type: "button", value: act, onclick: () => open(act) },
            ACTS[act][0],
        );
    if (["rate", "confirm"].includes(may[0])) open(may[0]);
    return may.length ? [h("div", { class: "buttons" }, may.map(button)), panel] : [];
}

/* ---- the whole ---- */

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
            holder,
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
        ...acts(api, m, again),
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
