/* What every page here stands on: text in two languages, elements, calls of the API, forms. Text of
 * people goes into the page as text only: nothing here parses HTML. */

/* ---- two languages ---- */

const english = () => document.documentElement.lang === "en";

/* An element whose text changes with the language; pair is [zh, en]. */
export function say(pair, tag = "span") {
    const el = document.createElement(tag);
    [el.dataset.zh, el.dataset.en] = pair;
    el.textContent = english() ? pair[1] : pair[0];
    return el;
}

function setLanguage(lang) {
    document.documentElement.lang = lang;
    for (const el of document.querySelectorAll("[data-en]")) {
        el.dataset.zh ??= el.textContent;
        el.textContent = english() ? el.dataset.en : el.dataset.zh;
    }
    document.title = english() ? "Linli" : "邻里";
    const other = document.getElementById("language");
    other.textContent = english() ? "中文" : "English";
    other.lang = english() ? "zh-CN" : "en";
}

export function startLanguage() {
    setLanguage(localStorage.getItem("lang") ?? "zh-CN");
    document.getElementById("language").addEventListener("click", () => {
        localStorage.setItem("lang", english() ? "zh-CN" : "en");
        setLanguage(localStorage.getItem("lang"));
    });
}

/* ---- elements ---- */

/* kids: nodes, people's text, [zh, en] pairs, or nothing. */
export function h(tag, props, ...kids) {
    const el = document.createElement(tag);
    for (const [name, value] of Object.entries(props ?? {})) {
        if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
        else if (value === true) el.setAttribute(name, "");
        else if (value !== undefined && value !== false) el.setAttribute(name, value);
    }
    for (const kid of kids.flatMap((k) => (Array.isArray(k) && k[0]?.nodeType ? k : [k]))) {
        if (Array.isArray(kid)) {
            if (kid.length) el.append(say(kid));
        } else if (kid !== undefined && kid !== null && kid !== false) el.append(kid);
    }
    return el;
}

export function fill(el, ...kids) {
    el.replaceChildren(...kids.filter(Boolean));
    return el;
}

/* ---- the API ---- */

/* RFC 9562 version 7: in order of time, so that the server keeps them cheaply. */
export function uuid7() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    let ms = Date.now();
    for (let i = 5; i >= 0; i--, ms = Math.floor(ms / 256)) bytes[i] = ms % 256;
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/* A refusal: `body` is the problem document, or nothing when no answer came at all. */
export class Refused extends Error {
    constructor(status, body) {
        super(body?.title ?? "no answer");
        this.status = status;
        this.body = body;
    }
}

const AGAIN = [502, 503, 504];
const TRIES = 3;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/* `as`: undefined for the session of this browser's cookie, a token, or null for nobody. */
export class Api {
    constructor(as) {
        this.as = as;
        this.keys = new Map();
    }
    async send(method, path, body, key) {
        const headers = { Accept: "application/json" };
        if (this.as) headers.Authorization = `Bearer ${this.as}`;
        if (key) headers["Idempotency-Key"] = key;
        if (body) headers["Content-Type"] = "application/json";
        const credentials = this.as === undefined ? "same-origin" : "omit";
        const r = await fetch(path, { method, headers, credentials, body });
        if (r.ok) return r.status === 204 ? undefined : r.json();
        throw new Refused(r.status, await r.json().catch(() => undefined));
    }
    /* Tries a few times when nobody answers or the server is busy: with a key that is safe. */
    async try(...call) {
        for (let n = 1; ; n++) {
            try {
                return await this.send(...call);
            } catch (e) {
                const status = e instanceof Refused ? e.status : 0;
                if (n === TRIES || (status && !AGAIN.includes(status)))
                    throw e instanceof Refused ? e : new Refused(0);
                await pause(500 * n);
            }
        }
    }
    get(path) {
        return this.try("GET", path);
    }
    /* The key of a call whose fate is unknown is kept, so that the same call again is the same. */
    async write(method, path, content) {
        const body = content && JSON.stringify(content);
        const call = `${method} ${path} ${body}`;
        const key = this.keys.get(call) ?? uuid7();
        this.keys.set(call, key);
        try {
            const ret = await this.try(method, path, body, key);
            this.keys.delete(call);
            return ret;
        } catch (e) {
            if (e.status >= 400 && e.status < 500) this.keys.delete(call);
            throw e;
        }
    }
    post(path, content) {
        return this.write("POST", path, content);
    }
}

/* ---- what went wrong ---- */

const NO_ANSWER = [
    "没有连上，您写的还在。请看看网络，再点一次。",
    "No connection. What you wrote is still here: check the network and press again.",
];

/* Says what happened, in words; each fault leads to its field, and stands beside it. */
export function showRefused(e, at, fieldOf = () => undefined) {
    if (!(e instanceof Refused)) throw e;
    const title = e.body?.title_zh ? [e.body.title_zh, e.body.title_en] : NO_ANSWER;
    const items = (e.body?.errors ?? []).map((f) => {
        const field = fieldOf(f.field);
        const words = [f.zh, f.en].map((text) => text.replace(/^\/\w+[：:]\s*/, ""));
        if (!field) return h("li", null, words);
        field.setAttribute("aria-invalid", "true");
        field.before(h("small", { class: "fault" }, words));
        const go = (click) => (click.preventDefault(), field.focus());
        return h("li", null, h("a", { href: `#${field.id}`, onclick: go }, words));
    });
    const box = h("div", { class: "wrong", role: "alert", tabindex: "-1" }, say(title, "h2"));
    if (items.length) box.append(h("ul", null, items));
    at.prepend(box);
    box.focus();
}

export function clearRefused(at) {
    for (const el of at.querySelectorAll(".wrong, .fault")) el.remove();
    for (const el of at.querySelectorAll("[aria-invalid]")) el.removeAttribute("aria-invalid");
}

/* ---- forms ---- */

let serial = 0;

/* A labelled field. tag: input, textarea or select; props are its attributes. */
export function field(name, label, tag, props = {}, hint = undefined, options = []) {
    const id = `f${++serial}-${name}`;
    const control = h(tag, { id, name, ...props }, options);
    const text = h("label", { for: id }, label, " ", hint && h("span", { class: "hint" }, hint));
    return h("div", null, text, control);
}

/* One of several: choices are [value, [zh, en]]. */
export function choice(name, legend, choices) {
    const one = ([value, text]) =>
        h("label", null, h("input", { type: "radio", name, value, required: true }), text);
    return h(
        "fieldset",
        null,
        h("legend", null, legend),
        h("div", { class: choices.length === 5 ? "choices short" : "choices" }, choices.map(one)),
    );
}

/* A refusal of what stands in this form: each fault beside its field. */
export const refuseForm = (e, el) =>
    showRefused(e, el, (name) => el.elements.namedItem(name.replace(/^\//, "") || "-"));

/* A form that sends once at a time. send(values) is given what was filled in, without the empty. */
export function form(fields, button, send) {
    const press = h("button", { class: "button first" }, button);
    const el = h("form", null, fields, press);
    el.addEventListener("submit", async (e) => {
        e.preventDefault();
        clearRefused(el);
        press.disabled = true;
        const filled = [...new FormData(el)].filter(([, v]) => v.trim() !== "");
        try {
            await send(Object.fromEntries(filled));
        } catch (error) {
            refuseForm(error, el);
        } finally {
            press.disabled = false;
        }
    });
    return el;
}
