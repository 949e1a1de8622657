// What two texts have in common, word by word: the longest common subsequence between a common beginning and end.

const MOST = 1500;
/** Words between what both begin and end with; of longer texts all of them count as different. */

/** Both texts in parts [kind, text]: kind is "" for what both have, "del" in the first, "ins" in the second. */
export function changes(one, other) {
  const [a, b] = [one, other].map((text) => text.split(/(\s+)/).filter(Boolean));
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const inner = [a, b].map((words) => words.slice(start, words.length - end));
  const kept = inner.every((words) => words.length <= MOST) ? common(...inner) : [new Set(), new Set()];
  return [a, b].map((words, side) => joined(words.map((word, place) => [place < start || place >= words.length - end || kept[side].has(place - start) ? "" : side ? "ins" : "del", word])));
}

/** Places of the words of a longest common subsequence in each of the two. */
function common(a, b) {
  const wide = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * wide);
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1) longest[i * wide + j] = a[i] === b[j] ? longest[(i + 1) * wide + j + 1] + 1 : Math.max(longest[(i + 1) * wide + j], longest[i * wide + j + 1]);
  const places = [new Set(), new Set()];
  for (let i = 0, j = 0; i < a.length && j < b.length; )
    if (a[i] === b[j]) places[0].add(i++), places[1].add(j++);
    else if (longest[(i + 1) * wide + j] >= longest[i * wide + j + 1]) i += 1;
    else j += 1;
  return places;
}

/** Neighbours of one kind as one part. */
function joined(parts) {
  const told = [];
  for (const [kind, text] of parts)
    if (told.at(-1)?.[0] === kind) told.at(-1)[1] += text;
    else told.push([kind, text]);
  return told;
}
