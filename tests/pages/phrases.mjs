// The first hit of each phrase, by the search that the palette has: reads {entries, phrases} and writes the titles.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , assets] = process.argv;
const { Index } = await import(pathToFileURL(`${assets}/found.js`).href);
const { groups, liking } = await import(pathToFileURL(`${assets}/offers.js`).href);
globalThis.location = { search: "", pathname: "/" };

const given = JSON.parse(readFileSync(0, "utf8"));
const index = new Index([...given.entries, ...groups(given.entries, given.groups)]);
const first = given.phrases.map((phrase) => index.find(phrase, (entry) => liking(entry, 0))[0]?.title ?? "");
process.stdout.write(JSON.stringify(first));
