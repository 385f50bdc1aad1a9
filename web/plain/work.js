/* The page behind a sign-in link: the queues of whoever signed in, and a matter with what can be
 * done to it. */
import { administers, showOffice } from "./admin.js";
import { Api, field, fill, form, h, say, showRefused, startLanguage } from "./base.js";
import { due, kindsAt, showMatter, state } from "./matter.js";

const api = new Api();
const page = document.getElementById("page");
const who = document.getElementById("who");
const leave = document.getElementById("leave");

/* ---- queues ---- */

const QUEUES = {
    unit: [
        ["unit", ["待办", "To do"]],
        ["charge", ["我们负责的", "In our charge"]],
        ["verify", ["待核实", "To check"]],
        ["asks", ["等我们答复", "Asked of us"]],
        ["closed", ["已办结", "Closed"]],
    ],
    party: [
        ["party", ["派给我们的", "Sent to us"]],
        ["parts", ["协办", "Parts"]],
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
            h("div", { class: "line" }, state(m, kind), due(m), m.paused_at && h("span", { class: "soft" }, ["⏸ 暂停计时", "⏸ clock stands"])),
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
    const mine = tabs.some(([name]) => name === "requested");
    const ask = h("a", { class: "button", href: "/?me#report" }, ["报一件事", "Report something"]);
    fill(list, h("div", { class: "tabs" }, tabs.map(tab), mine && ask), empty || at);
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
    who.textContent = [...new Set([session.name, ...hats])].join(" · ");
    leave.hidden = false;
    localStorage.setItem("in", "1");
    const offices = session.hats.filter(administers);
    const kinds = new Set(session.hats.filter((x) => !administers(x)).map((x) => x.kind));
    const tabs = Object.entries(QUEUES).flatMap(([kind, of]) => (kinds.has(kind) ? of : []));
    if (!tabs.length && offices.length) {
        const places = offices.map(() => h("section"));
        fill(page, ...places);
        for (const [i, hat] of offices.entries()) await showOffice(api, hat, places[i]);
        return;
    }
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
    localStorage.removeItem("in");
    location.assign("/");
});

/* ---- signing in ---- */

/* Who is signed in in this browser; nobody: undefined. */
async function current() {
    try {
        return await api.get("/api/session");
    } catch (e) {
        if (e.status !== 401) throw e;
        localStorage.removeItem("in");
        return undefined;
    }
}

async function enter(session) {
    history.replaceState(null, "", "/in");
    await work(session).catch((e) => showRefused(e, page));
}

function byPassword() {
    return form(
        [
            field("login", ["登录名", "Login name"], "input", {
                required: true,
                autocomplete: "username",
                autocapitalize: "off",
                spellcheck: "false",
            }),
            field("password", ["密码", "Password"], "input", {
                required: true,
                type: "password",
                autocomplete: "current-password",
            }),
        ],
        ["登录", "Sign in"],
        async (v) => enter(await api.post("/api/sessions", v)),
    );
}

const NO_LINK = [
    "请打开给您的登录链接。没有链接，或链接用过了，请找给您开账号的安全管理员要一个新的。设过密码的，也可以在这里登录：",
    "Open the sign-in link you were given. If you have none, or it was used, ask the security administrator who made your account for a new one. If you have set a password, you can sign in here:",
];

async function signedIn() {
    try {
        const session = await current();
        if (session) return await work(session);
        const title = say(["登录邻里", "Sign in to Linli"], "h1");
        fill(page, h("div", { class: "card" }, title, h("p", null, NO_LINK), byPassword()));
    } catch (e) {
        showRefused(e, page);
    }
}

/* A link that is no good any more leads whoever is signed in here to their work, and says so. */
async function used(refusal, box) {
    const session = await current();
    if (!session) {
        fill(box, say(["登录邻里", "Sign in to Linli"], "h1"), h("p", null, NO_LINK), byPassword());
        return showRefused(refusal, box);
    }
    await enter(session);
    const words = [
        `这个链接不能再用了；您在这个浏览器里已经以“${session.name}”登录。`,
        `This link is no longer good; in this browser you are signed in as ${session.name}.`,
    ];
    page.prepend(h("p", { class: "note" }, words));
}

/* The link is used up by a press, not by looking: mail programs look at links. So nothing is said
 * here of whose it is either. */
async function askIn(link) {
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
            await enter(await api.post("/api/sessions", { link }));
        } catch (e) {
            if (e.status === 401) await used(e, box).catch((other) => showRefused(other, box));
            else showRefused(e, box);
        }
    };
    box.append(
        h("button", { class: "button first", type: "button", id: "in", onclick: press }, [
            "登录",
            "Sign in",
        ]),
    );
    fill(page, box);
    const session = localStorage.getItem("in") && (await current().catch(() => undefined));
    if (!session) return;
    box.append(
        h("p", { class: "soft" }, [
            `您在这个浏览器里已经以“${session.name}”登录；用这个链接登录会换掉它。`,
            `In this browser you are signed in as ${session.name}; signing in with this link replaces that.`,
        ]),
        h("button", { class: "button", type: "button", id: "stay", onclick: () => enter(session) }, [
            "不换，去我的待办",
            "Stay, and go to my work",
        ]),
    );
}

startLanguage();
const token = location.pathname.replace(/^\/in\/?/, "");
if (token) askIn(token);
else signedIn();
