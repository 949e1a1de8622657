// How long the palette's search takes from a letter to its results, on {entries, phrases}: writes the processor's milliseconds a letter.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { Index } = await import(pathToFileURL(`${process.argv[2]}/found.js`).href);
const given = JSON.parse(readFileSync(0, "utf8"));
const before = process.memoryUsage().heapUsed;
const began = performance.now();
const index = new Index(given.entries);
const made = performance.now() - began;
const took = [];
for (const phrase of [...given.phrases, ...given.phrases])
  for (let length = 1; length <= phrase.length; length += 1) {
    const start = process.cpuUsage();
    index.find(phrase.slice(0, length));
    const used = process.cpuUsage(start);
    took.push((used.user + used.system) / 1000);
  }
process.stdout.write(JSON.stringify({ made, took, heap: process.memoryUsage().heapUsed - before }));
