/** What the flights of a part of a cache begin with: one `<length>:<name>/` per namespace. */
export function flightPrefix(path: readonly string[]): string {
  let prefix = '';
  for (const name of path) prefix += `${name.length}:${name}/`;
  return prefix;
}

/** What the flight of a key is called. The key follows after `=`, which begins no namespace. */
export function flightId(path: readonly string[], key: string): string {
  return `${flightPrefix(path)}=${key}`;
}
