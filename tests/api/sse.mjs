/* A reader of Server-Sent Events: what an EventSource does, in the open.
 *
 *   const s = await listen(client, {after, last, hat});   // {status, events, headers}
 *   await s.next((e) => e.data.act === "dispatch");       // the first that fits, come or to come
 *   s.close(); await s.ended;
 */
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const WAIT_MS = 20_000;

function parse(block) {
    const event = { type: "message" };
    for (const line of block.split("\n")) {
        const [, name, value] = /^(\w*):? ?(.*)$/.exec(line);
        if (name === "id") event.id = value;
        if (name === "event") event.type = value;
        if (name === "data") event.data = JSON.parse(value);
        if (name === "") event.comment = true;
    }
    return event;
}

export function listen(client, { after, last, hat, version } = {}) {
    const headers = { Accept: "text/event-stream", ...client.headers };
    if (client.token) headers.Authorization = `Bearer ${client.token}`;
    if (last !== undefined) headers["Last-Event-ID"] = last;
    if (hat) headers["Linli-Hat"] = hat;
    const target = `${client.url}/api/live${after === undefined ? "" : `?after=${after}`}`;
    return new Promise((resolve, reject) => {
        const q = http.request(target, { headers, agent: false }, (r) => {
            let text = "";
            const s = { status: r.statusCode, headers: r.headers, events: [], pulses: 0, last: undefined };
            s.ended = new Promise((done) => r.on("close", done));
            s.close = () => r.destroy();
            s.pause = () => r.pause();
            s.next = async (fits) => {
                const until = Date.now() + WAIT_MS;
                for (;;) {
                    const found = s.events.find(fits);
                    if (found) return found;
                    if (Date.now() > until) throw new Error(`in vain: ${fits}; of ${s.events.length} the last: ${JSON.stringify(s.events.at(-1))}`);
                    await sleep(10);
                }
            };
            r.on("error", () => {});
            r.setEncoding("utf8").on("data", (d) => {
                text += d;
                const blocks = text.split("\n\n");
                text = blocks.pop();
                for (const event of blocks.map(parse)) {
                    if (event.id !== undefined) s.last = event.id;
                    if (event.comment) s.pulses++;
                    else if (event.data) s.events.push(event);
                }
                if (s.last !== undefined) resolve(s); // a stream begins by saying where it stands
            });
            r.on("end", () => resolve(s));
        });
        q.on("error", reject);
        setTimeout(() => reject(new Error("no stream")), WAIT_MS).unref();
        q.end();
    });
}
