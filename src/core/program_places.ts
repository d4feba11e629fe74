/** Where programs are looked for when PATH lacks them. */
const USUAL_PLACES = ["/usr/bin", "/bin", "/usr/local/bin"];

/** The directories in which a program is looked for, in order: those of PATH that are absolute, then the usual ones. */
export function programPlaces(path = ""): readonly string[] {
  return [...path.split(":").filter((place) => place.startsWith("/")), ...USUAL_PLACES];
}
