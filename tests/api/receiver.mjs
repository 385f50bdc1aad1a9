/* The outside world, on 127.0.0.1: keeps what it is sent and answers what the test says.
 *
 *   const r = await receiver((q, n) => ({status: 500}));   // n: how often this path was asked
 *   await r.got(2);                                        // the first two, as [{path, headers, body, json}]
 */
import http from "node:http";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

export async function receiver(answer = () => ({})) {
    const got = [];
    const times = {};
    const server = http.createServer((q, r) => {
        const parts = [];
        q.on("data", (d) => parts.push(d));
        q.on("end", async () => {
            const body = Buffer.concat(parts).toString("utf8");
            const path = q.url;
            times[path] = (times[path] ?? 0) + 1;
            let json;
            try {
                json = JSON.parse(body);
            } catch {
                json = undefined;
            }
            const seen = { path, method: q.method, headers: q.headers, body, json };
            got.push(seen);
            const { status = 200, headers = {}, text = "", wait } = answer(seen, times[path]);
            if (wait) await wait;
            r.writeHead(status, headers);
            r.end(text);
        });
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${server.address().port}`;
    const close = () => {
        server.closeAllConnections();
        server.close();
    };
    after(close);
    return {
        url,
        all: got,
        close,
        async got(n, ms = 10_000) {
            const until = Date.now() + ms;
            while (got.length < n) {
                if (Date.now() > until) throw new Error(`${got.length} of ${n} came`);
                await sleep(20);
            }
            return got.slice(0, n);
        },
    };
}
