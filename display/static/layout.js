// How large things are: from the diagonal of the screen and the distance of the last seat, in CSS variables.
//
// Decides sizes only; what does not fit on this screen is cut down to what its height and width can carry, and `reach` says
// from how far it can then be read. Source: 0.7 degrees of visual angle for the digits of a new call, see the UX guide.

const DIGITS = 0.0167; // font size of the newest number, of the viewing distance
const ROWS = 0.008;
const LABELS = 0.0045;
const LARGEST = { number: 0.245, row: 0.118, label: 0.067 }; // of the short side, as on 16:9
const MM_PER_INCH = 25.4;

/** The sizes in pixels for a window of this size, and the distance in metres from which the newest number is large enough. */
export function sizes({ inch, distance }, { width, height }) {
  const perMm = Math.hypot(width, height) / (inch * MM_PER_INCH);
  const wanted = (share) => distance * 1000 * share * perMm;
  const short = Math.min(width, height);
  const number = Math.min(wanted(DIGITS), LARGEST.number * short);
  return {
    perMm,
    number,
    row: Math.min(wanted(ROWS), LARGEST.row * short),
    label: Math.min(wanted(LABELS), LARGEST.label * short),
    reach: number / (DIGITS * perMm * 1000),
  };
}

/** Keeps the variables right, also when the screen is turned. Returns the sizes of now. */
export function fit(screen, root = document.documentElement) {
  const apply = () => {
    const now = sizes(screen, { width: innerWidth, height: innerHeight });
    for (const name of ["number", "row", "label"]) root.style.setProperty(`--${name}`, `${now[name].toFixed(2)}px`);
    root.style.setProperty("--mm", `${now.perMm.toFixed(4)}px`);
    return now;
  };
  addEventListener("resize", apply);
  return apply();
}
