import { SerializationError } from '../../errors.js';
import type { SessionFields } from './session-record.js';

/** Names by which an object could reach what all objects share. */
export const SHARED_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
/** Whether a JSON text may hold one of them as a name: it may be written by escapes. */
const MAY_HOLD_SHARED = /"(?:__proto__|constructor|prototype)"|\\u/;

/**
 * The fields of a session as JSON texts by their names, in their order. Without `cookie`, what JSON cannot say (`undefined`,
 * functions), and the names `__proto__`, `constructor` and `prototype` at every depth.
 *
 * @throws SerializationError naming the field, for a BigInt, a circle, and what throws when it is read
 */
export function fieldTexts(fields: SessionFields): Map<string, string> {
  const texts = new Map<string, string>();
  for (const name of Object.keys(fields)) {
    if (name === 'cookie' || SHARED_NAMES.has(name)) continue;
    const text = textOf(name, fields);
    if (text !== undefined) texts.set(name, text);
  }
  return texts;
}

/** One JSON text of the texts of fields. */
export function joinTexts(texts: ReadonlyMap<string, string>): string {
  let joined = '';
  for (const [name, text] of texts) joined += `${joined === '' ? '' : ','}${JSON.stringify(name)}:${text}`;
  return `{${joined}}`;
}

/** The fields of a session as one JSON text: equal for equal ones in the same order. Drops and throws as `fieldTexts` does. */
export function fieldsText(fields: SessionFields): string {
  return joinTexts(fieldTexts(fields));
}

/**
 * The fields in a JSON text, without the names that `fieldTexts` drops for being shared by all objects. `isClean` = the text is
 * known to hold none (`mayHoldShared`).
 *
 * @throws SerializationError when it is no JSON text of an object. It quotes nothing
 */
export function parseFields(text: string, isClean?: boolean): SessionFields {
  const fields = parseValue(text, isClean);
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) throw unreadable();
  return fields as SessionFields;
}

/**
 * The value in a JSON text. Drops as `parseFields` does.
 *
 * @throws SerializationError when it is no JSON text. It quotes nothing
 */
export function parseValue(text: string, isClean = !mayHoldShared(text)): unknown {
  const value = parseJson(text);
  if (!isClean) dropShared(value);
  return value;
}

/** Whether something may have to be dropped of a JSON text. */
export function mayHoldShared(text: string): boolean {
  return MAY_HOLD_SHARED.test(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw unreadable();
  }
}

function unreadable(): SerializationError {
  return new SerializationError('What is stored of a session is not the JSON text it should be.');
}

function textOf(name: string, fields: SessionFields): string | undefined {
  let text: string | undefined;
  try {
    text = JSON.stringify(fields[name]) as string | undefined;
  } catch (error) {
    throw new SerializationError(`The session's field ${JSON.stringify(name)} is not JSON.`, error);
  }
  return text !== undefined && mayHoldShared(text) ? JSON.stringify(parseValue(text, false)) : text;
}

/** Takes the shared names out of a value of JSON, however deep it is. */
function dropShared(value: unknown): void {
  const rest = [value];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    for (const name of SHARED_NAMES) if (Object.hasOwn(next, name)) Reflect.deleteProperty(next, name);
    for (const inner of Object.values(next))
      if (typeof inner === 'object' && inner !== null) rest.push(inner);
  }
}
