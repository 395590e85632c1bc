/** `{name}` in the tag of a route stands for a parameter of its path. */
const PLACE = /\{([^{}]+)\}/g;

/** Whether a tag has places for parameters. */
export function hasPlaces(tag: string): boolean {
  return tag.includes('{') && placesIn(tag).length > 0;
}

/** The parameters that a tag has places for. */
export function placesIn(tag: string): string[] {
  return Array.from(tag.matchAll(PLACE), ([, name]) => name as string);
}

/** Puts values into the places of a tag; `undefined` when one is missing. */
export function fillPlaces(tag: string, valueOf: (name: string) => string | undefined): string | undefined {
  let missing = false;
  const filled = tag.replace(PLACE, (_place, name: string) => {
    const value = valueOf(name);
    missing ||= value === undefined;
    return value ?? '';
  });
  return missing ? undefined : filled;
}
