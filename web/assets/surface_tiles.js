// The fine grid of a surface: fetched in rows from the product, whole numbers of 16 bits made values again.

const OUTSIDE = 65535;
const ROWS = 50;
const AT_ONCE = 2;

/** Rows of a tile as numbers; NaN outside of what was tried. */
export function decode({ data, rows, of, low, step }) {
  const bytes = Uint8Array.from(atob(data), (mark) => mark.charCodeAt(0));
  const codes = new Uint16Array(bytes.buffer);
  return Array.from({ length: rows }, (_, row) => Float32Array.from(codes.subarray(row * of, (row + 1) * of), (code) => (code === OUTSIDE ? NaN : low + step * code)));
}

/** All rows of a layer, in order; `landed` hears how many of them there are. Ends with an error where one fails. */
export async function fetchGrid(address, layer, size, landed, signal) {
  const grid = new Array(size);
  const starts = Array.from({ length: Math.ceil(size / ROWS) }, (_, place) => place * ROWS);
  let done = 0;
  const work = async () => {
    for (let from = starts.shift(); from !== undefined; from = starts.shift()) {
      const answer = await fetch(`${address}&layer=${layer}&from=${from}&rows=${ROWS}`, { signal, headers: { accept: "application/json" } });
      if (!answer.ok) throw new Error(`tiles: ${answer.status}`);
      const tile = await answer.json();
      decode(tile).forEach((row, place) => (grid[tile.from + place] = row));
      landed((done += tile.rows));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return grid;
}
