import type { StoredHeader } from './stored-response.js';

/** Something that header fields can be set on. */
interface HeaderTarget {
  set(name: string, value: string | string[]): unknown;
  remove(name: string): unknown;
}

/** Sets stored fields on a response, and takes those away that the handler had taken away. */
export function restoreHeaders(headers: readonly StoredHeader[], target: HeaderTarget): void {
  for (const { name, value } of headers) {
    if (typeof value === 'string') target.set(name, value);
    else if (value.length === 0) target.remove(name);
    else target.set(name, [...value]);
  }
}
