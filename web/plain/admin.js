/* What the three administrators see: their list, and in words what else their hat may do. Their
 * powers never meet in one account, and none of them reads matters. */
import { h, fill, say, showRefused } from "./base.js";
import { when } from "./matter.js";

const LEVELS = {
    province: ["省级", "province"],
    city: ["市级", "city"],
    county: ["区县", "county"],
    street: ["街道乡镇", "street"],
    community: ["社区村", "community"],
    grid: ["网格", "grid"],
    micro_grid: ["微网格", "micro-grid"],
};
const ROLES = {
    resident: ["居民", "resident"],
    volunteer: ["志愿者", "volunteer"],
    grid_worker: ["网格员", "grid worker"],
    social_worker: ["社区工作者", "community worker"],
    handler: ["承办单位", "handler"],
    secretary: ["社区书记", "secretary"],
    street: ["街道", "street"],
    district: ["区级部门", "district"],
    hotline: ["热线", "hotline"],
    system_admin: ["系统管理员", "system administrator"],
    security_admin: ["安全管理员", "security administrator"],
    auditor: ["审计员", "auditor"],
};
const role = (code) => ROLES[code] ?? [code, code];

/* ---- one row of each list ---- */

function unit(u, open) {
    const name = h("strong", null, u.name);
    const more = u.level !== "micro_grid";
    const press = { class: "plainly", type: "button", onclick: () => open(u) };
    const small = h("small", null, LEVELS[u.level], u.code && ` · ${u.code}`, ` · id ${u.id}`);
    return [more ? h("button", press, name) : name, h("div", null, small)];
}

function account(a) {
    const state = a.disabled_at
        ? ["已停用", "disabled"]
        : a.locked_until
          ? ["暂时锁定", "locked for now"]
          : a.has_link
            ? ["有没用过的登录链接", "has an unused sign-in link"]
            : a.has_password
              ? ["有密码", "has a password"]
              : ["要新的登录链接才能登录", "needs a new link to sign in"];
    const hat = (x) =>
        h("li", null, role(x.role), ` ${x.unit_name ?? x.party_name ?? ""}`);
    return [
        h("div", { class: "line" }, h("strong", null, a.name), h("span", null, state)),
        h("ul", null, a.hats.map(hat)),
        h("small", null, [a.login, `id ${a.id}`].filter(Boolean).join(" · ")),
    ];
}

function audited(row) {
    const who = row.account_name ?? (row.account ? `id ${row.account}` : ["没有登录", "nobody signed in"]);
    const of = row.role && row.role !== "none" && role(row.role);
    return [
        h("div", { class: "line" }, h("strong", null, row.act), h("span", null, who), of && h("span", null, of)),
        row.reason && h("p", { class: "words" }, row.reason),
        h(
            "small",
            null,
            h("time", { datetime: row.at }, when(row.at)),
            row.subject && ` · id ${row.subject}`,
        ),
    ];
}

/* ---- the three ---- */

const OFFICES = {
    system_admin: {
        list: (at) => `/api/units?limit=50&parent=${at.id}`,
        row: unit,
        may: [
            "您管地方：看各级单位，在社区下设网格和微网格，添新的社区。看不到事项和居民，也管不了账号。",
            "You look after places: see the units, add communities, grids and micro-grids. You see no matters and no residents, and look after no accounts.",
        ],
        calls: ['POST /api/units {"parent":"…","level":"grid","name":"第一网格"}'],
    },
    security_admin: {
        list: () => "/api/accounts?limit=50",
        row: account,
        may: [
            "您管账号：开账号、发登录链接、给和收回身份、停用。看不到事项和居民。",
            "You look after accounts: make them, hand out sign-in links, grant and revoke hats, disable. You see no matters and no residents.",
        ],
        calls: [
            'POST /api/accounts {"name":"…","unit":"…","login":"…"}',
            'POST /api/accounts/ID/hats {"role":"secretary","unit":"…"}',
            "POST /api/accounts/ID/links {}",
            "POST /api/accounts/ID/hats/HAT/revoke {}",
            "POST /api/accounts/ID/disable {}",
        ],
    },
    auditor: {
        list: () => "/api/audit?limit=50",
        row: audited,
        may: [
            "您看审计：谁在什么时候做了什么，新的在前。只看，什么也改不了。",
            "You read the audit: who did what and when, the newest first. You read only, and change nothing.",
        ],
        calls: ["GET /api/audit?account=ID", "GET /api/audit?subject=ID", "GET /api/audit?act=matters.reveal"],
    },
};

export const administers = (hat) => hat.role in OFFICES;

async function rows(api, path, at, draw) {
    const found = await api.get(path);
    at.append(...found.items.map((x) => h("li", { class: "card" }, draw(x))));
    if (!found.next) return;
    const next = `${path.replace(/&after=.*/, "")}&after=${encodeURIComponent(found.next)}`;
    const go = () => (more.remove(), rows(api, next, at, draw).catch((e) => showRefused(e, at)));
    const more = h("button", { class: "button", type: "button", onclick: go }, ["更多", "More"]);
    at.append(more);
}

/* The page of an administrator's hat. `way`: the places walked down from that of the hat. */
export async function showOffice(api, hat, at, way = [{ id: hat.unit, name: hat.unit_name }]) {
    const office = OFFICES[hat.role];
    const here = way.at(-1);
    const list = h("ul", { class: "rows" });
    const go = (to) => showOffice(api, hat, at, to).catch((e) => showRefused(e, at));
    await rows(api, office.list(here), list, (x) => office.row(x, (u) => go([...way, u])));
    const back = { class: "plainly", type: "button", onclick: () => go(way.slice(0, -1)) };
    fill(
        at,
        h("h1", null, role(hat.role), ` · ${here.name}`),
        way.length > 1 && h("button", back, ["← 返回", "← Back"]),
        h("p", { class: "note" }, office.may),
        list.children.length === 0 ? h("p", null, ["这里还没有。", "Nothing here yet."]) : list,
        say(["别的怎么做", "What else, and how"], "h3"),
        h("p", { class: "soft" }, [
            "这些还没有网页，请用接口，字段见 /api/openapi.json：",
            "For these there is no page yet. Use the API; its fields are in /api/openapi.json:",
        ]),
        h("ul", { class: "calls" }, office.calls.map((call) => h("li", null, h("code", null, call)))),
    );
    scrollTo(0, 0);
}
