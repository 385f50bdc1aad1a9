// Keeps figures in bench/out/latest.tsv: name<TAB>value<TAB>unit. A name that is there gets its new
// value in its place, a new one comes at the end.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const FILE = "bench/out/latest.tsv";

// results: [[name, value, unit]]
export function keep(results) {
    mkdirSync("bench/out", { recursive: true });
    const lines = existsSync(FILE) ? readFileSync(FILE, "utf8").split("\n").filter(Boolean) : [];
    const rows = new Map(lines.map((line) => [line.split("\t")[0], line]));
    for (const row of results) rows.set(row[0], row.join("\t"));
    writeFileSync(FILE, [...rows.values()].join("\n") + "\n");
}
