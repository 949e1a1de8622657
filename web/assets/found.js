// Finding entries by what somebody types: words and their starts, other words for the same, one letter wrong, letters left out.

/** Words that say nothing about which entry is meant, where there are others. */
const EMPTY = new Set("a an and analysis at by do for from go how i in into is it me my of on open page see show the this to view what where which with".split(" "));
const SHORTEST_TYPO = 4;
const SYNONYM = 0.82;
const BESIDE = 0.5;
const HALF_LIFE = 7 * 86400000;

export function fold(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** The words of a text; what a hyphen joins is a word too. */
function words(text) {
  const parts = fold(text).split(/[^\p{L}\p{N}-]+/u).filter(Boolean);
  return parts.flatMap((part) => (/.-./.test(part) ? [part.replaceAll("-", ""), ...part.split("-")] : [part.replaceAll("-", "")])).filter(Boolean);
}

export class Index {
  constructor(entries) {
    this.words = [];
    this.stems = [];
    this.numbers = new Map();
    this.lines = entries.map((entry) => this.prepared(entry));
  }

  /** What is looked through of an entry, worked out once; each word is a number, for many entries share it. */
  prepared(entry) {
    const synonyms = (entry.synonyms ?? []).map(fold);
    const list = words(entry.title);
    return {
      entry,
      title: fold(entry.title),
      list,
      words: this.numbered(list),
      synonyms,
      others: this.numbered(synonyms.flatMap(words)),
      beside: this.numbered(words(`${entry.section ?? ""} ${entry.hint ?? ""}`)),
    };
  }

  numbered(list) {
    return list.map((word) => {
      if (!this.numbers.has(word)) {
        this.numbers.set(word, this.words.length);
        this.words.push(word);
        this.stems.push(stem(word));
      }
      return this.numbers.get(word);
    });
  }

  /** The entries that hold every word that was typed, the best first; `liking(entry)` is what else speaks for one. */
  find(sought, liking = () => 0) {
    const typed = words(sought);
    const meant = typed.filter((word) => !EMPTY.has(word));
    const whole = typed.join(" ");
    const tokens = (meant.length ? meant : typed).map((word) => ({ word, alike: this.likeness(word) }));
    const found = [];
    for (const line of this.lines) {
      const score = this.score(line, tokens, whole);
      if (score > 0) found.push([score + liking(line.entry), line.entry]);
    }
    return found.sort((one, other) => other[0] - one[0]).map(([, entry]) => entry);
  }

  /** How well a typed word says each word that there is. */
  likeness(typed) {
    const root = typed.length > 3 ? stem(typed) : null;
    return Float64Array.from(this.words, (word, number) => alike(word, typed, this.stems[number] === root));
  }

  score(line, tokens, whole) {
    let total = 0;
    for (const token of tokens) {
      let best = Math.max(most(line.words, token), SYNONYM * most(line.others, token), BESIDE * most(line.beside, token));
      if (tokens.length === 1 && best < 70) best = Math.max(best, across(line, token.word));
      if (best <= 0) return 0;
      total += best;
    }
    return total / tokens.length + together(line, whole) - Math.min(8, line.title.length / 12);
  }
}

function most(list, token) {
  let best = 0;
  for (const number of list) if (token.alike[number] > best) best = token.alike[number];
  return best;
}

/** How well a typed word says a word: the same, its start, a part, one letter wrong, letters left out. */
function alike(word, typed, sameRoot) {
  if (word === typed) return 100;
  if (word.startsWith(typed)) return 88 - Math.min(10, word.length - typed.length);
  if (sameRoot) return 84;
  if (typed.length > 2 && word.includes(typed)) return 60;
  if (typed.length >= SHORTEST_TYPO && nearly(word, typed)) return 50;
  if (typed.length > 2 && word[0] === typed[0] && holds(word, typed)) return 38 - Math.min(15, word.length - typed.length);
  return 0;
}

/** A word without the ending that tells its one from its many, and doing from done. */
function stem(word) {
  return word.replace(/iz(?=ation|e)/, "is").replace(/(ations?|at(ed|es|ing|ors?|e)|ing|ies|ion|ed|es|s|e|y)$/, "");
}

/** Whether one letter more, less, other or two swapped make the typed word the word or its start. */
function nearly(word, typed) {
  let at = 0;
  while (at < typed.length && word[at] === typed[at]) at += 1;
  if (at === 0) return false;
  const rest = typed.slice(at);
  const others = [word.slice(at + 1), word.slice(at), word.slice(at + 1)];
  return others[0].startsWith(rest) || others[1].startsWith(rest.slice(1)) || others[2].startsWith(rest.slice(1)) || (rest.length > 1 && word.startsWith(rest[1] + rest[0] + rest.slice(2), at));
}

function holds(text, letters) {
  let place = -1;
  for (const letter of letters) if ((place = text.indexOf(letter, place + 1)) < 0) return false;
  return true;
}

/** Letters that begin the words of a title ("tc" for Training curves), or lie in it in this order from a word's start on. */
function across(line, typed) {
  if (typed.length < 2 || line.list.length < 2) return 0;
  const starts = (line.starts ??= line.list.map((word) => word[0]).join(""));
  if (starts.startsWith(typed) && typed.length === starts.length) return 70;
  if (starts.startsWith(typed)) return 40;
  return typed.length > 3 && starts.includes(typed[0]) && walks(line.list, typed) ? 30 : 0;
}

/** Whether the letters can be read off the starts of words, one word after the other. */
function walks(list, letters, from = 0) {
  if (!letters) return true;
  for (let place = from; place < list.length; place += 1)
    for (let length = Math.min(letters.length, list[place].length); length > 0; length -= 1)
      if (list[place].startsWith(letters.slice(0, length)) && walks(list, letters.slice(length), place + 1)) return true;
  return false;
}

/** What was typed as a whole: the title, its start, another word for it. */
function together(line, whole) {
  if (line.title === whole) return 40;
  if (line.synonyms.includes(whole)) return 24;
  if (line.title.startsWith(whole)) return 20;
  if (line.title.includes(` ${whole}`)) return 10;
  return line.synonyms.some((synonym) => synonym.startsWith(whole)) ? 8 : 0;
}

/** The pieces of a title, each with whether it was meant by what was typed. */
export function marked(title, sought) {
  const text = fold(title);
  if (text.length !== title.length) return [[title, false]];
  const hits = new Array(title.length).fill(false);
  for (const word of words(sought)) light(text, word, hits);
  const pieces = [];
  for (let place = 0; place < title.length; place += 1) {
    if (pieces.length && pieces.at(-1)[1] === hits[place]) pieces.at(-1)[0] += title[place];
    else pieces.push([title[place], hits[place]]);
  }
  return pieces;
}

function light(text, word, hits) {
  const starts = [...text.matchAll(/[\p{L}\p{N}]+/gu)];
  const start = starts.find((found) => found[0].startsWith(word));
  const at = start ? start.index : word.length > 2 ? text.indexOf(word) : -1;
  if (at >= 0) return hits.fill(true, at, at + word.length);
  const loose = starts.find((found) => word.length > 2 && found[0][0] === word[0] && (holds(found[0], word) || nearly(found[0], word)));
  let place = loose ? loose.index - 1 : -1;
  if (!loose) return;
  for (const letter of word) {
    const next = text.indexOf(letter, place + 1);
    if (next < 0 || next >= loose.index + loose[0].length) continue;
    hits[(place = next)] = true;
  }
}

// ------------------------------------------------------------ what was used

/** How much an entry was used: each use counts half a week later, and so on. */
export function used(known, id, now = Date.now()) {
  const one = known[id];
  return one ? one.times * 0.5 ** ((now - one.at) / HALF_LIFE) : 0;
}

/** The uses, with one more of this entry; of very many only those used most stay. */
export function using(known, id, now = Date.now()) {
  const all = { ...known, [id]: { times: used(known, id, now) + 1, at: now } };
  return Object.fromEntries(Object.entries(all).sort((one, other) => used(all, other[0], now) - used(all, one[0], now)).slice(0, 60));
}
