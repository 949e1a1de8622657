// What was looked at last in each project, kept in this browser alone.
const KEPT = 8;

function place(project) {
  return `plumb.visits.${project}`;
}

/** The last views of a project that was looked at, the newest first. */
export function visits(project) {
  try {
    const kept = JSON.parse(localStorage.getItem(place(project))) ?? [];
    return kept.filter((one) => typeof one.page === "string" && typeof one.title === "string").slice(0, KEPT);
  } catch {
    return [];
  }
}

/** Note a view: its title, where it is, and when. */
export function visit(project, { title, hint, page, query }) {
  const others = visits(project).filter((one) => one.page !== page || one.title !== title);
  localStorage.setItem(place(project), JSON.stringify([{ title, hint, page, query, at: new Date().toISOString() }, ...others].slice(0, KEPT)));
}
