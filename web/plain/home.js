/* The page for whoever needs something: report without an account, follow with the code. */
import { Api, choice, field, fill, form, h, refuseForm, say, showRefused, startLanguage } from "./base.js";
import { kindsAt, showMatter, state } from "./matter.js";

// Nobody, whoever else may be signed in here; a resident who comes from their page is themselves.
const anyone = new Api(new URLSearchParams(location.search).has("me") ? undefined : null);
const section = Object.fromEntries(
    ["start", "report", "follow"].map((id) => [id, document.getElementById(id)]),
);
const back = () => h("p", null, h("a", { href: "#" }, ["← 返回", "← Back"]));

/* ---- where ---- */

const LEVELS = ["street", "county", "city", "province"];

async function below(parent) {
    const units = [];
    for (let after = ""; after !== undefined;) {
        const more = `${parent ? `&parent=${parent}` : ""}${after && `&after=${after}`}`;
        const page = await anyone.get(`/api/units?limit=100${more}`);
        units.push(...page.items);
        after = page.next;
    }
    return units;
}

/* From province to community, a list a level; chosen(unit) when a community is. */
async function walk(at, parent, chosen) {
    const units = await below(parent);
    const options = units.map((u) => h("option", { value: u.id }, u.name));
    const first = h("option", { value: "" }, ["请选择", "Choose"]);
    const rest = h("div");
    const label = parent ? ["选您那里的", "Choose yours"] : ["先选省份", "First the province"];
    const list = field("place_unit", label, "select", {}, undefined, [first, ...options]);
    list.querySelector("select").addEventListener("change", async (e) => {
        const unit = units.find((u) => u.id === e.target.value);
        fill(rest);
        if (unit?.level === "community") chosen(unit);
        else if (unit) await walk(rest, unit.id, chosen);
    });
    fill(at, list, rest);
}

/* The unit of a code in the address (?at=620102003, as printed on a notice), or the last one;
 * {unknown: code} when there is none of that code. */
async function known() {
    const code = new URLSearchParams(location.search).get("at");
    const path = code ? `?code=${encodeURIComponent(code)}` : undefined;
    if (path) {
        const found = await anyone.get(`/api/units${path}`).catch((e) => {
            if (e.status !== 404 && e.status !== 422) throw e;
        });
        return found?.items[0] ?? { unknown: code };
    }
    const id = localStorage.getItem("unit");
    return id
        ? anyone.get(`/api/units/${encodeURIComponent(id)}`).catch(() => undefined)
        : undefined;
}

/* ---- report ---- */

/* The form that was begun and not sent, {unit, show(refused)}: whoever leaves it finds it as it was. */
let draft;

const text = (name, label, props, hint) => field(name, label, "input", props, hint);
const optional = ["可不填", "optional"];

function fields(kinds) {
    const list = [...kinds.values()].filter((k) => k.anyone).map((k) => [k.code, [k.zh, k.en]]);
    return [
        choice("kind", ["是什么事？", "What is it about?"], list),
        text(
            "title",
            ["一句话说清楚", "In one line"],
            { required: true, minlength: 2, maxlength: 60 },
            ["如：3 号楼门口路灯不亮", "such as: street lamp out at block 3"],
        ),
        field("text", ["详细说说", "More about it"], "textarea", { maxlength: 2000 }, optional),
        text("place", ["在哪里", "Where exactly"], { maxlength: 120 }, optional),
        text(
            "contact_name",
            ["怎么称呼您", "Your name"],
            { maxlength: 40, autocomplete: "name" },
            optional,
        ),
        text(
            "contact_phone",
            ["电话", "Phone"],
            { maxlength: 20, type: "tel", autocomplete: "tel" },
            [
                "可不填；11 位手机号，或区号加号码，只给办事的人看",
                "optional: 11 digits, or area code and number; only those who handle it see it",
            ],
        ),
    ];
}

/* A resident who is signed in finds it among their own. */
function receivedMine(m, said) {
    const box = h(
        "div",
        { class: "card", tabindex: "-1" },
        say(said, "h2"),
        h("p", null, ["编号：", "Number: "], h("strong", { id: "number" }, m.number)),
        h("a", { class: "button first", href: `/in#${m.id}` }, ["看进展", "Follow it"]),
    );
    draft = undefined;
    fill(section.report, back(), box);
    box.focus();
}

function received(m, said = ["收到了，社区正在看", "Received: your community is reading it"]) {
    if (!m.tracking_code) return receivedMine(m, said);
    const code = m.tracking_code.replace(/(.{4})(?=.)/g, "$1 ");
    const copied = say(["", ""]);
    const copy = async () => {
        await navigator.clipboard.writeText(m.tracking_code);
        copied.replaceWith(say(["已复制", "Copied"]));
    };
    const box = h(
        "div",
        { class: "card", tabindex: "-1" },
        say(said, "h2"),
        h("p", null, ["编号：", "Number: "], h("strong", { id: "number" }, m.number)),
        h("p", null, [
            "请记下查询码，凭它看进展、作评价。它只显示这一次。",
            "Keep this code: with it you follow and rate your request. It is shown only now.",
        ]),
        h("strong", { class: "code", id: "code" }, code),
        h(
            "div",
            { class: "buttons" },
            h(
                "button",
                { class: "button first", type: "button", onclick: () => follow(m.tracking_code) },
                ["看进展", "Follow it"],
            ),
            navigator.clipboard &&
                h("button", { class: "button", type: "button", onclick: copy }, [
                    "复制查询码",
                    "Copy the code",
                ]),
        ),
        copied,
    );
    draft = undefined;
    fill(section.report, back(), box);
    box.focus();
}

/* ---- somebody may have said it before ---- */

/* What is open near by and reads alike. When that cannot be told, a report goes its way. */
async function similar(report) {
    const q = `${report.title} ${report.place ?? ""}`;
    const asked = new URLSearchParams({ unit: report.unit, kind: report.kind, q });
    const found = await anyone.get(`/api/matters/similar?${asked}`).catch(() => ({ items: [] }));
    return found.items;
}

async function join(m, report) {
    const { text, place, contact_name, contact_phone } = report;
    const own = { text, place, contact_name, contact_phone };
    const together = ["记下了，和那一件一起办", "Noted: it is handled together with that one"];
    received(await anyone.post(`/api/matters/${m.id}/join`, own), together);
}

const households = (m) =>
    m.affected > 0 && [
        ` · 还有 ${m.affected} 户也遇到了`,
        ` · ${m.affected} more ${m.affected === 1 ? "household" : "households"}`,
    ];

function suggest(report, found, kinds) {
    const at = h("div", { tabindex: "-1" });
    // What is wrong with the report is put right in the form.
    const refused = (e) => (e.status === 422 ? draft.show(e) : showRefused(e, at));
    const press = (pair, look, go) => {
        const tried = () => go().catch(refused);
        return h("button", { class: look, type: "button", onclick: tried }, pair);
    };
    const one = (m) =>
        h(
            "article",
            { class: "card like" },
            h("h2", null, m.title),
            h("p", null, state({ ...m, open: true }, kinds.get(m.kind))),
            h("p", { class: "soft" }, m.place, households(m)),
            press(["我也遇到了，一起办", "Mine too: handle it together"], "button", () =>
                join(m, report),
            ),
        );
    fill(
        at,
        say(["好像有人报过了", "Somebody may have reported this"], "h1"),
        h("p", { class: "note" }, [
            "是同一件事就一起办，您一样有查询码。",
            "If it is the same, it is handled together, and you get a code all the same.",
        ]),
        ...found.map(one),
        press(["都不是，照样送出", "None of these: send mine"], "button first", async () =>
            received(await anyone.post("/api/matters", report)),
        ),
        h("button", { class: "button", type: "button", onclick: () => draft.show() }, [
            "回去改一改",
            "Back to what I wrote",
        ]),
    );
    fill(section.report, back(), at);
    at.focus();
    scrollTo(0, 0);
}

async function ask(unit) {
    if (draft?.unit === unit.id) return draft.show();
    const kinds = await kindsAt(anyone, unit.id);
    const send = async (values) => {
        const report = { ...values, unit: unit.id };
        const found = await similar(report);
        if (found.length) suggest(report, found, kinds);
        else received(await anyone.post("/api/matters", report));
    };
    localStorage.setItem("unit", unit.id);
    const other = h("button", { class: "plainly", type: "button", onclick: () => choose() }, [
        "换一个",
        "Change",
    ]);
    const where = h("p", { class: "note line" }, h("strong", { id: "where" }, unit.name), other);
    const told = form(fields(kinds), ["送出", "Send"], send);
    const title = say(["报一件事", "Report something"], "h1");
    const show = (refused) => {
        fill(section.report, back(), title, where, told);
        scrollTo(0, 0);
        if (refused) refuseForm(refused, told);
    };
    draft = { unit: unit.id, show };
    show();
}

/* `told`: a sentence before the list, why it is asked. */
async function choose(parent, told) {
    const at = h("div", { class: "card" });
    const title = say(["您在哪个社区？", "Which community are you in?"], "h1");
    fill(section.report, back(), told && h("p", { class: "note", role: "status" }, told), title, at);
    await walk(at, parent, (unit) => ask(unit).catch((e) => showRefused(e, at)));
}

const noSuch = (code) => [
    `地址里的代码“${code}”没有对应的地方：可能抄漏了数字，也可能那里已经合并改名。请在下面选。`,
    `There is no place with the code "${code}" that stands in the address: a digit may be missing, or the place was merged or renamed. Choose yours below.`,
];

async function report() {
    const unit = await known();
    if (!unit) await choose();
    else if (unit.unknown) await choose(undefined, noSuch(unit.unknown));
    else if (LEVELS.includes(unit.level)) await choose(unit.id);
    else await ask(unit);
}

/* ---- follow ---- */

async function follow(tracking) {
    const session = await anyone.post("/api/sessions", { tracking });
    const at = h("div");
    fill(section.follow, back(), at);
    await showMatter(new Api(session.token), session.matter, at);
    show("follow");
    if (location.hash !== "#follow") history.pushState(null, "", "#follow");
}

function askCode() {
    const code = text(
        "tracking",
        ["查询码", "Tracking code"],
        {
            required: true,
            minlength: 8,
            maxlength: 64,
            autocomplete: "off",
            autocapitalize: "off",
            spellcheck: "false",
        },
        [
            "16 位字母和数字，报完事时显示的；大小写、空格都可以",
            "16 letters and digits, shown when you had reported; capitals and spaces do not matter",
        ],
    );
    fill(
        section.follow,
        back(),
        say(["查我的事", "Follow my request"], "h1"),
        form([code], ["查看", "Show"], (v) => follow(v.tracking)),
    );
}

/* ---- which part ---- */

function show(name) {
    for (const [id, el] of Object.entries(section)) el.hidden = id !== name;
    scrollTo(0, 0);
}

/* The way back for whoever signed in on this device. */
function home() {
    if (!localStorage.getItem("in") || section.start.querySelector("[href='/in']")) return;
    const words = h("p", null, ["您在这台设备上登录过。", "You have signed in on this device."]);
    const title = h("h2", null, ["我的页面", "My page"]);
    section.start.querySelector(".ways").append(h("a", { class: "card", href: "/in" }, title, words));
}

async function go() {
    home();
    const name = location.hash.slice(1) in section ? location.hash.slice(1) : "start";
    show(name);
    if (name === "follow") askCode();
    if (name !== "report") return;
    await report().catch((e) => {
        const other = () => choose().catch((again) => showRefused(again, section.report));
        const press = { class: "button", type: "button", onclick: other };
        const at = h("div", null, h("button", press, ["换一个地方", "Choose another place"]));
        fill(section.report, back(), at);
        showRefused(e, at);
    });
}

startLanguage();
addEventListener("hashchange", go);
go();
