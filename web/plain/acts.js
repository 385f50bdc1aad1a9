/* What a reader could do to a matter now: a button an act, and the form behind it. Which there are
 * is the server's word (`may`); what each asks for is here. */
import { choice, field, fill, form, h, say, showRefused } from "./base.js";

/* ---- spans of time, as the API writes them ---- */

const UNITS = {
    "work day": ["个工作日", "working day"],
    "work hour": ["个工作小时", "working hour"],
    day: ["天", "day"],
    hour: ["小时", "hour"],
    minute: ["分钟", "minute"],
};

/* "3 work days" → 3 个工作日, 3 working days */
export function spans(text) {
    const [n, ...words] = text.split(" ");
    const unit = UNITS[words.join(" ").replace(/s$/, "")] ?? [words.join(" "), words.join(" ")];
    return [`${n} ${unit[0]}`, `${n} ${unit[1]}${n === "1" ? "" : "s"}`];
}

const SPANS = ["4 work hours", "1 work day", "2 work days", "3 work days", "5 work days", "10 work days", "30 days"];

function span(name, label, hint) {
    const options = [
        h("option", { value: "" }, hint ?? ["请选择", "Choose"]),
        ...SPANS.map((s) => h("option", { value: s }, spans(s))),
    ];
    return field(name, label, "select", { required: !hint }, undefined, options);
}

/* ---- what acts ask for ---- */

const reason = (label) => () => [
    field("text", label, "textarea", { required: true, maxlength: 1000 }),
];
const maybe = (label) => () => [
    field("text", label, "textarea", { maxlength: 1000 }, ["可不填", "optional"]),
];

/* Parties a matter can be sent to, page by page. */
async function parties(api) {
    const all = [];
    for (let after = ""; after !== undefined;) {
        const page = await api.get(`/api/parties?limit=100${after && `&after=${after}`}`);
        all.push(...page.items);
        after = page.next;
    }
    return all;
}

function party(all, name = "to", label = ["派给谁", "Send to"]) {
    const options = all.map((p) => h("option", { value: p.id }, `${p.name} · ${p.duty ?? p.unit_name}`));
    options.unshift(h("option", { value: "" }, ["请选择", "Choose"]));
    return field(name, label, "select", { required: true }, undefined, options);
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

/* One of the reasons the pack declares for this kind, and how long. */
const clock = (label) => (api, kind) => [
    ...(kind?.reasons.length ? [choice("reason", ["理由", "Reason"], kind.reasons.map((r) => [r.code, [r.zh, r.en]]))] : []),
    span("within", ["要多久", "How long"]),
    ...reason(label)(),
];

/* A lead, and a part for each co-handler; more can be added. */
async function whistle(api) {
    const all = await parties(api);
    let n = 0;
    const part = () => {
        const i = n++;
        return h(
            "fieldset",
            null,
            h("legend", null, [`协办 ${i + 1}`, `Co-handler ${i + 1}`]),
            party(all, `part-to-${i}`, ["谁来协办", "Who"]),
            field(`part-text-${i}`, ["要它做什么", "What it is to do"], "textarea", { required: true, maxlength: 1000 }),
            span(`part-within-${i}`, ["时限", "Limit"], ["和整件事一样", "that of the whole"]),
        );
    };
    const list = h("div", null, part());
    const more = h("button", { class: "button", type: "button", onclick: () => list.append(part()) }, ["再加一家", "Add another"]);
    return [party(all, "to", ["谁牵头", "Who leads"]), list, more, ...maybe(["交代几句（报事的人也看得到）", "Instructions (who asked sees them too)"])()];
}

/* act: name of the button, what it asks for. */
const ACTS = {
    accept: [["接手", "Take it on"], maybe(["给对方的话", "A word to them"])],
    dispatch: [
        ["派单", "Send out"],
        async (api) => [party(await parties(api)), ...maybe(["交代几句（报事的人也看得到）", "Instructions (who asked sees them too)"])()],
    ],
    whistle: [["吹哨", "Whistle"], whistle],
    claim: [["我来办", "I will do it"], () => []],
    submit: [["交单", "Hand in the result"], reason(["办了什么，结果怎样", "What was done"])],
    report: [["协办办完了", "My part is done"], reason(["办了什么，结果怎样", "What was done"])],
    refuse: [["不归我们办", "Not ours to do"], reason(["为什么不归您办；上一级来定", "Why; the tier above decides"])],
    verify: [["核实通过", "Checked, it is done"], maybe(["看到的情况", "What you saw"])],
    rate: [["评价", "Rate"], rating],
    transfer: [
        ["转给别人", "Pass on"],
        async (api) => [party(await parties(api)), ...reason(["为什么转", "Why"])()],
    ],
    extend: [["延期", "More time"], clock(["为什么要延", "Why"])],
    pause: [["暂停计时", "Stop the clock"], clock(["为什么要停", "Why"])],
    resume: [["恢复计时", "Let it run on"], maybe(["情况", "How it stands"])],
    escalate: [["上报", "Hand it up"], reason(["为什么要上一级办", "Why the tier above"])],
    supervise: [
        ["督办", "Ask for an answer"],
        () => [...reason(["要答复什么", "What is to be answered"])(), span("within", ["多久答复", "By when"], ["按方案", "as the pack has it"])],
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
    const { text, version, ...said } = typed(values, m.version);
    if (act === "confirm") return api.post(`/api/matters/${m.id}/confirm`, { ...said, words: text });
    return api.post(`/api/matters/${m.id}/acts`, { act, text, version, ...said });
}

/* What an answer was about, where a timeline says no more than that. */
export const REASON_OF = {
    extend: ["延期", "more time"],
    pause: ["暂停计时", "a clock that stands"],
    settle: ["由谁办", "who does it"],
    supervise: ["督办", "the tier above"],
};

export const DONE = {
    order: ["报上来了", "Reported"],
    accept: ["接手了", "Taken on"],
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
    escalate: ["交给上一级办了", "Handed to the tier above"],
    whistle: ["吹哨：几家一起办", "Whistled: several work on it"],
    report: ["协办办完了", "A part is done"],
    refuse: ["协办说不归它办", "A part was refused"],
    extend: ["申请延期", "More time asked for"],
    pause: ["申请暂停计时", "The clock to stand"],
    resume: ["计时恢复了", "The clock runs on"],
    supervise: ["上级督办", "The tier above asks"],
    answer: ["答复了", "Answered"],
    warn: ["快到时限了", "Soon due"],
    overdue: ["超时了", "Overdue"],
    merge: ["和同样的事一起办了", "Joined to the same trouble"],
    split: ["分开单独办了", "Stands by itself again"],
    join: ["有人也遇到了", "Somebody else has it too"],
    affect: ["登记了住户", "Households added"],
    glass: ["有人因故查看了", "Somebody looked, for a reason"],
    milestone: ["里程碑", "Milestone"],
    progress: ["各户进展", "Progress of households"],
    follow_up: ["跟进", "Follow-up"],
    letter: ["信函", "Letter"],
    link: ["前后相接", "Linked"],
    missed: ["到期未办", "Missed its day"],
};

function typed(values, version) {
    const body = { ...values, version };
    if (body.solved) body.solved = body.solved === "true";
    if (body.granted) body.granted = body.granted === "true";
    if (body.score) body.score = Number(body.score);
    const parts = [];
    for (const [name, value] of Object.entries(values)) {
        const [, member, i] = /^part-(\w+)-(\d+)$/.exec(name) ?? [];
        if (!member) continue;
        (parts[i] ??= {})[member] = value;
        delete body[name];
    }
    if (parts.length) body.parts = parts.filter(Boolean);
    return body;
}

/* ---- questions put to a unit ---- */

const ASKED = {
    extend: ["申请延期", "asks for more time"],
    pause: ["申请暂停计时", "asks that the clock stand"],
    settle: ["要上一级定由谁办", "asks who is to do it"],
    supervise: ["上级督办，请答复", "The tier above wants an answer"],
};

async function answerFields(api, ask) {
    if (ask.kind === "supervise") return reason(["答复", "Your answer"])();
    if (ask.kind === "settle")
        return [party(await parties(api), "to", ["由谁办", "Who does it"]), ...maybe(["说明", "Why"])()];
    const grant = choice("granted", ["同意吗？", "Is it granted?"], [
        ["true", ["同意", "Yes"]],
        ["false", ["不同意", "No"]],
    ]);
    return [grant, ...maybe(["说明；不同意要写原因", "A word; give the reason for a no"])()];
}

/* A card for each open question; its form opens on a press. */
function questions({ api, m, kind, asks, changed }) {
    if (!m.may.includes("answer")) return [];
    const card = (ask) => {
        const panel = h("div");
        const open = async () => {
            button.remove();
            const send = async (values) => {
                await api.post(`/api/matters/${m.id}/acts`, { act: "answer", ask: ask.id, ...typed(values, m.version) });
                await changed();
            };
            fill(panel, form(await answerFields(api, ask), ["答复", "Answer"], send));
        };
        const why = kind?.reasons.find((r) => r.code === ask.reason);
        const button = h("button", { class: "button first", type: "button", onclick: open }, ["答复", "Answer"]);
        return h(
            "div",
            { class: "card" },
            h("p", { class: "line" }, h("strong", null, ASKED[ask.kind]), ask.span ? spans(ask.span) : [], why ? [why.zh, why.en] : []),
            ask.party_name && h("p", { class: "soft" }, ask.party_name),
            ask.text && h("p", { class: "words" }, ask.text),
            button,
            panel,
        );
    };
    return asks.filter((a) => !a.answered_at).map(card);
}

/* The questions, then the buttons, what a matter waits for first; pressing one opens its form. */
export function actsOn({ api, m, kind, asks, changed }) {
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
            const el = form(await fields(api, kind), name, send);
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
    const buttons = may.length ? [h("div", { class: "buttons" }, may.map(button)), panel] : [];
    return [...questions({ api, m, kind, asks, changed }), ...buttons];
}
