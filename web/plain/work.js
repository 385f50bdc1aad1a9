/* The page behind a sign-in link: the queues of whoever signed in, and a matter with what can be
 * done to it. */
import { Api, fill, h, say, showRefused, startLanguage } from "./base.js";
import { due, kindsAt, showMatter, state } from "./matter.js";

const api = new Api();
const page = document.getElementById("page");
const who = document.getElementById("who");
const leave = document.getElementById("leave");

/* ---- queues ---- */

const QUEUES = {
    unit: [
        ["unit", ["待办", "To do"]],
        ["verify", ["待核实", "To check"]],
        ["closed", ["已办结", "Closed"]],
    ],
    party: [
        ["party", ["派给我们的", "Sent to us"]],
        ["mine", ["我在办的", "Mine"]],
    ],
    self: [
        ["requested", ["我报的", "I asked"]],
        ["rate", ["待评价", "To rate"]],
    ],
};
const EMPTY = [
    "这里现在没有事项。有新的派来，就会出现在这里。",
    "Nothing here now. What is sent to you will appear here.",
];

const list = h("div", { class: "list" });
const detail = h("div", { class: "detail" });
const split = h("div", { class: "split" }, list, detail);

async function row(m) {
    const kind = (await kindsAt(api, m.unit).catch(() => new Map())).get(m.kind);
    return h(
        "li",
        null,
        h(
            "a",
            {
                class: "card",
                href: `#${m.id}`,
                "aria-current": location.hash === `#${m.id}` && "true",
            },
            h("strong", null, m.title),
            h("div", { class: "line" }, state(m, kind), due(m)),
            h("small", null, [m.number, m.place, m.party_name].filter(Boolean).join(" · ")),
        ),
    );
}

async function rows(queue, at, after = "") {
    const found = await api.get(`/api/matters?queue=${queue}${after && `&after=${after}`}`);
    at.append(...(await Promise.all(found.items.map(row))));
    if (!found.next) return;
    const more = h(
        "button",
        {
            class: "button",
            type: "button",
            onclick: () => (more.remove(), rows(queue, at, found.next)),
        },
        ["更多", "More"],
    );
    at.append(more);
}

async function showQueue(tabs, queue) {
    const at = h("ul", { class: "rows" });
    await rows(queue, at);
    const tab = ([name, text]) =>
        h(
            "button",
            {
                class: name === queue ? "button first" : "button",
                type: "button",
                "aria-pressed": `${name === queue}`,
                value: name,
                onclick: () => showQueue(tabs, name).catch((e) => showRefused(e, list)),
            },
            text,
        );
    const empty = at.children.length === 0 && h("p", { class: "note" }, EMPTY);
    fill(list, h("div", { class: "tabs" }, tabs.map(tab)), empty || at);
    list.queue = queue;
}

/* ---- signed in ---- */

function open(tabs) {
    const id = location.hash.slice(1);
    split.classList.toggle("reading", id !== "");
    for (const a of list.querySelectorAll("a.card"))
        a.toggleAttribute("aria-current", a.hash === `#${id}`);
    if (!id) return fill(detail);
    const at = h("div");
    fill(detail, h("p", { class: "back" }, h("a", { href: "#" }, ["← 返回", "← Back"])), at);
    const changed = () => showQueue(tabs, list.queue);
    return showMatter(api, id, at, changed).catch((e) => showRefused(e, detail));
}

async function work(session) {
    const hats = session.hats.map((x) => x.unit_name ?? x.party_name).filter(Boolean);
    who.textContent = [session.name, ...new Set(hats)].join(" · ");
    leave.hidden = false;
    const kinds = new Set(session.hats.map((x) => x.kind));
    const tabs = Object.entries(QUEUES).flatMap(([kind, of]) => (kinds.has(kind) ? of : []));
    if (!tabs.length)
        return fill(
            page,
            h("p", { class: "note" }, [
                "这个账号还没有身份，请找安全管理员。",
                "This account has no hat yet: ask your security administrator.",
            ]),
        );
    fill(page, split);
    addEventListener("hashchange", () => open(tabs));
    await showQueue(tabs, tabs[0][0]);
    await open(tabs);
}

leave.addEventListener("click", async () => {
    await api.write("DELETE", "/api/session").catch(() => undefined);
    location.assign("/");
});

/* ---- signing in ---- */

async function signedIn() {
    try {
        await work(await api.get("/api/session"));
    } catch (e) {
        showRefused(e, page);
    }
}

/* The link is used up by a press, not by looking: mail programs look at links. */
function askIn(link) {
    const box = h(
        "div",
        { class: "card" },
        say(["登录邻里", "Sign in to Linli"], "h1"),
        h("p", null, [
            "这个链接只能用一次，登录后它就失效。失效了，请给您链接的人再发一个。",
            "This link works once; after that it is void, and whoever gave it to you can give another.",
        ]),
    );
    const press = async () => {
        try {
            const session = await api.post("/api/sessions", { link });
            history.replaceState(null, "", "/in");
            await work(session);
        } catch (e) {
            showRefused(e, box);
        }
    };
    box.append(
        h("button", { class: "button first", type: "button", id: "in", onclick: press }, [
            "登录",
            "Sign in",
        ]),
    );
    fill(page, box);
}

startLanguage();
const token = location.pathname.replace(/^\/in\/?/, "");
if (token) askIn(token);
else signedIn();
