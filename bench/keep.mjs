// bench/out/latest.tsv: a line a figure, name<TAB>value<TAB>unit, the latest of each.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const FILE = "bench/out/latest.tsv";

// results: [[name, value, unit]]. A figure measured before is replaced where it stands.
export function keep(results) {
    mkdirSync("bench/out", { recursive: true });
    const lines = existsSync(FILE) ? readFileSync(FILE, "utf8").split("\n").filter(Boolean) : [];
    const kept = new Map(lines.map((line) => [line.split("\t")[0], line]));
    for (const r of results) kept.set(r[0], r.join("\t"));
    writeFileSync(FILE, [...kept.values()].join("\n") + "\n");
}
