import { parseFields } from './fields-text.js';
import type { Baseline } from './session-record.js';

/**
 * Which fields differ from those in a JSON text: their new texts by their names, an empty one where a field is not there any
 * more.
 *
 * @throws SerializationError when `before` is no JSON text of an object
 */
export function changedFields(before: string, after: ReadonlyMap<string, string>): Map<string, string> {
  const changed = new Map<string, string>();
  const old = parseFields(before);
  for (const [name, text] of after) {
    if (!Object.hasOwn(old, name) || JSON.stringify(old[name]) !== text) changed.set(name, text);
  }
  for (const name of Object.keys(old)) if (!after.has(name)) changed.set(name, '');
  return changed;
}

/** As `changedFields`, since a baseline: with what writes may have changed that were not answered. */
export function changedSince(
  { text, unsure }: Pick<Baseline, 'text' | 'unsure'>,
  after: ReadonlyMap<string, string>,
): Map<string, string> {
  const changed = changedFields(text, after);
  for (const name of unsure?.fields ?? []) changed.set(name, after.get(name) ?? '');
  return changed;
}
