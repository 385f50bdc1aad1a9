// Keeps a bench's figures in bench/out/latest.tsv beside those of the others: a line of the same name
// is replaced where it stands, a new one goes to the end.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";

const FILE = "bench/out/latest.tsv";

// results: [[name, value, unit], …]
export function keep(results) {
    const lines = existsSync(FILE) ? readFileSync(FILE, "utf8").split("\n").filter(Boolean) : [];
    const rows = new Map(lines.map((line) => [line.split("\t")[0], line]));
    for (const row of results) rows.set(row[0], row.join("\t"));
    mkdirSync("bench/out", { recursive: true });
    writeFileSync(`${FILE}.new`, [...rows.values()].join("\n") + "\n");
    renameSync(`${FILE}.new`, FILE);
}
