import type { SessionFields } from './session-record.js';

/**
 * Whether the JSON text of fields, by `fieldsText`, is a given one. False for what is no data, too. This is asked for each request
 * that has a session, so nothing is put together for it.
 */
export function hasText(fields: SessionFields, text: string): boolean {
  let at = 1;
  try {
    for (const name of Object.keys(fields)) {
      if (name === 'cookie') continue;
      const value = JSON.stringify(fields[name]) as string | undefined;
      if (value === undefined) continue;
      const start = `${at === 1 ? '' : ','}${JSON.stringify(name)}:`;
      if (!text.startsWith(start, at) || !text.startsWith(value, at + start.length)) return false;
      at += start.length + value.length;
    }
  } catch {
    return false;
  }
  return text.length === at + 1;
}
