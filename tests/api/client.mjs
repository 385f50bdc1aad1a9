/* Clients of a server under test, and what a reply must be. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import http from "node:http";

const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });

/* One request, as it is: no header is added but Host and Content-Length. */
export function send(url, method, target, { headers = {}, body } = {}) {
    return new Promise((resolve, reject) => {
        const q = http.request(url + target, { method, headers, agent }, (r) => {
            // A stream does not end by itself: that it began is the answer.
            if (/event-stream/.test(r.headers["content-type"] ?? "")) {
                r.destroy();
                return resolve({ status: r.statusCode, headers: r.headers, text: "" });
            }
            const parts = [];
            r.on("data", (d) => parts.push(d));
            r.on("error", reject);
            r.on("end", () => {
                const text = Buffer.concat(parts).toString("utf8");
                const json = /json/.test(r.headers["content-type"] ?? "") && text;
                resolve({
                    status: r.statusCode,
                    headers: r.headers,
                    text,
                    body: json ? JSON.parse(text) : undefined,
                });
            });
        });
        q.on("error", reject);
        if (body !== undefined) {
            q.setHeader("Content-Length", Buffer.byteLength(body));
            q.write(body);
        }
        q.end();
    });
}

export class Client {
    constructor(url, token, more = {}) {
        this.url = url;
        this.token = token;
        Object.assign(this, more);
    }

    /* options: key (null: none), hat, headers, text (a body that is sent as it is) */
    request(method, target, body, { key, hat, headers = {}, text } = {}) {
        const all = {};
        if (this.token) all.Authorization = `Bearer ${this.token}`;
        if (hat) all["Linli-Hat"] = String(hat);
        if (method !== "GET" && key !== null) all["Idempotency-Key"] = key ?? randomUUID();
        const sent = text ?? (body === undefined ? undefined : JSON.stringify(body));
        if (sent !== undefined) all["Content-Type"] = "application/json";
        return send(this.url, method, target, { headers: { ...all, ...headers }, body: sent });
    }
    get(target, options) {
        return this.request("GET", target, undefined, options);
    }
    post(target, body, options) {
        return this.request("POST", target, body, options);
    }
    delete(target, options) {
        return this.request("DELETE", target, undefined, options);
    }

    /* Those that expect success and give the body. */
    async read(target, options) {
        return expect(await this.get(target, options), 200);
    }
    async order(matter, options) {
        return expect(await this.post("/api/matters", matter, options), 201);
    }
    async act(id, act, more = {}, options = undefined) {
        return expect(await this.post(`/api/matters/${id}/acts`, { act, ...more }, options), 200);
    }
    async events(id) {
        return (await this.read(`/api/matters/${id}/events`)).items;
    }
    /* Every item of a list, page by page, and no item twice. */
    async all(target, options) {
        const [at, query] = target.split("?");
        const params = new URLSearchParams(query);
        const items = [];
        for (;;) {
            const page = await this.read(`${at}?${params}`, options);
            items.push(...page.items);
            if (!page.next) return items;
            params.set("after", page.next);
        }
    }
}

/* The body of a reply that must have this status. */
export function expect(r, status) {
    assert.equal(r.status, status, `${r.status}, not ${status}: ${r.text}`);
    return r.body;
}

/* A refusal: a problem document of this status with, when given, a fault of this field and code. */
export function refused(r, status, field, code) {
    assert.equal(r.status, status, `${r.status}, not ${status}: ${r.text}`);
    assert.match(r.headers["content-type"], /^application\/problem\+json/);
    assert.equal(r.body.status, status);
    assert.ok(r.body.title_zh && r.body.title_en, "a title in both languages");
    for (const e of r.body.errors) assert.ok(e.zh && e.en && e.code, JSON.stringify(e));
    if (field !== undefined) {
        const fits = (e) => e.field === field && (code === undefined || e.code === code);
        assert.ok(r.body.errors.some(fits), `no fault ${field} ${code ?? ""}: ${r.text}`);
    }
    return r.body;
}
